//! Malformed, copied and forged packets of people who were not let in: nobody notices.

use std::net::{Ipv4Addr, SocketAddr};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::recovery::{assert_complete, call, drain};
use crate::rig::{Raw, SFU_ADDRESS, World, binding_request, ms};

/// An address that nobody has.
pub const STRANGER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 6, 6, 6)), 666);

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
pub fn assert_undisturbed(world: &mut World, publisher: usize, receivers: &[usize], events: usize) {
    drain(world, publisher);
    for receiver in receivers {
        for stream in 0..2 {
            assert_complete(world, publisher, *receiver, stream);
        }
        let got = world.client(*receiver).peer.stats().receive[0];
        assert_eq!((got.nacked, got.plis), (0, 0));
    }
    let new = world.events[events..].iter();
    // Scores change with the sources that were just stopped, and with what an insider reports of itself.
    let told = new.filter(|event| event["event"] != "score");
    let others: Vec<_> = told
        .filter(|event| event["target"] != "insider" && event["target"] != "bad")
        .collect();
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
