//! Datagrams over TCP (RFC 4571): whole, bounded, and nobody else's trouble.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use support::{Echo, PATIENCE, await_metric, metric, options, peer};
use videocall_io::{MessageQueue, Worker};

fn start(queue: &MessageQueue) -> (Worker, SocketAddr) {
    let mut options = options();
    options.tcp = true;
    let worker = Worker::start_with(0, &options, queue, Echo::new).unwrap();
    let address = worker.listen_addresses()[0];
    (worker, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn frame(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes()[..], content].concat()
}

fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    let mut content = vec![0; usize::from(u16::from_be_bytes(header))];
    stream.read_exact(&mut content).unwrap();
    content
}

#[test]
fn frames_come_and_go_on_the_port_of_udp() {
    let queue = MessageQueue::new(64).unwrap();
    let (worker, address) = start(&queue);
    let mut stream = connect(address);
    stream.write_all(&frame(b"abc")).unwrap();
    assert_eq!(read_frame(&mut stream), b"cba");
    // Cut anywhere.
    for byte in frame(b"slowly") {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(read_frame(&mut stream), b"ylwols");
    let udp = peer(address);
    udp.send(b"xyz").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(udp.recv(&mut buffer).unwrap(), 3);
    worker.join();
}

#[test]
fn a_frame_too_long_ends_the_connection_and_nothing_else() {
    let queue = MessageQueue::new(64).unwrap();
    let (worker, address) = start(&queue);
    let (mut bad, mut good) = (connect(address), connect(address));
    bad.write_all(&[0xFF; 100]).unwrap();
    assert_eq!(bad.read(&mut [0; 16]).unwrap_or(0), 0, "closed");
    good.write_all(&frame(b"ok")).unwrap();
    assert_eq!(read_frame(&mut good), b"ko");
    worker.join();
}

#[test]
fn a_peer_that_does_not_read_delays_nobody() {
    let queue = MessageQueue::new(64).unwrap();
    let (worker, address) = start(&queue);
    let mut slow = connect(address);
    let content = vec![7; 1_000];
    // Until both sockets' buffers and the queue are full, and frames are dropped.
    let mut sent = 0;
    while metric(&worker, "io_send_would_block") < 100 {
        slow.write_all(&frame(&content).repeat(50)).unwrap();
        sent += 50;
    }
    await_metric(&worker, "datagrams", sent);
    let udp = peer(address);
    let mut buffer = [0; 16];
    let started = Instant::now();
    for _ in 0..10 {
        udp.send(b"abc").unwrap();
        udp.recv(&mut buffer).unwrap();
    }
    assert!(started.elapsed() < PATIENCE / 4, "{:?}", started.elapsed());
    // What it did not read is still whole when it does.
    for _ in 0..100 {
        assert_eq!(read_frame(&mut slow).len(), 1_000);
    }
    await_metric(&worker, "io_send_would_block", 100);
    worker.join();
}
