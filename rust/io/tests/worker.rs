//! A worker's life on real sockets: it answers, survives its core's panics, and ends.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use std::{net::UdpSocket, time::Duration};

use rustix::thread::{CpuSet, sched_getaffinity};
use support::{Echo, PATIENCE, await_metric, metric, options, peer, read};
use videocall_io::{MessageQueue, SendError, StartError, Worker};

const CLOSED: &[u8] = br#"{"data":{"reason":"closed"},"event":"workerClosed","target":"0"}"#;

fn queue() -> MessageQueue {
    MessageQueue::new(1_024).unwrap()
}

/// Compares JSON without regard to the order of keys.
fn assert_json(actual: &[u8], expected: &[u8]) {
    let parse = |text| serde_json::from_slice::<serde_json::Value>(text).unwrap();
    assert_eq!(parse(actual), parse(expected));
}

#[test]
fn datagrams_come_back_and_requests_are_answered_in_order() {
    let queue = queue();
    let worker = Worker::start_with(3, &options(), &queue, Echo::new).unwrap();
    let peer = peer(worker.listen_addresses()[0]);
    peer.send(b"abc").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"cba");
    for request in ["first", "two", "last"] {
        worker.send(request.into()).unwrap();
    }
    let expected = ["first", "one", "two", "last"].map(|text| (3, text.as_bytes().to_vec()));
    assert_eq!(read(&queue, 4), expected);
    worker.join();
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let mut options = options();
    options.listen[0].port = address.port() - 1;
    let error = Worker::start_with(1, &options, &queue(), Echo::new)
        .err()
        .unwrap();
    assert!(matches!(error, StartError::AddressInUse { address: named } if named == address));
    assert!(error.to_string().contains(&address.to_string()));
}

#[test]
fn an_engine_that_cannot_be_made_is_an_error() {
    let make = |_| Err::<Echo, _>("no entropy".to_owned());
    let error = Worker::start_with(0, &options(), &queue(), make)
        .err()
        .unwrap();
    assert!(error.to_string().contains("no entropy"));
    let make = |_| -> Result<Echo, String> { panic!("as requested") };
    assert!(Worker::start_with(0, &options(), &queue(), make).is_err());
}

#[test]
fn closing_answers_what_was_asked_and_frees_the_port_before_the_last_message() {
    let queue = queue();
    let worker = Worker::start_with(0, &options(), &queue, Echo::new).unwrap();
    let address = worker.listen_addresses()[0];
    for count in 0..100u8 {
        worker.send(vec![count]).unwrap();
    }
    worker.close();
    worker.close();
    let messages = read(&queue, 101);
    assert!((0..100u8).all(|count| messages[usize::from(count)] == (0, vec![count])));
    assert_json(&messages[100].1, CLOSED);
    assert_eq!(worker.send(b"late".to_vec()), Err(SendError::Closed));
    UdpSocket::bind(address).unwrap();
    worker.join();
    assert!(queue.drain(10).is_empty());
}

#[test]
fn dropping_the_queue_or_the_handle_ends_the_thread() {
    let address = {
        let queue = queue();
        let worker = Worker::start_with(0, &options(), &queue, Echo::new).unwrap();
        drop(queue);
        let address = worker.listen_addresses()[0];
        worker.join();
        address
    };
    UdpSocket::bind(address).unwrap();
    let queue = queue();
    drop(Worker::start_with(0, &options(), &queue, Echo::new).unwrap());
    assert_json(&read(&queue, 1)[0].1, CLOSED);
}

#[test]
fn a_panic_costs_one_transport_and_nothing_else() {
    let queue = queue();
    let worker = Worker::start_with(0, &options(), &queue, Echo::new).unwrap();
    let peer = peer(worker.listen_addresses()[0]);
    worker.send(b"panic".to_vec()).unwrap();
    worker.send(b"still here".to_vec()).unwrap();
    assert_eq!(read(&queue, 1), [(0, b"still here".to_vec())]);
    peer.send(b"panic").unwrap();
    peer.send(b"ok").unwrap();
    assert_eq!(peer.recv(&mut [0; 16]).unwrap(), 2);
    await_metric(&worker, "abandoned", 2);
    assert_eq!(metric(&worker, "io_panics"), 2);
    worker.join();
}

#[test]
fn a_core_that_panics_for_ever_ends_its_worker_with_an_event() {
    let queue = queue();
    let worker = Worker::start_with(0, &options(), &queue, Echo::new).unwrap();
    worker.send(b"panic in every timeout".to_vec()).unwrap();
    let last = read(&queue, 1);
    assert_json(
        &last[0].1,
        &String::from_utf8_lossy(CLOSED)
            .replace("closed\"}", "error\"}")
            .into_bytes(),
    );
    assert_eq!(worker.send(b"late".to_vec()), Err(SendError::Closed));
    worker.join();
}

#[test]
fn a_reader_that_falls_behind_loses_nothing_and_the_sender_feels_it() {
    let queue = MessageQueue::new(4).unwrap();
    let worker = Worker::start_with(0, &options(), &queue, Echo::new).unwrap();
    let mut taken = 0u32;
    let refused = loop {
        match worker.send(taken.to_be_bytes().to_vec()) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 100_000, "nothing holds the sender back");
    };
    assert_eq!(refused, SendError::Full);
    let messages = read(&queue, taken as usize);
    for (count, message) in (0..taken).zip(messages) {
        assert_eq!(message, (0, count.to_be_bytes().to_vec()));
    }
    // The last message also waits for room.
    worker.send(b"x".to_vec()).unwrap();
    worker.close();
    assert_eq!(read(&queue, 1)[0].1, b"x");
    assert_json(&read(&queue, 1)[0].1, CLOSED);
    worker.join();
}

#[test]
fn the_thread_is_pinned_unless_told_otherwise() {
    let count = |pinned| {
        let (tell, told) = std::sync::mpsc::channel();
        let mut options = options();
        options.pinned = pinned;
        let make = move |setup| {
            tell.send(sched_getaffinity(None).unwrap()).unwrap();
            Echo::new(setup)
        };
        Worker::start_with(1, &options, &queue(), make)
            .unwrap()
            .join();
        let set: CpuSet = told.recv_timeout(PATIENCE).unwrap();
        set.count()
    };
    let all = sched_getaffinity(None).unwrap().count();
    assert_eq!((count(true), count(false)), (1, all));
}

#[test]
fn a_window_below_a_millisecond_is_kept_and_coalesces() {
    let window = Duration::from_micros(900);
    let make = move |setup| {
        let mut echo = Echo::new(setup)?;
        echo.delay = window;
        Ok(echo)
    };
    let queue = queue();
    let worker = Worker::start_with(0, &options(), &queue, make).unwrap();
    let peer = peer(worker.listen_addresses()[0]);
    let start = std::time::Instant::now();
    for _ in 0..4 {
        peer.send(&[5; 100]).unwrap();
    }
    for _ in 0..4 {
        assert_eq!(peer.recv(&mut [0; 200]).unwrap(), 100);
    }
    assert!(start.elapsed() >= window);
    worker.join();
}
