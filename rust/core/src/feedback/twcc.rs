//! Tells a sender when its packets arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use std::time::{Duration, Instant};

use super::twcc_writer::FeedbackWriter;
use crate::rtp::{SeqNo, Ssrc, Unwrapper};

/// The draft's implementations report every 50 to 250 ms; often enough for a quick estimate, at 50 ms still 1 % of a
/// megabit.
const INTERVAL: Duration = Duration::from_millis(50);

/// A fast stream is reported earlier, so that one report fits a datagram.
const REPORT_PACKETS: u64 = 400;

/// How many sequence numbers back arrivals are remembered; a power of two.
const WINDOW: usize = 2048;

/// One tick of the arrival clock: the draft's delta unit.
const TICK_NS: u128 = 250_000;

/// Arrival times of one transport's packets, and the feedback made of them.
///
/// Its memory (8 kB) is taken when it is made. A packet that was overtaken by a report is reported by the next one, which
/// then starts at its number.
#[derive(Debug)]
pub struct TwccFeedback {
    epoch: Instant,
    unwrapper: Unwrapper,
    /// Arrival in ticks since `epoch` modulo 2^32 by sequence number; [`NOT_RECEIVED`] for none.
    arrivals: Box<[u32; WINDOW]>,
    /// First number of the next report, and the number after the highest received. Within [`WINDOW`] of each other.
    begin: u64,
    end: u64,
    pending: u64,
    due: Option<Instant>,
    feedback_count: u8,
}

const NOT_RECEIVED: u32 = u32::MAX;

impl TwccFeedback {
    /// Nothing received yet; `now` becomes the zero of the reference times.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            unwrapper: Unwrapper::default(),
            arrivals: Box::new([NOT_RECEIVED; WINDOW]),
            begin: 0,
            end: 0,
            pending: 0,
            due: None,
            feedback_count: 0,
        }
    }

    /// A packet with transport-wide sequence number `seq` arrived.
    pub fn on_packet(&mut self, now: Instant, seq: u16) {
        let ticks = (now.saturating_duration_since(self.epoch).as_nanos() / TICK_NS) as u32;
        let first = self.unwrapper.highest().is_none();
        let seq = self.unwrapper.unwrap(SeqNo(seq));
        if first {
            (self.begin, self.end) = (seq, seq);
        }
        if seq >= self.end {
            self.advance(seq + 1);
        } else if seq + (WINDOW as u64) < self.end {
            return;
        }
        let slot = &mut self.arrivals[index(seq)];
        if *slot != NOT_RECEIVED {
            return;
        }
        // The one value that means "none" is 250 us earlier than itself once in 12 days.
        *slot = ticks.min(NOT_RECEIVED - 1);
        self.begin = self.begin.min(seq);
        self.pending += 1;
        self.due = match self.due {
            _ if self.pending >= REPORT_PACKETS => Some(now),
            None => Some(now + INTERVAL),
            due => due,
        };
    }

    /// Appends the feedback that is due at `now` to `out`: one or more RTCP packets of at most about 1,100 bytes each;
    /// nothing before [`next_timeout`](Self::next_timeout). Returns whether it wrote.
    ///
    /// `sender` and `media` are the packets' SSRCs: ours, and one of the reported transport.
    pub fn build(&mut self, now: Instant, sender: Ssrc, media: Ssrc, out: &mut Vec<u8>) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        let mut writer: Option<FeedbackWriter> = None;
        for seq in self.begin..self.end {
            let arrival = self.arrivals[index(seq)];
            let arrival = (arrival != NOT_RECEIVED).then_some(arrival);
            let written = writer.as_mut().is_some_and(|writer| match arrival {
                Some(ticks) => writer.received(out, ticks),
                None => writer.lost(out),
            });
            if written {
                continue;
            }
            if let Some(full) = writer.take() {
                full.finish(out);
            }
            // A packet starts with the first received one, or with the losses before it.
            let reference = (seq..self.end)
                .map(|seq| self.arrivals[index(seq)])
                .find(|&ticks| ticks != NOT_RECEIVED);
            let Some(reference) = reference else { break };
            let mut next = FeedbackWriter::start(
                out,
                sender,
                media,
                seq as u16,
                reference,
                self.feedback_count,
            );
            self.feedback_count = self.feedback_count.wrapping_add(1);
            match arrival {
                Some(ticks) => next.received(out, ticks),
                None => next.lost(out),
            };
            writer = Some(next);
        }
        if let Some(last) = writer {
            last.finish(out);
        }
        self.begin = self.end;
        self.pending = 0;
        self.due = None;
        true
    }

    /// When feedback is due: 50 ms after the first unreported packet, or at once when many have come.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Moves `end` on, forgetting what falls out of the window.
    fn advance(&mut self, end: u64) {
        let steps = (end - self.end).min(WINDOW as u64);
        for seq in end - steps..end {
            self.arrivals[index(seq)] = NOT_RECEIVED;
        }
        self.end = end;
        self.begin = self.begin.max(end.saturating_sub(WINDOW as u64));
    }
}

fn index(seq: u64) -> usize {
    seq as usize % WINDOW
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
#[path = "twcc_tests.rs"]
mod tests;
