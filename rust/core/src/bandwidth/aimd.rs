//! Up carefully, down at once (draft-ietf-rmcat-gcc-02, section 5.5 and 6).

use std::time::{Duration, Instant};

use super::MIN_BPS;
use super::trendline::Usage;

/// Below what arrives by this factor, so that the queue drains.
const DECREASE: f64 = 0.85;
/// Growth per second far from the known limit.
const MULTIPLICATIVE: f64 = 1.08;
/// Near it: bits per second, per second. A packet more per round trip.
const ADDITIVE_BPS: f64 = 40_000.0;
/// Two decreases for one queue would be one too many.
const BETWEEN_DECREASES: Duration = Duration::from_millis(250);
/// What was not tried is not known: the estimate stays below this much of what arrives.
const UNTRIED: f64 = 1.5;
const MAX_BPS: f64 = 50_000_000.0;
/// Of what a probe has shown, as much is used: others may come.
const PROVED_SHARE: f64 = 0.95;

/// The controlled rate.
#[derive(Debug)]
pub(super) struct RateControl {
    rate_bps: f64,
    /// What was assumed at first may be assumed again.
    start_bps: f64,
    /// Arrival rate at the last decrease: the link's capacity, as far as known.
    capacity_bps: Option<f64>,
    last_decrease: Option<Instant>,
    last_update: Option<Instant>,
}

impl RateControl {
    pub(super) fn new(start_bps: u64) -> Self {
        Self {
            rate_bps: start_bps as f64,
            start_bps: start_bps as f64,
            capacity_bps: None,
            last_decrease: None,
            last_update: None,
        }
    }

    pub(super) fn rate_bps(&self) -> u64 {
        self.rate_bps as u64
    }

    pub(super) fn met_limit(&self) -> bool {
        self.last_decrease.is_some()
    }

    pub(super) fn on_usage(&mut self, now: Instant, usage: Usage, acked_bps: u64) {
        let last = self.last_update.replace(now).unwrap_or(now);
        let elapsed = now
            .saturating_duration_since(last)
            .min(Duration::from_secs(1));
        if usage == Usage::Over {
            self.decrease(now, acked_bps);
        } else if usage == Usage::Normal {
            self.increase(elapsed.as_secs_f64(), acked_bps as f64);
        }
    }

    /// Packets are lost because there are too many.
    pub(super) fn on_congestive_loss(&mut self, now: Instant, acked_bps: u64) {
        self.decrease(now, acked_bps);
    }

    /// A queue was seen to grow, while packets came at this rate: a bottleneck narrower than was thought. Further steps
    /// may follow at once, because the first measure may still have packets in it from before. What comes about as fast as
    /// estimated is a burst of our own, a keyframe.
    pub(super) fn on_sudden_queue(&mut self, now: Instant, delivered_bps: u64) {
        if (delivered_bps as f64) < 0.9 * self.rate_bps {
            // What was known of the old bottleneck does not count any more.
            (self.last_decrease, self.capacity_bps) = (None, None);
            self.decrease(now, delivered_bps);
        }
    }

    /// The path was shown to carry this much and no more. What arrives anyhow is more trustworthy.
    pub(super) fn on_limit(&mut self, limit_bps: u64, acked_bps: u64) {
        let limit = (PROVED_SHARE * limit_bps as f64).max(acked_bps as f64);
        self.rate_bps = self.rate_bps.min(limit).max(MIN_BPS as f64);
    }

    /// The path was shown to carry this much.
    pub(super) fn on_proof(&mut self, proved_bps: u64) {
        let proved = PROVED_SHARE * proved_bps as f64;
        if proved > self.rate_bps {
            self.rate_bps = proved.min(MAX_BPS);
            self.capacity_bps = None;
        }
    }

    fn decrease(&mut self, now: Instant, acked_bps: u64) {
        let recent = |at: Instant| now.saturating_duration_since(at) < BETWEEN_DECREASES;
        if self.last_decrease.is_some_and(recent) {
            return;
        }
        self.last_decrease = Some(now);
        let acked = acked_bps as f64;
        self.capacity_bps = Some(self.capacity_bps.map_or(acked, |c| 0.7 * c + 0.3 * acked));
        let target = (DECREASE * acked).min(self.rate_bps);
        self.rate_bps = target.max(MIN_BPS as f64);
    }

    fn increase(&mut self, seconds: f64, acked: f64) {
        // Far above what was the limit, the limit is gone.
        if self
            .capacity_bps
            .is_some_and(|capacity| acked > 1.3 * capacity)
        {
            self.capacity_bps = None;
        }
        let near = self
            .capacity_bps
            .is_some_and(|capacity| self.rate_bps > 0.8 * capacity);
        let grown = if near {
            self.rate_bps + ADDITIVE_BPS * seconds
        } else {
            self.rate_bps * MULTIPLICATIVE.powf(seconds)
        };
        let ceiling = (UNTRIED * acked).max(self.start_bps).min(MAX_BPS);
        // An application that sends little keeps what it once proved.
        self.rate_bps = grown.min(ceiling.max(self.rate_bps));
    }
}
