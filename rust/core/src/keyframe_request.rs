//! When a producer is asked for a keyframe: not more often than agreed, and again when none comes.

use std::time::{Duration, Instant};

/// Requests closer together than this are answered by one keyframe.
pub const MIN_INTERVAL: Duration = Duration::from_millis(300);
/// A request or its keyframe may have been lost; after this it is repeated.
const RETRY: Duration = Duration::from_millis(1000);
/// A publisher that sends nothing decodable is not asked for ever.
const MAX_TRIES: u32 = 15;

/// The keyframe requests of one stream.
#[derive(Debug)]
pub struct KeyframeRequests {
    interval: Duration,
    last_sent: Option<Instant>,
    due: Option<Instant>,
    tries: u32,
}

impl KeyframeRequests {
    /// Requests at most every `interval`.
    pub fn new(interval: Duration) -> Self {
        Self {
            interval: interval.max(MIN_INTERVAL),
            last_sent: None,
            due: None,
            tries: 0,
        }
    }

    /// Somebody needs a keyframe. Returns when [`KeyframeRequests::poll`] is to be called.
    pub fn request(&mut self, now: Instant) -> Instant {
        let due = self
            .last_sent
            .map_or(now, |sent| (sent + self.interval).max(now));
        let due = self.due.map_or(due, |current| current.min(due));
        self.tries = 0;
        self.due = Some(due);
        due
    }

    /// A keyframe arrived.
    pub fn on_keyframe(&mut self) {
        self.due = None;
    }

    /// When the next request or its repetition is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a request is to be sent now.
    pub fn poll(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.tries += 1;
        self.last_sent = Some(now);
        self.due = (self.tries < MAX_TRIES).then(|| now + RETRY.max(self.interval));
        true
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_requests_is_one() {
        let now = Instant::now();
        let mut requests = KeyframeRequests::new(MIN_INTERVAL);
        assert_eq!(requests.request(now), now);
        assert!(requests.poll(now));
        requests.on_keyframe();
        let soon = now + Duration::from_millis(10);
        assert_eq!(requests.request(soon), now + MIN_INTERVAL);
        assert!(!requests.poll(soon));
        assert!(requests.poll(now + MIN_INTERVAL));
    }

    #[test]
    fn a_lost_request_is_repeated_but_not_for_ever() {
        let mut now = Instant::now();
        let mut requests = KeyframeRequests::new(MIN_INTERVAL);
        requests.request(now);
        let mut sent = 0;
        while let Some(due) = requests.next_timeout() {
            now = due;
            assert!(requests.poll(now));
            sent += 1;
        }
        assert_eq!(sent, MAX_TRIES);
    }
}
