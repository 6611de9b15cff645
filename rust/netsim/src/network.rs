//! Endpoints, the directions between them, and what is on its way.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap},
    hash::Hash,
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::StdRng};

use crate::link::{Link, LinkState, LinkStats, Loss};

/// A datagram that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<E, P = Vec<u8>> {
    /// Who sent it.
    pub from: E,
    /// For whom it is.
    pub to: E,
    /// Its bytes.
    pub payload: P,
    /// When it was sent.
    pub sent_at: Instant,
    /// When it arrived.
    pub arrived_at: Instant,
}

/// Carries datagrams `P` between endpoints named by `E` (an address, a number, a name).
#[derive(Debug)]
pub struct Network<E, P = Vec<u8>> {
    default: Link,
    links: HashMap<(E, E), LinkState>,
    in_flight: BinaryHeap<InFlight<E, P>>,
    rng: StdRng,
    order: u64,
}

impl<E: Copy + Eq + Hash, P: AsRef<[u8]> + Clone> Network<E, P> {
    /// A network whose links are all `default` until [`set_link`](Self::set_link).
    #[must_use]
    pub fn new(seed: u64, default: Link) -> Self {
        Self {
            default,
            links: HashMap::new(),
            in_flight: BinaryHeap::new(),
            rng: StdRng::seed_from_u64(seed),
            order: 0,
        }
    }

    /// Changes one direction. What is already on its way is not touched.
    pub fn set_link(&mut self, from: E, to: E, settings: Link) {
        self.link(from, to).settings = settings;
    }

    /// Changes both directions.
    pub fn set_links(&mut self, a: E, b: E, settings: Link) {
        self.set_link(a, b, settings);
        self.set_link(b, a, settings);
    }

    /// The settings of one direction.
    #[must_use]
    pub fn settings(&self, from: E, to: E) -> Link {
        self.links
            .get(&(from, to))
            .map_or(self.default, |link| link.settings)
    }

    /// Cuts one direction (everything is lost) without a change of its other settings.
    pub fn cut(&mut self, from: E, to: E) {
        self.link(from, to).settings.loss = Loss::Everything;
    }

    /// Loses the next `count` datagrams of one direction, whatever its settings.
    pub fn drop_next(&mut self, from: E, to: E, count: u64) {
        self.link(from, to).drop_next = count;
    }

    /// Sends `payload` at `now`.
    pub fn send(&mut self, now: Instant, from: E, to: E, payload: P) {
        let link = self
            .links
            .entry((from, to))
            .or_insert_with(|| LinkState::new(self.default));
        for arrived_at in link
            .arrivals(now, payload.as_ref().len(), &mut self.rng)
            .into_iter()
            .flatten()
        {
            self.order += 1;
            self.in_flight.push(InFlight {
                order: self.order,
                datagram: Datagram {
                    from,
                    to,
                    payload: payload.clone(),
                    sent_at: now,
                    arrived_at,
                },
            });
        }
    }

    /// When the next datagram arrives anywhere.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.peek().map(|next| next.datagram.arrived_at)
    }

    /// Takes out the next datagram that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<Datagram<E, P>> {
        if self.next_arrival()? > now {
            return None;
        }
        self.in_flight.pop().map(|next| next.datagram)
    }

    /// What happened on one direction so far.
    #[must_use]
    pub fn stats(&self, from: E, to: E) -> LinkStats {
        self.links
            .get(&(from, to))
            .map_or(LinkStats::default(), |link| link.stats)
    }

    /// How long a datagram sent at `now` would wait in front of one direction's bottleneck.
    #[must_use]
    pub fn queue(&self, now: Instant, from: E, to: E) -> Duration {
        self.links
            .get(&(from, to))
            .map_or(Duration::ZERO, |link| link.queue(now))
    }

    fn link(&mut self, from: E, to: E) -> &mut LinkState {
        self.links
            .entry((from, to))
            .or_insert_with(|| LinkState::new(self.default))
    }
}

#[derive(Debug)]
struct InFlight<E, P> {
    order: u64,
    datagram: Datagram<E, P>,
}

impl<E, P> InFlight<E, P> {
    fn key(&self) -> (Instant, u64) {
        (self.datagram.arrived_at, self.order)
    }
}

/// The heap's greatest is the earliest; ties arrive in the order in which they were sent.
impl<E, P> Ord for InFlight<E, P> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<E, P> PartialOrd for InFlight<E, P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E, P> PartialEq for InFlight<E, P> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E, P> Eq for InFlight<E, P> {}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
