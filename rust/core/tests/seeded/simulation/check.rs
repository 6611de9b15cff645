//! What holds after every step of a simulated call, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::people::Call;
use crate::rig::Got;

/// What was looked at already.
#[derive(Default)]
pub struct Seen {
    /// Events.
    events: usize,
    closed: BTreeSet<String>,
    /// Packets, by client.
    packets: BTreeMap<usize, usize>,
    /// By client and stream: what came under each sequence number.
    numbers: BTreeMap<(usize, usize), BTreeMap<u64, Told>>,
}

/// What a receiver was told under one sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    frame: u32,
    timestamp: u32,
    starts_keyframe: bool,
    len: usize,
}

pub fn everything(call: &mut Call) {
    assert_eq!(call.world.sfu.metrics().panics, 0);
    ends_are_announced_once_and_nothing_comes_after(call);
    what_is_alive_is_what_was_not_closed(call);
    nothing_is_sent_while_paused(call);
    numbers_are_in_decodable_order(call);
}

/// At the end of all: every object that was made was announced as closed, and nothing is held.
pub fn nothing_is_left(call: &mut Call) {
    ends_are_announced_once_and_nothing_comes_after(call);
    let made: BTreeSet<&String> = call.made.keys().collect();
    let closed: BTreeSet<&String> = call.seen.closed.iter().collect();
    assert_eq!(made, closed);
    let dump = call.world.request("dump", json!({}));
    for kind in ["routers", "transports", "producers", "consumers"] {
        assert_eq!(dump[kind], json!([]), "{kind}");
    }
    assert_eq!(dump["poolUsed"], 0, "slots of the pool are lost");
}

fn ends_are_announced_once_and_nothing_comes_after(call: &mut Call) {
    let Call {
        world, seen, made, ..
    } = call;
    for event in &world.events[seen.events..] {
        let target = event["target"].as_str().expect("a target");
        let kind = made
            .get(target)
            .unwrap_or_else(|| panic!("{event} of nobody"));
        assert!(!seen.closed.contains(target), "{event} after its end");
        if event["event"] == "closed" {
            assert_eq!(event["data"]["kind"], **kind);
            seen.closed.insert(target.to_owned());
        }
    }
    seen.events = world.events.len();
}

fn what_is_alive_is_what_was_not_closed(call: &mut Call) {
    let dump = call.world.request("dump", json!({}));
    let alive = |kind: &str| -> BTreeSet<String> {
        let ids = dump[kind].as_array().expect("ids").iter();
        ids.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let ids: BTreeSet<String> = call.producers.keys().cloned().collect();
    assert_eq!(alive("producers"), ids);
    let ids: BTreeSet<String> = call.consumers.keys().cloned().collect();
    assert_eq!(alive("consumers"), ids);
    assert_eq!(alive("transports").len(), 2 * call.people.len());
    let (used, slots) = (&dump["poolUsed"], &dump["poolSlots"]);
    assert!(used.as_u64() <= slots.as_u64());
}

/// Called right after a pause too, so that what was sent before it counts as that.
pub fn nothing_is_sent_while_paused(call: &mut Call) {
    let Call {
        world,
        producers,
        consumers,
        ..
    } = call;
    for (id, consumer) in consumers {
        let paused = consumer.paused || producers[&consumer.producer].paused;
        if !paused {
            consumer.sent_when_paused = None;
            continue;
        }
        let stats = world.request("getStats", json!({"consumerId": id}));
        let sent = stats["stats"][0]["packetCount"].as_u64().expect("a count");
        let before = *consumer.sent_when_paused.get_or_insert(sent);
        assert_eq!(sent, before, "{id} was sent something while paused");
    }
}

/// Under one number comes one packet, whatever the network doubles or the SFU repeats; numbers, frames and timestamps grow
/// together; and a picture that does not follow the one before it can be decoded by itself.
fn numbers_are_in_decodable_order(call: &mut Call) {
    let receivers: Vec<usize> = call.people.iter().map(|person| person.receiver).collect();
    for client in receivers {
        let got = &call.world.client(client).got;
        let looked = call.seen.packets.insert(client, got.len()).unwrap_or(0);
        let mut touched = BTreeSet::new();
        for packet in &got[looked..] {
            let key = (client, packet.stream);
            let numbers = call.seen.numbers.entry(key).or_default();
            let told = Told::from(packet);
            let before = numbers
                .entry(packet.sequence)
                .or_insert_with(|| told.clone());
            assert_eq!(*before, told, "two packets under one number");
            touched.insert(key);
        }
        for key in touched {
            in_order(key, &call.seen.numbers[&key]);
        }
    }
}

fn in_order(key: (usize, usize), numbers: &BTreeMap<u64, Told>) {
    for ((number, before), (next, after)) in numbers.iter().zip(numbers.iter().skip(1)) {
        let where_ = || format!("{key:?} at {number} and {next}: {before:?}, {after:?}");
        assert!(before.frame <= after.frame, "{}", where_());
        let later = after.timestamp.wrapping_sub(before.timestamp) as i32;
        assert!(later >= 0, "{}", where_());
        assert_eq!(before.frame == after.frame, later == 0, "{}", where_());
        let is_video = before.len > 200 || after.len > 200;
        // Nothing was lost between the two, so the SFU left out what lay between them.
        if is_video && next - number == 1 && after.frame > before.frame + 1 {
            assert!(after.starts_keyframe, "{}", where_());
        }
    }
}

impl From<&Got> for Told {
    fn from(got: &Got) -> Self {
        Self {
            frame: got.frame,
            timestamp: got.timestamp,
            starts_keyframe: got.starts_keyframe,
            len: got.payload_len,
        }
    }
}
