//! One TCP connection: datagrams in frames of RFC 4571, each behind its length of two bytes.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// No honest peer's datagram is larger: a DTLS record or an RTP packet of an Ethernet's MTU.
const MAX_FRAME: usize = 2_000;
const HEADER: usize = 2;
/// What is read at once; holds more than one frame of any size.
const READ_BUFFER: usize = 8 << 10;
/// Bytes that may wait for a peer that does not read: a second of 2 Mbit/s. What is more is dropped,
/// as a full queue of a router would drop it.
const MAX_WAITING: usize = 256 << 10;
/// How long a peer may take to prove who it is, to end a frame it began, or to read something.
const PATIENCE: Duration = Duration::from_secs(10);
/// Browsers check every 2.5 s that the path is alive.
const IDLE: Duration = Duration::from_secs(60);

/// What became of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Everything was read.
    Empty,
    /// There may be more.
    More,
    /// The connection is of no more use.
    Over,
}

pub(super) struct Connection<S> {
    pub(super) stream: S,
    pub(super) local: u8,
    pub(super) remote: SocketAddr,
    pub(super) readable: bool,
    inbound: Box<[u8; READ_BUFFER]>,
    filled: usize,
    outbound: Vec<u8>,
    written: usize,
    opened: Instant,
    /// Whether the core ever answered: then the peer knew a transport's password.
    proved: bool,
    heard: Instant,
    unfinished_since: Option<Instant>,
    stalled_since: Option<Instant>,
}

impl<S: Read + Write> Connection<S> {
    pub(super) fn new(stream: S, local: u8, remote: SocketAddr, now: Instant) -> Self {
        Self {
            stream,
            local,
            remote,
            readable: true,
            inbound: Box::new([0; READ_BUFFER]),
            filled: 0,
            outbound: Vec::new(),
            written: 0,
            opened: now,
            proved: false,
            heard: now,
            unfinished_since: None,
            stalled_since: None,
        }
    }

    pub(super) fn is_proved(&self) -> bool {
        self.proved
    }

    /// Reads once, and hands over every whole frame.
    pub(super) fn read(&mut self, now: Instant, mut each: impl FnMut(&mut [u8])) -> Reading {
        let count = match self.stream.read(&mut self.inbound[self.filled..]) {
            Ok(0) => return Reading::Over,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                return Reading::Empty;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Reading::More,
            Err(_) => return Reading::Over,
        };
        self.heard = now;
        self.filled += count;
        let mut at = 0;
        while let Some([high, low]) = self.inbound[at..self.filled].first_chunk::<HEADER>() {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            if len > MAX_FRAME {
                return Reading::Over;
            }
            let end = at + HEADER + len;
            if end > self.filled {
                break;
            }
            if len > 0 {
                each(&mut self.inbound[at + HEADER..end]);
            }
            at = end;
        }
        self.inbound.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.unfinished_since = match self.filled {
            0 => None,
            // A frame that began with what was just read starts its time anew.
            _ if at > 0 => Some(now),
            _ => self.unfinished_since.or(Some(now)),
        };
        Reading::More
    }

    /// Queues a datagram; whether there was room.
    pub(super) fn push(&mut self, datagram: &[u8]) -> bool {
        self.proved = true;
        let waiting = self.outbound.len() - self.written;
        let Ok(len) = u16::try_from(datagram.len()) else {
            return false;
        };
        if waiting + HEADER + datagram.len() > MAX_WAITING {
            return false;
        }
        if self.written > MAX_WAITING {
            self.outbound.drain(..self.written);
            self.written = 0;
        }
        self.outbound.extend_from_slice(&len.to_be_bytes());
        self.outbound.extend_from_slice(datagram);
        true
    }

    /// Writes what waits, as far as the peer takes it; whether the connection still works.
    pub(super) fn write(&mut self, now: Instant) -> bool {
        while self.written < self.outbound.len() {
            match self.stream.write(&self.outbound[self.written..]) {
                Ok(0) => return false,
                Ok(count) => {
                    self.written += count;
                    self.stalled_since = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stalled_since.get_or_insert(now);
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        self.outbound.clear();
        (self.written, self.stalled_since) = (0, None);
        true
    }

    /// When to close it if nothing changes.
    pub(super) fn deadline(&self) -> Instant {
        let unproved = (!self.proved).then_some(self.opened);
        let patience = [unproved, self.unfinished_since, self.stalled_since];
        let ends = patience.into_iter().flatten().map(|since| since + PATIENCE);
        ends.fold(self.heard + IDLE, Instant::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A stream that gives what was put into it, and takes up to a bound.
    #[derive(Default)]
    struct Pipe {
        input: VecDeque<Vec<u8>>,
        output: Vec<u8>,
        room: usize,
    }

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(mut chunk) = self.input.pop_front() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            let count = chunk.len().min(buffer.len());
            buffer[..count].copy_from_slice(&chunk[..count]);
            if count < chunk.len() {
                self.input.push_front(chunk.split_off(count));
            }
            Ok(count)
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.room -= count;
            self.output.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(now: Instant) -> Connection<Pipe> {
        Connection::new(Pipe::default(), 1, "127.0.0.1:9".parse().unwrap(), now)
    }

    fn frame(content: &[u8]) -> Vec<u8> {
        [&(content.len() as u16).to_be_bytes()[..], content].concat()
    }

    fn read_all(connection: &mut Connection<Pipe>, now: Instant) -> (Vec<Vec<u8>>, Reading) {
        let mut frames = Vec::new();
        loop {
            match connection.read(now, |it| frames.push(it.to_vec())) {
                Reading::More => {}
                end => return (frames, end),
            }
        }
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let now = Instant::now();
        let sent: Vec<Vec<u8>> = (0..40u8)
            .map(|i| vec![i; 1 + usize::from(i) * 50])
            .collect();
        let bytes: Vec<u8> = sent.iter().flat_map(|it| frame(it)).collect();
        for size in [1, 2, 3, 700, 5000, bytes.len()] {
            let mut connection = connection(now);
            connection.stream.input = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            let (got, end) = read_all(&mut connection, now);
            assert_eq!(
                (got, end),
                (sent.clone(), Reading::Empty),
                "cut every {size}"
            );
            assert_eq!(
                connection.deadline(),
                now + PATIENCE,
                "it has not proved itself"
            );
            connection.proved = true;
            assert_eq!(connection.deadline(), now + IDLE);
        }
    }

    #[test]
    fn a_frame_too_long_ends_it_and_an_empty_one_is_nothing() {
        let now = Instant::now();
        let mut long = connection(now);
        long.stream.input = [vec![0xFF, 0xFF, 1]].into();
        assert_eq!(read_all(&mut long, now), (vec![], Reading::Over));
        let mut empty = connection(now);
        empty.stream.input = [frame(&[]), frame(&[1])].into();
        assert_eq!(read_all(&mut empty, now), (vec![vec![1]], Reading::Empty));
    }

    #[test]
    fn a_frame_that_trickles_has_ten_seconds() {
        let now = Instant::now();
        let mut connection = connection(now);
        connection.proved = true;
        for second in 0..9 {
            connection.stream.input = [vec![0]].into();
            read_all(&mut connection, now + Duration::from_secs(second));
            if second == 1 {
                // The header's end: a frame of no bytes, then the next begins.
                assert_eq!(connection.filled, 0);
            }
        }
        let began = now + Duration::from_secs(8);
        assert_eq!(connection.deadline(), began + PATIENCE);
    }

    #[test]
    fn what_a_peer_does_not_read_is_bounded_and_the_rest_dropped_whole() {
        let now = Instant::now();
        let mut connection = connection(now);
        let taken = (0..1000)
            .take_while(|_| connection.push(&[7; 1000]))
            .count();
        assert_eq!(taken, MAX_WAITING / 1002);
        connection.stream.room = 1500;
        assert!(connection.write(now));
        assert_eq!(connection.deadline(), now + PATIENCE, "it reads no more");
        connection.stream.room = usize::MAX;
        assert!(connection.write(now));
        assert_eq!(connection.deadline(), now + IDLE);
        assert_eq!(connection.stream.output.len(), taken * 1002);
        assert!(connection.push(&[1]));
    }
}
