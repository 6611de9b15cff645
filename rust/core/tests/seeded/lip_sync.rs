//! Audio and video of one participant stay together: whatever clocks they run on, after pauses and wraps, the sender reports
//! that a subscriber gets map both to one time line.

use std::time::Instant;

use serde_json::json;
use videocall_core::rtcp::{RtcpPacket, SenderInfo, write};
use videocall_core::rtp::{HeaderFields, SeqNo, Ssrc};
use videocall_netsim::Link;

use crate::rig::{
    Raw, Stream, World, consumer_parameters, ms, opus, producer_parameters, rtp_mapping, vp8,
};

/// The publisher's own clock, which is not the server's.
const NTP: u64 = 0x0123_4567_0000_0000;

/// One stream of the publisher: it counts on its own clock from `timestamp` and `index` on.
struct Track {
    stream: Stream,
    interval_ms: u64,
    next_ms: u64,
    index: u64,
    timestamp: u32,
    packets: u32,
}

impl Track {
    fn timestamp_at(&self, at_ms: u64) -> u32 {
        self.timestamp
            .wrapping_add((at_ms * u64::from(self.stream.codec.clock_rate()) / 1000) as u32)
    }

    /// Sends what is due; every payload begins a key frame and says when it was captured.
    fn send_due(&mut self, raw: &mut Raw, at_ms: u64) {
        while self.next_ms <= at_ms {
            let mut payload = vec![0x10, 0x00];
            payload.extend_from_slice(&self.next_ms.to_be_bytes());
            let fields = HeaderFields {
                marker: true,
                payload_type: self.stream.codec.published(),
                sequence_number: SeqNo(self.index as u16),
                timestamp: self.timestamp_at(self.next_ms),
                ssrc: Ssrc(self.stream.ssrc),
            };
            let datagram = raw.seal_rtp(&fields, &[], &payload, self.index);
            raw.push(datagram);
            self.index += 1;
            self.packets += 1;
            self.next_ms += self.interval_ms;
        }
    }

    fn report(&self, raw: &mut Raw, at_ms: u64) {
        let info = SenderInfo {
            ntp: NTP + (at_ms << 32) / 1000,
            rtp_timestamp: self.timestamp_at(at_ms),
            packet_count: self.packets,
            octet_count: 10 * self.packets,
        };
        let mut compound = Vec::new();
        write::sender_report(&mut compound, Ssrc(self.stream.ssrc), &info, &[]);
        write::sdes_cname(&mut compound, Ssrc(self.stream.ssrc), "publisher");
        let datagram = raw.seal_rtcp(&compound);
        raw.push(datagram);
    }
}

struct Scene {
    world: World,
    publisher: usize,
    subscriber: usize,
    tracks: [Track; 2],
    received: [Stream; 2],
    started: Instant,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new(
            1,
            Link {
                delay: ms(20),
                jitter: ms(10),
                ..Link::default()
            },
        );
        let publisher = Raw::join(&mut world, "send");
        let subscriber = Raw::join(&mut world, "recv");
        // Both counters of both streams wrap during the test.
        let track = |codec, ssrc, mid: &str, interval_ms, timestamp| Track {
            stream: Stream {
                codec,
                ssrc,
                mid: mid.into(),
            },
            interval_ms,
            next_ms: 0,
            index: 65_400,
            timestamp,
            packets: 0,
        };
        let tracks = [
            track(vp8(), 1000, "0", 40, u32::MAX - 200_000),
            track(opus(), 2000, "1", 20, u32::MAX - 100_000),
        ];
        let received = [
            Stream {
                codec: vp8(),
                ssrc: 5000,
                mid: "0".into(),
            },
            Stream {
                codec: opus(),
                ssrc: 6000,
                mid: "1".into(),
            },
        ];
        for (track, out) in tracks.iter().zip(&received) {
            let kind = track.stream.codec.kind_name();
            let produce = json!({
                "transportId": "send", "producerId": kind, "kind": kind, "paused": false,
                "rtpParameters": producer_parameters(&track.stream), "rtpMapping": rtp_mapping(&track.stream),
            });
            world.request("produce", produce);
            let consume = json!({
                "transportId": "recv", "consumerId": kind, "producerId": kind, "kind": kind, "paused": false,
                "rtpParameters": consumer_parameters(out),
            });
            world.request("consume", consume);
        }
        world.run_until(ms(2000), "both connect", |world| {
            world.raw(publisher).is_connected() && world.raw(subscriber).is_connected()
        });
        let started = world.now();
        Self {
            world,
            publisher,
            subscriber,
            tracks,
            received,
            started,
        }
    }

    fn run(&mut self, millis: u64) {
        for _ in 0..millis / 10 {
            let at_ms = (self.world.now() - self.started).as_millis() as u64;
            for track in &mut self.tracks {
                track.send_due(self.world.raw(self.publisher), at_ms);
                if at_ms.is_multiple_of(700) {
                    track.report(self.world.raw(self.publisher), at_ms);
                }
            }
            self.world.run(ms(10));
        }
    }

    /// For each packet of a stream received since `from`: when it was captured, and when the newest report says that it
    /// was, in milliseconds of the publisher's clock.
    fn presented(&mut self, stream: usize, from: Instant) -> Vec<(u64, f64)> {
        let ssrc = self.received[stream].ssrc;
        let clock_rate = f64::from(self.received[stream].codec.clock_rate());
        let raw = self.world.raw(self.subscriber);
        let report = raw
            .rtcp()
            .filter_map(|packet| match packet {
                RtcpPacket::SenderReport(report) if report.ssrc() == Ssrc(ssrc) => {
                    Some(report.info())
                }
                _ => None,
            })
            .last()
            .expect("a sender report");
        let report_ms = report.ntp.wrapping_sub(NTP) as f64 / (1u64 << 32) as f64 * 1000.0;
        raw.rtp(ssrc)
            .filter(|packet| packet.at >= from)
            .map(|packet| {
                let captured =
                    u64::from_be_bytes(packet.payload[2..10].try_into().expect("a stamp"));
                let ticks = packet.header.timestamp.wrapping_sub(report.rtp_timestamp) as i32;
                (captured, report_ms + f64::from(ticks) / clock_rate * 1000.0)
            })
            .collect()
    }

    /// Worst distance in milliseconds between where audio and video of one moment are presented.
    fn skew(&mut self, from: Instant) -> f64 {
        let errors = |presented: Vec<(u64, f64)>| -> Vec<f64> {
            assert!(presented.len() > 20, "{} packets", presented.len());
            presented
                .into_iter()
                .map(|(captured, shown)| shown - captured as f64)
                .collect()
        };
        let video = errors(self.presented(0, from));
        let audio = errors(self.presented(1, from));
        let bounds = |errors: &[f64]| {
            let low = errors.iter().copied().fold(f64::MAX, f64::min);
            (low, errors.iter().copied().fold(f64::MIN, f64::max))
        };
        let ((video_low, video_high), (audio_low, audio_high)) = (bounds(&video), bounds(&audio));
        (video_high - audio_low).max(audio_high - video_low)
    }
}

#[test]
fn from_the_start_and_across_the_wraps() {
    let mut scene = Scene::new();
    let start = scene.world.now();
    scene.run(8000);
    let skew = scene.skew(start);
    assert!(skew <= 80.0, "{skew} ms");
    // The arrival of a report jitters by 10 ms, and nothing else adds to it.
    assert!(skew <= 25.0, "{skew} ms");
}

#[test]
fn after_the_consumer_of_video_paused() {
    let mut scene = Scene::new();
    scene.run(2500);
    scene
        .world
        .request("pauseConsumer", json!({"consumerId": "video"}));
    scene.run(3000);
    scene
        .world
        .request("resumeConsumer", json!({"consumerId": "video"}));
    let resumed = scene.world.now();
    scene.run(4000);
    let skew = scene.skew(resumed);
    assert!(skew <= 80.0, "{skew} ms");
}

#[test]
fn after_either_producer_paused() {
    for paused in ["video", "audio"] {
        let mut scene = Scene::new();
        scene.run(2500);
        scene
            .world
            .request("pauseProducer", json!({"producerId": paused}));
        scene.run(3000);
        scene
            .world
            .request("resumeProducer", json!({"producerId": paused}));
        let resumed = scene.world.now();
        scene.run(4000);
        let skew = scene.skew(resumed);
        assert!(skew <= 80.0, "{skew} ms after {paused} paused");
    }
}

#[test]
fn reports_count_what_was_sent_and_name_the_source() {
    let mut scene = Scene::new();
    scene.run(5000);
    let ssrc = scene.received[0].ssrc;
    let raw = scene.world.raw(scene.subscriber);
    let mut names = 0;
    let mut last = None;
    for packet in raw.rtcp() {
        match packet {
            RtcpPacket::SenderReport(report) if report.ssrc() == Ssrc(ssrc) => {
                last = Some(report.info())
            }
            RtcpPacket::Sdes(sdes) => {
                names += u32::from(sdes.cname(Ssrc(ssrc)) == Some(b"publisher"))
            }
            _ => {}
        }
    }
    let last = last.expect("a report");
    let sent = raw.rtp(ssrc).count() as u32;
    assert!(
        last.packet_count <= sent && sent - last.packet_count < 30,
        "{} of {sent}",
        last.packet_count
    );
    assert_eq!(last.octet_count, 10 * last.packet_count);
    assert!(names >= 3);
}
