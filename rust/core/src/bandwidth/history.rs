//! What was sent under which transport-wide number.

use std::time::Instant;

/// Numbers remembered: a second at 1,000 packets a second, 16 kB a receiver.
const CAPACITY: usize = 1024;

/// One packet on its way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Microseconds since the estimator was made.
    pub(super) sent_us: i64,
    /// Bytes.
    pub(super) size: u16,
    seq: u16,
    outstanding: bool,
    /// Bytes sent up to and with this one.
    total: u64,
}

/// A ring indexed by number.
#[derive(Debug)]
pub(super) struct SentPackets {
    epoch: Instant,
    ring: Box<[Sent; CAPACITY]>,
    total: u64,
    /// Of those, up to the newest that was reported on.
    reported: u64,
}

impl SentPackets {
    pub(super) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            ring: Box::new([Sent::default(); CAPACITY]),
            total: 0,
            reported: 0,
        }
    }

    pub(super) fn insert(&mut self, now: Instant, seq: u16, size: usize) {
        let elapsed = now.saturating_duration_since(self.epoch);
        self.total += size as u64;
        self.ring[usize::from(seq) % CAPACITY] = Sent {
            sent_us: elapsed.as_micros() as i64,
            size: size.min(usize::from(u16::MAX)) as u16,
            seq,
            outstanding: true,
            total: self.total,
        };
    }

    /// A report reaches to this packet.
    pub(super) fn on_report(&mut self, seq: u16) {
        let sent = &self.ring[usize::from(seq) % CAPACITY];
        if sent.seq == seq {
            self.reported = self.reported.max(sent.total);
        }
    }

    /// Bytes of which nothing was heard yet.
    pub(super) fn in_flight(&self) -> u64 {
        self.total - self.reported
    }

    /// Whether the packet was sent and nothing was heard of it.
    pub(super) fn is_outstanding(&self, seq: u16) -> bool {
        let sent = &self.ring[usize::from(seq) % CAPACITY];
        sent.seq == seq && sent.outstanding
    }

    /// The packet, once: a second report of it is no second arrival.
    pub(super) fn take(&mut self, seq: u16) -> Option<Sent> {
        if !self.is_outstanding(seq) {
            return None;
        }
        let sent = &mut self.ring[usize::from(seq) % CAPACITY];
        sent.outstanding = false;
        Some(*sent)
    }
}
