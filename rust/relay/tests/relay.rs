//! The program between two real sockets on loopback.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    net::{SocketAddr, UdpSocket},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

struct Relay {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Relay {
    fn start(to: SocketAddr) -> Self {
        // A port that was free a moment ago.
        let address = socket().local_addr().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_videocall-relay"))
            .args(["--listen", &address.to_string(), "--to", &to.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut relay = Self {
            commands: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
            address,
        };
        assert_eq!(relay.next_answer(), r#"{"ok":true}"#);
        relay
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        self.next_answer()
    }

    fn next_answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn end(mut self) -> Option<i32> {
        drop(self.commands.take());
        self.child.wait().unwrap().code()
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..len].to_vec(), from)
}

#[test]
fn datagrams_go_both_ways_and_each_sender_keeps_its_own_address() {
    let (server, ada, bob) = (socket(), socket(), socket());
    let relay = Relay::start(server.local_addr().unwrap());
    ada.send_to(b"from ada", relay.address).unwrap();
    let (said, ada_seen) = receive(&server);
    assert_eq!(said, b"from ada");
    bob.send_to(b"from bob", relay.address).unwrap();
    let (_, bob_seen) = receive(&server);
    assert_ne!(ada_seen, bob_seen);
    server.send_to(b"to bob", bob_seen).unwrap();
    server.send_to(b"to ada", ada_seen).unwrap();
    assert_eq!(receive(&bob), (b"to bob".to_vec(), relay.address));
    assert_eq!(receive(&ada), (b"to ada".to_vec(), relay.address));
    assert_eq!(relay.end(), Some(0));
}

#[test]
fn a_direction_is_as_bad_as_it_is_told_to_be() {
    let (server, ada) = (socket(), socket());
    let mut relay = Relay::start(server.local_addr().unwrap());
    assert_eq!(relay.ask(r#"{"up": {"delayMs": 50}}"#), r#"{"ok":true}"#);
    let sent = Instant::now();
    ada.send_to(b"late", relay.address).unwrap();
    let (_, seen) = receive(&server);
    assert!(sent.elapsed() >= Duration::from_millis(50));

    relay.ask(r#"{"down": {"loss": 1}}"#);
    server.send_to(b"lost", seen).unwrap();
    // What is answered after the loss was counted: the counters are asked for until it was.
    while !relay.ask(r#"{"stats": true}"#).contains(r#""lost":1"#) {}
    relay.ask(r#"{"down": {"kbitPerSecond": 8, "maxQueueMs": 100}}"#);
    for _ in 0..3 {
        server.send_to(&[0; 972], seen).unwrap();
    }
    assert_eq!(receive(&ada).0.len(), 972);
    while !relay
        .ask(r#"{"stats": true}"#)
        .contains(r#""overflowed":2"#)
    {}
    ada.set_nonblocking(true).unwrap();
    let nothing = ada.recv(&mut [0; 2048]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    assert_eq!(relay.end(), Some(0));
}

#[test]
fn what_it_does_not_understand_is_refused_by_name() {
    let mut relay = Relay::start(socket().local_addr().unwrap());
    for (command, named) in [
        (r#"{"down": {"loss": 2}}"#, "loss has to be from 0 to 1"),
        (r#"{"up": {"kbitPerSecond": 0}}"#, "kbitPerSecond"),
        (r#"{"up": {"delayMs": -1}}"#, "delayMs"),
        (r#"{"sideways": {}}"#, "sideways"),
        ("nonsense", "expected"),
    ] {
        let answer = relay.ask(command);
        assert!(answer.contains(named), "{command}: {answer}");
    }
    assert_eq!(relay.end(), Some(0));
}
