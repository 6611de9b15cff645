//! Time that moves only when it is told to.

use std::time::{Duration, Instant};

/// A virtual clock. Its zero is some real instant, because `Instant` has no other; from then on only
/// [`advance`](Self::advance) and [`advance_to`](Self::advance_to) move it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    now: Instant,
}

impl Clock {
    /// A clock at its zero.
    #[must_use]
    pub fn new() -> Self {
        let origin = Instant::now();
        Self {
            origin,
            now: origin,
        }
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Virtual time since the clock was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now - self.origin
    }

    /// Moves on by `step`.
    pub fn advance(&mut self, step: Duration) {
        self.now += step;
    }

    /// Moves on to `to`; a time that has passed leaves the clock where it is.
    pub fn advance_to(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_forward_only_when_told() {
        let mut clock = Clock::new();
        let start = clock.now();
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), start + Duration::from_secs(5));
        clock.advance_to(start);
        assert_eq!(clock.elapsed(), Duration::from_secs(5));
        clock.advance_to(start + Duration::from_secs(60));
        assert_eq!(clock.elapsed(), Duration::from_secs(60));
    }
}
