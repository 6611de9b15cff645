//! Redundant audio (RFC 2198): made for receivers that took it and lose packets, and unpacked when a publisher sends it.

use std::collections::BTreeSet;

use serde_json::json;
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_core::rtp::{HeaderFields, PayloadType, RedBlock, SeqNo, Ssrc, write_red};
use videocall_netsim::{Link, Loss};

use crate::rig::{
    Client, Raw, SFU_ADDRESS, Stream, World, ms, opus, opus_with_red, producer_parameters,
    rtp_mapping,
};

const MICROPHONE: u32 = 2000;

fn world(seed: u64) -> World {
    let link = Link {
        delay: ms(20),
        ..Link::default()
    };
    World::new(seed, link)
}

fn stream(red: bool, ssrc: u32) -> Stream {
    Stream {
        codec: if red { opus_with_red() } else { opus() },
        ssrc,
        mid: "0".into(),
    }
}

/// A microphone, and listeners of whom each takes redundant audio or does not.
fn call(seed: u64, listeners: &[bool]) -> (World, Vec<usize>) {
    let mut world = world(seed);
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let microphone = Source::chromium_audio(world.now(), seed);
    let stream_of = stream(false, MICROPHONE);
    Client::produce(&mut world, publisher, "audio", &stream_of, Some(microphone));
    let listeners: Vec<usize> = listeners
        .iter()
        .enumerate()
        .map(|(index, red)| listen(&mut world, index, *red))
        .collect();
    let all: Vec<usize> = listeners.iter().copied().chain([publisher]).collect();
    world.run_until(ms(3000), "everybody connects", |world| {
        all.iter()
            .all(|client| world.client(*client).connected_at().is_some())
    });
    (world, listeners)
}

fn listen(world: &mut World, index: usize, red: bool) -> usize {
    let client = Client::subscriber(world, &format!("recv{index}"), DtlsRole::Client);
    let ssrc = 10_000 * (index as u32 + 1);
    let consumer = format!("audio{index}");
    Client::consume(world, client, "audio", &consumer, &stream(red, ssrc), false);
    client
}

fn lose(world: &mut World, client: usize, fraction: f64) {
    let address = world.client_address(client);
    let link = Link {
        delay: ms(20),
        loss: Loss::Random(fraction),
        ..Link::default()
    };
    world.network.set_link(SFU_ADDRESS, address, link);
}

/// Frames of `client` since then that were heard at first hand, and those that were heard at all.
fn heard(world: &mut World, client: usize, since: u32) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let got = &world.client(client).got;
    let first_hand: BTreeSet<u32> = got
        .iter()
        .map(|got| got.frame)
        .filter(|frame| *frame >= since)
        .collect();
    let repeated = got.iter().flat_map(|got| got.repeats.iter().copied());
    let at_all = repeated
        .filter(|frame| *frame >= since)
        .chain(first_hand.iter().copied())
        .collect();
    (first_hand, at_all)
}

fn newest_frame(world: &mut World, client: usize) -> u32 {
    world.client(client).got.last().expect("audio").frame
}

#[test]
fn a_receiver_that_loses_packets_gets_them_with_later_ones() {
    let (mut world, listeners) = call(1, &[true, true, false]);
    for listener in [listeners[0], listeners[2]] {
        lose(&mut world, listener, 0.3);
    }
    world.run(ms(10_000));
    let since = newest_frame(&mut world, listeners[1]);
    world.run(ms(30_000));
    let frames = newest_frame(&mut world, listeners[1]) - since;
    assert!(frames > 1400);
    let missed = |heard: &BTreeSet<u32>| 1.0 - heard.len() as f64 / f64::from(frames);

    let (first_hand, at_all) = heard(&mut world, listeners[0], since);
    assert!(missed(&first_hand) > 0.2, "{}", missed(&first_hand));
    // All three packets that have a frame are lost once in 37 times.
    assert!(missed(&at_all) < 0.06, "{}", missed(&at_all));

    let (first_hand, at_all) = heard(&mut world, listeners[2], since);
    assert_eq!(first_hand, at_all, "it did not take redundant audio");
    assert!(missed(&at_all) > 0.2);
    let clean = &world.client(listeners[1]).got;
    assert!(clean.iter().all(|got| got.repeats.is_empty()));
}

#[test]
fn redundancy_ends_some_time_after_the_loss_and_leaves_the_numbers_alone() {
    let (mut world, listeners) = call(2, &[true]);
    lose(&mut world, listeners[0], 0.1);
    world.run(ms(5_000));
    let repeats = |world: &mut World| {
        let got = &world.client(listeners[0]).got;
        got.last().expect("audio").repeats.len()
    };
    assert!(repeats(&mut world) > 0);
    lose(&mut world, listeners[0], 0.0);
    world.run(ms(40_000));
    assert_eq!(repeats(&mut world), 0);
    let got: Vec<_> = world.client(listeners[0]).got.clone();
    for pair in got.windows(2) {
        let frames = pair[1].frame - pair[0].frame;
        assert_eq!(pair[1].sequence - pair[0].sequence, u64::from(frames));
        assert_eq!(
            pair[1].timestamp.wrapping_sub(pair[0].timestamp),
            960 * frames
        );
    }
}

#[test]
fn what_was_said_during_a_pause_is_not_repeated_after_it() {
    let (mut world, listeners) = call(3, &[true, false]);
    lose(&mut world, listeners[0], 0.2);
    world.run(ms(8_000));
    for (pause, resume, target) in [
        (
            "pauseConsumer",
            "resumeConsumer",
            json!({"consumerId": "audio0"}),
        ),
        (
            "pauseProducer",
            "resumeProducer",
            json!({"producerId": "audio"}),
        ),
    ] {
        world.request(pause, target.clone());
        world.run(ms(200));
        let before = world.client(listeners[0]).got.len();
        world.run(ms(1_000));
        assert_eq!(world.client(listeners[0]).got.len(), before);
        world.request(resume, target);
        world.run(ms(2_000));
        let got = &world.client(listeners[0]).got[before..];
        let first = got[0].frame;
        // The first that came may itself have been lost.
        assert!(got.iter().any(|got| !got.repeats.is_empty()));
        let earliest = got.iter().flat_map(|got| got.repeats.iter()).min();
        assert!(*earliest.expect("a repeat") + 2 >= first, "from the pause");
    }
}

/// A publisher of redundant audio, and a listener that takes none.
fn red_publisher(seed: u64) -> (World, usize, usize) {
    let mut world = world(seed);
    let raw = Raw::join(&mut world, "send");
    let published = stream(true, MICROPHONE);
    let produce = json!({
        "transportId": "send", "producerId": "audio", "kind": "audio", "paused": false,
        "rtpParameters": producer_parameters(&published), "rtpMapping": rtp_mapping(&published),
    });
    world.request("produce", produce);
    let listener = listen(&mut world, 0, false);
    world.run_until(ms(3000), "both connect", |world| {
        world.raw(raw).is_connected() && world.client(listener).connected_at().is_some()
    });
    (world, raw, listener)
}

fn opus_payload(frame: u32) -> Vec<u8> {
    use videocall_client::{StreamKind, payload};
    let mut bytes = vec![0; 60];
    let stamp = payload::Stamp { sent_ns: 0, frame };
    payload::write(StreamKind::Audio, true, false, stamp, &mut bytes);
    bytes
}

fn send_red(world: &mut World, raw: usize, frame: u32, payload: &[u8]) {
    let fields = HeaderFields {
        marker: false,
        payload_type: PayloadType(63),
        sequence_number: SeqNo(1000 + frame as u16),
        timestamp: 960 * frame,
        ssrc: Ssrc(MICROPHONE),
    };
    let raw = world.raw(raw);
    let sealed = raw.seal_rtp(&fields, &[], payload, u64::from(1000 + frame));
    raw.push(sealed);
}

fn redundant(frame: u32) -> Vec<u8> {
    let earlier: Vec<(u32, Vec<u8>)> = (1..=2)
        .rev()
        .filter_map(|back| Some((back, opus_payload(frame.checked_sub(back)?))))
        .collect();
    let newest = opus_payload(frame);
    let block = |back: u32, data| RedBlock {
        payload_type: PayloadType(111),
        timestamp_offset: 960 * back,
        data,
    };
    let mut blocks: Vec<_> = earlier
        .iter()
        .map(|(back, data)| block(*back, data))
        .collect();
    blocks.push(block(0, &newest));
    let mut out = vec![0; 1500];
    let len = write_red(&mut out, &blocks);
    out.truncate(len);
    out
}

#[test]
fn a_publishers_redundancy_fills_its_gaps_for_those_who_take_plain_audio() {
    let (mut world, raw, listener) = red_publisher(4);
    for frame in 0..200 {
        // Two of each five never leave.
        if !matches!(frame % 5, 2 | 3) {
            send_red(&mut world, raw, frame, &redundant(frame));
        }
        world.run(ms(20));
    }
    world.run(ms(100));
    let client = world.client(listener);
    let frames: Vec<u32> = client.received(0).values().map(|got| got.frame).collect();
    assert_eq!(frames, (0..200).collect::<Vec<_>>());
    let received = client.received(0);
    let base = received.values().next().expect("audio");
    for got in received.values() {
        assert_eq!(got.timestamp.wrapping_sub(base.timestamp), 960 * got.frame);
        assert_eq!(got.sequence - base.sequence, u64::from(got.frame));
        assert_eq!((got.payload_len, got.repeats.len()), (60, 0));
    }
}

#[test]
fn malformed_redundancy_is_dropped_and_the_rest_goes_on() {
    let (mut world, raw, listener) = red_publisher(5);
    let bad: [&[u8]; 5] = [
        &[],
        &[0x80 | 111],
        // A block that is longer than the packet.
        &[0x80 | 111, 0xF0, 0x03, 0xFF, 111, 1, 2, 3],
        // Redundant audio in redundant audio.
        &[63, 1, 2, 3],
        // A payload type that was not negotiated.
        &[99, 1, 2, 3],
    ];
    for (frame, payload) in (0u32..).zip(bad) {
        send_red(&mut world, raw, frame, payload);
        world.run(ms(20));
    }
    assert!(world.client(listener).got.is_empty());
    assert!(world.sfu.metrics().bad_datagrams >= 2);
    for frame in 5..10 {
        send_red(&mut world, raw, frame, &redundant(frame));
        world.run(ms(20));
    }
    world.run(ms(100));
    let received = world.client(listener).received(0);
    let frames: Vec<u32> = received.values().map(|got| got.frame).collect();
    assert!(frames.ends_with(&[5, 6, 7, 8, 9]), "{frames:?}");
}
