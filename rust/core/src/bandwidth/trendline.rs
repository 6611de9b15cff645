//! Whether delays grow: a line through the last ones, against a threshold that adapts to the path's own jitter
//! (draft-ietf-rmcat-gcc-02, sections 5.3 to 5.5; the line in place of its Kalman filter).

use std::collections::VecDeque;

use super::arrival::Sample;

/// Groups the line is drawn through.
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
/// From a slope to milliseconds comparable with the threshold.
const GAIN: f64 = 4.0;
const MAX_COUNT: u32 = 60;
const THRESHOLD_MS: f64 = 12.5;
const THRESHOLD_RANGE: std::ops::RangeInclusive<f64> = 6.0..=600.0;
/// The threshold follows slowly up and faster down, per millisecond.
const UP: f64 = 0.0087;
const DOWN: f64 = 0.039;
/// A growth must last this long.
const OVERUSE_MS: f64 = 10.0;

/// What the line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// A queue grows.
    Over,
    /// Nothing grows.
    Normal,
    /// A queue drains.
    Under,
}

/// The line and its threshold.
#[derive(Debug)]
pub(super) struct Trendline {
    points: VecDeque<(f64, f64)>,
    first_arrival_ms: Option<f64>,
    accumulated_ms: f64,
    smoothed_ms: f64,
    count: u32,
    threshold_ms: f64,
    last_arrival_ms: f64,
    over_for_ms: f64,
    over_count: u32,
    last_trend: f64,
}

impl Default for Trendline {
    fn default() -> Self {
        Self {
            points: VecDeque::with_capacity(WINDOW + 1),
            first_arrival_ms: None,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            count: 0,
            threshold_ms: THRESHOLD_MS,
            last_arrival_ms: 0.0,
            over_for_ms: 0.0,
            over_count: 0,
            last_trend: 0.0,
        }
    }
}

impl Trendline {
    /// One more group.
    pub(super) fn on_sample(&mut self, sample: Sample) -> Usage {
        let first = *self.first_arrival_ms.get_or_insert(sample.arrival_ms);
        self.count = (self.count + 1).min(MAX_COUNT);
        self.accumulated_ms += sample.delta_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        self.points
            .push_back((sample.arrival_ms - first, self.smoothed_ms));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let slope = if self.points.len() == WINDOW {
            slope(&self.points).unwrap_or(self.last_trend)
        } else {
            self.last_trend
        };
        let trend = f64::from(self.count) * slope * GAIN;
        let elapsed = (sample.arrival_ms - self.last_arrival_ms).clamp(0.0, 100.0);
        self.last_arrival_ms = sample.arrival_ms;
        let usage = self.judge(trend, slope, elapsed);
        self.adapt(trend, elapsed);
        self.last_trend = slope;
        usage
    }

    fn judge(&mut self, trend: f64, slope: f64, elapsed_ms: f64) -> Usage {
        if trend > self.threshold_ms {
            self.over_for_ms += elapsed_ms;
            self.over_count += 1;
            if self.over_for_ms > OVERUSE_MS && self.over_count > 1 && slope >= self.last_trend {
                (self.over_for_ms, self.over_count) = (0.0, 0);
                return Usage::Over;
            }
            return Usage::Normal;
        }
        (self.over_for_ms, self.over_count) = (0.0, 0);
        if trend < -self.threshold_ms {
            Usage::Under
        } else {
            Usage::Normal
        }
    }

    fn adapt(&mut self, trend: f64, elapsed_ms: f64) {
        let beyond = trend.abs() - self.threshold_ms;
        // A sudden jump says nothing about the path's usual jitter.
        if beyond > 15.0 {
            return;
        }
        let rate = if beyond < 0.0 { DOWN } else { UP };
        let threshold = self.threshold_ms + rate * beyond * elapsed_ms;
        self.threshold_ms = threshold.clamp(*THRESHOLD_RANGE.start(), *THRESHOLD_RANGE.end());
    }
}

/// Least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / count, y + point.1 / count)
    });
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), (x, y)| {
        let away = x - mean_x;
        (above + away * (y - mean_y), below + away * away)
    });
    (below > 0.0).then(|| above / below)
}
