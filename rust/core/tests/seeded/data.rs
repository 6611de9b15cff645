//! Data channels: messages from one participant to others, whole, in order where that was asked for, over bad networks;
//! and what becomes of those who abuse them.

use serde_json::{Value, json};
use videocall_netsim::{Link, Loss};

use crate::rig::{Raw, World, ms};

const TEXT: u32 = 51;
const BINARY: u32 = 53;

/// `count` peers with SCTP on transports `t0`, `t1` ..., connected.
fn peers(seed: u64, link: Link, count: usize) -> (World, Vec<usize>) {
    let mut world = World::new(seed, link);
    let raws: Vec<usize> = (0..count)
        .map(|index| Raw::join_with_channels(&mut world, &format!("t{index}")))
        .collect();
    let all = raws.clone();
    world.run_until(ms(20_000), "SCTP connects", |world| {
        all.iter().all(|raw| {
            world
                .raw(*raw)
                .channels
                .as_ref()
                .is_some_and(|it| it.connected)
        })
    });
    (world, raws)
}

fn produce(world: &mut World, raw: usize, transport: &str, id: &str, parameters: Value) {
    let data = json!({
        "transportId": transport, "dataProducerId": id, "sctpStreamParameters": parameters, "label": "chat", "protocol": "p",
    });
    let answer = world.request("produceData", data);
    assert_eq!(answer["type"], "sctp");
    let stream = parameters["streamId"].as_u64().expect("a stream") as u16;
    let ordered = parameters["ordered"].as_bool().unwrap_or(true);
    let retransmits = parameters["maxRetransmits"].as_u64().map(|it| it as u32);
    world.raw(raw).channels().open(stream, ordered, retransmits);
}

/// Consumes; returns the stream that the server chose.
fn consume(world: &mut World, transport: &str, producer: &str, id: &str) -> u16 {
    let data = json!({"transportId": transport, "dataConsumerId": id, "dataProducerId": producer});
    let answer = world.request("consumeData", data);
    assert_eq!(answer["label"], "chat");
    assert_eq!(answer["protocol"], "p");
    answer["sctpStreamParameters"]["streamId"]
        .as_u64()
        .expect("a stream") as u16
}

fn send(world: &mut World, raw: usize, stream: u16, ppid: u32, content: &[u8]) {
    let now = world.now();
    world.raw(raw).channels().send(now, stream, ppid, content);
}

fn perfect() -> Link {
    Link {
        delay: ms(20),
        ..Link::default()
    }
}

#[test]
fn messages_of_every_size_and_kind_reach_everyone_who_consumes_them() {
    let (mut world, raws) = peers(1, perfect(), 3);
    produce(&mut world, raws[0], "t0", "dp", json!({"streamId": 5}));
    let streams = [
        consume(&mut world, "t1", "dp", "dc1"),
        consume(&mut world, "t2", "dp", "dc2"),
    ];
    let large = vec![7u8; 256 << 10];
    let sent: [(u32, &[u8]); 5] = [
        (TEXT, "grüß Gott".as_bytes()),
        (BINARY, &[0, 1, 2]),
        (56, &[0]),
        (57, &[0]),
        (BINARY, &large),
    ];
    for (ppid, content) in sent {
        send(&mut world, raws[0], 5, ppid, content);
    }
    world.run(ms(5000));
    for (raw, stream) in raws[1..].iter().zip(streams) {
        let heard = &world.raw(*raw).channels().heard;
        let want: Vec<_> = sent
            .iter()
            .map(|(ppid, it)| (stream, *ppid, it.to_vec()))
            .collect();
        assert_eq!(heard, &want);
    }
    assert_eq!(world.events_of("sctpStateChange", "t0").len(), 2);
    let stats = world.request("getStats", json!({"dataProducerId": "dp"}));
    assert_eq!(stats["stats"][0]["messagesReceived"], 5);
    let stats = world.request("getStats", json!({"dataConsumerId": "dc1"}));
    assert_eq!(stats["stats"][0]["messagesSent"], 5);
    let stats = world.request("getStats", json!({"transportId": "t1"}));
    assert_eq!(stats["stats"][0]["sctpState"], "connected");
}

#[test]
fn loss_and_reordering_are_repaired_in_order() {
    let link = Link {
        delay: ms(20),
        jitter: ms(20),
        loss: Loss::Random(0.1),
        reorder: 0.1,
        reorder_delay: ms(30),
        duplicate: 0.05,
        ..Link::default()
    };
    for seed in 0..5 {
        let (mut world, raws) = peers(seed, link, 2);
        produce(&mut world, raws[0], "t0", "dp", json!({"streamId": 0}));
        consume(&mut world, "t1", "dp", "dc");
        for number in 0..300u32 {
            let content = number.to_be_bytes().repeat(1 + number as usize % 700);
            send(&mut world, raws[0], 0, BINARY, &content);
            world.run(ms(10));
        }
        world.run(ms(30_000));
        let heard = &world.raw(raws[1]).channels().heard;
        let numbers: Vec<u32> = heard
            .iter()
            .map(|(_, _, it)| u32::from_be_bytes(it[..4].try_into().expect("four bytes")))
            .collect();
        assert_eq!(numbers, (0..300).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn what_is_partially_reliable_is_given_up_and_does_not_hold_up_the_rest() {
    for seed in 0..3 {
        let (mut world, raws) = peers(seed, perfect(), 2);
        let parameters = json!({"streamId": 0, "ordered": false, "maxRetransmits": 0});
        produce(&mut world, raws[0], "t0", "dp", parameters);
        let answer = world.request(
            "consumeData",
            json!({"transportId": "t1", "dataConsumerId": "dc", "dataProducerId": "dp"}),
        );
        let inherited = json!({"streamId": 0, "ordered": false, "maxRetransmits": 0});
        assert_eq!(answer["sctpStreamParameters"], inherited);
        let lossy = Link {
            loss: Loss::Random(0.2),
            ..perfect()
        };
        let address = world.raw_address(raws[1]);
        world
            .network
            .set_links(crate::rig::SFU_ADDRESS, address, lossy);
        for number in 0..200u32 {
            send(&mut world, raws[0], 0, BINARY, &number.to_be_bytes());
            world.run(ms(20));
        }
        world.run(ms(10_000));
        let heard = world.raw(raws[1]).channels().heard.len();
        assert!((100..200).contains(&heard), "seed {seed}: {heard}");
        assert_eq!(
            world.request("getBufferedAmount", json!({"dataConsumerId": "dc"}))["bufferedAmount"],
            0
        );
    }
}

#[test]
fn pausing_closing_and_subchannels() {
    let (mut world, raws) = peers(1, perfect(), 2);
    world.request(
        "createDirectTransport",
        json!({"routerId": "r", "transportId": "d"}),
    );
    let produced =
        json!({"transportId": "d", "dataProducerId": "dp", "label": "chat", "protocol": "p"});
    assert_eq!(world.request("produceData", produced)["type"], "direct");
    consume(&mut world, "t1", "dp", "dc");
    let say = |world: &mut World, text: &str, subchannels: &[u16], required: Option<u16>| {
        let data = json!({
            "dataProducerId": "dp", "text": text, "subchannels": subchannels, "requiredSubchannel": required,
        });
        world.request("sendData", data);
        world.run(ms(200));
    };
    say(&mut world, "to all", &[], None);
    say(&mut world, "not subscribed", &[3], None);
    world.request(
        "setSubchannels",
        json!({"dataConsumerId": "dc", "subchannels": [3, 4]}),
    );
    say(&mut world, "subscribed", &[1, 3], None);
    say(&mut world, "lacks what is required", &[3], Some(9));
    say(&mut world, "has what is required", &[3], Some(4));
    world.request("pauseDataConsumer", json!({"dataConsumerId": "dc"}));
    say(&mut world, "paused", &[], None);
    world.request("resumeDataConsumer", json!({"dataConsumerId": "dc"}));
    world.request("pauseDataProducer", json!({"dataProducerId": "dp"}));
    say(&mut world, "paused at the source", &[], None);
    world.request("resumeDataProducer", json!({"dataProducerId": "dp"}));
    say(&mut world, "resumed", &[], None);
    world.request(
        "sendData",
        json!({"dataConsumerId": "dc", "binary": "AAEC"}),
    );
    world.run(ms(200));
    let heard = world.raw(raws[1]).channels().heard.clone();
    let texts: Vec<&[u8]> = heard.iter().map(|(_, _, it)| it.as_slice()).collect();
    let want: [&[u8]; 5] = [
        b"to all",
        b"subscribed",
        b"has what is required",
        b"resumed",
        &[0, 1, 2],
    ];
    assert_eq!(texts, want);
    assert_eq!(world.events_of("dataProducerPause", "dc").len(), 1);
    assert_eq!(world.events_of("dataProducerResume", "dc").len(), 1);
    world.request("closeDataProducer", json!({"dataProducerId": "dp"}));
    let closed = json!({"kind": "dataConsumer", "reason": "dataProducerClosed"});
    assert_eq!(world.events_of("closed", "dc"), [&closed]);
    // The next one does not get the stream that the peer may not have reset yet.
    world.request(
        "produceData",
        json!({"transportId": "d", "dataProducerId": "dp", "label": "chat", "protocol": "p"}),
    );
    assert_eq!(consume(&mut world, "t1", "dp", "dc"), 1);
    world.request("closeTransport", json!({"transportId": "t1"}));
    let closed = json!({"kind": "dataConsumer", "reason": "transportClosed"});
    assert_eq!(world.events_of("closed", "dc").last(), Some(&&closed));
}

#[test]
fn messages_to_the_application() {
    let (mut world, raws) = peers(1, perfect(), 1);
    produce(&mut world, raws[0], "t0", "dp", json!({"streamId": 2}));
    world.request(
        "createDirectTransport",
        json!({"routerId": "r", "transportId": "d"}),
    );
    world.request(
        "consumeData",
        json!({"transportId": "d", "dataConsumerId": "dc", "dataProducerId": "dp"}),
    );
    send(&mut world, raws[0], 2, TEXT, b"hello");
    send(&mut world, raws[0], 2, BINARY, &[0, 1, 2]);
    send(&mut world, raws[0], 2, TEXT, &[0xFF]);
    world.run(ms(500));
    let told = world.events_of("message", "dc");
    let want = [
        json!({"text": "hello"}),
        json!({"binary": "AAEC"}),
        json!({"binary": "/w=="}),
    ];
    assert_eq!(
        told.iter().map(|it| &it["data"]).collect::<Vec<_>>(),
        want.iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_receiver_that_does_not_acknowledge_fills_a_bounded_buffer_and_tells_when_it_drains() {
    let (mut world, raws) = peers(1, perfect(), 3);
    produce(&mut world, raws[0], "t0", "dp", json!({"streamId": 0}));
    consume(&mut world, "t1", "dp", "slow");
    consume(&mut world, "t2", "dp", "good");
    world.request(
        "setBufferedAmountLowThreshold",
        json!({"dataConsumerId": "slow", "threshold": 10_000}),
    );
    let address = world.raw_address(raws[1]);
    let broken = Link {
        loss: Loss::Everything,
        ..perfect()
    };
    world
        .network
        .set_links(crate::rig::SFU_ADDRESS, address, broken);
    for _ in 0..400 {
        send(&mut world, raws[0], 0, BINARY, &[1; 1000]);
        world.run(ms(5));
    }
    let amount = |world: &mut World, id: &str| {
        let answer = world.request("getBufferedAmount", json!({"dataConsumerId": id}));
        answer["bufferedAmount"].as_u64().unwrap()
    };
    let waiting = amount(&mut world, "slow");
    assert!((200_000..=256 << 10).contains(&waiting), "{waiting}");
    assert_eq!(world.events_of("sctpSendBufferFull", "slow").len(), 1);
    world
        .network
        .set_links(crate::rig::SFU_ADDRESS, address, perfect());
    world.run(ms(10_000));
    assert_eq!(amount(&mut world, "slow"), 0);
    assert_eq!(world.events_of("bufferedAmountLow", "slow").len(), 1);
    assert!(world.raw(raws[1]).channels().heard.len() >= 200);
    // The other one was never held up.
    assert_eq!(world.raw(raws[2]).channels().heard.len(), 400);
    assert_eq!(world.events_of("sctpSendBufferFull", "good").len(), 0);
}

#[test]
fn nonsense_is_refused() {
    let (mut world, raws) = peers(1, perfect(), 1);
    world.create_transport("plain");
    produce(&mut world, raws[0], "t0", "dp", json!({"streamId": 0}));
    let produce = |transport: &str, id: &str, parameters: Value| json!({"transportId": transport, "dataProducerId": id, "sctpStreamParameters": parameters});
    for (data, code) in [
        (produce("plain", "x", json!({"streamId": 0})), "UNSUPPORTED"),
        (produce("t0", "x", Value::Null), "BAD_REQUEST"),
        (produce("t0", "x", json!({"streamId": 1024})), "BAD_REQUEST"),
        (
            produce("t0", "x", json!({"streamId": 70_000})),
            "BAD_REQUEST",
        ),
        (produce("t0", "x", json!({"streamId": 0})), "CONFLICT"),
        (produce("t0", "dp", json!({"streamId": 1})), "CONFLICT"),
        (
            produce(
                "t0",
                "x",
                json!({"streamId": 1, "maxRetransmits": 1, "maxPacketLifeTime": 1}),
            ),
            "BAD_REQUEST",
        ),
    ] {
        assert_eq!(world.refused("produceData", data.clone()), code, "{data}");
    }
    let consume = json!({"transportId": "plain", "dataConsumerId": "c", "dataProducerId": "dp"});
    assert_eq!(world.refused("consumeData", consume), "UNSUPPORTED");
    let text = json!({"dataProducerId": "dp", "text": "not from here"});
    assert_eq!(world.refused("sendData", text), "UNSUPPORTED");
    for (key, value) in [
        ("numSctpStreams", json!(0)),
        ("numSctpStreams", json!(1025)),
        ("maxSctpMessageSize", json!(0)),
        ("maxSctpMessageSize", json!(1 << 20)),
        ("sctpSendBufferSize", json!(1 << 30)),
    ] {
        let mut data = json!({"routerId": "r", "transportId": "x", "enableSctp": true});
        data[key] = value;
        assert_eq!(
            world.refused("createWebRtcTransport", data),
            "BAD_REQUEST",
            "{key}"
        );
    }
}

/// What happens to `t0` when its peer misbehaves, while two others go on talking.
fn abuse(seed: u64, misbehave: impl Fn(&mut World, usize)) -> Option<String> {
    let (mut world, raws) = peers(seed, perfect(), 3);
    produce(&mut world, raws[0], "t0", "bad", json!({"streamId": 0}));
    produce(&mut world, raws[1], "t1", "dp", json!({"streamId": 0}));
    consume(&mut world, "t2", "dp", "dc");
    misbehave(&mut world, raws[0]);
    for _ in 0..50 {
        send(&mut world, raws[1], 0, TEXT, b"still here");
        world.run(ms(20));
    }
    world.run(ms(500));
    assert_eq!(
        world.raw(raws[2]).channels().heard.len(),
        50,
        "the others go on"
    );
    for other in ["t1", "t2"] {
        assert!(world.events_of("closed", other).is_empty());
    }
    let closed = world.events_of("closed", "t0");
    let [closed] = closed[..] else {
        assert!(closed.is_empty());
        return None;
    };
    assert_eq!(closed["reason"], "error");
    closed["detail"].as_str().map(str::to_owned)
}

/// A DATA chunk in a packet with the right tag, taken from a real packet.
fn data_packet(tag: [u8; 4], tsn: u32, stream: u16, flags: u8, len: usize) -> Vec<u8> {
    let mut packet = vec![0x13, 0x88, 0x13, 0x88];
    packet.extend(tag);
    packet.extend([0; 4]);
    packet.extend([0, flags]);
    packet.extend((16 + len as u16).to_be_bytes());
    packet.extend(tsn.to_be_bytes());
    packet.extend(stream.to_be_bytes());
    // The second message of its stream: the first was sent to learn the tag.
    packet.extend([0, 1, 0, 0, 0, BINARY as u8]);
    packet.extend(vec![1; len.next_multiple_of(4)]);
    // RFC 9260, appendix A: CRC32c, little endian.
    let checksum = crc32c(&packet);
    packet[8..12].copy_from_slice(&checksum.to_le_bytes());
    packet
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0x82F6_3B78 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// The tag and the next number of a peer's own packets, from one that it sends.
fn tag_and_tsn(world: &mut World, raw: usize) -> ([u8; 4], u32) {
    let now = world.now();
    let channels = world.raw(raw).channels();
    channels.send(now, 0, BINARY, &[1]);
    let packet = channels.outgoing.back().expect("a packet").clone();
    world.run(ms(100));
    let tsn = u32::from_be_bytes(packet[16..20].try_into().expect("four bytes"));
    (
        packet[4..8].try_into().expect("four bytes"),
        tsn.wrapping_add(1),
    )
}

#[test]
fn messages_too_large_end_their_sender() {
    let detail = abuse(1, |world, raw| {
        send(world, raw, 0, BINARY, &vec![0; (256 << 10) + 1]);
        world.run(ms(3000));
    });
    assert_eq!(
        detail.as_deref(),
        Some("SCTP message larger than was negotiated")
    );
}

#[test]
fn a_stream_that_was_not_negotiated_ends_its_sender() {
    let detail = abuse(1, |world, raw| {
        world.raw(raw).channels().open(2000, true, None);
        send(world, raw, 2000, BINARY, &[1]);
        world.run(ms(300));
    });
    assert_eq!(
        detail.as_deref(),
        Some("SCTP data on a stream that was not negotiated")
    );
}

#[test]
fn a_flood_of_messages_ends_its_sender() {
    let detail = abuse(1, |world, raw| {
        for _ in 0..400 {
            for _ in 0..100 {
                let now = world.now();
                if world.raw(raw).channels().is_closed() {
                    break;
                }
                world.raw(raw).channels().send(now, 0, BINARY, &[1]);
            }
            world.run(ms(2));
        }
        world.run(ms(1000));
    });
    assert_eq!(detail.as_deref(), Some("flood of SCTP messages"));
}

#[test]
fn a_message_without_an_end_ends_its_sender() {
    let detail = abuse(1, |world, raw| {
        let (tag, tsn) = tag_and_tsn(world, raw);
        for part in 0..4000u32 {
            let flags = if part == 0 { 2 } else { 0 };
            let packet = data_packet(tag, tsn.wrapping_add(part), 0, flags, 1000);
            world.raw(raw).send_data(&packet);
            if part % 50 == 0 {
                world.run(ms(1));
            }
        }
        world.run(ms(1000));
    });
    assert_eq!(
        detail.as_deref(),
        Some("SCTP data beyond the receiver window")
    );
}

#[test]
fn countless_fragments_end_their_sender() {
    let detail = abuse(1, |world, raw| {
        let (tag, tsn) = tag_and_tsn(world, raw);
        for part in 0..70_000u32 {
            let packet = data_packet(tag, tsn.wrapping_add(part + 1), 0, 0, 4);
            world.raw(raw).send_data(&packet);
            if part % 1000 == 0 {
                world.run(ms(1));
            }
        }
        world.run(ms(1000));
    });
    assert_eq!(
        detail.as_deref(),
        Some("too many SCTP chunks of incomplete messages")
    );
}

#[test]
fn garbage_hurts_nobody() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    for seed in 0..5 {
        abuse(seed, |world, raw| {
            let mut rng = StdRng::seed_from_u64(seed);
            let (tag, tsn) = tag_and_tsn(world, raw);
            for _ in 0..2000 {
                let mut packet = data_packet(
                    tag,
                    tsn.wrapping_add(rng.random_range(0..9)),
                    0,
                    rng.random(),
                    rng.random_range(0..60),
                );
                for _ in 0..rng.random_range(0..6) {
                    let at = rng.random_range(12..packet.len());
                    packet[at] = rng.random();
                }
                packet[8..12].fill(0);
                let checksum = crc32c(&packet);
                packet[8..12].copy_from_slice(&checksum.to_le_bytes());
                world.raw(raw).send_data(&packet);
                if rng.random_bool(0.05) {
                    world.run(ms(2));
                }
            }
            world.run(ms(1000));
        });
    }
}
