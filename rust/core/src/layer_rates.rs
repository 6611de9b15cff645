//! What each layer of one received video stream takes, as steadily as decisions need it.

use std::time::{Duration, Instant};

use crate::feedback::RateMeter;

/// Temporal layers told apart; those above count as the highest.
pub const TEMPORAL: usize = 4;
/// Spatial layers of one stream told apart.
pub const SPATIAL: usize = 4;
/// A meter of one second and a key frame in it: the mean of so many looks is steady.
const LOOKS: f64 = 15.0;
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// A meter means nothing earlier.
const READY: Duration = Duration::from_millis(300);
/// A layer that was not sent for this long is measured anew.
const PAUSE: Duration = Duration::from_secs(2);
/// What a packet takes on the wire beyond what arrived: SRTP trailer, IP and UDP.
const OVERHEAD: usize = 16 + 28;

/// Rates of one stream's layers.
#[derive(Debug)]
pub struct LayerRates {
    meters: Vec<Meter>,
    looked: Option<Instant>,
}

#[derive(Debug, Clone, Default)]
struct Meter {
    rate: RateMeter,
    since: Option<Instant>,
    last: Option<Instant>,
    looks: f64,
    mean_bps: f64,
}

impl LayerRates {
    /// Meters for one spatial layer, or for several in one stream.
    pub fn new(several_spatial: bool) -> Self {
        let layers = if several_spatial { SPATIAL } else { 1 };
        Self {
            meters: vec![Meter::default(); layers * TEMPORAL],
            looked: None,
        }
    }

    /// A packet of `bytes` came.
    pub fn add(&mut self, now: Instant, spatial: u8, temporal: u8, bytes: usize) {
        let spatial = usize::from(spatial).min(self.meters.len() / TEMPORAL - 1);
        let temporal = usize::from(temporal).min(TEMPORAL - 1);
        self.meters[spatial * TEMPORAL + temporal].add(now, bytes + OVERHEAD);
    }

    /// Looks at the meters, if it is time.
    pub fn look(&mut self, now: Instant) {
        let last = *self.looked.get_or_insert(now);
        if now.saturating_duration_since(last) >= INTERVAL {
            self.looked = Some(now);
            for meter in &mut self.meters {
                meter.look(now, last);
            }
        }
    }

    /// Bits per second of all layers up to these; 0 until it is known.
    pub fn up_to(&self, spatial: usize, temporal: usize) -> u64 {
        let layers = self.meters.chunks(TEMPORAL).take(spatial + 1);
        let meters = layers.flat_map(|meters| meters.iter().take(temporal + 1));
        meters.map(|meter| meter.mean_bps).sum::<f64>() as u64
    }

    /// The highest temporal layer of a spatial one; `None` when nothing is known of that.
    pub fn top_temporal(&self, spatial: usize) -> Option<usize> {
        let meters = self.meters.chunks(TEMPORAL).nth(spatial)?;
        meters.iter().rposition(|meter| meter.looks > 0.0)
    }
}

impl Meter {
    fn add(&mut self, now: Instant, bytes: usize) {
        let begun_anew = |last: Instant| now.saturating_duration_since(last) > PAUSE;
        if self.last.is_none_or(begun_anew) {
            self.rate = RateMeter::default();
            self.since = Some(now);
        }
        self.last = Some(now);
        self.rate.add(now, bytes);
    }

    /// A layer that is not sent for a while will be as it was when it comes back: only one that was sent since the last
    /// look is looked at.
    fn look(&mut self, now: Instant, last_look: Instant) {
        let recent = |last: Instant| now.saturating_duration_since(last) < READY;
        let sent = self
            .last
            .is_some_and(|last| last > last_look && recent(last));
        let ready = |since: Instant| now.saturating_duration_since(since) >= READY;
        if sent && self.since.is_some_and(ready) {
            self.looks = (self.looks + 1.0).min(LOOKS);
            let bps = self.rate.bitrate_bps(now) as f64;
            self.mean_bps += (bps - self.mean_bps) / self.looks;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn layers_add_up_and_are_remembered() {
        let start = Instant::now();
        let mut rates = LayerRates::new(true);
        rates.look(start);
        assert_eq!((rates.up_to(3, 3), rates.top_temporal(0)), (0, None));
        // 100 packets a second of 1,000 bytes with overhead; every second one of temporal layer 1, half of them spatial 1.
        for step in 0..500u64 {
            let now = start + Duration::from_millis(10 * step);
            rates.add(
                now,
                (step / 2 % 2) as u8,
                (step % 2) as u8,
                1_000 - OVERHEAD,
            );
            rates.look(now);
        }
        let near = |bps: u64, expected: u64| {
            assert!(
                bps.abs_diff(expected) < expected / 10,
                "{bps}, not {expected}"
            )
        };
        near(rates.up_to(0, 0), 200_000);
        near(rates.up_to(0, 1), 400_000);
        near(rates.up_to(1, 0), 400_000);
        near(rates.up_to(1, 1), 800_000);
        assert_eq!(
            (rates.top_temporal(1), rates.top_temporal(2)),
            (Some(1), None)
        );
        let known = rates.up_to(1, 1);
        rates.look(start + Duration::from_secs(60));
        assert_eq!(rates.up_to(1, 1), known, "nothing was sent since");
    }
}
