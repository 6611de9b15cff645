//! What is logged on a worker's thread reaches Python's side. A test binary of its own: there is
//! one logger in a process.
#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use serde_json::{Value, json};
use support::{Echo, options, read};
use videocall_io::{MessageQueue, Worker, log_to_messages};

#[test]
fn records_of_workers_are_messages_and_those_of_others_are_not() {
    log_to_messages();
    log_to_messages();
    let queue = MessageQueue::new(16).unwrap();
    let worker = Worker::start_with(4, &options(), &queue, Echo::new).unwrap();
    log::error!("on a thread that is no worker's");
    worker.send(b"panic".to_vec()).unwrap();
    worker.send(b"after".to_vec()).unwrap();
    let messages = read(&queue, 2);
    let logged: Value = serde_json::from_slice(&messages[0].1).unwrap();
    assert_eq!(
        (messages[0].0, &logged["event"], &logged["target"]),
        (4, &json!("log"), &json!("4"))
    );
    assert_eq!(
        (&logged["data"]["level"], &logged["data"]["logger"]),
        (&json!(40), &json!("videocall_io::guard"))
    );
    assert!(
        logged["data"]["message"]
            .as_str()
            .unwrap()
            .contains("as requested")
    );
    assert_eq!(messages[1], (4, b"after".to_vec()));
    worker.join();
}
