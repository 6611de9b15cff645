//! Absurd RTP and RTCP from a peer that is let in: nobody else notices.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use videocall_core::rtcp::{ReportBlock, SenderInfo, write};
use videocall_core::rtp::{RtpHeader, Ssrc};

use crate::recovery::call;
use crate::rig::{
    Raw, SFU_ADDRESS, Stream, World, consumer_parameters, ms, opus, producer_parameters,
    rtp_mapping, vp8,
};
use crate::strangers::assert_undisturbed;

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
