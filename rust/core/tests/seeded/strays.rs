//! Packets that belong to nobody: replayed, of an SSRC that was not announced, from an address that was not proved.

use serde_json::json;
use videocall_core::rtp::{HeaderFields, PayloadType, SeqNo, Ssrc};
use videocall_netsim::Link;

use crate::rig::{
    Raw, Stream, World, binding_request, consumer_parameters, ms, producer_parameters, rtp_mapping,
    vp8,
};
use crate::strangers::STRANGER;

#[test]
fn a_replayed_packet_is_forwarded_once() {
    let mut world = World::new(
        6,
        Link {
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
        Link {
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
        Link {
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
