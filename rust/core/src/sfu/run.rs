//! Datagrams of one GSO send, assembled one after the other.

use std::net::SocketAddr;

use super::Transmit;
use crate::munger::MAX_HEADER;
use crate::pool::MAX_PAYLOAD;

/// Linux refuses more segments in one send (UDP_MAX_SEGMENTS of older kernels).
const MAX_SEGMENTS: usize = 64;
/// A send's bytes at most: a UDP datagram's limit over IPv4.
const MAX_SEND: usize = 65_507;
/// Room for one packet: header, payload, padding, the largest SRTP trailer.
const PACKET_ROOM: usize = MAX_HEADER + MAX_PAYLOAD + 32 + 32;

/// Datagrams assembled for one send.
#[derive(Debug)]
pub(super) struct Run {
    bytes: Box<[u8]>,
    len: usize,
    segment_size: usize,
    segments: usize,
    /// A shorter datagram ended it.
    closed: bool,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; MAX_SEND + PACKET_ROOM].into_boxed_slice(),
            len: 0,
            segment_size: 0,
            segments: 0,
            closed: false,
        }
    }

    /// Where the next packet is assembled.
    pub(super) fn tail(&mut self) -> &mut [u8] {
        &mut self.bytes[self.len..self.len + PACKET_ROOM]
    }

    /// Throws away what is assembled.
    pub(super) fn reset(&mut self) {
        (self.len, self.segments, self.closed) = (0, 0, false);
    }

    /// Whether a datagram of `len` bytes can join.
    pub(super) fn takes(&self, len: usize) -> bool {
        self.segments == 0
            || (!self.closed
                && len <= self.segment_size
                && self.segments < MAX_SEGMENTS
                && self.len + len <= MAX_SEND)
    }

    /// Adds the datagram assembled at the tail.
    pub(super) fn push(&mut self, len: usize) {
        if self.segments == 0 {
            self.segment_size = len;
        }
        self.closed = len < self.segment_size;
        self.segments += 1;
        self.len += len;
    }

    /// Sends what was assembled before the packet of `len` bytes at the tail, which moves to the
    /// front. Returns the number of datagrams and bytes.
    pub(super) fn send_before(
        &mut self,
        len: usize,
        local: u8,
        remote: SocketAddr,
        out: &mut impl Transmit,
    ) -> (u64, u64) {
        let from = self.len;
        let sent = self.send(local, remote, out);
        self.bytes.copy_within(from..from + len, 0);
        sent
    }

    /// Sends what is assembled. Returns the number of datagrams and bytes.
    pub(super) fn send(
        &mut self,
        local: u8,
        remote: SocketAddr,
        out: &mut impl Transmit,
    ) -> (u64, u64) {
        let sent = (self.segments as u64, self.len as u64);
        if self.segments > 0 {
            out.transmit(local, remote, &self.bytes[..self.len], self.segment_size);
        }
        self.reset();
        sent
    }
}
