//! How well a stream gets through, from 0 (not at all) to 10 (all of it), as mediasoup scores it.
//!
//! An interval's score is the fourth power of the part that arrived, times ten. What was lost and
//! repaired by retransmission counts as lost in part: the more had to be repaired, the less it
//! counts as arrived. The score is the mean of the last intervals, newer ones weighing more.

use std::time::Duration;

/// The best score.
pub const MAX: u8 = 10;
/// Intervals remembered; about a second each.
const HISTORY: usize = 24;
/// Video without packets for so long does not arrive at all.
pub const VIDEO_SILENCE: Duration = Duration::from_millis(1500);
/// The same for audio: with DTX a packet comes every 400 ms, or rarer.
pub const AUDIO_SILENCE: Duration = Duration::from_secs(5);

/// Counters of one stream since its start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Packets sent by the sender.
    pub expected: u64,
    /// Of these, not arrived by themselves. Duplicates make it fall.
    pub lost: i64,
    /// Of these, arrived by retransmission.
    pub repaired: u64,
}

/// The score of one stream.
#[derive(Debug, Default)]
pub struct Score {
    value: u8,
    history: [u8; HISTORY],
    intervals: usize,
    before: Totals,
}

impl Score {
    /// The score now: 0 until something arrived.
    pub fn value(&self) -> u8 {
        self.value
    }

    /// Takes the counters at the end of an interval; whether the score changed.
    pub fn update(&mut self, totals: Totals) -> bool {
        let before = std::mem::replace(&mut self.before, totals);
        let expected = totals.expected.saturating_sub(before.expected);
        if expected == 0 {
            return false;
        }
        let lost = u64::try_from(totals.lost - before.lost).unwrap_or(0);
        let repaired = totals.repaired.saturating_sub(before.repaired);
        self.history[self.intervals % HISTORY] = of_interval(expected, lost, repaired);
        self.intervals += 1;
        let known = self.intervals.min(HISTORY);
        let weighted = (0..known).map(|age| {
            let score = self.history[(self.intervals - 1 - age) % HISTORY];
            usize::from(score) * (known - age)
        });
        let weights = known * (known + 1) / 2;
        let mean = weighted.sum::<usize>() as f64 / weights as f64;
        self.set(mean.round() as u8)
    }

    /// Nothing arrives any more; whether that is news. What came before is forgotten.
    pub fn fall_silent(&mut self) -> bool {
        self.intervals = 0;
        self.set(0)
    }

    fn set(&mut self, value: u8) -> bool {
        std::mem::replace(&mut self.value, value) != value
    }
}

fn of_interval(expected: u64, lost: u64, repaired: u64) -> u8 {
    let lost = lost.min(expected) as f64;
    let repaired = (repaired as f64).min(lost);
    let weight = if lost == 0.0 {
        0.0
    } else {
        (1.0 / (repaired / lost + 1.0)).powi(4)
    };
    let missing = lost - repaired * weight;
    let delivered = 1.0 - missing / expected as f64;
    (delivered.powi(4) * f64::from(MAX)).round() as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn totals(expected: u64, lost: i64, repaired: u64) -> Totals {
        Totals {
            expected,
            lost,
            repaired,
        }
    }

    #[test]
    fn loss_costs_and_repaired_loss_costs_less() {
        assert_eq!(of_interval(100, 0, 0), 10);
        assert_eq!(of_interval(100, 10, 0), 7);
        assert_eq!(of_interval(100, 50, 0), 1);
        assert_eq!(of_interval(100, 100, 0), 0);
        assert!(of_interval(100, 30, 15) > of_interval(100, 30, 0));
        assert!(of_interval(100, 30, 30) < 10, "repair is no substitute");
    }

    #[test]
    fn follows_the_intervals_and_tells_changes_only() {
        let mut score = Score::default();
        assert_eq!(score.value(), 0);
        assert!(score.update(totals(100, 0, 0)));
        assert_eq!(score.value(), 10);
        assert!(!score.update(totals(200, 0, 0)));
        assert!(!score.update(totals(200, 0, 0)), "nothing was sent");
        assert!(score.update(totals(300, 60, 0)));
        let low = score.value();
        assert!(low < 9);
        for step in 4..30 {
            score.update(totals(100 * step, 60, 0));
        }
        assert_eq!(score.value(), 10, "and recovers");
        assert!(score.fall_silent());
        assert!(!score.fall_silent());
        assert_eq!(score.value(), 0);
        assert!(score.update(totals(4000, 60, 0)), "back at once");
        assert_eq!(score.value(), 10);
    }

    proptest! {
        #[test]
        fn any_counters_score_0_to_10(steps in prop::collection::vec((any::<u32>(), any::<i32>(), any::<u32>()), 1..60)) {
            let mut score = Score::default();
            for (expected, lost, repaired) in steps {
                score.update(totals(expected.into(), lost.into(), repaired.into()));
                prop_assert!(score.value() <= MAX);
            }
        }
    }
}
