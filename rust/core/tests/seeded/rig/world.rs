//! One SFU, a network, nodes, and the clock that moves them all.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use videocall_core::dtls::Fingerprint;
use videocall_core::ice::IceParameters;
use videocall_core::{ListenAddr, Sfu, SfuConfig, Transmit};
use videocall_netsim::{Clock, Link, Network};

use super::{Client, Raw};
use crate::webrtc_rs::WebRtc;

/// Where the SFU listens.
pub const SFU_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 10_000);

/// More steps than this at one instant mean a timer that is always due.
const MAX_STEPS_AT_ONCE: u32 = 1_000;

/// Datagrams kept by the tap.
const TAP: usize = 2_000;

/// 1 January 2026 in NTP seconds, 32.32 fixed point.
const NTP_AT_START: u64 = 3_976_214_400 << 32;

/// Somebody with an address.
pub trait Node {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]);
    fn handle_timeout(&mut self, now: Instant);
    fn next_timeout(&mut self) -> Option<Instant>;
    /// The next datagram to send: where to, and what.
    fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)>;
}

/// What `createWebRtcTransport` answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportInfo {
    #[serde(default)]
    pub id: String,
    pub ice_parameters: IceParameters,
    pub dtls_parameters: DtlsParameters,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DtlsParameters {
    pub fingerprints: Vec<Fingerprint>,
}

pub struct World {
    pub clock: Clock,
    pub network: Network<SocketAddr>,
    pub sfu: Sfu,
    /// Events of the SFU so far, in order.
    pub events: Vec<Value>,
    /// The first datagrams that reached the SFU.
    pub tap: Vec<Vec<u8>>,
    /// What new transports are made with, `null` for the default.
    pub initial_bitrate: Option<u64>,
    /// Whether new transports carry data channels.
    pub sctp: bool,
    clients: Vec<(SocketAddr, Client)>,
    raws: Vec<(SocketAddr, Raw)>,
    webrtcs: Vec<(SocketAddr, WebRtc)>,
    next_id: u64,
    moves: u16,
    /// Whether panics are asked for, and caught as a worker does.
    pub tolerates_panics: bool,
}

impl World {
    /// A world whose links are all `link`, with a router "r".
    pub fn new(seed: u64, link: Link) -> Self {
        Self::with_slots(seed, link, 4096)
    }

    pub fn with_slots(seed: u64, link: Link, pool_slots: usize) -> Self {
        let clock = Clock::new();
        let config = SfuConfig {
            worker_id: 0,
            listen: vec![ListenAddr {
                bound: SFU_ADDRESS,
                announced: SFU_ADDRESS.ip(),
                announced_port: SFU_ADDRESS.port(),
            }],
            seed: [seed as u8; 32],
            pool_slots,
            tcp: true,
            ntp_at_start: NTP_AT_START,
        };
        let mut world = Self {
            sfu: Sfu::new(config, clock.now()).expect("an SFU"),
            clock,
            network: Network::new(seed, link),
            events: Vec::new(),
            tap: Vec::new(),
            initial_bitrate: None,
            sctp: false,
            clients: Vec::new(),
            raws: Vec::new(),
            webrtcs: Vec::new(),
            next_id: 0,
            moves: 0,
            tolerates_panics: false,
        };
        world.request("createRouter", json!({"routerId": "r"}));
        world
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A request that must be granted.
    pub fn request(&mut self, method: &str, data: Value) -> Value {
        let reply = self.ask(method, data);
        let Some(ok) = reply.get("ok") else {
            panic!("{method}: {reply}");
        };
        ok.clone()
    }

    /// A request that must be refused; its code.
    pub fn refused(&mut self, method: &str, data: Value) -> String {
        let reply = self.ask(method, data);
        let code = reply.pointer("/error/code").and_then(Value::as_str);
        code.unwrap_or_else(|| panic!("{method}: {reply}"))
            .to_owned()
    }

    fn ask(&mut self, method: &str, data: Value) -> Value {
        self.next_id += 1;
        let request = json!({"id": self.next_id, "method": method, "data": data}).to_string();
        self.sfu
            .handle_request(self.clock.now(), request.as_bytes());
        let mut reply = None;
        while let Some(message) = self.sfu.poll_message() {
            let message: Value = serde_json::from_slice(&message).expect("JSON");
            if message.get("event").is_some() {
                self.events.push(message);
            } else {
                assert_eq!(message["id"], self.next_id);
                assert!(reply.replace(message).is_none(), "two replies to {method}");
            }
        }
        reply.expect("a reply")
    }

    /// A new transport of router "r".
    pub fn create_transport(&mut self, id: &str) -> TransportInfo {
        let initial = self.initial_bitrate;
        let data = json!({
            "routerId": "r", "transportId": id, "initialAvailableOutgoingBitrate": initial, "enableSctp": self.sctp,
        });
        let answer = self.request("createWebRtcTransport", data);
        let mut info: TransportInfo = serde_json::from_value(answer).expect("a transport");
        id.clone_into(&mut info.id);
        info
    }

    /// Tells a transport its peer's role and fingerprints.
    pub fn connect_transport(&mut self, id: &str, role: &str, fingerprints: &[Fingerprint]) {
        let dtls = json!({"role": role, "fingerprints": fingerprints});
        let data = json!({"transportId": id, "dtlsParameters": dtls});
        self.request("connectWebRtcTransport", data);
    }

    /// A fresh address for a node.
    pub fn new_address(&self) -> SocketAddr {
        let nodes = self.clients.len() + self.raws.len() + self.webrtcs.len();
        SocketAddr::new(Ipv4Addr::new(10, 0, 1, nodes as u8 + 1).into(), 5_000)
    }

    pub fn add_client(&mut self, client: Client) -> usize {
        self.clients.push((self.new_address(), client));
        self.clients.len() - 1
    }

    pub fn add_raw(&mut self, raw: Raw) -> usize {
        self.raws.push((self.new_address(), raw));
        self.raws.len() - 1
    }

    pub fn add_webrtc(&mut self, webrtc: WebRtc) -> usize {
        self.webrtcs.push((self.new_address(), webrtc));
        self.webrtcs.len() - 1
    }

    pub fn client(&mut self, index: usize) -> &mut Client {
        &mut self.clients[index].1
    }

    pub fn raw(&mut self, index: usize) -> &mut Raw {
        &mut self.raws[index].1
    }

    pub fn webrtc(&mut self, index: usize) -> &mut WebRtc {
        &mut self.webrtcs[index].1
    }

    pub fn client_address(&self, index: usize) -> SocketAddr {
        self.clients[index].0
    }

    pub fn raw_address(&self, index: usize) -> SocketAddr {
        self.raws[index].0
    }

    /// Gives a client another address, as a NAT that forgot it does.
    pub fn move_client(&mut self, index: usize) {
        self.moves += 1;
        let address = SocketAddr::new(Ipv4Addr::new(10, 0, 2, 1).into(), 10_000 + self.moves);
        self.clients[index].0 = address;
    }

    /// Lets `duration` pass.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now() + duration;
        let (mut steps, mut at) = (0, self.now());
        loop {
            self.pump();
            let next = self.next_timeout().filter(|next| *next <= end);
            self.clock.advance_to(next.unwrap_or(end));
            if at == self.now() {
                steps += 1;
                assert!(
                    steps < MAX_STEPS_AT_ONCE,
                    "a timer is always due: {:?}",
                    self.due()
                );
            } else {
                (steps, at) = (0, self.now());
            }
            self.deliver();
            self.handle_timeouts();
            if next.is_none() {
                self.pump();
                return;
            }
        }
    }

    /// Lets time pass until `done`, in steps of 5 ms; panics after `limit`.
    pub fn run_until(&mut self, limit: Duration, what: &str, done: impl Fn(&mut Self) -> bool) {
        let end = self.now() + limit;
        while !done(self) {
            assert!(self.now() < end, "not within {limit:?}: {what}");
            self.run(Duration::from_millis(5));
        }
    }

    /// Events of this name for this object.
    pub fn events_of(&self, event: &str, target: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|e| e["event"] == event && e["target"] == target)
            .map(|e| &e["data"])
            .collect()
    }

    /// Calls the SFU as a worker does: what panics is ended, the rest goes on.
    fn guarded(&mut self, call: impl FnOnce(&mut Sfu)) {
        let sfu = &mut self.sfu;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(sfu))) {
            if !self.tolerates_panics {
                resume_unwind(panic);
            }
            self.sfu.abandon_current(self.clock.now());
        }
    }

    fn nodes(&mut self) -> impl Iterator<Item = (SocketAddr, &mut dyn Node)> {
        let clients = self
            .clients
            .iter_mut()
            .map(|(at, node)| (*at, node as &mut dyn Node));
        let raws = self
            .raws
            .iter_mut()
            .map(|(at, node)| (*at, node as &mut dyn Node));
        let webrtcs = self
            .webrtcs
            .iter_mut()
            .map(|(at, node)| (*at, node as &mut dyn Node));
        clients.chain(raws).chain(webrtcs)
    }

    fn due(&mut self) -> Vec<(SocketAddr, Option<Instant>)> {
        let sfu = (SFU_ADDRESS, self.sfu.next_timeout());
        let nodes = self.nodes().map(|(at, node)| (at, node.next_timeout()));
        nodes.chain([sfu]).collect()
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        let arrival = self.network.next_arrival();
        self.due()
            .into_iter()
            .filter_map(|(_, due)| due)
            .chain(arrival)
            .min()
    }

    /// Moves everything that waits to be sent onto the network.
    fn pump(&mut self) {
        let now = self.now();
        let mut out = Outgoing::default();
        self.guarded(|sfu| sfu.flush(now, &mut out));
        for (to, datagram) in out.datagrams {
            self.network.send(now, SFU_ADDRESS, to, datagram);
        }
        while let Some(message) = self.sfu.poll_message() {
            self.events
                .push(serde_json::from_slice(&message).expect("JSON"));
        }
        let mut sent = Vec::new();
        for (from, node) in self.nodes() {
            while let Some((to, datagram)) = node.poll_datagram() {
                sent.push((from, to, datagram));
            }
        }
        for (from, to, datagram) in sent {
            self.network.send(now, from, to, datagram);
        }
    }

    fn deliver(&mut self) {
        let now = self.now();
        while let Some(mut datagram) = self.network.receive(now) {
            let (from, to) = (datagram.from, datagram.to);
            if to == SFU_ADDRESS {
                if self.tap.len() < TAP {
                    self.tap.push(datagram.payload.clone());
                }
                self.guarded(|sfu| sfu.handle_datagram(now, 0, from, &mut datagram.payload));
            } else if let Some((_, node)) = self.nodes().find(|(at, _)| *at == to) {
                node.handle_datagram(now, from, &mut datagram.payload);
            }
        }
    }

    fn handle_timeouts(&mut self) {
        let now = self.now();
        if self.sfu.next_timeout().is_some_and(|due| due <= now) {
            self.guarded(|sfu| sfu.handle_timeout(now));
        }
        for (_, node) in self.nodes() {
            if node.next_timeout().is_some_and(|due| due <= now) {
                node.handle_timeout(now);
            }
        }
    }
}

#[derive(Default)]
struct Outgoing {
    datagrams: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Transmit for Outgoing {
    fn transmit(&mut self, local: u8, remote: SocketAddr, bytes: &[u8], segment_size: usize) {
        assert_eq!(local, 0, "there is one listen address");
        assert!(!bytes.is_empty() && segment_size > 0, "an empty send");
        assert!(bytes.len() <= 65_507, "more than a UDP datagram");
        for datagram in bytes.chunks(segment_size) {
            self.datagrams.push_back((remote, datagram.to_vec()));
        }
    }
}
