//! What the core has sent, kept in buffers that are made once.

use std::{net::SocketAddr, ops::Range};

use videocall_core::Transmit;

/// Room for the sends of one step to 100 subscribers.
const BYTES: usize = 8 << 20;
const SENDS: usize = 8_192;

/// Sends and their bytes; never allocates while it is within its room.
pub(crate) struct Wire {
    bytes: Vec<u8>,
    sends: Vec<Send>,
    pub(crate) sends_total: u64,
    pub(crate) datagrams_total: u64,
}

struct Send {
    remote: SocketAddr,
    bytes: Range<usize>,
    segment_size: usize,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(BYTES),
            sends: Vec::with_capacity(SENDS),
            sends_total: 0,
            datagrams_total: 0,
        }
    }

    /// Hands over every datagram with its destination, and forgets them.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(SocketAddr, &mut [u8])) {
        for send in self.sends.drain(..) {
            for datagram in self.bytes[send.bytes].chunks_mut(send.segment_size) {
                each(send.remote, datagram);
            }
        }
        self.bytes.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.sends.clear();
        self.bytes.clear();
    }
}

impl Transmit for Wire {
    fn transmit(&mut self, _: u8, remote: SocketAddr, bytes: &[u8], segment_size: usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.sends.push(Send {
            remote,
            bytes: start..self.bytes.len(),
            segment_size,
        });
        self.sends_total += 1;
        self.datagrams_total += bytes.len().div_ceil(segment_size) as u64;
    }
}
