//! What a subscriber gets is what the publisher sent, under the subscriber's numbers: SSRC, payload type, header extensions.

use serde_json::json;
use videocall_core::rtp::{HeaderFields, PayloadType, SeqNo, Ssrc};
use videocall_netsim::Link;

use crate::rig::{
    Raw, Stream, World, consumer_parameters, ms, opus, producer_parameters, rtp_mapping, vp8,
};

/// A bare publisher and subscriber with a video and an audio stream between them.
struct Scene {
    world: World,
    publisher: usize,
    subscriber: usize,
}

const VIDEO: u32 = 1_000;
const AUDIO: u32 = 2_000;
const VIDEO_OUT: u32 = 5_000;
const AUDIO_OUT: u32 = 6_000;

impl Scene {
    fn new() -> Self {
        let delay = ms(10);
        let mut world = World::new(
            1,
            Link {
                delay,
                ..Link::default()
            },
        );
        let publisher = Raw::join(&mut world, "send");
        let subscriber = Raw::join(&mut world, "recv");
        for (codec, ssrc, out, mid) in [
            (vp8(), VIDEO, VIDEO_OUT, "0"),
            (opus(), AUDIO, AUDIO_OUT, "1"),
        ] {
            let kind = codec.kind_name();
            let published = Stream {
                codec,
                ssrc,
                mid: mid.into(),
            };
            let produce = json!({
                "transportId": "send", "producerId": kind, "kind": kind, "paused": false,
                "rtpParameters": producer_parameters(&published), "rtpMapping": rtp_mapping(&published),
            });
            world.request("produce", produce);
            let received = Stream {
                codec,
                ssrc: out,
                mid: format!("m{mid}"),
            };
            let consume = json!({
                "transportId": "recv", "consumerId": kind, "producerId": kind, "kind": kind, "paused": false,
                "rtpParameters": consumer_parameters(&received),
            });
            world.request("consume", consume);
        }
        world.run_until(ms(2000), "both connect", |world| {
            world.raw(publisher).is_connected() && world.raw(subscriber).is_connected()
        });
        world.run(ms(200));
        Self {
            world,
            publisher,
            subscriber,
        }
    }

    fn send(&mut self, fields: &HeaderFields, extensions: &[(u8, &[u8])], payload: &[u8]) {
        let index = u64::from(fields.sequence_number.0);
        let raw = self.world.raw(self.publisher);
        let datagram = raw.seal_rtp(fields, extensions, payload, index);
        raw.push(datagram);
    }
}

fn fields(ssrc: u32, payload_type: u8, seq: u16, marker: bool) -> HeaderFields {
    HeaderFields {
        marker,
        payload_type: PayloadType(payload_type),
        sequence_number: SeqNo(seq),
        timestamp: 1_000 * u32::from(seq),
        ssrc: Ssrc(ssrc),
    }
}

/// A payload that begins a VP8 key frame, of this length.
fn payload(seq: u16, len: usize) -> Vec<u8> {
    let mut payload = vec![0x10, 0x00, (seq >> 8) as u8, seq as u8];
    payload.resize(len, 0xEE);
    payload
}

#[test]
fn payloads_of_any_length_come_as_they_were_sent() {
    let mut scene = Scene::new();
    // Frames as Chromium makes them (one byte apart, the longer ones last), a short last packet, and wild ones, so that some
    // get padding on the way and some do not.
    let frames: [&[usize]; 6] = [
        &[1082, 1083, 1083, 1083],
        &[1082, 1082, 1083],
        &[1100, 1100, 300],
        &[4],
        &[300, 1100, 40, 1101, 1100, 1088, 1077],
        &[1440, 4, 1440],
    ];
    let mut sent = Vec::new();
    for frame in frames {
        for (at, len) in frame.iter().enumerate() {
            let seq = 100 + sent.len() as u16;
            let payload = payload(seq, *len);
            scene.send(
                &fields(VIDEO, 96, seq, at + 1 == frame.len()),
                &[],
                &payload,
            );
            sent.push(payload);
        }
        scene.world.run(ms(33));
    }
    scene.world.run(ms(100));
    let got: Vec<_> = scene
        .world
        .raw(scene.subscriber)
        .rtp(VIDEO_OUT)
        .cloned()
        .collect();
    let payloads: Vec<_> = got.iter().map(|packet| packet.payload.clone()).collect();
    assert_eq!(payloads, sent);
    let first = got[0].header.sequence_number.0;
    for (index, packet) in got.iter().enumerate() {
        assert_eq!(packet.header.sequence_number.0, first + index as u16);
        assert_eq!(packet.header.payload_type, PayloadType(101));
        assert_eq!(packet.header.timestamp, 1_000 * (100 + index as u32));
        let ends = [4, 7, 10, 11, 18, 21].contains(&(index + 1));
        assert_eq!(packet.header.marker, ends, "packet {index}");
    }
}

#[test]
fn header_extensions_get_the_subscribers_ids_and_values() {
    let mut scene = Scene::new();
    for seq in 1..50u16 {
        // Id 7 was not negotiated, 1 is the audio level, 4 the publisher's own MID.
        let level = [0x80 | seq as u8];
        let told: [(u8, &[u8]); 4] = [(7, b"secret"), (1, &level), (4, b"1"), (3, &[0, seq as u8])];
        scene.send(&fields(AUDIO, 111, seq, false), &told, &[0x78, seq as u8]);
        if seq % 2 == 0 {
            scene.send(
                &fields(VIDEO, 96, seq, true),
                &[(4, b"0")],
                &payload(seq, 500),
            );
        }
        scene.world.run(ms(20));
    }
    scene.world.run(ms(100));
    let raw = scene.world.raw(scene.subscriber);
    assert_eq!(raw.rtp(AUDIO_OUT).count(), 49);
    assert_eq!(raw.rtp(VIDEO_OUT).count(), 24);
    let mut counts = Vec::new();
    for packet in &raw.packets {
        let audio = packet.header.ssrc == Ssrc(AUDIO_OUT);
        let mut ids: Vec<u8> = packet.extensions.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let negotiated: &[u8] = if audio { &[1, 4, 5, 10] } else { &[1, 4, 5] };
        assert_eq!(ids, negotiated);
        let value = |id: u8| {
            let found = packet.extensions.iter().find(|(known, _)| *known == id);
            found.map(|(_, value)| value.clone()).expect("an element")
        };
        assert_eq!(value(1), if audio { b"m1" } else { b"m0" });
        assert_eq!(value(4).len(), 3);
        counts.push(u16::from_be_bytes(value(5).try_into().expect("two bytes")));
        if audio {
            assert_eq!(
                value(10),
                [0x80 | packet.payload[1]],
                "the level goes with its packet"
            );
        }
    }
    // One count for the whole transport, over both streams.
    assert!(
        counts
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1)),
        "{counts:?}"
    );
}

#[test]
fn the_two_byte_form_is_read_and_the_one_byte_form_written() {
    let mut scene = Scene::new();
    for seq in 1..10u16 {
        let level = 0x80 | seq as u8;
        let mut packet = vec![0x90, 111];
        packet.extend_from_slice(&seq.to_be_bytes());
        packet.extend_from_slice(&(960 * u32::from(seq)).to_be_bytes());
        packet.extend_from_slice(&AUDIO.to_be_bytes());
        // Profile, two words: level under id 1, eighteen would not fit the other form anyway.
        packet.extend_from_slice(&[0x10, 0x00, 0, 2, 1, 1, level, 18, 2, 9, 9, 0]);
        packet.extend_from_slice(&[0x78, seq as u8]);
        let raw = scene.world.raw(scene.publisher);
        let datagram = raw.seal_any_rtp(packet, 24, u64::from(seq));
        raw.push(datagram);
        scene.world.run(ms(20));
    }
    scene.world.run(ms(100));
    let raw = scene.world.raw(scene.subscriber);
    let levels: Vec<_> = raw
        .rtp(AUDIO_OUT)
        .filter_map(|packet| {
            assert_eq!(
                packet
                    .header
                    .extension
                    .as_ref()
                    .map(|(profile, _)| *profile),
                Some(0xBEDE)
            );
            let level = packet.extensions.iter().find(|(id, _)| *id == 10)?;
            Some((packet.payload[1], level.1.clone()))
        })
        .collect();
    let want: Vec<_> = (1..10u8).map(|seq| (seq, vec![0x80 | seq])).collect();
    assert_eq!(levels, want);
}

#[test]
fn padding_and_probes_of_the_publisher_are_not_passed_on() {
    let mut scene = Scene::new();
    let mut sent = 0;
    for seq in 1..40u16 {
        let mut body = payload(seq, 100);
        // Every third packet is padding alone, every other of the rest has some.
        let padding_only = seq % 3 == 0;
        if padding_only {
            body.clear();
        }
        let pad = 20;
        body.resize(body.len() + pad, 0);
        *body.last_mut().expect("padding") = pad as u8;
        let mut packet = vec![0xA0, 0x80 | 96];
        packet.extend_from_slice(&seq.to_be_bytes());
        packet.extend_from_slice(&(3_000 * u32::from(seq)).to_be_bytes());
        packet.extend_from_slice(&VIDEO.to_be_bytes());
        packet.extend_from_slice(&body);
        let raw = scene.world.raw(scene.publisher);
        let datagram = raw.seal_any_rtp(packet, 12, u64::from(seq));
        raw.push(datagram);
        scene.world.run(ms(20));
        sent += usize::from(!padding_only);
    }
    scene.world.run(ms(100));
    let raw = scene.world.raw(scene.subscriber);
    let with_payload = raw
        .rtp(VIDEO_OUT)
        .filter(|packet| !packet.payload.is_empty());
    assert_eq!(with_payload.count(), sent);
    assert!(
        raw.rtp(VIDEO_OUT)
            .all(|packet| packet.payload.is_empty() || packet.payload.len() == 100)
    );
    // A receiver must be able to tell a probe that is not passed on from a loss: it asks for nothing that never was.
    let numbers: Vec<u16> = raw
        .rtp(VIDEO_OUT)
        .map(|packet| packet.header.sequence_number.0)
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] > pair[0]),
        "{numbers:?}"
    );
    let holes = numbers
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 1)
        .count();
    assert_eq!(holes, 0, "{numbers:?}");
}
