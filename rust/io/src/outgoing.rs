//! Sends what the core hands out: GSO batches, and one by one where a path refuses them.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use mio::net::UdpSocket;
use videocall_core::Transmit;

use crate::{
    metrics::IoCounters,
    sys::{self, MAX_SEGMENTS, MAX_UDP_PAYLOAD},
    tcp::Tcp,
};

/// How long a destination whose path refused GSO gets single datagrams. Routes and MTUs change
/// rarely; one refused call a minute costs nothing.
const REFUSAL_LIFETIME: Duration = Duration::from_secs(60);

/// Destinations remembered. With more, the oldest is asked again early: correct, only slower.
const REFUSALS: usize = 64;

/// Destinations that get no GSO for now. Usually empty, so the scan is usually one comparison.
pub(crate) struct Refusals {
    entries: Vec<(SocketAddr, Instant)>,
}

/// The sockets for the time of one flush.
pub(crate) struct Outgoing<'a> {
    pub(crate) sockets: &'a [UdpSocket],
    pub(crate) tcp: &'a mut Tcp,
    pub(crate) refusals: &'a mut Refusals,
    pub(crate) counters: &'a mut IoCounters,
    pub(crate) now: Instant,
}

impl Transmit for Outgoing<'_> {
    /// Never blocks. A full send buffer drops: some megabytes are already queued before it, and a
    /// retransmission that is asked for later is worth more than a queue in front of that queue.
    fn transmit(&mut self, local: u8, remote: SocketAddr, bytes: &[u8], segment_size: usize) {
        let segment_size = if segment_size == 0 {
            bytes.len()
        } else {
            segment_size
        };
        if bytes.is_empty() {
            return;
        }
        let Some(socket) = self.sockets.get(usize::from(local)) else {
            let (now, counters) = (self.now, &mut *self.counters);
            return self
                .tcp
                .send(local, remote, bytes, segment_size, now, counters);
        };
        for batch in bytes.chunks(batch_bytes(segment_size)) {
            self.send_batch(socket.as_fd(), remote, batch, segment_size);
        }
    }
}

impl Outgoing<'_> {
    fn send_batch(
        &mut self,
        socket: BorrowedFd<'_>,
        remote: SocketAddr,
        batch: &[u8],
        segment_size: usize,
    ) {
        if batch.len() > segment_size {
            if self.refusals.contains(&remote, self.now) {
                self.send_singly(socket, remote, batch, segment_size);
                return;
            }
            match sys::send(socket, remote, batch, segment_size) {
                Err(error) if is_refusal(&error) => {
                    self.counters.gso_refused += 1;
                    // A destination that cannot be sent to at all says nothing about GSO.
                    if self.send_singly(socket, remote, batch, segment_size) {
                        self.refusals.insert(remote, self.now);
                    }
                }
                result => _ = self.count(result, batch, segment_size),
            }
        } else {
            let result = sys::send(socket, remote, batch, segment_size);
            self.count(result, batch, segment_size);
        }
    }

    /// Returns whether any of them left.
    fn send_singly(
        &mut self,
        socket: BorrowedFd<'_>,
        remote: SocketAddr,
        batch: &[u8],
        segment_size: usize,
    ) -> bool {
        let mut any = false;
        for datagram in batch.chunks(segment_size) {
            let result = sys::send(socket, remote, datagram, datagram.len());
            any |= self.count(result, datagram, segment_size);
        }
        any
    }

    fn count(&mut self, result: io::Result<()>, bytes: &[u8], segment_size: usize) -> bool {
        let datagrams = bytes.len().div_ceil(segment_size) as u64;
        match &result {
            Ok(()) => {
                self.counters.sends += 1;
                self.counters.datagrams_sent += datagrams;
                self.counters.bytes_sent += bytes.len() as u64;
            }
            Err(error) if is_full(error) => self.counters.send_would_block += datagrams,
            Err(error) => {
                self.counters.send_errors += datagrams;
                log::debug!("sending {} bytes: {error}", bytes.len());
            }
        }
        result.is_ok()
    }
}

impl Refusals {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::with_capacity(REFUSALS),
        }
    }

    fn contains(&mut self, remote: &SocketAddr, now: Instant) -> bool {
        let Some(at) = self.entries.iter().position(|(other, _)| other == remote) else {
            return false;
        };
        if now.saturating_duration_since(self.entries[at].1) < REFUSAL_LIFETIME {
            return true;
        }
        self.entries.remove(at);
        false
    }

    fn insert(&mut self, remote: SocketAddr, now: Instant) {
        if self.entries.len() == REFUSALS {
            self.entries.remove(0);
        }
        self.entries.push((remote, now));
    }
}

/// The most bytes of whole segments that one GSO send may have.
fn batch_bytes(segment_size: usize) -> usize {
    (MAX_UDP_PAYLOAD / segment_size).clamp(1, MAX_SEGMENTS) * segment_size
}

/// No checksum offload on the way out (`EIO`), or a segment above the path's MTU (`EINVAL`, since
/// Linux 6.9 `EMSGSIZE`).
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE)
    )
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::ENOBUFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::bind;
    use std::net::UdpSocket as StdSocket;

    struct Rig {
        sockets: [UdpSocket; 1],
        tcp: Tcp,
        refusals: Refusals,
        counters: IoCounters,
        peer: StdSocket,
        now: Instant,
    }

    impl Rig {
        fn new() -> Self {
            let peer = StdSocket::bind("127.0.0.1:0").unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            Self {
                sockets: [bind("127.0.0.1:0".parse().unwrap()).unwrap()],
                tcp: Tcp::bind(mio::Poll::new().unwrap().registry(), &[]).unwrap(),
                refusals: Refusals::new(),
                counters: IoCounters::default(),
                peer,
                now: Instant::now(),
            }
        }

        fn transmit(&mut self, bytes: &[u8], segment_size: usize) {
            let remote = self.peer.local_addr().unwrap();
            let (sockets, now) = (&self.sockets, self.now);
            let (refusals, counters) = (&mut self.refusals, &mut self.counters);
            Outgoing {
                sockets,
                tcp: &mut self.tcp,
                refusals,
                counters,
                now,
            }
            .transmit(0, remote, bytes, segment_size);
        }

        fn lengths(&self, count: usize) -> Vec<usize> {
            let mut buffer = [0; 65_536];
            (0..count)
                .map(|_| self.peer.recv(&mut buffer).unwrap())
                .collect()
        }
    }

    #[test]
    fn one_send_arrives_as_its_segments() {
        let mut rig = Rig::new();
        rig.transmit(&[7; 1_083 * 5 + 60], 1_083);
        assert_eq!(rig.lengths(6), [1_083, 1_083, 1_083, 1_083, 1_083, 60]);
        assert_eq!((rig.counters.sends, rig.counters.datagrams_sent), (1, 6));
        assert_eq!(rig.counters.bytes_sent, 1_083 * 5 + 60);
    }

    #[test]
    fn more_than_the_kernel_takes_is_split() {
        let mut rig = Rig::new();
        rig.transmit(&[1; 200 * 100], 100);
        assert_eq!(rig.lengths(200), [100; 200]);
        assert_eq!(rig.counters.sends, 4, "64 + 64 + 64 + 8 segments");
        rig.transmit(&[1; 1_200 * 60], 1_200);
        assert_eq!(rig.lengths(60), [1_200; 60]);
        assert_eq!(rig.counters.sends, 6, "54 segments fit 65,507 bytes");
        assert_eq!(rig.counters.send_errors, 0);
    }

    #[test]
    fn a_refused_batch_leaves_singly_and_the_refusal_is_remembered_for_a_while() {
        let mut rig = Rig::new();
        // The kernel refuses GSO without checksums (EINVAL), and sends single datagrams.
        sys::disable_checksum(rig.sockets[0].as_fd()).unwrap();
        for round in 1..=2 {
            rig.transmit(&[1; 350], 100);
            assert_eq!(rig.lengths(4), [100, 100, 100, 50]);
            assert_eq!(
                (rig.counters.gso_refused, rig.counters.sends),
                (1, round * 4)
            );
        }
        rig.now += REFUSAL_LIFETIME;
        rig.transmit(&[1; 200], 100);
        assert_eq!(rig.lengths(2), [100, 100]);
        assert_eq!(rig.counters.gso_refused, 2, "asked again after its time");
    }

    #[test]
    fn another_destination_keeps_gso() {
        let mut rig = Rig::new();
        rig.refusals.insert("127.0.0.1:9".parse().unwrap(), rig.now);
        rig.transmit(&[1; 300], 100);
        assert_eq!(rig.lengths(3), [100; 3]);
        assert_eq!(rig.counters.sends, 1);
    }

    #[test]
    fn what_cannot_be_sent_is_dropped_and_counted() {
        let mut rig = Rig::new();
        rig.transmit(&[1; 66_000], 66_000);
        assert_eq!((rig.counters.send_errors, rig.counters.sends), (1, 0));
        rig.transmit(&[], 100);
        let now = rig.now;
        let (refusals, counters) = (&mut rig.refusals, &mut rig.counters);
        Outgoing {
            sockets: &[],
            tcp: &mut rig.tcp,
            refusals,
            counters,
            now,
        }
        .transmit(0, "127.0.0.1:9".parse().unwrap(), b"x", 1);
        assert_eq!(rig.counters.send_errors, 2);
    }

    #[test]
    fn the_refusals_stay_bounded() {
        let mut refusals = Refusals::new();
        let now = Instant::now();
        for port in 1..=1_000 {
            refusals.insert(SocketAddr::from(([127, 0, 0, 1], port)), now);
        }
        assert_eq!(refusals.entries.len(), REFUSALS);
        assert_eq!(
            refusals.entries.capacity(),
            REFUSALS,
            "no allocation while sending"
        );
        assert!(refusals.contains(&SocketAddr::from(([127, 0, 0, 1], 1_000)), now));
    }
}
