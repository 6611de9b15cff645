//! The SFU's core and peers on virtual time, with a seeded network of fixed delay between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use videocall_client::{
    Certificate, DtlsRole, ExtensionIds, Frame, Peer, PeerConfig, PeerEvent, ReceiveStream,
    Received, Repair, SendStream, StreamKind, payload, profile::Source,
};
use videocall_core::rtp::{PayloadType, Ssrc};
use videocall_core::{ListenAddr, Sfu, SfuConfig, Transmit};

/// Sender, receiver (`None` for the SFU) and the datagram.
type Flying = (SocketAddr, Option<SocketAddr>, Vec<u8>);

const DELAY: Duration = Duration::from_millis(20);
pub const EXTENSIONS: ExtensionIds = ExtensionIds {
    mid: Some(1),
    rid: None,
    repaired_rid: None,
    abs_send_time: Some(4),
    transport_cc: Some(5),
    audio_level: Some(10),
};

/// A peer and what it got.
pub struct Client {
    pub peer: Peer,
    pub address: SocketAddr,
    pub transport: String,
    pub events: Vec<PeerEvent>,
    /// Stream, unwrapped sequence number, latency.
    pub received: Vec<(usize, u64, Duration)>,
    sources: Vec<Source>,
}

pub struct Rig {
    pub sfu: Sfu,
    pub clients: Vec<Client>,
    pub now: Instant,
    start: Instant,
    certificate: Certificate,
    pub loss: f64,
    rng: StdRng,
    /// By arrival and number: to the SFU (from a client) or to an address.
    wire: BTreeMap<(Instant, u64), Flying>,
    sent: u64,
    next_id: u64,
}

impl Rig {
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        let bound: SocketAddr = ([127, 0, 0, 1], 10_000).into();
        let listen = ListenAddr {
            bound,
            announced: bound.ip(),
            announced_port: bound.port(),
        };
        let config = SfuConfig {
            worker_id: 0,
            listen: vec![listen],
            seed: [seed as u8; 32],
            pool_slots: 4096,
            tcp: false,
            ntp_at_start: 1 << 63,
        };
        let mut rig = Self {
            sfu: Sfu::new(config, now).unwrap(),
            clients: Vec::new(),
            now,
            start: now,
            certificate: Certificate::generate().unwrap(),
            loss: 0.0,
            rng: StdRng::seed_from_u64(seed),
            wire: BTreeMap::new(),
            sent: 0,
            next_id: 0,
        };
        rig.request("createRouter", json!({"routerId": "r"}));
        rig
    }

    /// A request to the SFU, which must succeed.
    pub fn request(&mut self, method: &str, data: Value) -> Value {
        self.next_id += 1;
        let request = json!({"id": self.next_id, "method": method, "data": data});
        self.sfu
            .handle_request(self.now, request.to_string().as_bytes());
        loop {
            let message = self.sfu.poll_message().expect("an answer");
            let message: Value = serde_json::from_slice(&message).unwrap();
            if message["id"] == self.next_id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["ok"].clone();
            }
        }
    }

    /// A peer with a transport of its own, not yet connecting.
    pub fn add_client(&mut self, role: DtlsRole) -> usize {
        let at = self.clients.len();
        let transport = format!("t{at}");
        let ok = self.request(
            "createWebRtcTransport",
            json!({"routerId": "r", "transportId": transport}),
        );
        let prints = self.certificate.fingerprints();
        let their_role = match role {
            DtlsRole::Client => "client",
            DtlsRole::Server => "server",
        };
        self.request(
            "connectWebRtcTransport",
            json!({"transportId": transport, "dtlsParameters": {"role": their_role, "fingerprints": prints}}),
        );
        let config = PeerConfig {
            certificate: self.certificate.clone(),
            dtls_role: role,
            remote_ice: serde_json::from_value(ok["iceParameters"].clone()).unwrap(),
            remote_candidates: vec![([127, 0, 0, 1], 10_000).into()],
            remote_fingerprints: serde_json::from_value(
                ok["dtlsParameters"]["fingerprints"].clone(),
            )
            .unwrap(),
            extensions: EXTENSIONS,
            ntp_at_start: 5 << 32,
            seed: at as u64,
        };
        self.clients.push(Client {
            peer: Peer::new(config, self.now).unwrap(),
            address: ([127, 0, 1, at as u8], 5_000).into(),
            transport,
            events: Vec::new(),
            received: Vec::new(),
            sources: Vec::new(),
        });
        at
    }

    /// Makes the client send a stream and the SFU take it; returns the producer's id.
    pub fn produce(&mut self, client: usize, kind: StreamKind) -> String {
        let number = self.next_id;
        let producer = format!("p{number}");
        let ssrc = 1_000 + number as u32 * 2;
        let (codecs, payload_type, rtx) = codecs(kind, 0);
        let mid = format!("{}", self.clients[client].sources.len());
        self.request(
            "produce",
            json!({
                "transportId": self.clients[client].transport, "producerId": producer,
                "kind": name(kind), "paused": false,
                "rtpParameters": {
                    "mid": mid, "codecs": codecs, "headerExtensions": extensions(),
                    "encodings": [{"ssrc": ssrc, "rtx": rtx.map(|_| json!({"ssrc": ssrc + 1}))}],
                    "rtcp": {"cname": "test"},
                },
                "rtpMapping": {
                    "codecs": [
                        {"payloadType": payload_type, "mappedPayloadType": payload_type + 5},
                        {"payloadType": payload_type + 1, "mappedPayloadType": payload_type + 6},
                    ],
                    "encodings": [{"ssrc": ssrc, "mappedSsrc": 900_000 + ssrc}],
                },
            }),
        );
        let stream = SendStream {
            kind,
            ssrc: Ssrc(ssrc),
            payload_type: PayloadType(payload_type),
            rtx: rtx.map(|payload_type| Repair {
                ssrc: Ssrc(ssrc + 1),
                payload_type: PayloadType(payload_type),
            }),
            mid: Some(mid.parse().unwrap()),
            rid: None,
        };
        let start = self.now;
        let client = &mut self.clients[client];
        client.peer.add_sender(stream);
        client.sources.push(match kind {
            StreamKind::Audio => Source::chromium_audio(start, 1),
            StreamKind::Video => Source::chromium_video(start, 2),
        });
        producer
    }

    /// Makes the SFU send a producer to the client; returns the consumer's id.
    pub fn consume(&mut self, client: usize, producer: &str, kind: StreamKind) -> String {
        let number = self.next_id;
        let consumer = format!("c{number}");
        let ssrc = 500_000 + number as u32 * 2;
        let (codecs, _, rtx) = codecs(kind, 5);
        self.request(
            "consume",
            json!({
                "transportId": self.clients[client].transport, "consumerId": consumer,
                "producerId": producer, "kind": name(kind), "paused": false,
                "rtpParameters": {
                    "mid": "0", "codecs": codecs, "headerExtensions": extensions(),
                    "encodings": [{"ssrc": ssrc, "rtx": rtx.map(|_| json!({"ssrc": ssrc + 1}))}],
                    "rtcp": {"cname": "test"},
                },
            }),
        );
        self.clients[client].peer.add_receiver(ReceiveStream {
            kind,
            ssrc: Ssrc(ssrc),
            rtx: rtx.map(|payload_type| Repair {
                ssrc: Ssrc(ssrc + 1),
                payload_type: PayloadType(payload_type),
            }),
            nack: kind == StreamKind::Video,
        });
        consumer
    }

    /// Runs for a while of virtual time.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.flush();
            let next = self.next_event().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            let now = self.now;
            while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= now) {
                let (from, to, mut datagram) = entry.remove();
                match to {
                    None => self.sfu.handle_datagram(now, 0, from, &mut datagram),
                    Some(to) => self.deliver(to, &mut datagram),
                }
            }
            if self.sfu.next_timeout().is_some_and(|at| at <= now) {
                self.sfu.handle_timeout(now);
            }
            for client in &mut self.clients {
                if client.peer.next_timeout().is_some_and(|at| at <= now) {
                    client.peer.handle_timeout(now);
                }
                send_due_frames(client, now, self.start);
            }
        }
        self.now = end;
    }

    fn next_event(&self) -> Option<Instant> {
        let peers = self
            .clients
            .iter()
            .filter_map(|client| client.peer.next_timeout());
        let sources = self
            .clients
            .iter()
            .flat_map(|client| &client.sources)
            .map(Source::next_due);
        let wire = self.wire.keys().next().map(|(at, _)| *at);
        peers
            .chain(sources)
            .chain(wire)
            .chain(self.sfu.next_timeout())
            .min()
    }

    fn deliver(&mut self, to: SocketAddr, datagram: &mut [u8]) {
        let (now, start) = (self.now, self.start);
        let Some(client) = self.clients.iter_mut().find(|client| client.address == to) else {
            return;
        };
        if let Some(Received {
            stream,
            kind,
            sequence,
            payload: range,
            ..
        }) = client.peer.handle_datagram(now, datagram)
        {
            let stamp = payload::read(kind, &datagram[range]).expect("what the sender wrote");
            let sent = start + Duration::from_nanos(stamp.sent_ns);
            client.received.push((stream, sequence, now - sent));
        }
    }

    fn flush(&mut self) {
        let mut out = Collect(Vec::new());
        self.sfu.flush(self.now, &mut out);
        for (to, datagram) in out.0 {
            let from = ([127, 0, 0, 1], 10_000).into();
            self.put(from, Some(to), datagram);
        }
        while self.sfu.poll_message().is_some() {}
        for at in 0..self.clients.len() {
            while let Some(event) = self.clients[at].peer.poll_event() {
                if let PeerEvent::KeyFrameRequested(source) = event {
                    self.clients[at].sources[source].want_key_frame();
                }
                self.clients[at].events.push(event);
            }
            let from = self.clients[at].address;
            while let Some(transmit) = self.clients[at].peer.poll_transmit() {
                for datagram in transmit.datagrams() {
                    self.put(from, None, datagram.to_vec());
                }
            }
        }
    }

    fn put(&mut self, from: SocketAddr, to: Option<SocketAddr>, datagram: Vec<u8>) {
        if self.loss > 0.0 && self.rng.random_bool(self.loss) {
            return;
        }
        self.sent += 1;
        self.wire
            .insert((self.now + DELAY, self.sent), (from, to, datagram));
    }
}

struct Collect(Vec<(SocketAddr, Vec<u8>)>);

impl Transmit for Collect {
    fn transmit(&mut self, _: u8, remote: SocketAddr, bytes: &[u8], segment_size: usize) {
        self.0.extend(
            bytes
                .chunks(segment_size)
                .map(|datagram| (remote, datagram.to_vec())),
        );
    }
}

fn send_due_frames(client: &mut Client, now: Instant, start: Instant) {
    for (at, source) in client.sources.iter_mut().enumerate() {
        while source.next_due() <= now {
            let planned = source.next_frame();
            let frame = Frame {
                timestamp: planned.timestamp,
                key: planned.key,
                payload_sizes: &planned.payload_sizes,
                sent_ns: (now - start).as_nanos() as u64,
            };
            client.peer.send_frame(now, at, &frame).unwrap();
        }
    }
}

fn name(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Audio => "audio",
        StreamKind::Video => "video",
    }
}

fn codecs(kind: StreamKind, add: u8) -> (Value, u8, Option<u8>) {
    match kind {
        StreamKind::Audio => {
            let pt = 110 + add;
            let codec = json!({"mimeType": "audio/opus", "payloadType": pt, "clockRate": 48000,
                "channels": 2, "rtcpFeedback": [{"type": "transport-cc"}]});
            (json!([codec]), pt, None)
        }
        StreamKind::Video => {
            let pt = 96 + add;
            let codec = json!({"mimeType": "video/VP8", "payloadType": pt, "clockRate": 90000,
                "rtcpFeedback": [{"type": "nack"}, {"type": "nack", "parameter": "pli"},
                    {"type": "ccm", "parameter": "fir"}, {"type": "transport-cc"}]});
            let rtx = json!({"mimeType": "video/rtx", "payloadType": pt + 1, "clockRate": 90000,
                "parameters": {"apt": pt}});
            (json!([codec, rtx]), pt, Some(pt + 1))
        }
    }
}

fn extensions() -> Value {
    json!([
        {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1},
        {"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": 4},
        {"uri": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", "id": 5},
        {"uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": 10},
    ])
}
