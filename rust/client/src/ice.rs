//! The controlling ICE agent towards a lite one: it checks the given addresses, nominates the first
//! that answers, and keeps consent (RFC 8445, RFC 7675).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;
use videocall_core::ice::IceParameters;

use crate::stun::{Check, success_response};

/// Between the first checks of two addresses (RFC 8445 section 14.2 has 50 ms at least in general,
/// and 5 ms where the agent knows better).
const PACING: Duration = Duration::from_millis(20);
/// An unanswered check is repeated after this, doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const MAX_RETRY: Duration = Duration::from_millis(1600);
/// libwebrtc checks a stable pair this often.
const CONSENT_INTERVAL: Duration = Duration::from_millis(2500);
/// RFC 7675 section 5.1.
const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Checks whose answers are waited for.
const MAX_PENDING: usize = 32;

/// What a response or the time led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IceChange {
    /// This address answered first, or was chosen and answered.
    Selected(SocketAddr),
    /// No answer for 30 s.
    Lost,
}

/// The agent. Checks to send are taken with [`poll`](Self::poll).
pub(crate) struct Controlling {
    local_ufrag: String,
    remote: IceParameters,
    tie_breaker: u64,
    pairs: Vec<Pair>,
    selected: Option<SocketAddr>,
    pending: VecDeque<([u8; 12], SocketAddr, Instant)>,
    last_answer: Instant,
    lost: bool,
    round_trip: Option<Duration>,
    rng: StdRng,
    outgoing: VecDeque<(SocketAddr, Vec<u8>)>,
}

struct Pair {
    remote: SocketAddr,
    next_check: Instant,
    unanswered: u32,
}

impl Controlling {
    pub(crate) fn new(
        remote: IceParameters,
        candidates: &[SocketAddr],
        mut rng: StdRng,
        now: Instant,
    ) -> Self {
        let mut pairs: Vec<Pair> = Vec::new();
        for remote in candidates {
            if !pairs.iter().any(|pair| pair.remote == *remote) {
                let next_check = now + PACING * pairs.len() as u32;
                pairs.push(Pair {
                    remote: *remote,
                    next_check,
                    unanswered: 0,
                });
            }
        }
        Self {
            local_ufrag: Alphanumeric.sample_string(&mut rng, 8),
            remote,
            tie_breaker: rng.random(),
            pairs,
            selected: None,
            pending: VecDeque::new(),
            last_answer: now,
            lost: false,
            round_trip: None,
            rng,
            outgoing: VecDeque::new(),
        }
    }

    pub(crate) fn selected(&self) -> Option<SocketAddr> {
        self.selected
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Goes on with the server's new credentials (RFC 8445 section 9); the selected address is
    /// checked at once.
    pub(crate) fn restart(&mut self, remote: IceParameters, now: Instant) {
        self.remote = remote;
        self.local_ufrag = Alphanumeric.sample_string(&mut self.rng, 8);
        self.pending.clear();
        for pair in &mut self.pairs {
            pair.next_check = now;
            pair.unanswered = 0;
        }
    }

    /// Checks and nominates one address only.
    pub(crate) fn choose(&mut self, remote: SocketAddr, now: Instant) {
        self.pairs = vec![Pair {
            remote,
            next_check: now,
            unanswered: 0,
        }];
        self.selected = Some(remote);
    }

    pub(crate) fn poll(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.outgoing.pop_front()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let selected = self.selected;
        let checks = self
            .pairs
            .iter()
            .filter(|pair| selected.is_none_or(|selected| selected == pair.remote))
            .map(|pair| pair.next_check);
        let consent = (!self.lost).then(|| self.last_answer + CONSENT_TIMEOUT);
        checks.chain(consent).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<IceChange> {
        for at in 0..self.pairs.len() {
            let pair = &self.pairs[at];
            let wanted = self.selected.is_none_or(|selected| selected == pair.remote);
            if wanted && pair.next_check <= now {
                self.check(at, now);
            }
        }
        if !self.lost && now >= self.last_answer + CONSENT_TIMEOUT {
            self.lost = true;
            return Some(IceChange::Lost);
        }
        None
    }

    /// Takes a STUN datagram; anything but an authentic answer to a check is dropped.
    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Option<IceChange> {
        let transaction = success_response(datagram, &self.remote.password)?;
        let at = self
            .pending
            .iter()
            .position(|(known, ..)| *known == transaction)?;
        let (_, remote, sent) = self.pending.remove(at)?;
        self.round_trip = Some(now.saturating_duration_since(sent));
        self.last_answer = now;
        let was_lost = std::mem::take(&mut self.lost);
        let at = self.pairs.iter().position(|pair| pair.remote == remote)?;
        self.pairs[at].unanswered = 0;
        let first = self.selected.is_none();
        if first {
            self.selected = Some(remote);
            // The nominating check follows at once.
            self.check(at, now);
        } else {
            // RFC 7675 section 5.1: 0.8 to 1.2 of the interval, so that peers do not beat together.
            let interval = CONSENT_INTERVAL.mul_f64(self.rng.random_range(0.8..1.2));
            self.pairs[at].next_check = now + interval;
        }
        (first || was_lost).then_some(IceChange::Selected(remote))
    }

    fn check(&mut self, at: usize, now: Instant) {
        let transaction: [u8; 12] = self.rng.random();
        let pair = &mut self.pairs[at];
        let nominate = self.selected == Some(pair.remote);
        let limit = if nominate {
            CONSENT_INTERVAL
        } else {
            MAX_RETRY
        };
        let retry = FIRST_RETRY
            .saturating_mul(1 << pair.unanswered.min(10))
            .min(limit);
        pair.next_check = now + retry;
        pair.unanswered += 1;
        let remote = pair.remote;
        let check = Check {
            transaction,
            local_ufrag: &self.local_ufrag,
            remote_ufrag: &self.remote.username_fragment,
            remote_password: &self.remote.password,
            tie_breaker: self.tie_breaker,
            nominate,
        };
        if let Some(datagram) = check.encode() {
            if self.pending.len() == MAX_PENDING {
                self.pending.pop_front();
            }
            self.pending.push_back((transaction, remote, now));
            self.outgoing.push_back((remote, datagram));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use videocall_core::ice::{IceLite, IceState};

    use super::*;

    fn address(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 10_000).into()
    }

    struct Pair2 {
        agent: Controlling,
        lite: IceLite,
        now: Instant,
        sent: usize,
    }

    impl Pair2 {
        fn new(candidates: &[SocketAddr]) -> Self {
            let now = Instant::now();
            let mut rng = StdRng::seed_from_u64(1);
            let lite = IceLite::new(&mut rng, "w0", now);
            let agent = Controlling::new(lite.parameters().clone(), candidates, rng, now);
            Self {
                agent,
                lite,
                now,
                sent: 0,
            }
        }

        /// Runs for `time`; only `reachable` answers. Returns the changes seen.
        fn run(&mut self, time: Duration, reachable: &[SocketAddr]) -> Vec<IceChange> {
            let end = self.now + time;
            let mut changes = Vec::new();
            while let Some(next) = self.agent.next_timeout().filter(|next| *next <= end) {
                self.now = self.now.max(next);
                changes.extend(self.agent.handle_timeout(self.now));
                while let Some((to, datagram)) = self.agent.poll() {
                    self.sent += 1;
                    if !reachable.contains(&to) {
                        continue;
                    }
                    // The lite agent sees our address; which one does not matter here.
                    if let Some(reply) =
                        self.lite
                            .handle_request(self.now, 0, address(99), &datagram)
                    {
                        changes.extend(self.agent.handle_datagram(self.now, &reply.datagram));
                    }
                }
            }
            self.now = end;
            changes
        }
    }

    #[test]
    fn the_address_that_answers_is_nominated_and_consent_is_kept() {
        let mut pair = Pair2::new(&[address(1), address(2)]);
        let changes = pair.run(Duration::from_secs(1), &[address(2)]);
        assert_eq!(changes, [IceChange::Selected(address(2))]);
        assert_eq!(pair.lite.state(), IceState::Completed);
        let before = pair.sent;
        assert_eq!(pair.run(Duration::from_secs(60), &[address(2)]), []);
        let checks = pair.sent - before;
        assert!((18..=31).contains(&checks), "{checks} checks in a minute");
    }

    #[test]
    fn silence_is_noticed_and_the_return_too() {
        let mut pair = Pair2::new(&[address(1)]);
        pair.run(Duration::from_secs(5), &[address(1)]);
        assert_eq!(pair.run(Duration::from_secs(31), &[]), [IceChange::Lost]);
        let back = pair.run(Duration::from_secs(5), &[address(1)]);
        assert_eq!(back, [IceChange::Selected(address(1))]);
    }

    #[test]
    fn a_restart_uses_the_new_credentials() {
        let mut pair = Pair2::new(&[address(1)]);
        pair.run(Duration::from_secs(5), &[address(1)]);
        let old = pair.lite.parameters().username_fragment.clone();
        pair.lite.restart(&mut StdRng::seed_from_u64(2), pair.now);
        pair.agent.restart(pair.lite.parameters().clone(), pair.now);
        pair.run(Duration::from_secs(1), &[address(1)]);
        assert!(!pair.lite.accepts(&old), "the new ones were used");
        assert_eq!(pair.lite.state(), IceState::Completed);
    }

    #[test]
    fn answers_of_strangers_are_dropped() {
        let mut pair = Pair2::new(&[address(1)]);
        pair.agent.handle_timeout(pair.now);
        let (_, request) = pair.agent.poll().unwrap();
        let mut reply = pair
            .lite
            .handle_request(pair.now, 0, address(99), &request)
            .unwrap()
            .datagram;
        reply[30] ^= 1;
        assert_eq!(pair.agent.handle_datagram(pair.now, &reply), None);
        assert_eq!(pair.agent.handle_datagram(pair.now, b"noise"), None);
        assert_eq!(pair.agent.selected(), None);
    }
}
