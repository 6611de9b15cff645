//! Closing in cascade: children first, each once, with its reason; and nothing is left behind.

use std::collections::HashMap;

use serde_json::json;
use videocall_client::{DtlsRole, PeerEvent};

use crate::recovery::call;
use crate::rig::{Client, Stream, World, ms, vp8};

/// `closed` events as (target, kind, reason), in order.
fn closed(world: &World) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    world
        .events
        .iter()
        .filter(|event| event["event"] == "closed")
        .map(|event| {
            (
                text(&event["target"]),
                text(&event["data"]["kind"]),
                text(&event["data"]["reason"]),
            )
        })
        .collect()
}

fn assert_once_and_children_first(world: &World) {
    let closed = closed(world);
    let mut order = HashMap::new();
    for (index, (target, kind, _)) in closed.iter().enumerate() {
        assert!(
            order
                .insert(target.clone(), (index, kind.clone()))
                .is_none(),
            "{target} closed twice"
        );
    }
    for (parent, child) in [
        ("r", "send"),
        ("r", "recv0"),
        ("r", "recv1"),
        ("send", "video"),
        ("send", "audio"),
        ("video", "video0"),
        ("video", "video1"),
        ("audio", "audio0"),
        ("audio", "audio1"),
        ("recv0", "video0"),
        ("recv1", "audio1"),
    ] {
        if let (Some((parent_at, _)), Some((child_at, _))) = (order.get(parent), order.get(child)) {
            assert!(child_at < parent_at, "{child} after {parent}");
        }
    }
}

fn reasons(world: &World, kind: &str) -> Vec<(String, String)> {
    let mut all: Vec<_> = closed(world)
        .into_iter()
        .filter(|(_, of, _)| of == kind)
        .map(|(target, _, reason)| (target, reason))
        .collect();
    all.sort();
    all
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[test]
fn a_router_takes_everything_with_it() {
    let (mut world, publisher, receivers) = call(1, 2);
    world.run(ms(1000));
    world.request("closeRouter", json!({"routerId": "r"}));
    assert_once_and_children_first(&world);
    assert_eq!(reasons(&world, "router"), pairs(&[("r", "closed")]));
    let transports = [
        ("recv0", "routerClosed"),
        ("recv1", "routerClosed"),
        ("send", "routerClosed"),
    ];
    assert_eq!(reasons(&world, "transport"), pairs(&transports));
    let producers = [("audio", "transportClosed"), ("video", "transportClosed")];
    assert_eq!(reasons(&world, "producer"), pairs(&producers));
    assert_eq!(reasons(&world, "consumer").len(), 4);
    assert_eq!(world.sfu.object_counts(), [0; 4]);
    assert_eq!(world.sfu.pool_usage().0, 0, "every slot is given back");
    // The peers are told.
    world.run(ms(500));
    for client in receivers.into_iter().chain([publisher]) {
        let told = world
            .client(client)
            .events
            .iter()
            .any(|(_, event)| *event == PeerEvent::Closed);
        assert!(told, "client {client}");
    }
}

#[test]
fn a_producer_takes_its_consumers() {
    let (mut world, _, receivers) = call(2, 2);
    world.run(ms(1000));
    assert!(world.sfu.pool_usage().0 > 0);
    world.request("closeProducer", json!({"producerId": "video"}));
    assert_once_and_children_first(&world);
    assert_eq!(reasons(&world, "producer"), pairs(&[("video", "closed")]));
    let consumers = [("video0", "producerClosed"), ("video1", "producerClosed")];
    assert_eq!(reasons(&world, "consumer"), pairs(&consumers));
    // Audio goes on.
    let before = world.client(receivers[0]).received(1).len();
    world.run(ms(1000));
    assert!(world.client(receivers[0]).received(1).len() >= before + 45);
    world.request("closeProducer", json!({"producerId": "audio"}));
    assert_eq!(world.sfu.pool_usage().0, 0);
}

#[test]
fn a_subscribers_transport_takes_its_consumers_and_nobody_elses() {
    let (mut world, _, receivers) = call(3, 2);
    world.run(ms(500));
    world.request("closeTransport", json!({"transportId": "recv0"}));
    assert_once_and_children_first(&world);
    assert_eq!(reasons(&world, "transport"), pairs(&[("recv0", "closed")]));
    let consumers = [("audio0", "transportClosed"), ("video0", "transportClosed")];
    assert_eq!(reasons(&world, "consumer"), pairs(&consumers));
    assert!(reasons(&world, "producer").is_empty());
    let gone = world.client(receivers[0]).got.len();
    world.run(ms(100));
    let before = world.client(receivers[1]).received(0).len();
    world.run(ms(1000));
    assert!(world.client(receivers[1]).received(0).len() >= before + 150);
    let late = world.client(receivers[0]).got.len() - gone;
    assert!(
        late < 20,
        "{late} packets after the close: only what was on its way"
    );
}

#[test]
fn closing_one_consumer_of_several_leaves_the_others_their_own() {
    // The closed one's place in the producer's list is taken by another: a classic.
    let (mut world, _, receivers) = call(4, 4);
    world.run(ms(500));
    world.request("closeConsumer", json!({"consumerId": "video1"}));
    world.request("closeConsumer", json!({"consumerId": "video0"}));
    assert_eq!(
        reasons(&world, "consumer"),
        pairs(&[("video0", "closed"), ("video1", "closed")])
    );
    world.run(ms(100));
    world.request("pauseConsumer", json!({"consumerId": "video3"}));
    world.run(ms(100));
    let count = |world: &mut World, index: usize| world.client(receivers[index]).received(0).len();
    let before: Vec<usize> = (0..4).map(|index| count(&mut world, index)).collect();
    world.run(ms(1000));
    let grown: Vec<bool> = (0..4)
        .map(|index| count(&mut world, index) > before[index])
        .collect();
    assert_eq!(grown, [false, false, true, false]);
    world.request("resumeConsumer", json!({"consumerId": "video3"}));
    world.run(ms(1000));
    assert!(count(&mut world, 3) > before[3]);
}

#[test]
fn closed_things_are_not_found_and_close_no_second_time() {
    let (mut world, _, _) = call(5, 1);
    world.request("closeTransport", json!({"transportId": "recv0"}));
    assert_eq!(
        world.refused("closeTransport", json!({"transportId": "recv0"})),
        "NOT_FOUND"
    );
    assert_eq!(
        world.refused("pauseConsumer", json!({"consumerId": "video0"})),
        "NOT_FOUND"
    );
    assert_eq!(
        world.refused("getStats", json!({"consumerId": "video0"})),
        "NOT_FOUND"
    );
    world.request("closeRouter", json!({"routerId": "r"}));
    assert_eq!(
        world.refused("closeRouter", json!({"routerId": "r"})),
        "NOT_FOUND"
    );
    assert_once_and_children_first(&world);
    // Ids are free again.
    world.request("createRouter", json!({"routerId": "r"}));
    world.create_transport("recv0");
}

#[test]
fn slots_balance_when_the_pool_is_too_small() {
    let mut world = World::with_slots(
        6,
        videocall_netsim::Link {
            delay: ms(10),
            ..Default::default()
        },
        200,
    );
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let mut receivers = Vec::new();
    for index in 0..4u32 {
        let stream = Stream {
            codec: vp8(),
            ssrc: 1000 * (index + 1),
            mid: index.to_string(),
        };
        let camera =
            videocall_client::profile::Source::chromium_video(world.now(), u64::from(index));
        let producer = format!("p{index}");
        Client::produce(&mut world, publisher, &producer, &stream, Some(camera));
        let receiver = Client::subscriber(&mut world, &format!("recv{index}"), DtlsRole::Client);
        Client::consume(
            &mut world,
            receiver,
            &producer,
            &format!("c{index}"),
            &stream,
            false,
        );
        receivers.push(receiver);
    }
    world.run(ms(3000));
    let (used, all) = world.sfu.pool_usage();
    assert!(
        used > 150 && all == 200,
        "four streams fill 200 slots: {used}"
    );
    for receiver in receivers {
        assert!(
            world.client(receiver).received(0).len() > 300,
            "and media flows nevertheless"
        );
    }
    world.request("closeRouter", json!({"routerId": "r"}));
    assert_eq!(world.sfu.pool_usage(), (0, 200));
}

#[test]
fn a_room_that_comes_and_goes_leaves_nothing() {
    let mut world = World::new(
        7,
        videocall_netsim::Link {
            delay: ms(5),
            ..Default::default()
        },
    );
    for round in 0..5u32 {
        let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
        let stream = Stream {
            codec: vp8(),
            ssrc: 1000 + round,
            mid: "0".into(),
        };
        let camera = videocall_client::profile::Source::chromium_video(world.now(), 1);
        Client::produce(&mut world, publisher, "video", &stream, Some(camera));
        let receiver = Client::subscriber(&mut world, "recv", DtlsRole::Server);
        Client::consume(&mut world, receiver, "video", "c", &stream, false);
        world.run(ms(1500));
        assert!(world.client(receiver).received(0).len() > 50);
        world.request("closeTransport", json!({"transportId": "send"}));
        world.request("closeTransport", json!({"transportId": "recv"}));
        assert_eq!(world.sfu.object_counts(), [1, 0, 0, 0]);
        assert_eq!(world.sfu.pool_usage().0, 0);
        world.run(ms(200));
    }
    // Nobody is left whose timers could be due.
    world.request("closeRouter", json!({"routerId": "r"}));
    world.run(ms(60_000));
    assert_eq!(world.sfu.next_timeout(), None);
}
