//! What receivers get when the path does not carry everything: a camera in three simulcast streams, subscribers behind links
//! of their own, and figures of what they see.

mod bad_networks;
mod dynacast;
mod sharing;
mod viewer;

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_netsim::{Link, Loss, RateLimit};

use crate::rig::{
    Client, SFU_ADDRESS, Stream, World, consumer_parameters, ms, producer_parameters, vp8,
};
use viewer::Viewer;

/// Payload bits per second of the camera's streams: the middle one is what a link of 300 kbit/s can carry.
pub const LAYERS: [u64; 3] = [100_000, 230_000, 1_500_000];
/// From the server to a subscriber and back.
pub const ROUND_TRIP: Duration = ms(60);

/// A camera and those who watch it.
pub struct Scene {
    pub world: World,
    pub publisher: usize,
    pub subscribers: Vec<usize>,
    /// Whether the camera stops streams that nobody watches.
    pub obey_dynacast: bool,
    heard: usize,
    sends: [bool; 3],
    viewers: Vec<Viewer>,
}

impl Scene {
    /// A camera in three streams, and `subscribers` who watch it over links without limits.
    pub fn new(seed: u64, subscribers: usize) -> Self {
        let mut world = World::new(seed, link(None, Loss::None));
        let publisher = Client::publisher(&mut world, "camera", DtlsRole::Client);
        let streams: Vec<Stream> = (0..3).map(|index| stream(1_000 + 10 * index)).collect();
        let mut parameters = producer_parameters(&streams[0]);
        parameters["encodings"] = streams.iter().map(encoding).collect();
        let codecs = json!([
            {"payloadType": 96, "mappedPayloadType": 101}, {"payloadType": 97, "mappedPayloadType": 102},
        ]);
        let produce = json!({
            "transportId": "camera", "producerId": "video", "kind": "video", "paused": false,
            "rtpParameters": parameters, "rtpMapping": {"codecs": codecs, "encodings": []},
        });
        assert_eq!(world.request("produce", produce)["type"], "simulcast");
        let now = world.now();
        for (index, stream) in streams.iter().enumerate() {
            let source = Source::video(LAYERS[index], 30, now, seed + index as u64);
            world.client(publisher).add_sender(stream, Some(source));
        }
        let mut scene = Self {
            world,
            publisher,
            subscribers: Vec::new(),
            obey_dynacast: false,
            heard: 0,
            sends: [true; 3],
            viewers: Vec::new(),
        };
        for _ in 0..subscribers {
            scene.join();
        }
        scene
    }

    /// Another subscriber on transport "s0" (and so on), with consumer "c0".
    pub fn join(&mut self) -> usize {
        let index = self.subscribers.len();
        let subscriber =
            Client::subscriber(&mut self.world, &format!("s{index}"), DtlsRole::Client);
        self.subscribers.push(subscriber);
        self.viewers.push(Viewer::default());
        self.consume(index, &format!("c{index}"), 5_000);
        index
    }

    /// One more consumer of the camera, with this SSRC.
    pub fn consume(&mut self, subscriber: usize, consumer: &str, ssrc: u32) {
        let received = stream(ssrc);
        let client = self.subscribers[subscriber];
        let transport = format!("s{subscriber}");
        self.world
            .client(client)
            .peer
            .add_receiver(received.received());
        let consume = json!({
            "transportId": transport, "consumerId": consumer, "producerId": "video",
            "kind": "video", "paused": false, "rtpParameters": consumer_parameters(&received),
        });
        self.world.request("consume", consume);
    }

    pub fn address(&self, subscriber: usize) -> SocketAddr {
        self.world.client_address(self.subscribers[subscriber])
    }

    /// Changes the way to a subscriber.
    pub fn downlink(&mut self, subscriber: usize, settings: Link) {
        let address = self.address(subscriber);
        self.world.network.set_link(SFU_ADDRESS, address, settings);
    }

    /// Lets time pass; returns what each subscriber saw meanwhile.
    pub fn watch(&mut self, duration: Duration) -> Vec<Seen> {
        let (from, end) = (self.world.now(), self.world.now() + duration);
        let mut seen = vec![Seen::default(); self.subscribers.len()];
        while self.world.now() < end {
            self.world.run(ms(10));
            self.follow_dynacast();
            let now = self.world.now();
            for (index, seen) in seen.iter_mut().enumerate() {
                let queue = self
                    .world
                    .network
                    .queue(now, SFU_ADDRESS, self.address(index));
                seen.worst_queue = seen.worst_queue.max(queue);
            }
        }
        let sent = self.world.client(self.publisher).sent.clone();
        for (index, seen) in seen.iter_mut().enumerate() {
            let viewer = &mut self.viewers[index];
            viewer.take(&self.world.client(self.subscribers[index]).got, &sent);
            viewer.report(from, end, seen);
        }
        seen
    }

    /// The camera hears of it after half a round trip, and starts streams with a key frame.
    fn follow_dynacast(&mut self) {
        if !self.obey_dynacast {
            return;
        }
        let told: Vec<Value> = self
            .world
            .events_of("layersWanted", "video")
            .into_iter()
            .cloned()
            .collect();
        let now = self.world.now();
        for data in &told[self.heard..] {
            for (at, layer) in data["layers"]
                .as_array()
                .expect("layers")
                .iter()
                .enumerate()
            {
                let wanted = layer["wanted"] == true;
                if std::mem::replace(&mut self.sends[at], wanted) == wanted {
                    continue;
                }
                let mut source = Source::video(LAYERS[at], 30, now, at as u64);
                source.restart_at(now + ROUND_TRIP / 2);
                let client = self.world.client(self.publisher);
                client.set_source(at, wanted.then_some(source));
            }
        }
        self.heard = told.len();
    }

    /// The transport's statistics.
    pub fn stats(&mut self, subscriber: usize) -> Value {
        let id = format!("s{subscriber}");
        self.world.request("getStats", json!({"transportId": id}))["stats"][0].clone()
    }

    /// Switches told of a subscriber's first consumer so far: spatial layers.
    pub fn switches(&self, subscriber: usize) -> Vec<Option<u64>> {
        self.switches_of(&format!("c{subscriber}"))
    }

    /// Switches told of a consumer so far.
    pub fn switches_of(&self, consumer: &str) -> Vec<Option<u64>> {
        let events = self.world.events_of("layersChange", consumer);
        events
            .iter()
            .map(|data| data["spatialLayer"].as_u64())
            .collect()
    }
}

/// What one subscriber saw of an interval.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Frames that could be decoded.
    pub frames: usize,
    /// The last one's simulcast stream.
    pub layer: Option<usize>,
    /// Gaps between frames of more than 180 ms, summed up (W3C webrtc-stats' freeze, for 30 frames a second).
    pub frozen: Duration,
    /// The longest gap.
    pub longest_gap: Duration,
    /// Payload bits per second that came, each packet once.
    pub goodput_bps: u64,
    /// The longest queue in front of the bottleneck.
    pub worst_queue: Duration,
}

/// A direction with half the round trip's delay.
pub fn link(bits_per_second: Option<u64>, loss: Loss) -> Link {
    Link {
        delay: ROUND_TRIP / 2,
        loss,
        rate: bits_per_second.map(|bits_per_second| RateLimit {
            bits_per_second,
            max_queue: ms(1000),
        }),
        ..Link::default()
    }
}

fn stream(ssrc: u32) -> Stream {
    Stream {
        codec: vp8(),
        ssrc,
        mid: "0".into(),
    }
}

fn encoding(stream: &Stream) -> Value {
    json!({"ssrc": stream.ssrc, "rtx": {"ssrc": stream.ssrc + 1}})
}
