//! A simulcast producer: streams without announced SSRCs, told by MID and RID; a subscriber gets the best that flows, as one
//! stream.

use serde_json::json;
use videocall_core::rtcp::{SenderInfo, write};
use videocall_core::rtp::{HeaderFields, SeqNo, Ssrc};
use videocall_netsim::Link;

use crate::rig::{
    Codec, Raw, Stream, World, consumer_parameters, ms, producer_parameters, video, vp8,
};

const OUT: u32 = 5_000;
/// Ids of the publisher's extensions, beside those of the rig.
const RID: u8 = 10;

struct Layer {
    rid: &'static str,
    ssrc: u32,
    index: u64,
    /// Its clock's value at the start; each layer has its own.
    timestamp: u32,
    flows: bool,
}

struct Scene {
    world: World,
    publisher: usize,
    subscriber: usize,
    layers: [Layer; 2],
    frame: u32,
    reports: bool,
    codec: Codec,
    /// First byte of a key frame's payload, and of another's.
    starts: [u8; 2],
}

impl Scene {
    fn new(reports: bool) -> Self {
        Self::of(vp8(), [0x10, 0x10], reports)
    }

    fn of(codec: Codec, starts: [u8; 2], reports: bool) -> Self {
        let delay = ms(15);
        let mut world = World::new(
            3,
            Link {
                delay,
                ..Link::default()
            },
        );
        let publisher = Raw::join(&mut world, "send");
        let subscriber = Raw::join(&mut world, "recv");
        let stream = Stream {
            codec,
            ssrc: 0,
            mid: "0".into(),
        };
        let mut parameters = producer_parameters(&stream);
        parameters["encodings"] = json!([{"rid": "l"}, {"rid": "h"}]);
        let extensions = parameters["headerExtensions"]
            .as_array_mut()
            .expect("extensions");
        extensions.push(json!({"uri": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "id": RID}));
        let codecs = json!([
            {"payloadType": 96, "mappedPayloadType": 101}, {"payloadType": 97, "mappedPayloadType": 102},
        ]);
        let encodings = json!([{"rid": "l", "mappedSsrc": 71}, {"rid": "h", "mappedSsrc": 72}]);
        let produce = json!({
            "transportId": "send", "producerId": "p", "kind": "video", "paused": false,
            "rtpParameters": parameters, "rtpMapping": {"codecs": codecs, "encodings": encodings},
        });
        assert_eq!(world.request("produce", produce)["type"], "simulcast");
        let received = Stream {
            codec,
            ssrc: OUT,
            mid: "0".into(),
        };
        let consume = json!({
            "transportId": "recv", "consumerId": "c", "producerId": "p", "kind": "video", "paused": false,
            "rtpParameters": consumer_parameters(&received),
        });
        world.request("consume", consume);
        world.run_until(ms(2000), "both connect", |world| {
            world.raw(publisher).is_connected() && world.raw(subscriber).is_connected()
        });
        let layer = |rid, ssrc, index, timestamp| Layer {
            rid,
            ssrc,
            index,
            timestamp,
            flows: true,
        };
        let layers = [
            layer("l", 81, 500, 7_000_000),
            layer("h", 82, 40_000, u32::MAX - 500_000),
        ];
        Self {
            world,
            publisher,
            subscriber,
            layers,
            frame: 0,
            reports,
            codec,
            starts,
        }
    }

    /// Sends frames 40 ms apart; every tenth is a key frame. A payload says its layer and frame.
    fn run(&mut self, millis: u64) {
        for _ in 0..millis / 40 {
            let elapsed = 3_600 * self.frame;
            for (number, layer) in self.layers.iter_mut().enumerate().filter(|(_, l)| l.flows) {
                let key = self.frame.is_multiple_of(10);
                let mut payload =
                    vec![self.starts[usize::from(!key)], u8::from(!key), number as u8];
                payload.extend_from_slice(&self.frame.to_be_bytes());
                payload.resize(300 * (number + 1), 0xBB);
                let fields = HeaderFields {
                    marker: true,
                    payload_type: self.codec.published(),
                    sequence_number: SeqNo(layer.index as u16),
                    timestamp: layer.timestamp.wrapping_add(elapsed),
                    ssrc: Ssrc(layer.ssrc),
                };
                let told: [(u8, &[u8]); 2] = [(4, b"0"), (RID, layer.rid.as_bytes())];
                let raw = self.world.raw(self.publisher);
                let datagram = raw.seal_rtp(&fields, &told, &payload, layer.index);
                raw.push(datagram);
                layer.index += 1;
                if self.reports && self.frame.is_multiple_of(5) {
                    let info = SenderInfo {
                        ntp: (1 << 40) + (u64::from(self.frame) << 32) / 25,
                        rtp_timestamp: fields.timestamp,
                        packet_count: 1,
                        octet_count: 1,
                    };
                    let mut compound = Vec::new();
                    write::sender_report(&mut compound, Ssrc(layer.ssrc), &info, &[]);
                    let datagram = raw.seal_rtcp(&compound);
                    raw.push(datagram);
                }
            }
            self.frame += 1;
            self.world.run(ms(40));
        }
    }

    /// (layer, frame, whether it is a key frame, timestamp) of every packet received.
    fn got(&mut self) -> Vec<(u8, u32, bool, u32)> {
        let raw = self.world.raw(self.subscriber);
        let packets: Vec<_> = raw.rtp(OUT).collect();
        let numbers = packets.iter().map(|packet| packet.header.sequence_number.0);
        let first = numbers.clone().next().expect("some packet");
        assert!(
            numbers.eq((0..packets.len() as u16).map(|index| first + index)),
            "no hole"
        );
        packets
            .iter()
            .map(|packet| {
                let frame = u32::from_be_bytes(packet.payload[3..7].try_into().expect("a frame"));
                (
                    packet.payload[2],
                    frame,
                    packet.payload[1] == 0,
                    packet.header.timestamp,
                )
            })
            .collect()
    }

    /// What must hold of every run: switches at key frames, timestamps that go on with the frames (`exactly`, or at least
    /// rising).
    fn check(&mut self, exactly: bool) -> Vec<u8> {
        let got = self.got();
        assert!(got[0].2, "it starts at a key frame");
        for pair in got.windows(2) {
            let [(from, frame, _, timestamp), (to, next, key, later)] = pair else {
                unreachable!("windows of two");
            };
            assert!(
                from == to || *key,
                "a switch at frame {next} without a key frame"
            );
            assert!(next > frame, "frame {next} after {frame}");
            let advanced = later.wrapping_sub(*timestamp);
            if exactly || from == to {
                assert_eq!(
                    advanced,
                    3_600 * (next - frame),
                    "from frame {frame} to {next}"
                );
            }
            assert!(
                (1..90_000 * 5).contains(&advanced),
                "{advanced} from frame {frame} to {next}"
            );
        }
        let mut layers: Vec<u8> = got.iter().map(|(layer, ..)| *layer).collect();
        layers.dedup();
        layers
    }
}

#[test]
fn the_best_stream_is_given_and_found_by_its_rid() {
    let mut scene = Scene::new(false);
    scene.run(4_000);
    let layers = scene.check(false);
    assert_eq!(layers.last(), Some(&1), "{layers:?}");
    assert!(layers.len() <= 2, "{layers:?}");
    let high = scene.got().iter().filter(|(layer, ..)| *layer == 1).count();
    assert!(high > 60, "{high} of 100 frames");
}

#[test]
fn every_codecs_key_frames_are_where_it_switches() {
    // H264: an IDR slice's NAL unit, and another's. VP9: B with and without P. AV1: N with one OBU, and without.
    for (mime_type, starts) in [
        ("video/H264", [0x67, 0x41]),
        ("video/VP9", [0x08, 0x48]),
        ("video/AV1", [0x18, 0x10]),
    ] {
        let mut scene = Scene::of(video(mime_type), starts, true);
        scene.run(3_000);
        scene.layers[1].flows = false;
        scene.run(4_000);
        scene.layers[1].flows = true;
        scene.run(4_000);
        let mut layers = scene.check(true);
        if layers[0] == 0 {
            layers.remove(0);
        }
        assert_eq!(layers, [1, 0, 1], "{mime_type}");
    }
}

#[test]
fn when_the_best_stops_the_next_takes_over_and_gives_way_again() {
    for reports in [false, true] {
        let mut scene = Scene::new(reports);
        scene.run(3_000);
        scene.layers[1].flows = false;
        scene.run(4_000);
        scene.layers[1].flows = true;
        scene.run(4_000);
        let mut layers = scene.check(reports);
        if layers[0] == 0 {
            layers.remove(0);
        }
        assert_eq!(layers, [1, 0, 1], "with reports: {reports}");
    }
}
