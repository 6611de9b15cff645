//! Trains of padding that find out whether there is more room than media has needed so far: how far apart they arrive
//! tells what the narrowest link carries.

use std::time::{Duration, Instant};

/// A train is what the path carries in this time by the present estimate: the longest queue it can make by itself.
const TRAIN: Duration = Duration::from_millis(60);
/// Fewer packets measure nothing.
const MIN_PACKETS: usize = 6;
/// One GSO send.
const MAX_PACKETS: usize = 60;
/// One train proves at most this multiple of what was known.
const MAX_FACTOR: u64 = 2;
/// After a train that found room, and after the first that found none; then ever longer.
const AFTER_SUCCESS: Duration = Duration::from_millis(100);
const FIRST_WAIT: Duration = Duration::from_millis(1000);
const LONGEST_WAIT: Duration = Duration::from_millis(4000);
/// Without any report for this long a train is lost.
const PATIENCE: Duration = Duration::from_millis(1000);

#[derive(Debug, Clone, Copy)]
struct Train {
    sent_at: Instant,
    first_seq: u16,
    packets: u16,
    packet_size: usize,
    estimate_bps: u64,
    /// Place in the train and arrival, of the first and the last that arrived.
    first: Option<(u16, i64)>,
    last: Option<(u16, i64)>,
}

/// What a train found out, in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// There is room for this much.
    Room(u64),
    /// This is about all.
    Limit(u64),
}

/// When to send trains, and what they tell.
#[derive(Debug)]
pub(super) struct Prober {
    train: Option<Train>,
    not_before: Option<Instant>,
    wait: Duration,
}

impl Default for Prober {
    fn default() -> Self {
        Self {
            train: None,
            not_before: None,
            wait: FIRST_WAIT,
        }
    }
}

impl Prober {
    /// How many packets of `packet_size` bytes a train sent now has; `None` when it is not time for one.
    pub(super) fn packets(
        &mut self,
        now: Instant,
        estimate_bps: u64,
        packet_size: usize,
    ) -> Option<usize> {
        if self
            .train
            .is_some_and(|train| now.saturating_duration_since(train.sent_at) > PATIENCE)
        {
            self.train = None;
            self.failed(now);
        }
        if self.train.is_some() || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let bytes = estimate_bps as f64 / 8.0 * TRAIN.as_secs_f64();
        let packets = (bytes / packet_size as f64) as usize;
        Some(packets.clamp(MIN_PACKETS, MAX_PACKETS))
    }

    /// A train was sent under these transport-wide numbers.
    pub(super) fn on_sent(
        &mut self,
        now: Instant,
        first_seq: u16,
        packets: u16,
        packet_size: usize,
        estimate_bps: u64,
    ) {
        self.train = Some(Train {
            sent_at: now,
            first_seq,
            packets,
            packet_size,
            estimate_bps,
            first: None,
            last: None,
        });
    }

    /// A packet arrived (microseconds of the receiver's clock), or is reported missing.
    pub(super) fn on_status(&mut self, seq: u16, arrival_us: Option<i64>) {
        let Some(train) = &mut self.train else { return };
        let place = seq.wrapping_sub(train.first_seq);
        if let Some(arrival_us) = arrival_us.filter(|_| place < train.packets) {
            train.first.get_or_insert((place, arrival_us));
            train.last = Some((place, arrival_us));
        }
    }

    /// What the train found, once reports reach beyond its end.
    pub(super) fn result(&mut self, now: Instant, reported_up_to: u16) -> Option<Finding> {
        let train = self.train?;
        let beyond = reported_up_to.wrapping_sub(train.first_seq);
        if !(train.packets - 1..1 << 15).contains(&beyond) {
            return None;
        }
        self.train = None;
        let rate = train.rate_bps();
        if rate.is_some_and(|rate| rate > train.estimate_bps / 10 * 11) {
            self.wait = FIRST_WAIT;
            self.not_before = Some(now + AFTER_SUCCESS);
            return rate.map(Finding::Room);
        }
        self.failed(now);
        rate.map(Finding::Limit)
    }

    /// Others have priority for a while.
    pub(super) fn wait(&mut self, until: Instant) {
        self.not_before = self.not_before.max(Some(until));
    }

    /// The path is full: no train for a while.
    pub(super) fn on_congestion(&mut self, now: Instant) {
        self.train = None;
        self.not_before = Some(now + self.wait.max(FIRST_WAIT * 2));
    }

    fn failed(&mut self, now: Instant) {
        self.not_before = Some(now + self.wait);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }
}

impl Train {
    fn rate_bps(&self) -> Option<u64> {
        let ((first, first_at), (last, last_at)) = (self.first?, self.last?);
        let passed = usize::from(last.checked_sub(first)?);
        // What got lost on the way had passed the bottleneck as well, as far as that loses nothing by itself.
        if passed + 1 < MIN_PACKETS.max(usize::from(self.packets) / 2) {
            return None;
        }
        let most = MAX_FACTOR * self.estimate_bps;
        let bits = (passed * self.packet_size * 8) as u64;
        match u64::try_from(last_at - first_at).ok()? {
            0 => Some(most),
            micros => Some((bits * 1_000_000 / micros).min(most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods)]
    fn train(spacing_us: i64, lost: &[u16]) -> Option<Finding> {
        let now = Instant::now();
        let mut prober = Prober::default();
        let packets = prober.packets(now, 600_000, 300)?;
        assert_eq!(packets, 15);
        prober.on_sent(now, 65_530, packets as u16, 300, 600_000);
        assert_eq!(prober.packets(now, 600_000, 300), None, "one at a time");
        for place in 0..15u16 {
            let arrival = (!lost.contains(&place)).then(|| 1_000 + i64::from(place) * spacing_us);
            prober.on_status(65_530u16.wrapping_add(place), arrival);
        }
        assert_eq!(prober.result(now, 5), None, "not all is reported");
        prober.result(now, 65_530u16.wrapping_add(14))
    }

    #[test]
    fn the_spacing_tells_the_rate_whatever_is_lost() {
        assert_eq!(train(2_400, &[]), Some(Finding::Room(1_000_000)));
        assert_eq!(train(2_400, &[0, 5, 6, 13]), Some(Finding::Room(1_000_000)));
        assert_eq!(
            train(100, &[]),
            Some(Finding::Room(1_200_000)),
            "no more than twice the estimate"
        );
        assert_eq!(train(4_000, &[]), Some(Finding::Limit(600_000)), "no room");
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn without_room_trains_become_rare() {
        let mut now = Instant::now();
        let (start, mut prober, mut trains) = (now, Prober::default(), 0);
        while now < start + Duration::from_secs(60) {
            if let Some(packets) = prober.packets(now, 300_000, 300) {
                trains += 1;
                prober.on_sent(now, 0, packets as u16, 300, 300_000);
            }
            now += Duration::from_millis(10);
        }
        assert!((10..=20).contains(&trains), "{trains}");
    }
}
