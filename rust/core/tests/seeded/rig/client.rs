//! A node that is a `videocall_client::Peer`: it publishes from sources and notes all that it receives.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use serde_json::json;
use videocall_client::payload;
use videocall_client::profile::Source;
use videocall_client::{Certificate, DtlsRole, ExtensionIds, Frame, Peer, PeerConfig, PeerEvent};
use videocall_core::rtp::{Red, RtpHeader, VideoCodec, is_keyframe};

use super::params::{
    ROUTED_RED, Stream, consumer_parameters, producer_parameters, published_extensions,
    routed_extensions, rtp_mapping,
};
use super::world::{Node, SFU_ADDRESS, World};

/// A packet that a client received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub at: Instant,
    pub stream: usize,
    pub sequence: u64,
    pub timestamp: u32,
    pub repaired: bool,
    pub starts_keyframe: bool,
    /// The publisher's number of the frame.
    pub frame: u32,
    pub payload_len: usize,
    /// Which of the publisher's senders it is of.
    pub sender: usize,
    /// Earlier frames that it repeats, the newest first (RFC 2198).
    pub repeats: Vec<u32>,
}

/// One peer on one transport.
pub struct Client {
    pub transport: String,
    pub peer: Peer,
    pub events: Vec<(Instant, PeerEvent)>,
    pub got: Vec<Got>,
    /// By sender: frame number to (when it was sent, number of packets, key frame or not).
    pub sent: Vec<BTreeMap<u32, (Instant, usize, bool)>>,
    sources: Vec<Option<Source>>,
    /// Whether key-frame requests are obeyed.
    pub obeys: bool,
    outgoing: VecDeque<(SocketAddr, Vec<u8>)>,
    /// The address the network last heard us from is the world's business; we only send to the SFU.
    connected: bool,
}

impl Client {
    /// A client that will send, on a new transport of `world` named `id`. Returns its index.
    pub fn publisher(world: &mut World, id: &str, role: DtlsRole) -> usize {
        Self::join(world, id, role, published_extensions())
    }

    /// A client that will receive.
    pub fn subscriber(world: &mut World, id: &str, role: DtlsRole) -> usize {
        Self::join(world, id, role, routed_extensions())
    }

    fn join(world: &mut World, id: &str, role: DtlsRole, extensions: ExtensionIds) -> usize {
        let info = world.create_transport(id);
        let certificate = Certificate::generate().expect("a certificate");
        let name = match role {
            DtlsRole::Client => "client",
            DtlsRole::Server => "server",
        };
        world.connect_transport(id, name, &certificate.fingerprints());
        let config = PeerConfig {
            certificate,
            dtls_role: role,
            remote_ice: info.ice_parameters,
            remote_candidates: vec![SFU_ADDRESS],
            remote_fingerprints: info.dtls_parameters.fingerprints,
            extensions,
            ntp_at_start: 0x1234_5678_0000_0000,
            seed: world
                .new_address()
                .ip()
                .to_string()
                .bytes()
                .map(u64::from)
                .sum(),
        };
        let peer = Peer::new(config, world.now()).expect("a peer");
        world.add_client(Self {
            transport: id.to_owned(),
            peer,
            events: Vec::new(),
            got: Vec::new(),
            sent: Vec::new(),
            sources: Vec::new(),
            obeys: true,
            outgoing: VecDeque::new(),
            connected: false,
        })
    }

    /// Produces `stream` as `producer`, fed by `source` once connected.
    pub fn produce(
        world: &mut World,
        client: usize,
        producer: &str,
        stream: &Stream,
        source: Option<Source>,
    ) {
        let data = json!({
            "transportId": world.client(client).transport,
            "producerId": producer,
            "kind": stream.codec.kind_name(),
            "rtpParameters": producer_parameters(stream),
            "rtpMapping": rtp_mapping(stream),
            "paused": false,
        });
        world.request("produce", data);
        world.client(client).add_sender(stream, source);
    }

    /// Sends `stream`, which was produced already.
    pub fn add_sender(&mut self, stream: &Stream, source: Option<Source>) {
        self.peer.add_sender(stream.sent());
        self.sources.push(source);
        self.sent.push(BTreeMap::new());
    }

    /// Consumes `producer` as `consumer` under `stream`'s numbers.
    pub fn consume(
        world: &mut World,
        client: usize,
        producer: &str,
        consumer: &str,
        stream: &Stream,
        paused: bool,
    ) {
        let data = json!({
            "transportId": world.client(client).transport,
            "consumerId": consumer,
            "producerId": producer,
            "kind": stream.codec.kind_name(),
            "rtpParameters": consumer_parameters(stream),
            "paused": paused,
        });
        world.request("consume", data);
        world.client(client).peer.add_receiver(stream.received());
    }

    /// Stops a source, or starts another.
    pub fn set_source(&mut self, sender: usize, source: Option<Source>) {
        self.sources[sender] = source;
    }

    /// When it became connected.
    pub fn connected_at(&self) -> Option<Instant> {
        let connected = |event: &PeerEvent| matches!(event, PeerEvent::Connected(_));
        self.events
            .iter()
            .find(|(_, event)| connected(event))
            .map(|(at, _)| *at)
    }

    /// Packets received of one stream, by sequence number, the first arrival of each.
    pub fn received(&self, stream: usize) -> BTreeMap<u64, &Got> {
        let mut packets = BTreeMap::new();
        for got in self.got.iter().filter(|got| got.stream == stream) {
            packets.entry(got.sequence).or_insert(got);
        }
        packets
    }

    fn after_input(&mut self, now: Instant) {
        while let Some(event) = self.peer.poll_event() {
            if let PeerEvent::KeyFrameRequested(sender) = event
                && self.obeys
                && let Some(Some(source)) = self.sources.get_mut(sender)
            {
                source.want_key_frame();
            }
            self.events.push((now, event));
        }
        if self.peer.is_connected() && !self.connected {
            self.connected = true;
            self.sources
                .iter_mut()
                .flatten()
                .for_each(|source| source.restart_at(now));
        }
        while let Some(transmit) = self.peer.poll_transmit() {
            for datagram in transmit.datagrams() {
                self.outgoing
                    .push_back((transmit.remote, datagram.to_vec()));
            }
        }
    }

    fn send_due_frames(&mut self, now: Instant) {
        for (sender, source) in self.sources.iter_mut().enumerate() {
            let Some(source) = source else { continue };
            while source.next_due() <= now {
                let planned = source.next_frame();
                let frame = Frame {
                    timestamp: planned.timestamp,
                    key: planned.key,
                    payload_sizes: &planned.payload_sizes,
                    // Virtual time needs no stamp: its place tells the sender.
                    sent_ns: sender as u64,
                };
                let number = self.sent[sender].len() as u32;
                self.sent[sender].insert(number, (now, planned.payload_sizes.len(), planned.key));
                self.peer
                    .send_frame(now, sender, &frame)
                    .expect("a frame that fits");
            }
        }
    }
}

impl Node for Client {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        assert_eq!(from, SFU_ADDRESS);
        if let Some(received) = self.peer.handle_datagram(now, datagram) {
            let header = RtpHeader::parse(datagram).expect("RTP");
            let mut payload = &datagram[received.payload];
            let mut repeats = Vec::new();
            let stamp_of = |payload| payload::read(received.kind, payload).expect("a stamp");
            if header.payload_type.0 == ROUTED_RED {
                let red = Red::parse(payload).expect("redundant audio");
                repeats = red
                    .redundant()
                    .map(|block| stamp_of(block.data).frame)
                    .collect();
                payload = red.primary.data;
            }
            let stamp = stamp_of(payload);
            self.got.push(Got {
                at: now,
                stream: received.stream,
                sequence: received.sequence,
                timestamp: received.timestamp,
                repaired: received.repaired,
                starts_keyframe: is_keyframe(VideoCodec::Vp8, payload),
                frame: stamp.frame,
                payload_len: payload.len(),
                sender: stamp.sent_ns as usize,
                repeats,
            });
        }
        self.after_input(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.peer.handle_timeout(now);
        self.after_input(now);
        if self.connected {
            self.send_due_frames(now);
            self.after_input(now);
        }
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        let sources = self
            .sources
            .iter()
            .flatten()
            .filter(|_| self.connected)
            .map(Source::next_due);
        self.peer.next_timeout().into_iter().chain(sources).min()
    }

    fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.outgoing.pop_front()
    }
}
