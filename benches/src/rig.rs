//! The meeting and its steps.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use videocall_client::{
    Certificate, DtlsRole, Frame, Peer, PeerConfig, StreamKind,
    profile::{PlannedFrame, Source},
};
use videocall_core::{ListenAddr, Metrics, Sfu, SfuConfig};

use crate::{parameters, wire::Wire};

/// Datagrams on their way to the core: who sent them, and their bytes.
pub type Datagrams = Vec<(SocketAddr, Vec<u8>)>;

const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 10_000);

/// A frame's packets wait for its last one this long at most; longer is the same.
const AFTER_A_FRAME: Duration = Duration::from_millis(2);

/// One publisher with camera and microphone, and its subscribers, all connected.
pub struct Rig {
    sfu: Sfu,
    now: Instant,
    started: Instant,
    /// The publisher first.
    clients: Vec<Peer>,
    sources: [Source; 2],
    wire: Wire,
    requests: u64,
}

impl Rig {
    /// Connects everybody, on virtual time that starts at `now`.
    ///
    /// # Panics
    ///
    /// When the core refuses a request, or a handshake does not end within 10 virtual seconds.
    pub fn connect(subscribers: usize, now: Instant) -> Self {
        let listen = ListenAddr {
            bound: SERVER,
            announced: SERVER.ip(),
            announced_port: SERVER.port(),
        };
        let config = SfuConfig {
            worker_id: 0,
            listen: vec![listen],
            seed: [7; 32],
            pool_slots: 8_192,
            tcp: false,
            ntp_at_start: 1 << 32,
        };
        let mut rig = Self {
            sfu: Sfu::new(config, now).expect("the configuration is valid"),
            now,
            started: now,
            clients: Vec::with_capacity(subscribers + 1),
            sources: [
                Source::chromium_video(now, 1),
                Source::chromium_audio(now, 2),
            ],
            wire: Wire::new(),
            requests: 0,
        };
        rig.request("createRouter", json!({"routerId": "router"}));
        let certificate = Certificate::generate().expect("the system gives randomness");
        let mut publisher = rig.client("publisher", &certificate);
        for stream in parameters::send_streams() {
            publisher.add_sender(stream);
        }
        rig.clients.push(publisher);
        rig.request("produce", parameters::produce(StreamKind::Video));
        rig.request("produce", parameters::produce(StreamKind::Audio));
        for subscriber in 0..subscribers {
            let transport = format!("subscriber{subscriber}");
            let mut client = rig.client(&transport, &certificate);
            for (at, kind) in [StreamKind::Video, StreamKind::Audio]
                .into_iter()
                .enumerate()
            {
                let consumer = 2 * subscriber + at;
                rig.request("consume", parameters::consume(kind, &transport, consumer));
                client.add_receiver(parameters::receive_stream(kind, consumer));
            }
            rig.clients.push(client);
        }
        rig.handshake();
        let now = rig.now;
        rig.sources
            .iter_mut()
            .for_each(|source| source.restart_at(now));
        rig
    }

    /// What the publisher sends next, a video frame or an audio packet. Virtual time moves there;
    /// what was due meanwhile is done.
    pub fn next_datagrams(&mut self) -> Datagrams {
        let sender = usize::from(self.sources[1].next_due() < self.sources[0].next_due());
        let PlannedFrame {
            due,
            timestamp,
            key,
            payload_sizes,
        } = self.sources[sender].next_frame();
        self.advance(due);
        let sent_ns = (self.now - self.started).as_nanos() as u64;
        let frame = Frame {
            timestamp,
            key,
            payload_sizes: &payload_sizes,
            sent_ns,
        };
        self.clients[0]
            .send_frame(self.now, sender, &frame)
            .expect("the sizes are valid");
        self.sent_by_clients()
    }

    /// The work to be measured: takes the datagrams in, and sends what follows from them.
    pub fn handle(&mut self, datagrams: &mut Datagrams) {
        let now = self.now;
        for (remote, datagram) in datagrams {
            self.sfu.handle_datagram(now, 0, *remote, datagram);
        }
        self.sfu.flush(now, &mut self.wire);
        let later = now + AFTER_A_FRAME;
        if self.sfu.next_timeout().is_some_and(|due| due <= later) {
            self.sfu.handle_timeout(later);
            self.sfu.flush(later, &mut self.wire);
        }
        while self.sfu.poll_message().is_some() {}
    }

    /// Gives what was sent to its receivers, and returns what they answer.
    pub fn deliver(&mut self) -> Datagrams {
        let (clients, now) = (&mut self.clients, self.now);
        self.wire.drain(|remote, datagram| {
            if let Some(client) = clients.get_mut(index(remote)) {
                _ = client.handle_datagram(now, datagram);
            }
        });
        for client in clients {
            if client.next_timeout().is_some_and(|due| due <= now) {
                client.handle_timeout(now);
            }
        }
        self.sent_by_clients()
    }

    /// Forgets what was sent.
    pub fn discard(&mut self) {
        self.wire.clear();
    }

    /// The core's counters.
    pub fn metrics(&self) -> &Metrics {
        self.sfu.metrics()
    }

    /// Packets that each client has received and authenticated, the publisher first.
    pub fn received(&self) -> Vec<u64> {
        let packets = |client: &Peer| client.stats().receive.iter().map(|it| it.packets).sum();
        self.clients.iter().map(packets).collect()
    }

    /// Lets virtual time pass until `until`, doing what is due.
    fn advance(&mut self, until: Instant) {
        loop {
            let clients = self.clients.iter().filter_map(Peer::next_timeout);
            let due = clients.chain(self.sfu.next_timeout()).min();
            let Some(due) = due.filter(|&due| due <= until) else {
                break;
            };
            self.now = self.now.max(due);
            self.settle();
        }
        self.now = self.now.max(until);
    }

    /// Does what is due now, until nobody has anything to say.
    fn settle(&mut self) {
        let now = self.now;
        self.sfu.handle_timeout(now);
        self.sfu.flush(now, &mut self.wire);
        loop {
            let mut answers = self.deliver();
            if answers.is_empty() {
                break;
            }
            for (remote, datagram) in &mut answers {
                self.sfu.handle_datagram(now, 0, *remote, datagram);
            }
            self.sfu.flush(now, &mut self.wire);
        }
        while self.sfu.poll_message().is_some() {}
    }

    fn handshake(&mut self) {
        let limit = self.now + Duration::from_secs(10);
        while !self.clients.iter().all(Peer::is_connected) {
            let next = self.now + Duration::from_millis(5);
            assert!(next < limit, "the handshakes do not end");
            self.advance(next);
        }
        // The last flight's effects.
        self.advance(self.now + Duration::from_millis(100));
    }

    fn sent_by_clients(&mut self) -> Datagrams {
        let mut datagrams = Vec::new();
        for (at, client) in self.clients.iter_mut().enumerate() {
            while client.poll_event().is_some() {}
            while let Some(transmit) = client.poll_transmit() {
                datagrams.extend(transmit.datagrams().map(|it| (address(at), it.to_vec())));
            }
        }
        datagrams
    }

    /// Makes a transport and the client at its other end.
    fn client(&mut self, transport: &str, certificate: &Certificate) -> Peer {
        let ids = json!({"routerId": "router", "transportId": transport});
        let made = self.request("createWebRtcTransport", ids);
        let fingerprints = certificate.fingerprints();
        let dtls = json!({"role": "client", "fingerprints": fingerprints});
        let ids = json!({"transportId": transport, "dtlsParameters": dtls});
        self.request("connectWebRtcTransport", ids);
        let config = PeerConfig {
            certificate: certificate.clone(),
            dtls_role: DtlsRole::Client,
            remote_ice: parse(&made["iceParameters"]),
            remote_candidates: vec![SERVER],
            remote_fingerprints: parse(&made["dtlsParameters"]["fingerprints"]),
            extensions: parameters::EXTENSIONS,
            ntp_at_start: 1 << 32,
            seed: self.clients.len() as u64,
        };
        Peer::new(config, self.now).expect("the core's own parameters are valid")
    }

    fn request(&mut self, method: &str, data: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        let request = json!({"id": id, "method": method, "data": data}).to_string();
        self.sfu.handle_request(self.now, request.as_bytes());
        let messages = std::iter::from_fn(|| self.sfu.poll_message());
        let mut messages = messages.filter_map(|it| serde_json::from_slice::<Value>(&it).ok());
        let reply = messages
            .find(|message| message["id"] == id)
            .unwrap_or_default();
        assert!(reply["ok"].is_object(), "{method}: {reply}");
        reply["ok"].clone()
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the core writes what it documents")
}

/// The address of the client at this place, and back.
fn address(client: usize) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 20_000 + client as u16))
}

fn index(remote: SocketAddr) -> usize {
    usize::from(remote.port() - 20_000)
}
