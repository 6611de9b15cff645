//! How fast one receiver's path is fed, once it is known to be narrow. Frames go out in one piece as long as they are what
//! the path carries; what goes beyond that (a large keyframe, retransmissions after a burst of loss) waits here instead of
//! in the network's queue, where it would delay audio and hide from the estimate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::keys::ConsumerKey;

/// What goes out at once, as time at the present rate: less than what counts as a queue.
const BURST: Duration = Duration::from_millis(50);
/// Two packets go out at once in any case.
const MIN_BURST_BYTES: f64 = 2_400.0;
/// What is already in the network's queue counts at most this much.
const MAX_DEBT: Duration = Duration::from_millis(1000);
/// A packet that would wait longer than this is useless: better a keyframe of something smaller.
const MAX_WAIT: Duration = Duration::from_millis(600);

/// A packet that waits: whose, and under which number it goes out.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The consumer.
    pub consumer: ConsumerKey,
    /// Extended sequence number, used nowhere yet.
    pub seq: u64,
    since: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pacer {
    /// Bits per second; `None` while there is no known limit.
    rate_bps: Option<u64>,
    /// Bytes sent that the rate has not covered yet.
    debt: f64,
    reckoned: Option<Instant>,
    held: VecDeque<Held>,
}

impl Pacer {
    /// From now on at this rate.
    pub fn set_rate(&mut self, now: Instant, rate_bps: Option<u64>) {
        self.reckon(now);
        self.rate_bps = rate_bps.map(|rate| rate.max(1));
        if rate_bps.is_none() {
            self.debt = 0.0;
        }
    }

    /// So many bytes are known to wait in the network.
    pub fn owe(&mut self, now: Instant, bytes: u64) {
        self.reckon(now);
        if let Some(rate) = self.rate_bps {
            let most = in_bytes(rate, MAX_DEBT);
            self.debt = self.debt.max((bytes as f64).min(most));
        }
    }

    /// Whether a packet may go out now, ahead of those that wait if there are any.
    pub fn is_open(&mut self, now: Instant) -> bool {
        self.reckon(now);
        self.rate_bps.is_none_or(|rate| self.debt < burst(rate))
    }

    /// Whether a new packet has to wait.
    pub fn must_wait(&mut self, now: Instant) -> bool {
        !self.held.is_empty() || !self.is_open(now)
    }

    /// A packet of so many bytes goes out.
    pub fn on_sent(&mut self, bytes: usize) {
        if self.rate_bps.is_some() {
            self.debt += bytes as f64;
        }
    }

    /// Keeps a packet until its turn comes.
    pub fn hold(&mut self, now: Instant, consumer: ConsumerKey, seq: u64) {
        self.held.push_back(Held {
            consumer,
            seq,
            since: now,
        });
    }

    /// The next packet whose turn has come.
    pub fn next(&mut self, now: Instant) -> Option<Held> {
        if self.held.is_empty() || !self.is_open(now) {
            return None;
        }
        self.held.pop_front()
    }

    /// Whether the first of those that wait has waited too long.
    pub fn is_late(&self, now: Instant) -> bool {
        self.held
            .front()
            .is_some_and(|first| now.saturating_duration_since(first.since) > MAX_WAIT)
    }

    /// Gives up everything that waits: each consumer once, with the lowest number that is free again.
    pub fn give_up(&mut self) -> Vec<(ConsumerKey, u64)> {
        let mut lowest: Vec<(ConsumerKey, u64)> = Vec::new();
        for held in self.held.drain(..) {
            match lowest
                .iter_mut()
                .find(|(consumer, _)| *consumer == held.consumer)
            {
                Some((_, seq)) => *seq = held.seq.min(*seq),
                None => lowest.push((held.consumer, held.seq)),
            }
        }
        lowest
    }

    /// When something that waits can go out; `waits` says whether anything else than what is held here does.
    pub fn next_timeout(&self, waits: bool) -> Option<Instant> {
        if self.held.is_empty() && !waits {
            return None;
        }
        let (rate, reckoned) = (self.rate_bps?, self.reckoned?);
        let over = (self.debt - burst(rate) / 2.0).max(0.0);
        Some(reckoned + Duration::from_secs_f64(over * 8.0 / rate as f64))
    }

    fn reckon(&mut self, now: Instant) {
        let last = self.reckoned.replace(now).unwrap_or(now);
        if let Some(rate) = self.rate_bps {
            let covered = in_bytes(rate, now.saturating_duration_since(last));
            self.debt = (self.debt - covered).max(0.0);
        }
    }
}

fn burst(rate_bps: u64) -> f64 {
    in_bytes(rate_bps, BURST).max(MIN_BURST_BYTES)
}

fn in_bytes(rate_bps: u64, time: Duration) -> f64 {
    rate_bps as f64 / 8.0 * time.as_secs_f64()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn without_a_known_limit_nothing_waits() {
        let now = Instant::now();
        let mut pacer = Pacer::default();
        for _ in 0..1_000 {
            pacer.on_sent(1_200);
        }
        assert!(!pacer.must_wait(now) && pacer.next_timeout(true).is_none());
    }

    #[test]
    fn a_large_keyframe_goes_out_at_the_rate() {
        let start = Instant::now();
        let (mut now, mut pacer, mut sent) = (start, Pacer::default(), 0);
        pacer.set_rate(now, Some(300_000));
        for seq in 0..20 {
            match pacer.must_wait(now) {
                true => pacer.hold(now, ConsumerKey::default(), seq),
                false => pacer.on_sent(1_000),
            }
        }
        while let Some(at) = pacer.next_timeout(false) {
            assert!(!pacer.is_late(at));
            now = at;
            while let Some(held) = pacer.next(now) {
                assert_eq!(held.seq, 3 + sent);
                pacer.on_sent(1_000);
                sent += 1;
            }
        }
        assert_eq!(sent, 17);
        // 20 kB take 533 ms; the first and the last of them 2.4 and 1.2 kB early.
        let took = now - start;
        assert!(
            (Duration::from_millis(420)..Duration::from_millis(520)).contains(&took),
            "{took:?}"
        );
    }

    #[test]
    fn what_is_given_up_frees_its_numbers() {
        let now = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(now, Some(100_000));
        pacer.owe(now, 1 << 40);
        assert!(pacer.must_wait(now));
        for seq in [7, 8, 9] {
            pacer.hold(now, ConsumerKey::default(), seq);
        }
        let later = now + MAX_WAIT + Duration::from_millis(1);
        assert!(pacer.is_late(later) && pacer.next(later).is_none());
        assert_eq!(pacer.give_up(), [(ConsumerKey::default(), 7)]);
        assert!(pacer.next(now + MAX_DEBT).is_none() && pacer.is_open(now + MAX_DEBT));
    }
}
