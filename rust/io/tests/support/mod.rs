//! Engines that make the shell's behaviour visible, and a reader of its messages.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::{
    collections::VecDeque,
    net::{SocketAddr, UdpSocket},
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, poll};
use videocall_core::Transmit;
use videocall_io::{Engine, EngineSetup, ListenOptions, MessageQueue, WorkerOptions};

/// Long enough for a loaded machine; only a broken shell waits it out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Sends every datagram back, those of one sender and turn as one batch after a delay. Answers a
/// request with itself. Panics on request.
pub(crate) struct Echo {
    pub(crate) delay: Duration,
    due: Option<Instant>,
    pending: Vec<u8>,
    segment: usize,
    remote: Option<(u8, SocketAddr)>,
    messages: VecDeque<Vec<u8>>,
    counts: [u64; 3],
    panicking_timeouts: bool,
}

impl Echo {
    pub(crate) fn new(_: EngineSetup) -> Result<Self, String> {
        Ok(Self {
            delay: Duration::ZERO,
            due: None,
            pending: Vec::with_capacity(1 << 20),
            segment: 0,
            remote: None,
            messages: VecDeque::new(),
            counts: [0; 3],
            panicking_timeouts: false,
        })
    }
}

impl Engine for Echo {
    fn metric_names() -> Vec<&'static str> {
        vec!["datagrams", "timeouts", "abandoned"]
    }

    fn handle_request(&mut self, now: Instant, request: &[u8]) {
        match request {
            b"panic" => panic!("as requested"),
            b"panic in every timeout" => {
                self.panicking_timeouts = true;
                self.due = Some(now);
            }
            b"two" => self.messages.extend([b"one".to_vec(), b"two".to_vec()]),
            _ => self.messages.push_back(request.to_vec()),
        }
    }

    fn handle_datagram(
        &mut self,
        now: Instant,
        local: u8,
        remote: SocketAddr,
        datagram: &mut [u8],
    ) {
        assert_ne!(datagram, b"panic", "as requested");
        self.counts[0] += 1;
        datagram.reverse();
        self.pending.extend_from_slice(datagram);
        self.segment = self.segment.max(datagram.len());
        self.remote = Some((local, remote));
        self.due.get_or_insert(now + self.delay);
    }

    fn handle_timeout(&mut self, _: Instant) {
        self.counts[1] += 1;
        assert!(!self.panicking_timeouts, "as requested");
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn flush(&mut self, now: Instant, out: &mut impl Transmit) {
        if self.due.is_some_and(|due| due <= now)
            && let Some((local, remote)) = self.remote
        {
            out.transmit(local, remote, &self.pending, self.segment);
            self.pending.clear();
            self.segment = 0;
            self.due = None;
        }
    }

    fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop_front()
    }

    fn abandon_current(&mut self, _: Instant) {
        self.counts[2] += 1;
    }

    fn metrics(&self) -> impl Iterator<Item = u64> {
        self.counts.into_iter()
    }
}

/// One loopback address, its port chosen by the system.
pub(crate) fn options() -> WorkerOptions {
    let listen = ListenOptions {
        ip: [127, 0, 0, 1].into(),
        port: 0,
        announced: None,
    };
    WorkerOptions::new(vec![listen])
}

/// A socket that talks to `server` only.
pub(crate) fn peer(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((server.ip(), 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Waits for `count` messages.
pub(crate) fn read(queue: &MessageQueue, count: usize) -> Vec<(u16, Vec<u8>)> {
    let mut messages = Vec::new();
    let until = Instant::now() + PATIENCE;
    while messages.len() < count {
        assert!(Instant::now() < until, "only got {messages:?}");
        // SAFETY: the queue keeps its fd open and outlives the call.
        let fd = unsafe { BorrowedFd::borrow_raw(queue.fd()) };
        let limit = rustix::time::Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).unwrap();
        messages.extend(queue.drain(count - messages.len()));
    }
    messages
}

/// Waits until the counter has reached `value`.
pub(crate) fn await_metric(worker: &videocall_io::Worker, name: &str, value: u64) {
    let until = Instant::now() + PATIENCE;
    while metric(worker, name) < value {
        assert!(
            Instant::now() < until,
            "{name} stays at {}",
            metric(worker, name)
        );
        std::thread::yield_now();
    }
}

pub(crate) fn metric(worker: &videocall_io::Worker, name: &str) -> u64 {
    let all = worker.metrics();
    all.iter()
        .find(|(other, _)| *other == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}
