//! When one path is shared out among its consumers again, and when somebody may get more.

use std::time::{Duration, Instant};

use crate::allocation::Caution;

/// Between two times, unless there is suddenly less.
const INTERVAL: Duration = Duration::from_millis(100);
/// After somebody had to go down, nobody goes up for this long; longer each time that going up was a mistake.
const HOLD: Duration = Duration::from_millis(1000);
const LONGEST_HOLD: Duration = Duration::from_millis(8000);
/// Having to go down this soon after going up means that it was one.
const MISTAKE: Duration = Duration::from_secs(10);
/// A queue beyond this is a reason for care, when it stands for a while: a keyframe makes one that goes away by itself.
const QUEUED: Duration = Duration::from_millis(60);
const STANDING: Duration = Duration::from_millis(400);
/// It goes away when it shrinks by a tenth in that time.
const SHRINKS: f64 = 0.9;

/// See the module.
#[derive(Debug)]
pub struct Sharing {
    shared_at: Option<Instant>,
    budget_bps: u64,
    rose_at: Option<Instant>,
    rise_after: Option<Instant>,
    hold: Duration,
    /// Since when there is a queue of no less than this.
    stands: Option<(Instant, Duration)>,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            shared_at: None,
            budget_bps: 0,
            rose_at: None,
            rise_after: None,
            hold: HOLD,
            stands: None,
        }
    }
}

impl Sharing {
    /// Whether it is time.
    pub fn is_due(&self, now: Instant, budget_bps: u64) -> bool {
        let recent = |at: Instant| now.saturating_duration_since(at) < INTERVAL;
        budget_bps < self.budget_bps / 10 * 9 || !self.shared_at.is_some_and(recent)
    }

    /// How careful to be with this budget, and this queue on the path.
    pub fn begin(
        &mut self,
        now: Instant,
        budget_bps: u64,
        queue: Duration,
        limit_known: bool,
    ) -> Caution {
        (self.shared_at, self.budget_bps) = (Some(now), budget_bps);
        self.stands = match self.stands {
            _ if queue <= QUEUED => None,
            Some((_, stood)) if queue < stood.mul_f64(SHRINKS) => Some((now, queue)),
            stands => stands.or(Some((now, queue))),
        };
        Caution {
            may_rise: self.stands.is_none() && self.rise_after.is_none_or(|at| now >= at),
            calm: self.drain(now, queue) == 0.0,
            limit_known,
        }
    }

    /// The part of the estimate that is not used, so that a queue that stands drains: up to a half.
    pub fn drain(&self, now: Instant, queue: Duration) -> f64 {
        let long = |(since, _)| now.saturating_duration_since(since) >= STANDING;
        match self.stands.is_some_and(long) || queue > STANDING {
            true => queue.saturating_sub(QUEUED).as_secs_f64().min(0.5),
            false => 0.0,
        }
    }

    /// Somebody got more.
    pub fn on_rise(&mut self, now: Instant) {
        self.rose_at = Some(now);
    }

    /// Somebody had to go down.
    pub fn on_fall(&mut self, now: Instant) {
        let since_rise = self
            .rose_at
            .take()
            .map(|at| now.saturating_duration_since(at));
        self.hold = match since_rise {
            Some(since) if since < MISTAKE => (self.hold * 2).min(LONGEST_HOLD),
            Some(_) => HOLD,
            None => self.hold,
        };
        self.rise_after = Some(now + self.hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn mistakes_make_it_careful() {
        let mut now = Instant::now();
        let mut sharing = Sharing::default();
        let mut held = Vec::new();
        for _ in 0..5 {
            sharing.on_rise(now);
            now += Duration::from_secs(2);
            sharing.on_fall(now);
            let from = now;
            while !sharing.begin(now, 1, Duration::ZERO, true).may_rise {
                now += Duration::from_millis(100);
            }
            held.push(now.saturating_duration_since(from).as_millis());
        }
        assert_eq!(held, [2000, 4000, 8000, 8000, 8000]);
        sharing.on_rise(now);
        now += MISTAKE;
        sharing.on_fall(now);
        assert!(
            sharing.begin(now + HOLD, 1, Duration::ZERO, true).may_rise,
            "it went well for long"
        );
        assert!(!sharing.begin(now + HOLD, 1, QUEUED * 2, true).may_rise);
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn less_is_noticed_at_once() {
        let now = Instant::now();
        let mut sharing = Sharing::default();
        assert!(sharing.is_due(now, 1_000));
        sharing.begin(now, 1_000, Duration::ZERO, true);
        assert!(!sharing.is_due(now, 1_000) && sharing.is_due(now, 800));
        assert!(sharing.is_due(now + INTERVAL, 1_000));
    }
}
