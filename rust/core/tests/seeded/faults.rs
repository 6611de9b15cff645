//! A defect in one session ends that session, and costs nobody else a packet.

use serde_json::{Value, json};

use crate::recovery::{assert_complete, call, drain};
use crate::rig::{World, ms};

/// The transports that were closed since then, with their reasons.
fn closed_transports(world: &World, since: usize) -> Vec<(String, String)> {
    let events = world.events[since..].iter();
    let closed = events.filter(|event| event["event"] == "closed");
    let transports = closed.filter(|event| event["data"]["kind"] == "transport");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    transports
        .map(|event| (text(&event["target"]), text(&event["data"]["reason"])))
        .collect()
}

#[test]
fn a_panic_ends_the_session_it_was_about_and_costs_the_others_nothing() {
    let mut victims = std::collections::BTreeSet::new();
    for points in 0..60 {
        let (mut world, publisher, receivers) = call(u64::from(points), 4);
        world.tolerates_panics = true;
        let since = world.events.len();
        world.sfu.panic_after(points);
        world.run(ms(1000));
        assert_eq!(world.sfu.metrics().panics, 1);
        let closed = closed_transports(&world, since);
        let [(victim, reason)] = &closed[..] else {
            panic!("one transport ends: {closed:?}");
        };
        assert_eq!(reason, "error");
        victims.insert(victim.clone());
        if victim != "send" {
            drain(&mut world, publisher);
            for (index, receiver) in receivers.iter().enumerate() {
                if *victim != format!("recv{index}") {
                    assert_complete(&mut world, publisher, *receiver, 0);
                    assert_complete(&mut world, publisher, *receiver, 1);
                    let got = world.client(*receiver).peer.stats().receive[0];
                    assert_eq!((got.nacked, got.plis), (0, 0), "after {points} points");
                }
            }
        }
        world.request("closeRouter", json!({"routerId": "r"}));
        let dump = world.request("dump", json!({}));
        assert_eq!(dump["poolUsed"], 0);
        for kind in ["transports", "producers", "consumers"] {
            assert_eq!(dump[kind], json!([]));
        }
    }
    assert_eq!(
        victims.len(),
        5,
        "each of the sessions was hit: {victims:?}"
    );
}

#[test]
fn many_panics_leave_the_rest_in_balance() {
    let (mut world, publisher, receivers) = call(99, 12);
    world.tolerates_panics = true;
    let mut count = 0;
    for points in [5, 31, 2, 77, 13] {
        let since = world.events.len();
        world.sfu.panic_after(points);
        world.run(ms(500));
        let closed = closed_transports(&world, since);
        assert_eq!(closed.len(), 1, "{closed:?}");
        count += 1;
        assert_eq!(world.sfu.metrics().panics, count);
        if closed[0].0 == "send" {
            return;
        }
    }
    drain(&mut world, publisher);
    let dump = world.request("dump", json!({}));
    let alive = dump["transports"].as_array().expect("ids").clone();
    assert_eq!(alive.len() as u64, 13 - count);
    for (index, receiver) in receivers.iter().enumerate() {
        if alive.contains(&json!(format!("recv{index}"))) {
            assert_complete(&mut world, publisher, *receiver, 0);
        }
    }
}
