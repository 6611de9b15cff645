//! Malformed, forged, replayed and absurd packets, from strangers and from a peer that is let in: nobody else notices.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use videocall_core::rtcp::{ReportBlock, SenderInfo, write};
use videocall_core::rtp::{HeaderFields, PayloadType, RtpHeader, SeqNo, Ssrc};

use crate::recovery::{assert_complete, call, drain};
use crate::rig::{
    Raw, SFU_ADDRESS, Stream, World, binding_request, consumer_parameters, ms, opus,
    producer_parameters, rtp_mapping, vp8,
};

const STRANGER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 6, 6, 6)), 666);

type IsKind = fn(&[u8]) -> bool;

/// What a hostile scene starts with: a call of three, and a tap full of real datagrams of all kinds.
fn tapped_call(seed: u64) -> (World, usize, Vec<usize>, Vec<Vec<u8>>) {
    let (mut world, publisher, receivers) = {
        let (mut world, publisher, receivers) = call(seed, 2);
        world.run(ms(1500));
        (world, publisher, receivers)
    };
    let tap = std::mem::take(&mut world.tap);
    let kinds: [(&str, IsKind); 4] = [
        ("STUN", |d| d[0] < 4),
        ("DTLS", |d| (20..=63).contains(&d[0])),
        ("RTP", |d| d[0] >= 128 && !(192..=223).contains(&d[1])),
        ("RTCP", |d| d[0] >= 128 && (192..=223).contains(&d[1])),
    ];
    // As many of each, so that the mutations are spread.
    let mut mixed = Vec::new();
    for (name, is) in kinds {
        let of_kind: Vec<_> = tap
            .iter()
            .filter(|datagram| is(datagram))
            .take(40)
            .cloned()
            .collect();
        assert!(of_kind.len() >= 4, "{} datagrams of {name}", of_kind.len());
        mixed.extend(of_kind);
    }
    (world, publisher, receivers, mixed)
}

fn mutate(datagram: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = datagram.to_vec();
    for _ in 0..rng.random_range(1..6) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..4) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][rng.random_range(0..5)],
            2 => bytes.truncate(at),
            _ => bytes.insert(at, rng.random()),
        }
    }
    bytes
}

/// The call is as if nothing had happened: complete, nothing repaired, no event, no panic caught.
fn assert_undisturbed(world: &mut World, publisher: usize, receivers: &[usize], events: usize) {
    drain(world, publisher);
    for receiver in receivers {
        for stream in 0..2 {
            assert_complete(world, publisher, *receiver, stream);
        }
        let got = world.client(*receiver).peer.stats().receive[0];
        assert_eq!((got.nacked, got.plis), (0, 0));
    }
    let new = world.events[events..].iter();
    let others: Vec<_> = new.filter(|event| event["target"] != "insider").collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(world.sfu.metrics().panics, 0);
}

#[test]
fn mutated_packets_from_strangers() {
    let (mut world, publisher, receivers, tap) = tapped_call(1);
    let (events, mut rng) = (world.events.len(), StdRng::seed_from_u64(1));
    for round in 0..200 {
        for _ in 0..50 {
            let mut bytes = mutate(&tap[rng.random_range(0..tap.len())], &mut rng);
            let now = world.now();
            // An unchanged STUN request would be an answered one; a stranger on the path may copy, not from here.
            if !tap.contains(&bytes) {
                world.sfu.handle_datagram(now, 0, STRANGER, &mut bytes);
            }
        }
        world.run(ms(5));
        assert_eq!(
            world.network.stats(SFU_ADDRESS, STRANGER).sent,
            0,
            "round {round}"
        );
    }
    assert!(world.sfu.metrics().unknown_datagrams > 5_000);
    assert_undisturbed(&mut world, publisher, &receivers, events);
}

#[test]
fn mutated_and_copied_packets_that_seem_to_come_from_a_peer() {
    let (mut world, publisher, receivers, tap) = tapped_call(2);
    let victims = [
        world.client_address(publisher),
        world.client_address(receivers[0]),
    ];
    let (events, mut rng) = (world.events.len(), StdRng::seed_from_u64(2));
    for _ in 0..200 {
        for _ in 0..50 {
            let original = &tap[rng.random_range(0..tap.len())];
            // A signed STUN request is good from everywhere: that is how ICE learns of a new address.
            let copied = original[0] > 3 && rng.random_bool(0.1);
            let mut bytes = match copied {
                true => original.clone(),
                false => mutate(original, &mut rng),
            };
            if !copied && tap.contains(&bytes) {
                continue;
            }
            let now = world.now();
            world
                .sfu
                .handle_datagram(now, 0, victims[rng.random_range(0..2)], &mut bytes);
        }
        world.run(ms(5));
    }
    assert!(
        world.sfu.metrics().bad_datagrams > 3_000,
        "{}",
        world.sfu.metrics().bad_datagrams
    );
    assert_undisturbed(&mut world, publisher, &receivers, events);
}

#[test]
fn a_participant_with_a_forged_address_cuts_nobody_off() {
    let (mut world, publisher, receivers) = call(9, 2);
    let insider = Raw::join(&mut world, "insider");
    world.run(ms(500));
    let ice = world.raw(insider).ice.clone();
    let victims =
        [publisher, receivers[0], receivers[1]].map(|client| world.client_address(client));
    world.events.clear();
    for transaction in 0..100 {
        for victim in victims {
            let mut request = binding_request(&ice, &ice.password, transaction, &[]);
            let now = world.now();
            world.sfu.handle_datagram(now, 0, victim, &mut request);
        }
        world.run(ms(50));
    }
    // The insider's own path flaps, and that is told.
    assert_undisturbed(&mut world, publisher, &receivers, 0);
}

/// A peer that is let in on a transport of its own, with a producer that nobody consumes and a consumer of the call's video.
fn add_insider(world: &mut World) -> usize {
    let insider = Raw::join(world, "insider");
    let published = Stream {
        codec: vp8(),
        ssrc: 66_000,
        mid: "0".into(),
    };
    let produce = json!({
        "transportId": "insider", "producerId": "bad", "kind": "video", "paused": false,
        "rtpParameters": producer_parameters(&published), "rtpMapping": rtp_mapping(&published),
    });
    world.request("produce", produce);
    for (kind, stream) in [
        (
            "video",
            Stream {
                codec: vp8(),
                ssrc: 77_000,
                mid: "0".into(),
            },
        ),
        (
            "audio",
            Stream {
                codec: opus(),
                ssrc: 78_000,
                mid: "1".into(),
            },
        ),
    ] {
        let consume = json!({
            "transportId": "insider", "consumerId": format!("bad-{kind}"), "producerId": kind, "kind": kind,
            "paused": false, "rtpParameters": consumer_parameters(&stream),
        });
        world.request("consume", consume);
    }
    world.run_until(ms(2000), "the insider connects", |world| {
        world.raw(insider).is_connected()
    });
    world.run(ms(500));
    insider
}

/// Some RTCP compound packet: well-formed ones with absurd values about streams of its own and of others, and noise.
fn compound() -> impl Strategy<Value = Vec<u8>> {
    let ssrc = prop_oneof![
        Just(66_000u32),
        Just(77_000),
        Just(77_001),
        Just(78_000),
        Just(10_000),
        Just(1_000),
        any::<u32>()
    ];
    let block = (ssrc.clone(), any::<u8>(), any::<i32>(), any::<[u32; 4]>()).prop_map(
        |(ssrc, fraction, lost, rest)| ReportBlock {
            ssrc: Ssrc(ssrc),
            fraction_lost: fraction,
            cumulative_lost: lost,
            highest_seq: rest[0],
            jitter: rest[1],
            last_sr: rest[2],
            delay_since_last_sr: rest[3],
        },
    );
    let blocks = prop::collection::vec(block, 0..31);
    let packet = prop_oneof![
        (
            ssrc.clone(),
            any::<u64>(),
            any::<[u32; 3]>(),
            blocks.clone()
        )
            .prop_map(|(ssrc, ntp, numbers, blocks)| {
                let info = SenderInfo {
                    ntp,
                    rtp_timestamp: numbers[0],
                    packet_count: numbers[1],
                    octet_count: numbers[2],
                };
                let mut out = Vec::new();
                write::sender_report(&mut out, Ssrc(ssrc), &info, &blocks);
                out
            }),
        (ssrc.clone(), blocks).prop_map(|(ssrc, blocks)| {
            let mut out = Vec::new();
            write::receiver_report(&mut out, Ssrc(ssrc), &blocks);
            out
        }),
        (ssrc.clone(), prop::collection::vec(any::<u16>(), 1..200)).prop_map(|(media, seqs)| {
            let mut out = Vec::new();
            write::nack(&mut out, Ssrc(1), Ssrc(media), &seqs);
            out
        }),
        (ssrc.clone(), any::<u64>()).prop_map(|(media, bps)| {
            let mut out = Vec::new();
            write::remb(&mut out, Ssrc(1), bps, &[Ssrc(media)]);
            write::fir(&mut out, Ssrc(1), Ssrc(media), bps as u8);
            write::bye(&mut out, &[Ssrc(media)]);
            out
        }),
        (
            0u8..32,
            192u8..=223,
            prop::collection::vec(any::<u8>(), 0..80)
        )
            .prop_map(|(count, kind, mut body)| {
                body.resize(body.len().next_multiple_of(4), 0);
                let mut out = vec![0x80 | count, kind, 0, (body.len() / 4) as u8];
                out.append(&mut body);
                out
            }),
        // At least the kind must tell that it is RTCP, or it is no case.
        prop::collection::vec(any::<u8>(), 8..60).prop_map(|mut noise| {
            noise[0] = 0x80 | (noise[0] & 0x3F);
            noise[1] = 192 + noise[1] % 32;
            noise
        }),
    ];
    prop::collection::vec(packet, 1..4).prop_map(|packets| {
        let mut compound = packets.concat();
        // SRTCP has eight bytes in the clear.
        compound.resize(compound.len().max(8), 0);
        compound
    })
}

/// Some RTP packet, its header readable, everything else as it comes.
fn rtp_packet() -> impl Strategy<Value = (Vec<u8>, u64)> {
    let ssrc = prop_oneof![
        Just(66_000u32),
        Just(66_001),
        Just(1_000),
        Just(77_000),
        any::<u32>()
    ];
    let payload_type = prop_oneof![Just(96u8), Just(97), Just(101), 0u8..64, 96u8..128];
    (
        ssrc,
        payload_type,
        any::<u8>(),
        any::<u64>(),
        any::<u32>(),
        prop::collection::vec(any::<u8>(), 0..1400),
    )
        .prop_map(|(ssrc, payload_type, first, index, timestamp, tail)| {
            let index = index % (1 << 40);
            let mut packet = vec![0x80 | (first & 0x3F), (first & 0x80) | payload_type];
            packet.extend_from_slice(&(index as u16).to_be_bytes());
            packet.extend_from_slice(&timestamp.to_be_bytes());
            packet.extend_from_slice(&ssrc.to_be_bytes());
            packet.extend_from_slice(&tail);
            // A long extension would seldom fit.
            if let Some(at) = RtpHeader::parse(&packet).is_err().then_some(0) {
                packet[at] = 0x80;
            }
            (packet, index)
        })
}

/// Runs `cases` of `strategy`, each sealed by the insider, three a millisecond.
fn let_in<T: std::fmt::Debug>(
    world: World,
    cases: u32,
    strategy: &impl Strategy<Value = T>,
    send: impl Fn(&mut World, T),
) -> World {
    let world = RefCell::new(world);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(Default::default()),
    );
    let mut count = 0;
    let count = RefCell::new(&mut count);
    let outcome = runner.run(strategy, |value| {
        let mut world = world.borrow_mut();
        send(&mut world, value);
        let mut count = count.borrow_mut();
        **count += 1;
        if **count % 3 == 0 {
            world.run(ms(1));
        }
        Ok::<(), TestCaseError>(())
    });
    outcome.expect("no case fails");
    world.into_inner()
}

#[test]
fn absurd_rtcp_from_a_peer_that_is_let_in() {
    let (mut world, publisher, receivers) = call(3, 2);
    let insider = add_insider(&mut world);
    let events = world.events.len();
    let mut world = let_in(world, 4_000, &compound(), |world, compound| {
        let datagram = world.raw(insider).seal_rtcp(&compound);
        world.raw(insider).push(datagram);
    });
    // It asked for key frames without end: the publisher was asked at the agreed rate.
    let requests = world.client(publisher).peer.stats().send[0].key_frame_requests;
    assert!(requests < 12, "{requests} requests in two seconds");
    assert_undisturbed(&mut world, publisher, &receivers, events);
}

#[test]
fn absurd_rtp_from_a_peer_that_is_let_in() {
    let (mut world, publisher, receivers) = call(4, 2);
    let insider = add_insider(&mut world);
    let events = world.events.len();
    let mut world = let_in(world, 4_000, &rtp_packet(), |world, (packet, index)| {
        let header = RtpHeader::parse(&packet).expect("a readable header");
        let datagram = world
            .raw(insider)
            .seal_any_rtp(packet, header.header_len, index);
        world.raw(insider).push(datagram);
    });
    assert_undisturbed(&mut world, publisher, &receivers, events);
    world.request("closeRouter", json!({"routerId": "r"}));
    assert_eq!(world.sfu.pool_usage().0, 0);
}

#[test]
fn a_flood_of_requests_for_retransmission_is_bounded() {
    let (mut world, publisher, receivers) = call(5, 1);
    let insider = add_insider(&mut world);
    let address = world.raw_address(insider);
    let last = world
        .raw(insider)
        .rtp(77_000)
        .last()
        .map(|packet| packet.header.sequence_number.0)
        .expect("video");
    let before = world.network.stats(SFU_ADDRESS, address).sent;
    let wanted: Vec<u16> = (0..200).map(|back| last.wrapping_sub(199 - back)).collect();
    let mut compound = Vec::new();
    write::nack(&mut compound, Ssrc(1), Ssrc(77_000), &wanted);
    for _ in 0..1_000 {
        let datagram = world.raw(insider).seal_rtcp(&compound);
        world.raw(insider).push(datagram);
    }
    world.run(ms(100));
    let sent = world.network.stats(SFU_ADDRESS, address).sent - before;
    // 200,000 answers were asked for at one moment: each packet that is still there is sent again once.
    assert!(
        (40..600).contains(&sent),
        "{sent} datagrams for a thousand requests"
    );
    let events = world.events.len();
    assert_undisturbed(&mut world, publisher, &receivers, events);
}

#[test]
fn a_replayed_packet_is_forwarded_once() {
    let mut world = World::new(
        6,
        videocall_netsim::Link {
            delay: ms(10),
            ..Default::default()
        },
    );
    let (publisher, subscriber, stream, out) = raw_pair(&mut world);
    let datagram = keyframe(world.raw(publisher), &stream, Ssrc(stream.ssrc), 1, &[]);
    for _ in 0..50 {
        world.raw(publisher).push(datagram.clone());
        world.run(ms(3));
    }
    world.run(ms(100));
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 1);
}

#[test]
fn a_producer_with_an_ssrc_that_nobody_announced_is_silent() {
    let mut world = World::new(
        7,
        videocall_netsim::Link {
            delay: ms(10),
            ..Default::default()
        },
    );
    let (publisher, subscriber, stream, out) = raw_pair(&mut world);
    world.run(ms(500));
    let events = world.events.len();
    for index in 1..100 {
        let datagram = keyframe(world.raw(publisher), &stream, Ssrc(424_242), index, &[]);
        world.raw(publisher).push(datagram);
        world.run(ms(10));
    }
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 0);
    assert_eq!(world.events.len(), events, "nobody is told");
    // A MID that is another's, or nobody's, does not help either.
    for index in 100..120 {
        let datagram = keyframe(
            world.raw(publisher),
            &stream,
            Ssrc(424_242),
            index,
            &[(4, b"9")],
        );
        world.raw(publisher).push(datagram);
        world.run(ms(10));
    }
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 0);
    // With its own it is known from then on.
    let datagram = keyframe(
        world.raw(publisher),
        &stream,
        Ssrc(424_242),
        120,
        &[(4, b"0")],
    );
    world.raw(publisher).push(datagram);
    let datagram = keyframe(world.raw(publisher), &stream, Ssrc(424_242), 121, &[]);
    world.raw(publisher).push(datagram);
    world.run(ms(100));
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 2);
}

#[test]
fn media_from_an_address_that_did_not_prove_itself_is_ignored() {
    let mut world = World::new(
        8,
        videocall_netsim::Link {
            delay: ms(10),
            ..Default::default()
        },
    );
    let (publisher, subscriber, stream, out) = raw_pair(&mut world);
    let mut datagram = keyframe(world.raw(publisher), &stream, Ssrc(stream.ssrc), 1, &[]);
    let now = world.now();
    world
        .sfu
        .handle_datagram(now, 0, STRANGER, &mut datagram.clone());
    world.run(ms(100));
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 0);
    // The same packet is good from the right one, and from the stranger's once it has shown that it knows the password.
    let ice = world.raw(publisher).ice.clone();
    let mut request = binding_request(&ice, &ice.password, 9, &[]);
    let now = world.now();
    world.sfu.handle_datagram(now, 0, STRANGER, &mut request);
    world.sfu.handle_datagram(now, 0, STRANGER, &mut datagram);
    world.run(ms(100));
    assert_eq!(world.raw(subscriber).rtp(out.ssrc).count(), 1);
}

/// Two bare peers, and a stream from one to the other: as published and as received.
fn raw_pair(world: &mut World) -> (usize, usize, Stream, Stream) {
    let (publisher, subscriber) = (Raw::join(world, "send"), Raw::join(world, "recv"));
    let stream = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let out = Stream {
        codec: vp8(),
        ssrc: 5000,
        mid: "0".into(),
    };
    let produce = json!({
        "transportId": "send", "producerId": "p", "kind": "video", "paused": false,
        "rtpParameters": producer_parameters(&stream), "rtpMapping": rtp_mapping(&stream),
    });
    world.request("produce", produce);
    let consume = json!({
        "transportId": "recv", "consumerId": "c", "producerId": "p", "kind": "video", "paused": false,
        "rtpParameters": consumer_parameters(&out),
    });
    world.request("consume", consume);
    world.run_until(ms(2000), "both connect", |world| {
        world.raw(publisher).is_connected() && world.raw(subscriber).is_connected()
    });
    (publisher, subscriber, stream, out)
}

/// A VP8 key frame of one packet.
fn keyframe(
    raw: &Raw,
    stream: &Stream,
    ssrc: Ssrc,
    index: u64,
    extensions: &[(u8, &[u8])],
) -> Vec<u8> {
    let fields = HeaderFields {
        marker: true,
        payload_type: PayloadType(stream.codec.published().0),
        sequence_number: SeqNo(index as u16),
        timestamp: 3000 * index as u32,
        ssrc,
    };
    raw.seal_rtp(&fields, extensions, &[0x10, 0x00, 1, 2, 3], index)
}
