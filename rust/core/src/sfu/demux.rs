//! Whose a datagram is, and what it is: STUN, DTLS, SRTP or SRTCP on one port (RFC 7983).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Claim, Sfu};
use crate::dtls::{DtlsEndpoint, DtlsOutput, DtlsRole};
use crate::ice::{IceState, peek_local_ufrag};
use crate::keys::TransportKey;
use crate::transport::{Dtls, DtlsState, Srtp};

/// Whose checks from an address are no older than this still has it. Browsers check every 2.5 s, aiortc
/// every 6 s; behind a NAT that gives a lost peer's port to the next one, that one has to wait so long.
const OWNER_ALIVE: Duration = Duration::from_secs(15);

impl Sfu {
    /// Takes one datagram that arrived at listen address `local`. SRTP is opened in place.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        local: u8,
        remote: SocketAddr,
        datagram: &mut [u8],
    ) {
        self.metrics.datagrams_received += 1;
        self.metrics.bytes_received += datagram.len() as u64;
        match datagram {
            [0..=3, ..] => self.handle_stun(now, local, remote, datagram),
            [20..=63, ..] => {
                if let Some(key) = self.owner(local, remote) {
                    self.handle_dtls(now, key, datagram);
                }
            }
            [128..=191, second, ..] => {
                let rtcp = (192..=223).contains(second);
                if let Some(key) = self.owner(local, remote) {
                    self.current = Some(key);
                    match rtcp {
                        true => self.handle_rtcp(now, key, datagram),
                        false => self.handle_rtp(now, key, datagram),
                    }
                }
            }
            _ => self.metrics.bad_datagrams += 1,
        }
        self.current = None;
    }

    /// The transport that proved, by MESSAGE-INTEGRITY, that this address is its peer's.
    fn owner(&mut self, local: u8, remote: SocketAddr) -> Option<TransportKey> {
        if let Some((last_local, last_remote, key)) = self.last_address
            && (last_local, last_remote) == (local, remote)
        {
            return Some(key);
        }
        let found = self
            .addresses
            .get(&(local, remote))
            .map(|claim| claim.owner);
        match found {
            Some(key) => self.last_address = Some((local, remote, key)),
            None => self.metrics.unknown_datagrams += 1,
        }
        found
    }

    /// A TCP connection is closed: nothing can be sent there any more.
    pub fn handle_closed(&mut self, now: Instant, local: u8, remote: SocketAddr) {
        let Some(claim) = self.addresses.remove(&(local, remote)) else {
            return;
        };
        self.last_address = None;
        self.current = Some(claim.owner);
        if let Some(transport) = self.transports.get_mut(claim.owner)
            && let Some(ice) = &mut transport.ice
        {
            ice.forget(local, remote);
            self.after_ice(claim.owner, now);
            self.reschedule(claim.owner);
        }
        self.current = None;
    }

    fn handle_stun(&mut self, now: Instant, local: u8, remote: SocketAddr, datagram: &[u8]) {
        let owner = peek_local_ufrag(datagram)
            .and_then(|ufrag| self.ufrags.get(ufrag))
            .copied();
        // Nobody's ufrag gets no answer at all: there is nothing to be learned here.
        let Some(key) = owner else {
            self.metrics.unknown_datagrams += 1;
            return;
        };
        self.current = Some(key);
        let transport = &mut self.transports[key];
        let Some(ice) = &mut transport.ice else {
            return;
        };
        let Some(reply) = ice.handle_request(now, local, remote, datagram) else {
            self.metrics.bad_datagrams += 1;
            return;
        };
        transport.stats.bytes_received += datagram.len() as u64;
        if ice.knows(local, remote) {
            self.claim_address(now, (local, remote), key);
        }
        if let Some((old_local, old_remote)) = reply.forgotten
            && let Some(claim) = self.addresses.get(&(old_local, old_remote))
            && claim.owner == key
        {
            self.addresses.remove(&(old_local, old_remote));
            self.last_address = None;
        }
        self.control_out.push(local, remote, &reply.datagram);
        self.after_ice(key, now);
        self.reschedule(key);
    }

    /// Makes an address a transport's, unless it is another's that is alive: a participant who forges source addresses
    /// must not cut the others off.
    fn claim_address(&mut self, now: Instant, address: (u8, SocketAddr), key: TransportKey) {
        if let Some(claim) = self.addresses.get(&address)
            && claim.owner != key
        {
            if now.saturating_duration_since(claim.proved) < OWNER_ALIVE {
                return;
            }
            self.last_address = None;
        }
        let claim = Claim {
            owner: key,
            proved: now,
        };
        self.addresses.insert(address, claim);
    }

    /// Tells what changed in a transport's ICE state, and starts DTLS when it can start.
    pub(super) fn after_ice(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let Some(ice) = &transport.ice else {
            return;
        };
        let (state, selected) = (ice.state(), ice.selected());
        if selected != transport.selected {
            transport.selected = selected;
            if let Some((local, remote)) = selected {
                let sockets = self.config.listen.len();
                let listen = &self.config.listen[local as usize % sockets];
                let tuple = json!({
                    "localAddress": listen.announced,
                    "localPort": listen.announced_port,
                    "remoteIp": remote.ip(),
                    "remotePort": remote.port(),
                    "protocol": if usize::from(local) < sockets { "udp" } else { "tcp" },
                });
                let data = json!({"tuple": tuple});
                self.messages
                    .event("iceSelectedTupleChange", &transport.id, data);
            }
        }
        if state != transport.ice_state {
            transport.ice_state = state;
            let data = json!({"iceState": ice_state_name(state)});
            self.messages.event("iceStateChange", &transport.id, data);
        }
        self.start_dtls_client(key, now);
    }

    /// As the DTLS client we speak first, which needs an address to speak to.
    pub(super) fn start_dtls_client(&mut self, key: TransportKey, now: Instant) {
        let transport = &mut self.transports[key];
        let Dtls::Waiting(fingerprints) = &mut transport.dtls else {
            return;
        };
        if transport.selected.is_none() {
            return;
        }
        let fingerprints = std::mem::take(fingerprints);
        match DtlsEndpoint::new(&self.certificate, DtlsRole::Client, fingerprints, now) {
            Ok(endpoint) => {
                transport.dtls = Dtls::Running(Box::new(endpoint));
                self.run_dtls(key, now, |endpoint| endpoint.handle_timeout(now));
                self.reschedule(key);
            }
            Err(_) => {
                transport.dtls = Dtls::Ended;
                self.set_dtls_state(key, DtlsState::Failed);
            }
        }
    }

    fn handle_dtls(&mut self, now: Instant, key: TransportKey, datagram: &[u8]) {
        self.current = Some(key);
        self.transports[key].stats.bytes_received += datagram.len() as u64;
        self.transports[key].keep_early(datagram);
        self.run_dtls(key, now, |endpoint| endpoint.handle_datagram(now, datagram));
        self.reschedule(key);
    }

    /// Feeds the DTLS endpoint and carries out what comes of it.
    pub(super) fn run_dtls(
        &mut self,
        key: TransportKey,
        now: Instant,
        feed: impl FnOnce(&mut DtlsEndpoint),
    ) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let Dtls::Running(endpoint) = &mut transport.dtls else {
            return;
        };
        feed(endpoint);
        let mut new_state = None;
        let mut data = Vec::new();
        while let Some(output) = endpoint.poll() {
            match output {
                DtlsOutput::Datagram(datagram) => {
                    if let Some((local, remote)) = transport.selected {
                        transport.stats.bytes_sent += datagram.len() as u64;
                        self.control_out.push(local, remote, &datagram);
                    }
                }
                DtlsOutput::Connected { tx, rx, .. } => {
                    transport.srtp = Some(Srtp { tx, rx });
                    new_state = Some(DtlsState::Connected);
                }
                DtlsOutput::Data(packet) => data.push(packet),
                DtlsOutput::Closed => {
                    new_state = Some(DtlsState::Closed);
                    break;
                }
                DtlsOutput::Failed(error) => {
                    log::info!("transport {}: DTLS failed: {error}", transport.id);
                    new_state = Some(DtlsState::Failed);
                    break;
                }
            }
        }
        match new_state {
            Some(DtlsState::Connected) => {
                self.set_dtls_state(key, DtlsState::Connected);
                self.on_connected(key, now);
            }
            Some(state) => {
                transport.dtls = Dtls::Ended;
                transport.srtp = None;
                self.set_dtls_state(key, state);
            }
            None => {}
        }
        for packet in data {
            self.handle_sctp(now, key, packet);
        }
    }

    /// Says goodbye to the peer of a transport that is being closed.
    pub(super) fn run_dtls_closing(&mut self, key: TransportKey, now: Instant) {
        if self.transports[key].dtls_state == DtlsState::Connected {
            self.run_dtls(key, now, DtlsEndpoint::close);
        }
    }

    pub(super) fn set_dtls_state(&mut self, key: TransportKey, state: DtlsState) {
        let transport = &mut self.transports[key];
        if transport.dtls_state != state {
            transport.dtls_state = state;
            self.messages.event(
                "dtlsStateChange",
                &transport.id,
                json!({"dtlsState": state}),
            );
        }
    }

    /// Media can flow: whoever waits on this transport for video needs a keyframe.
    fn on_connected(&mut self, key: TransportKey, now: Instant) {
        for consumer in self.transports[key].consumers.clone() {
            self.request_keyframe_for(consumer, now);
        }
    }
}

pub(super) fn ice_state_name(state: IceState) -> &'static str {
    match state {
        IceState::New => "new",
        IceState::Connected => "connected",
        IceState::Completed => "completed",
        IceState::Disconnected => "disconnected",
        IceState::Closed => "closed",
    }
}
