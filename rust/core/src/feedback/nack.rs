//! Decides which packets of one stream to ask for again, and when to give up (RFC 4585 §6.2.1).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A packet may be this late before it counts as lost: reordering in the network is mostly shorter.
const REORDER_WINDOW: Duration = Duration::from_millis(5);

/// Below this a retry would often cross the answer on its way.
const MIN_RETRY: Duration = Duration::from_millis(20);

/// After so many requests the packet is given up.
const MAX_TRIES: u8 = 10;

/// Most packets asked for at a time: about one second of video at 10 Mbit/s. What is beyond is not worth a repair.
const MAX_MISSING: usize = 1000;

/// Watches one stream's sequence numbers for gaps.
///
/// Feed it every packet by [`on_packet`](Self::on_packet) (repaired ones too, under their original number), call
/// [`poll`](Self::poll) when [`next_timeout`](Self::next_timeout) is due.
#[derive(Debug)]
pub struct NackGenerator {
    highest: Option<u64>,
    /// Ascending by `seq`.
    missing: VecDeque<Missing>,
    /// No entry is due earlier. May be too early after a repair; `poll` sets it right.
    next_due: Option<Instant>,
    gave_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    seq: u64,
    due: Instant,
    tries: u8,
}

impl NackGenerator {
    /// An empty generator; its whole memory is taken here.
    #[must_use]
    pub fn new() -> Self {
        Self {
            highest: None,
            missing: VecDeque::with_capacity(MAX_MISSING),
            next_due: None,
            gave_up: false,
        }
    }

    /// Packet `ext_seq` (unwrapped) arrived, by itself or as a retransmission.
    pub fn on_packet(&mut self, now: Instant, ext_seq: u64) {
        match self.highest {
            Some(highest) if ext_seq > highest => {
                self.highest = Some(ext_seq);
                if ext_seq > highest + 1 {
                    self.add_missing(now, highest + 1, ext_seq);
                }
            }
            Some(_) => self.on_recovered(ext_seq),
            None => self.highest = Some(ext_seq),
        }
    }

    /// Packet `ext_seq` is no longer wanted: it came by another way.
    pub fn on_recovered(&mut self, ext_seq: u64) {
        if let Ok(index) = self.missing.binary_search_by_key(&ext_seq, |m| m.seq) {
            self.missing.remove(index);
        }
    }

    /// Appends to `out` what is to be asked for now, ascending (low 16 bits). `rtt` is the round-trip time to the sender.
    ///
    /// Returns true when packets were given up since the last call: only a key frame helps then.
    pub fn poll(&mut self, now: Instant, rtt: Duration, out: &mut Vec<u16>) -> bool {
        if self.next_due.is_some_and(|due| due <= now) {
            let retry = now + rtt.max(MIN_RETRY);
            let gave_up = &mut self.gave_up;
            self.missing.retain_mut(|entry| {
                if entry.due > now {
                    return true;
                }
                if entry.tries == MAX_TRIES {
                    *gave_up = true;
                    return false;
                }
                entry.tries += 1;
                entry.due = retry;
                out.push(entry.seq as u16);
                true
            });
            self.next_due = self.missing.iter().map(|entry| entry.due).min();
        }
        std::mem::take(&mut self.gave_up)
    }

    /// When [`poll`](Self::poll) has something to do next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.next_due
    }

    /// How many packets are being asked for.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    fn add_missing(&mut self, now: Instant, from: u64, to: u64) {
        let gap = to - from;
        if gap > MAX_MISSING as u64 {
            self.missing.clear();
            self.next_due = Some(now);
            self.gave_up = true;
            return;
        }
        let excess = (self.missing.len() + gap as usize).saturating_sub(MAX_MISSING);
        if excess > 0 {
            self.missing.drain(..excess);
            self.gave_up = true;
        }
        let due = now + REORDER_WINDOW;
        self.missing
            .extend((from..to).map(|seq| Missing { seq, due, tries: 0 }));
        self.next_due = Some(self.next_due.map_or(due, |earlier| earlier.min(due)));
    }
}

impl Default for NackGenerator {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
#[path = "nack_tests.rs"]
mod tests;
