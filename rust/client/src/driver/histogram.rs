//! Latencies in steps of 10 microseconds.

use std::time::Duration;

use serde::Serialize;

const STEP_US: usize = 10;
/// Up to 200 ms; what is slower counts as that.
const STEPS: usize = 20_000;

/// A histogram of latencies.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

/// What is worth telling of a histogram, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest, 200 at most.
    pub max_ms: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS],
            total: 0,
        }
    }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, latency: Duration) {
        let step = latency.as_micros() as usize / STEP_US;
        self.counts[step.min(STEPS - 1)] += 1;
        self.total += 1;
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// Adds another one's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The percentiles, each the upper end of its step; `None` when nothing was counted.
    pub fn latency(&self) -> Option<Latency> {
        (self.total > 0).then(|| Latency {
            count: self.total,
            p50_ms: self.percentile(0.50),
            p95_ms: self.percentile(0.95),
            p99_ms: self.percentile(0.99),
            max_ms: self.percentile(1.0),
        })
    }

    fn percentile(&self, part: f64) -> f64 {
        let wanted = (self.total as f64 * part).ceil() as u64;
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        ((step.unwrap_or(STEPS - 1) + 1) * STEP_US) as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_where_they_belong() {
        let mut one = Histogram::default();
        assert_eq!(one.latency(), None);
        for ms in 1..=50 {
            one.add(Duration::from_micros(ms * 1000 - 1));
        }
        let mut other = Histogram::default();
        for ms in 51..=100 {
            other.add(Duration::from_micros(ms * 1000 - 1));
        }
        one.merge(&other);
        let latency = one.latency().unwrap();
        assert_eq!(
            (latency.count, latency.p50_ms, latency.p95_ms),
            (100, 50.0, 95.0)
        );
        assert_eq!((latency.p99_ms, latency.max_ms), (99.0, 100.0));
        one.add(Duration::from_secs(9));
        assert_eq!(one.latency().unwrap().max_ms, 200.0);
    }
}
