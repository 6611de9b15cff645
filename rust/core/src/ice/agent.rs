//! The lite agent of one transport.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::Rng;
use serde::Serialize;

use super::credentials::IceParameters;
use super::stun::{Nomination, Request, peek_local_ufrag};

/// Consent ends this long after the last authenticated request (RFC 7675 section 5.1).
const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Addresses remembered per transport. A browser with four interfaces and a relay has about six.
const MAX_KNOWN: usize = 8;

/// The state of a transport's ICE, in WebRTC's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IceState {
    /// No authenticated request yet.
    New,
    /// A pair works; none is nominated.
    Connected,
    /// A pair is nominated.
    Completed,
    /// Consent has expired. A new request revives it.
    Disconnected,
    /// Closed by us.
    Closed,
}

/// What a request leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceReply {
    /// Send this back where the request came from.
    pub datagram: Vec<u8>,
    /// The request's address was not known before.
    pub newly_known: bool,
    /// [`IceLite::selected`] is another pair than before.
    pub selected_changed: bool,
    /// The pair that made room for the new one: it is not known any more.
    pub forgotten: Option<(u8, SocketAddr)>,
}

/// A lite agent. `local` is the index of the local address in all its methods.
#[derive(Debug)]
pub struct IceLite {
    prefix: String,
    current: IceParameters,
    /// Credentials of before a restart, valid until the new ones are used.
    previous: Option<IceParameters>,
    state: IceState,
    selected: Option<(u8, SocketAddr)>,
    /// The least recently seen first.
    known: VecDeque<(u8, SocketAddr)>,
    /// The highest renomination number since the last restart.
    nomination: u32,
    last_request: Instant,
}

impl IceLite {
    /// An agent with new credentials, whose username fragment starts with `prefix` (ICE characters
    /// only).
    pub fn new(rng: &mut impl Rng, prefix: &str, now: Instant) -> Self {
        Self {
            prefix: prefix.to_owned(),
            current: IceParameters::generate(rng, prefix),
            previous: None,
            state: IceState::New,
            selected: None,
            known: VecDeque::with_capacity(MAX_KNOWN),
            nomination: 0,
            last_request: now,
        }
    }

    /// The credentials to signal.
    pub fn parameters(&self) -> &IceParameters {
        &self.current
    }

    /// Makes new credentials (RFC 8445 section 9). The old ones and the selected pair stay until the
    /// peer uses the new ones.
    pub fn restart(&mut self, rng: &mut impl Rng, _now: Instant) {
        let new = IceParameters::generate(rng, &self.prefix);
        let old = std::mem::replace(&mut self.current, new);
        // Of several restarts in a row the peer has used none: it still has the first.
        self.previous.get_or_insert(old);
    }

    /// Whether requests to this username fragment are ours.
    pub fn accepts(&self, ufrag: &str) -> bool {
        self.credentials(ufrag).is_some()
    }

    /// Takes a STUN datagram. `None` means silence: it is not a binding request to us, or its
    /// FINGERPRINT or MESSAGE-INTEGRITY is wrong.
    pub fn handle_request(
        &mut self,
        now: Instant,
        local: u8,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> Option<IceReply> {
        if self.state == IceState::Closed {
            return None;
        }
        let ufrag = peek_local_ufrag(datagram)?;
        let password = self.credentials(ufrag)?.password.clone();
        let uses_current = ufrag == self.current.username_fragment;
        let mut request = Request::parse(datagram)?;
        if !request.authenticate(&password) {
            return None;
        }

        let refused = |datagram| IceReply {
            datagram,
            newly_known: false,
            selected_changed: false,
            forgotten: None,
        };
        let unknown = request.unknown_attributes();
        if !unknown.is_empty() {
            return request.unknown_attribute(&unknown, &password).map(refused);
        }
        if request.claims_our_role() {
            return request.role_conflict(&password).map(refused);
        }
        let datagram = request.success(remote, &password)?;

        let mut first_of_restart = false;
        if uses_current && self.previous.take().is_some() {
            first_of_restart = true;
            self.nomination = 0;
        }
        self.last_request = now;
        let pair = (local, remote);
        let (newly_known, forgotten) = self.remember(pair);
        let before = self.selected;
        self.follow(pair, request.nomination(), first_of_restart);
        Some(IceReply {
            datagram,
            newly_known,
            selected_changed: self.selected != before,
            forgotten,
        })
    }

    /// Where to send media: the local address and the peer's. None before the first request and
    /// while consent is missing.
    pub fn selected(&self) -> Option<(u8, SocketAddr)> {
        self.selected
    }

    /// The state.
    pub fn state(&self) -> IceState {
        self.state
    }

    /// Whether an authenticated request came from `remote` to `local`.
    pub fn knows(&self, local: u8, remote: SocketAddr) -> bool {
        self.known.contains(&(local, remote))
    }

    /// All pairs that [`knows`](Self::knows) says yes to.
    pub fn known(&self) -> impl Iterator<Item = (u8, SocketAddr)> + '_ {
        self.known.iter().copied()
    }

    /// When consent expires.
    pub fn next_timeout(&self) -> Option<Instant> {
        matches!(self.state, IceState::Connected | IceState::Completed)
            .then(|| self.last_request + CONSENT_TIMEOUT)
    }

    /// Withdraws consent when it has expired. The known addresses stay known.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_timeout().is_some_and(|at| at <= now) {
            self.state = IceState::Disconnected;
            self.selected = None;
        }
    }

    /// An address pair is gone for good: a TCP connection was closed. If it was the selected one, the
    /// peer is disconnected until it nominates another.
    pub fn forget(&mut self, local: u8, remote: SocketAddr) {
        self.known.retain(|known| *known != (local, remote));
        if self.selected == Some((local, remote)) {
            self.selected = None;
            self.state = IceState::Disconnected;
        }
    }

    /// Answers nothing from now on.
    pub fn close(&mut self) {
        self.state = IceState::Closed;
        self.selected = None;
        self.known.clear();
    }

    fn credentials(&self, ufrag: &str) -> Option<&IceParameters> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|parameters| parameters.username_fragment == ufrag)
    }

    /// Puts the pair last; whether it is new, and which one made room.
    fn remember(&mut self, pair: (u8, SocketAddr)) -> (bool, Option<(u8, SocketAddr)>) {
        if let Some(at) = self.known.iter().position(|known| *known == pair) {
            self.known.remove(at);
            self.known.push_back(pair);
            return (false, None);
        }
        let mut forgotten = None;
        if self.known.len() == MAX_KNOWN {
            // Media goes to the selected pair: it is not the one to go.
            let at = self
                .known
                .iter()
                .position(|known| Some(*known) != self.selected);
            forgotten = at.and_then(|at| self.known.remove(at));
        }
        self.known.push_back(pair);
        (true, forgotten)
    }

    /// RFC 8445 section 7.3.1.5, and renomination: the newest nomination wins. Before any, the first
    /// pair that works serves.
    fn follow(&mut self, pair: (u8, SocketAddr), nomination: Nomination, first_of_restart: bool) {
        let nominated = match nomination {
            Nomination::None => false,
            Nomination::Plain => true,
            Nomination::Numbered(number) => {
                let newest = number >= self.nomination;
                self.nomination = self.nomination.max(number);
                newest
            }
        };
        if nominated {
            self.selected = Some(pair);
            self.state = IceState::Completed;
        } else if self.selected.is_none() || first_of_restart {
            self.selected = Some(pair);
            self.state = IceState::Connected;
        }
    }
}
