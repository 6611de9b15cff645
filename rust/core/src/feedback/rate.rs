//! The bitrate of the last second.

use std::time::{Duration, Instant};

const BUCKET: Duration = Duration::from_millis(50);
const BUCKETS: usize = 20;

/// A rate shorter than this is not worth the name: the divisor starts here.
const MIN_SPAN: Duration = Duration::from_millis(250);

/// Bytes counted over a sliding window of one second in steps of 50 ms.
///
/// In the first second the bytes are divided by the time since the first of them (at least 250 ms), so that the rate is
/// right early.
#[derive(Clone, Debug, Default)]
pub struct RateMeter {
    start: Option<Instant>,
    buckets: [u64; BUCKETS],
    /// Number of the newest bucket, counted from `start`.
    newest: u64,
    total: u64,
}

impl RateMeter {
    /// `bytes` passed at `now`; times before the newest one count as that.
    pub fn add(&mut self, now: Instant, bytes: usize) {
        self.start.get_or_insert(now);
        self.advance(now);
        self.buckets[(self.newest % BUCKETS as u64) as usize] += bytes as u64;
        self.total += bytes as u64;
    }

    /// The rate in bit/s.
    pub fn bitrate_bps(&mut self, now: Instant) -> u64 {
        let Some(start) = self.start else { return 0 };
        self.advance(now);
        let span = now
            .saturating_duration_since(start)
            .clamp(MIN_SPAN, BUCKET * BUCKETS as u32);
        self.total * 8 * 1000 / span.as_millis() as u64
    }

    fn advance(&mut self, now: Instant) {
        let Some(start) = self.start else { return };
        let elapsed = now.saturating_duration_since(start);
        let bucket = (elapsed.as_millis() / BUCKET.as_millis()) as u64;
        let steps = bucket.saturating_sub(self.newest).min(BUCKETS as u64);
        for step in 1..=steps {
            let index = ((bucket - steps + step) % BUCKETS as u64) as usize;
            self.total -= std::mem::take(&mut self.buckets[index]);
        }
        self.newest = self.newest.max(bucket);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn measures_a_steady_stream_and_its_end() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        assert_eq!(meter.bitrate_bps(start), 0);
        for step in 0..300 {
            meter.add(start + Duration::from_millis(10 * step), 1250);
            if step >= 50 {
                let bps = meter.bitrate_bps(start + Duration::from_millis(10 * step));
                assert!((950_000..=1_050_000).contains(&bps), "{bps} at {step}");
            }
        }
        let end = start + Duration::from_millis(3000);
        assert!((450_000..=550_000).contains(&meter.bitrate_bps(end + Duration::from_millis(500))));
        assert_eq!(meter.bitrate_bps(end + Duration::from_millis(1000)), 0);
        assert_eq!(meter.bitrate_bps(end + Duration::from_secs(1_000_000)), 0);
    }

    proptest! {
        #[test]
        fn never_counts_more_than_the_window_holds(steps in prop::collection::vec((0u64..3000, 0usize..70_000), 1..100)) {
            let mut now = Instant::now();
            let mut meter = RateMeter::default();
            let mut all = Vec::new();
            for (step, bytes) in steps {
                now += Duration::from_millis(step);
                meter.add(now, bytes);
                all.push((now, bytes as u64));
                let recent: u64 = all.iter().filter(|(at, _)| now - *at <= BUCKET * BUCKETS as u32).map(|(_, b)| b).sum();
                prop_assert!(meter.total <= recent);
                prop_assert_eq!(meter.total, meter.buckets.iter().sum::<u64>());
            }
        }
    }
}
