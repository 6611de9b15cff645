//! Everything arrives: loss, bursts, reordering and duplication on every leg are repaired by NACK and RTX.

use std::collections::BTreeMap;

use serde_json::json;
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_netsim::{Link, Loss};

use crate::rig::{Client, SFU_ADDRESS, Stream, World, ms, opus, vp8};

/// A publisher of video and audio and `subscribers` consumers of both, connected on perfect links, and flowing.
pub fn call(seed: u64, subscribers: usize) -> (World, usize, Vec<usize>) {
    let mut world = World::new(
        seed,
        Link {
            delay: ms(20),
            ..Link::default()
        },
    );
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let video = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let audio = Stream {
        codec: opus(),
        ssrc: 2000,
        mid: "1".into(),
    };
    let camera = Source::chromium_video(world.now(), seed);
    let microphone = Source::chromium_audio(world.now(), seed);
    Client::produce(&mut world, publisher, "video", &video, Some(camera));
    Client::produce(&mut world, publisher, "audio", &audio, Some(microphone));
    let receivers: Vec<usize> = (0..subscribers)
        .map(|index| {
            let client = Client::subscriber(&mut world, &format!("recv{index}"), DtlsRole::Client);
            let base = 10_000 * (index as u32 + 1);
            let video = Stream {
                codec: vp8(),
                ssrc: base,
                mid: "0".into(),
            };
            let audio = Stream {
                codec: opus(),
                ssrc: base + 100,
                mid: "1".into(),
            };
            Client::consume(
                &mut world,
                client,
                "video",
                &format!("video{index}"),
                &video,
                false,
            );
            Client::consume(
                &mut world,
                client,
                "audio",
                &format!("audio{index}"),
                &audio,
                false,
            );
            client
        })
        .collect();
    let everybody: Vec<usize> = receivers.iter().copied().chain([publisher]).collect();
    world.run_until(ms(3000), "everybody connects", |world| {
        everybody
            .iter()
            .all(|client| world.client(*client).connected_at().is_some())
    });
    // Nobody can ask for what came before the first packet that it saw: the start is not to be lost.
    world.run(ms(300));
    (world, publisher, receivers)
}

/// Packets of every frame between the first and the last that a receiver has any of, as (frame, packets).
fn frames_of(client: &Client, stream: usize) -> BTreeMap<u32, usize> {
    let mut frames = BTreeMap::new();
    for got in client.received(stream).values() {
        *frames.entry(got.frame).or_default() += 1;
    }
    frames
}

/// Every frame of stream `stream` that the publisher sent from `receiver`'s first one on is whole, and sequence numbers have
/// no hole.
pub fn assert_complete(world: &mut World, publisher: usize, receiver: usize, stream: usize) {
    let sent = world.client(publisher).sent[stream].clone();
    let client = world.client(receiver);
    let frames = frames_of(client, stream);
    let first = *frames.keys().next().expect("some frame");
    for (number, (_, packets, _)) in sent.range(first..) {
        let got = frames.get(number).copied().unwrap_or(0);
        assert_eq!(got, *packets, "frame {number} of stream {stream}");
    }
    let received = client.received(stream);
    let (low, high) = (
        *received.keys().next().expect("one"),
        *received.keys().last().expect("one"),
    );
    assert_eq!(
        received.len() as u64,
        high - low + 1,
        "sequence numbers without a hole"
    );
    // Timestamps follow the frames.
    let mut timestamps: BTreeMap<u32, u32> = BTreeMap::new();
    for got in received.values() {
        assert_eq!(
            *timestamps.entry(got.frame).or_insert(got.timestamp),
            got.timestamp
        );
    }
}

/// Stops the sources, and waits until nothing is under way any more.
pub fn drain(world: &mut World, publisher: usize) {
    for sender in 0..world.client(publisher).sent.len() {
        world.client(publisher).set_source(sender, None);
    }
    world.run(ms(3000));
}

fn set_links(world: &mut World, clients: &[usize], up: Link, down: Link) {
    for client in clients {
        let address = world.client_address(*client);
        world.network.set_link(address, SFU_ADDRESS, up);
        world.network.set_link(SFU_ADDRESS, address, down);
    }
}

#[test]
fn nothing_is_lost_on_a_perfect_network() {
    let (mut world, publisher, receivers) = call(1, 3);
    world.run(ms(5000));
    drain(&mut world, publisher);
    for receiver in receivers {
        for stream in 0..2 {
            assert_complete(&mut world, publisher, receiver, stream);
        }
        let stats = world.client(receiver).peer.stats();
        let got = &stats.receive[0];
        assert_eq!((got.nacked, got.recovered, got.lost), (0, 0, 0));
        assert!(got.sender_reports >= 4, "{}", got.sender_reports);
        assert_eq!(
            (stats.rejected, stats.unknown_ssrc, stats.malformed),
            (0, 0, 0)
        );
    }
    let stats = world.client(publisher).peer.stats();
    assert_eq!(stats.send[0].retransmitted, 0);
    assert!(
        stats.transport_cc_received > 50,
        "{}",
        stats.transport_cc_received
    );
    assert!(stats.send[0].reports_received >= 4);
}

#[test]
fn loss_towards_subscribers_is_repaired_for_each() {
    let (mut world, publisher, receivers) = call(2, 3);
    let lossy = Link {
        delay: ms(30),
        loss: Loss::Random(0.1),
        ..Link::default()
    };
    let clean = Link {
        delay: ms(30),
        ..Link::default()
    };
    set_links(&mut world, &receivers, clean, lossy);
    world.run(ms(10_000));
    let paths = world.request("dump", json!({}))["paths"].clone();
    assert_eq!(paths["count"], 3);
    let least = paths["leastEstimate"].as_u64().expect("an estimate");
    assert!(paths["estimateSum"].as_u64() >= Some(3 * least), "{paths}");
    let loss = paths["meanLossFraction"].as_f64().expect("a fraction");
    assert!((0.02..0.3).contains(&loss), "{loss}");
    set_links(&mut world, &receivers, clean, clean);
    world.run(ms(500));
    drain(&mut world, publisher);
    for receiver in receivers {
        assert_complete(&mut world, publisher, receiver, 0);
        let got = world.client(receiver).peer.stats().receive[0];
        assert!(
            got.recovered > 100,
            "{} packets were repaired",
            got.recovered
        );
    }
    let sent = world.client(publisher).peer.stats().send[0];
    assert_eq!(
        sent.retransmitted, 0,
        "the publisher has nothing to do with it"
    );
    let metrics = world.sfu.metrics();
    assert!(metrics.nacks_received >= metrics.rtx_sent);
    assert!(metrics.rtx_sent > 300, "{}", metrics.rtx_sent);
    assert_eq!((metrics.nacks_sent, metrics.rtx_received), (0, 0));
}

#[test]
fn loss_from_the_publisher_is_repaired_once_for_all() {
    let (mut world, publisher, receivers) = call(3, 3);
    let lossy = Link {
        delay: ms(30),
        loss: Loss::Random(0.1),
        ..Link::default()
    };
    let clean = Link {
        delay: ms(30),
        ..Link::default()
    };
    set_links(&mut world, &[publisher], lossy, clean);
    world.run(ms(10_000));
    set_links(&mut world, &[publisher], clean, clean);
    world.run(ms(500));
    drain(&mut world, publisher);
    for receiver in receivers {
        assert_complete(&mut world, publisher, receiver, 0);
    }
    let sent = world.client(publisher).peer.stats().send[0];
    assert!(sent.retransmitted > 100, "{}", sent.retransmitted);
    let lost = world
        .network
        .stats(world.client_address(publisher), SFU_ADDRESS)
        .lost;
    assert!(
        sent.retransmitted < 2 * lost,
        "{} for {lost} lost",
        sent.retransmitted
    );
    assert!(sent.fraction_lost < 255);
    let metrics = world.sfu.metrics();
    assert!(metrics.nacks_sent >= sent.retransmitted);
    assert!((1..=sent.retransmitted).contains(&metrics.rtx_received));
}

#[test]
fn bursts_reordering_and_duplication_both_ways_are_repaired() {
    for seed in 100..108 {
        let (mut world, publisher, receivers) = call(seed, 2);
        let bad = Link {
            delay: ms(25),
            jitter: ms(10),
            loss: Loss::Burst {
                enter: 0.01,
                recover: 0.25,
            },
            duplicate: 0.03,
            reorder: 0.05,
            reorder_delay: ms(15),
            rate: None,
        };
        let clean = Link {
            delay: ms(25),
            ..Link::default()
        };
        // Feedback is sparse: a burst of its datagrams would last for seconds, and that is given up.
        let feedback = Link {
            loss: Loss::Random(0.05),
            ..bad
        };
        let everybody: Vec<usize> = receivers.iter().copied().chain([publisher]).collect();
        set_links(&mut world, &[publisher], bad, feedback);
        set_links(&mut world, &receivers, feedback, bad);
        world.run(ms(8000));
        set_links(&mut world, &everybody, clean, clean);
        world.run(ms(500));
        drain(&mut world, publisher);
        for receiver in receivers {
            assert_complete(&mut world, publisher, receiver, 0);
            let client = world.client(receiver);
            // A duplicate on the wire is the receiver's replay check's; the SFU itself sends no packet twice unasked.
            let repaired = client
                .got
                .iter()
                .filter(|got| got.stream == 0 && got.repaired)
                .count() as u64;
            assert!(
                repaired <= client.peer.stats().receive[0].nacked,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn audio_from_a_lossy_publisher_keeps_its_gaps_and_its_numbers() {
    let (mut world, publisher, receivers) = call(4, 1);
    let lossy = Link {
        delay: ms(30),
        loss: Loss::Random(0.2),
        ..Link::default()
    };
    let clean = Link {
        delay: ms(30),
        ..Link::default()
    };
    set_links(&mut world, &[publisher], lossy, clean);
    world.run(ms(5000));
    let received = world.client(receivers[0]).received(1);
    let first = received.values().next().expect("audio");
    // Opus was not negotiated with NACK: what is lost stays lost, and the numbers say where.
    assert!((150..250).contains(&received.len()), "{}", received.len());
    for (sequence, got) in &received {
        let frames = u64::from(got.frame - first.frame);
        assert_eq!(sequence - first.sequence, frames);
        assert_eq!(
            u64::from(got.timestamp.wrapping_sub(first.timestamp)),
            960 * frames
        );
    }
}

#[test]
fn a_rate_limited_subscriber_does_not_hurt_the_other() {
    let (mut world, publisher, receivers) = call(5, 2);
    let narrow = Link {
        delay: ms(20),
        rate: Some(videocall_netsim::RateLimit {
            bits_per_second: 300_000,
            max_queue: ms(200),
        }),
        ..Link::default()
    };
    let clean = Link {
        delay: ms(20),
        ..Link::default()
    };
    set_links(&mut world, &receivers[..1], clean, narrow);
    world.run(ms(5000));
    drain(&mut world, publisher);
    assert_complete(&mut world, publisher, receivers[1], 0);
    let got = world.client(receivers[1]).peer.stats().receive[0];
    assert_eq!((got.nacked, got.plis), (0, 0));
}
