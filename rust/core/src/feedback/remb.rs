//! A bitrate for publishers that send no transport-wide sequence numbers (aiortc): additive-multiplicative, by loss.

use std::time::{Duration, Instant};

use super::RateMeter;

const INTERVAL: Duration = Duration::from_secs(1);
const START_BPS: u64 = 600_000;
const MIN_BPS: u64 = 50_000;

/// Loss up to 2 % is no congestion, above 10 % it is (draft-ietf-rmcat-gcc-02 §6), in 1/256.
const LOW_LOSS: u8 = 5;
const HIGH_LOSS: u8 = 26;

/// An estimate far above what is being sent has never been tried: it ends at 1.5 times the measured rate (as in
/// draft-ietf-rmcat-gcc-02 §5.5), plus a little so that a stream that is nearly silent can grow.
const HEADROOM_BPS: u64 = 100_000;

/// Once a second: with little loss the estimate grows by 8 % (at least 10 kbit/s); between 2 and 10 % it stays; above
/// 10 % it shrinks by half the loss, from the measured rate when that is lower (draft-ietf-rmcat-gcc-02 §6).
///
/// It sees loss only, no delay: it keeps the publisher of a lossy uplink from drowning itself, and is not meant for
/// those who negotiated transport-cc.
#[derive(Clone, Debug)]
pub struct RembEstimator {
    estimate_bps: u64,
    max_bps: u64,
    incoming: RateMeter,
    /// Worst fraction since the last poll, in 1/256.
    loss: Option<u8>,
    next: Option<Instant>,
}

impl RembEstimator {
    /// The bound, in bit/s, where nothing else was asked for.
    pub const DEFAULT_MAX_BPS: u64 = 20_000_000;

    /// Starts at 600 kbit/s, bounded by 20 Mbit/s until [`set_max`](Self::set_max).
    #[must_use]
    pub fn new() -> Self {
        Self {
            estimate_bps: START_BPS,
            max_bps: Self::DEFAULT_MAX_BPS,
            incoming: RateMeter::default(),
            loss: None,
            next: None,
        }
    }

    /// Bounds the estimate, in bit/s; below 50 kbit/s counts as that.
    pub fn set_max(&mut self, max_bps: u64) {
        self.max_bps = max_bps.max(MIN_BPS);
        self.estimate_bps = self.estimate_bps.min(self.max_bps);
    }

    /// A packet of `len` bytes arrived from the publisher, retransmissions included.
    pub fn on_packet(&mut self, now: Instant, len: usize) {
        self.next.get_or_insert(now);
        self.incoming.add(now, len);
    }

    /// The fraction lost of a report interval on one of the publisher's streams, in 1/256; the worst one counts.
    pub fn on_loss(&mut self, fraction_lost: u8) {
        self.loss = self.loss.max(Some(fraction_lost));
    }

    /// The estimate in bit/s when it is time to send it: with the first packet, then once a second while packets come.
    pub fn poll(&mut self, now: Instant) -> Option<u64> {
        if self.next? > now {
            return None;
        }
        let incoming_bps = self.incoming.bitrate_bps(now);
        if incoming_bps == 0 {
            // Nobody sends: nothing to say until somebody does.
            self.next = None;
            return None;
        }
        self.next = Some(now + INTERVAL);
        if let Some(loss) = self.loss.take() {
            self.estimate_bps = self.step(loss, incoming_bps);
        }
        Some(self.estimate_bps)
    }

    /// When [`poll`](Self::poll) has something to say next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.next
    }

    fn step(&self, loss: u8, incoming_bps: u64) -> u64 {
        let next = if loss > HIGH_LOSS {
            let base = self.estimate_bps.min(incoming_bps);
            base * (512 - u64::from(loss)) / 512
        } else if loss <= LOW_LOSS {
            let grown = (self.estimate_bps * 108 / 100).max(self.estimate_bps + 10_000);
            let ceiling = incoming_bps * 3 / 2 + HEADROOM_BPS;
            grown.min(ceiling).max(self.estimate_bps)
        } else {
            self.estimate_bps
        };
        next.clamp(MIN_BPS, self.max_bps)
    }
}

impl Default for RembEstimator {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// One second of packets at `bps`, with `loss`; the estimate that comes out of it.
    fn second(remb: &mut RembEstimator, now: &mut Instant, bps: u64, loss: u8) -> u64 {
        remb.on_loss(loss);
        let mut said = None;
        for _ in 0..100 {
            *now += ms(10);
            remb.on_packet(*now, (bps / 800) as usize);
            said = remb.poll(*now).or(said);
        }
        said.unwrap()
    }

    #[test]
    fn speaks_once_a_second_and_only_while_packets_come() {
        let mut now = Instant::now();
        let mut remb = RembEstimator::new();
        assert_eq!(remb.poll(now), None);
        let mut said = 0;
        for _ in 0..500 {
            now += ms(10);
            remb.on_packet(now, 500);
            said += u32::from(remb.poll(now).is_some());
        }
        assert_eq!(said, 5);
        now += ms(5000);
        assert_eq!(remb.poll(now), None);
        assert_eq!(remb.next_timeout(), None);
        remb.on_packet(now, 500);
        assert_eq!(remb.poll(now), Some(START_BPS));
    }

    #[test]
    fn a_sender_that_follows_it_grows_to_the_bound() {
        let mut now = Instant::now();
        let mut remb = RembEstimator::new();
        remb.set_max(3_000_000);
        let mut rate = START_BPS;
        for _ in 0..60 {
            rate = second(&mut remb, &mut now, rate, 0);
        }
        assert_eq!(rate, 3_000_000);
    }

    #[test]
    fn does_not_promise_what_was_never_tried() {
        let mut now = Instant::now();
        let mut remb = RembEstimator::new();
        let mut rate = 0;
        for _ in 0..60 {
            rate = second(&mut remb, &mut now, 500_000, 0);
        }
        assert!((700_000..=900_000).contains(&rate), "{rate}");
    }

    #[test]
    fn random_loss_of_a_few_percent_costs_nothing_and_heavy_loss_shrinks() {
        let mut now = Instant::now();
        let mut remb = RembEstimator::new();
        let before = second(&mut remb, &mut now, START_BPS, 0);
        for _ in 0..20 {
            assert_eq!(second(&mut remb, &mut now, before, 20), before);
        }
        let after = second(&mut remb, &mut now, before, 128);
        assert!(after < before * 8 / 10, "{after} after {before}");
        for _ in 0..60 {
            second(&mut remb, &mut now, 60_000, 255);
        }
        assert_eq!(second(&mut remb, &mut now, 60_000, 255), MIN_BPS);
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(max in 0u64..50_000_000, steps in prop::collection::vec((any::<u8>(), 0u64..10_000_000), 1..30)) {
            let mut now = Instant::now();
            let mut remb = RembEstimator::new();
            remb.set_max(max);
            for (loss, bps) in steps {
                let rate = second(&mut remb, &mut now, bps + 800, loss);
                prop_assert!((MIN_BPS..=max.max(MIN_BPS)).contains(&rate));
            }
        }
    }
}
