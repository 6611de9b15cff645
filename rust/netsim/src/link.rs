//! What one direction between two endpoints does to datagrams.

use std::time::{Duration, Instant};

use rand::{Rng, rngs::StdRng};

/// Bytes that IPv4 and UDP add to each datagram on a rate-limited link.
const IP_UDP_OVERHEAD: usize = 28;

/// Settings of one direction. The default is a perfect link: at once, in order, nothing lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// What every datagram takes.
    pub delay: Duration,
    /// What a datagram may take beyond that, uniformly distributed. By itself it does not reorder.
    pub jitter: Duration,
    /// Which datagrams vanish.
    pub loss: Loss,
    /// Probability that a datagram arrives twice, the copy with a jitter of its own.
    pub duplicate: f64,
    /// Probability that a datagram is held back by [`reorder_delay`](Self::reorder_delay), so that later ones overtake it.
    pub reorder: f64,
    /// How long a reordered datagram is held back.
    pub reorder_delay: Duration,
    /// The bottleneck, in front of everything else.
    pub rate: Option<RateLimit>,
}

/// Which datagrams a link loses.
#[derive(Clone, Copy, Debug, Default)]
pub enum Loss {
    /// None.
    #[default]
    None,
    /// All.
    Everything,
    /// Each with this probability, by itself.
    Random(f64),
    /// Gilbert's two states: in the bad one every datagram is lost. Both are probabilities for each datagram, so a burst
    /// is `1 / recover` datagrams long on average, and `enter / (enter + recover)` of all are lost.
    Burst {
        /// From good to bad.
        enter: f64,
        /// From bad to good.
        recover: f64,
    },
}

/// A bottleneck with a queue in front that drops what does not fit (tail drop).
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Bits per second, IP and UDP headers included; not zero.
    pub bits_per_second: u64,
    /// How long the queue may get: a datagram that would wait longer is dropped.
    pub max_queue: Duration,
}

/// What happened on one direction so far, in datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Given to the link.
    pub sent: u64,
    /// Lost on it.
    pub lost: u64,
    /// Dropped in front of the bottleneck.
    pub overflowed: u64,
    /// Arrivals beyond the first.
    pub duplicated: u64,
    /// Held back.
    pub reordered: u64,
}

/// One direction with its memory.
#[derive(Debug, Default)]
pub(crate) struct LinkState {
    pub(crate) settings: Link,
    pub(crate) stats: LinkStats,
    /// So many of the next datagrams are lost whatever the settings say.
    pub(crate) drop_next: u64,
    in_burst: bool,
    bottleneck_free_at: Option<Instant>,
    last_arrival: Option<Instant>,
}

impl LinkState {
    pub(crate) fn new(settings: Link) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// When a datagram of `len` bytes sent at `now` arrives: never, once or twice.
    pub(crate) fn arrivals(
        &mut self,
        now: Instant,
        len: usize,
        rng: &mut StdRng,
    ) -> [Option<Instant>; 2] {
        self.stats.sent += 1;
        let Some(leaves) = self.pass_bottleneck(now, len) else {
            self.stats.overflowed += 1;
            return [None, None];
        };
        if self.loses(rng) {
            self.stats.lost += 1;
            return [None, None];
        }
        let first = self.arrival(leaves, rng);
        let copy = chance(rng, self.settings.duplicate).then(|| {
            self.stats.duplicated += 1;
            self.arrival(leaves, rng)
        });
        [Some(first), copy]
    }

    /// How long a datagram sent at `now` would wait in front of the bottleneck.
    pub(crate) fn queue(&self, now: Instant) -> Duration {
        self.bottleneck_free_at.map_or(Duration::ZERO, |free_at| {
            free_at.saturating_duration_since(now)
        })
    }

    fn pass_bottleneck(&mut self, now: Instant, len: usize) -> Option<Instant> {
        let Some(rate) = self.settings.rate else {
            return Some(now);
        };
        let free_at = self.bottleneck_free_at.map_or(now, |at| at.max(now));
        if free_at - now > rate.max_queue {
            return None;
        }
        let bits = 8 * (len + IP_UDP_OVERHEAD) as u64;
        let leaves = free_at + Duration::from_nanos(bits * 1_000_000_000 / rate.bits_per_second);
        self.bottleneck_free_at = Some(leaves);
        Some(leaves)
    }

    fn loses(&mut self, rng: &mut StdRng) -> bool {
        if self.drop_next > 0 {
            self.drop_next -= 1;
            return true;
        }
        match self.settings.loss {
            Loss::None => false,
            Loss::Everything => true,
            Loss::Random(probability) => chance(rng, probability),
            Loss::Burst { enter, recover } => {
                self.in_burst = if self.in_burst {
                    !chance(rng, recover)
                } else {
                    chance(rng, enter)
                };
                self.in_burst
            }
        }
    }

    fn arrival(&mut self, leaves: Instant, rng: &mut StdRng) -> Instant {
        let jitter = self.settings.jitter.mul_f64(rng.random::<f64>());
        let arrival = leaves + self.settings.delay + jitter;
        if chance(rng, self.settings.reorder) {
            self.stats.reordered += 1;
            return arrival + self.settings.reorder_delay;
        }
        let in_order = self.last_arrival.map_or(arrival, |last| last.max(arrival));
        self.last_arrival = Some(in_order);
        in_order
    }
}

fn chance(rng: &mut StdRng, probability: f64) -> bool {
    // One draw each time, so that a changed setting does not shift the others' randomness.
    rng.random::<f64>() < probability
}
