//! Connecting over networks that lose the first flights, in both DTLS roles; ICE restarts; consent.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_netsim::{Link, Loss};

use crate::recovery::call;
use crate::rig::{
    Client, Raw, SFU_ADDRESS, Stream, World, binding_request, consumer_parameters, ms, vp8,
};

const ROLES: [DtlsRole; 2] = [DtlsRole::Client, DtlsRole::Server];

fn connect(world: &mut World, role: DtlsRole, within: Duration, what: &str) -> Duration {
    let started = world.now();
    let client = Client::publisher(world, "t", role);
    world.run_until(within, what, |world| {
        world.client(client).connected_at().is_some()
    });
    world.run_until(within, what, |world| {
        world
            .events_of("dtlsStateChange", "t")
            .iter()
            .any(|data| data["dtlsState"] == "connected")
    });
    world.now() - started
}

#[test]
fn both_roles_connect_within_a_few_round_trips() {
    for role in ROLES {
        let mut world = World::new(
            1,
            Link {
                delay: ms(30),
                ..Link::default()
            },
        );
        let took = connect(&mut world, role, ms(1000), "a clean handshake");
        assert!(took < ms(600), "{role:?}: {took:?}");
        let states: Vec<_> = world
            .events_of("dtlsStateChange", "t")
            .iter()
            .map(|d| d["dtlsState"].clone())
            .collect();
        assert_eq!(states, ["connecting", "connected"]);
        let states: Vec<_> = world
            .events_of("iceStateChange", "t")
            .iter()
            .map(|d| d["iceState"].clone())
            .collect();
        assert_eq!(
            states.last().map(|s| s == "completed"),
            Some(true),
            "{states:?}"
        );
    }
}

#[test]
fn the_first_flights_may_be_lost_either_way() {
    for role in ROLES {
        for up in 0..6 {
            for down in [0, 1, 2, 4] {
                let mut world = World::new(
                    7,
                    Link {
                        delay: ms(30),
                        ..Link::default()
                    },
                );
                let client = Client::publisher(&mut world, "t", role);
                let address = world.client_address(client);
                // The first check and its answer pass, so that it is DTLS that is lost.
                world.run_until(ms(500), "the first check", |world| {
                    world.network.stats(SFU_ADDRESS, address).sent > 0
                });
                world.network.drop_next(address, SFU_ADDRESS, up);
                world.network.drop_next(SFU_ADDRESS, address, down);
                let what = format!("{role:?} with {up} lost upwards, {down} downwards");
                world.run_until(ms(5000), &what, |world| {
                    world.client(client).connected_at().is_some()
                });
            }
        }
    }
}

#[test]
fn one_in_five_lost_both_ways_always_connects() {
    for role in ROLES {
        for seed in 0..25 {
            let clean = Link {
                delay: ms(30),
                ..Link::default()
            };
            let mut world = World::new(seed, clean);
            let client = Client::publisher(&mut world, "t", role);
            let address = world.client_address(client);
            // From the first answered check on, so that it is the handshake that is tried.
            world.run_until(ms(500), "the first check", |world| {
                world.network.stats(SFU_ADDRESS, address).sent > 0
            });
            let lossy = Link {
                loss: Loss::Random(0.2),
                ..clean
            };
            world.network.set_links(address, SFU_ADDRESS, lossy);
            let what = format!("{role:?}, seed {seed}");
            world.run_until(ms(10_000), &what, |world| {
                world.client(client).connected_at().is_some()
            });
        }
    }
}

#[test]
fn datagrams_may_be_doubled_and_overtaken() {
    for role in ROLES {
        for seed in 0..10 {
            let link = Link {
                delay: ms(20),
                duplicate: 0.5,
                reorder: 0.3,
                reorder_delay: ms(10),
                ..Link::default()
            };
            let mut world = World::new(seed, link);
            connect(
                &mut world,
                role,
                ms(3000),
                &format!("{role:?}, seed {seed}"),
            );
        }
    }
}

#[test]
fn a_wrong_fingerprint_fails_and_says_so() {
    let mut world = World::new(
        3,
        Link {
            delay: ms(10),
            ..Link::default()
        },
    );
    // Its own side of the handshake may well be done before ours refuses.
    Raw::join_as_somebody_else(&mut world, "t");
    world.run(ms(3000));
    let states: Vec<_> = world
        .events_of("dtlsStateChange", "t")
        .iter()
        .map(|d| d["dtlsState"].clone())
        .collect();
    assert_eq!(states, ["connecting", "failed"]);
}

#[test]
fn a_transport_is_connected_once() {
    let mut world = World::new(3, Link::default());
    let info = world.create_transport("t");
    let dtls = json!({"role": "client", "fingerprints": info.dtls_parameters.fingerprints});
    let data = json!({"transportId": "t", "dtlsParameters": dtls});
    world.request("connectWebRtcTransport", data.clone());
    assert_eq!(world.refused("connectWebRtcTransport", data), "CONFLICT");
}

#[test]
fn consent_expires_and_comes_back() {
    let mut world = World::new(
        5,
        Link {
            delay: ms(20),
            ..Link::default()
        },
    );
    let client = Client::publisher(&mut world, "t", DtlsRole::Client);
    world.run(ms(2000));
    let address = world.client_address(client);
    world.network.cut(address, SFU_ADDRESS);
    world.run(ms(28_000));
    let disconnected = |world: &World| {
        world
            .events_of("iceStateChange", "t")
            .iter()
            .filter(|data| data["iceState"] == "disconnected")
            .count()
    };
    assert_eq!(disconnected(&world), 0);
    world.run(ms(7_000));
    assert_eq!(disconnected(&world), 1);
    world.network.set_link(
        address,
        SFU_ADDRESS,
        Link {
            delay: ms(20),
            ..Link::default()
        },
    );
    world.run(ms(6_000));
    let last = world
        .events_of("iceStateChange", "t")
        .last()
        .map(|data| data["iceState"].clone());
    assert!(
        last.as_ref().is_some_and(|state| state == "completed"),
        "{last:?}"
    );
}

#[test]
fn an_ice_restart_does_not_interrupt_media() {
    let mut world = World::new(
        6,
        Link {
            delay: ms(20),
            ..Link::default()
        },
    );
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let stream = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let camera = Source::chromium_video(world.now(), 1);
    Client::produce(&mut world, publisher, "video", &stream, Some(camera));
    let receiver = Client::subscriber(&mut world, "recv", DtlsRole::Server);
    Client::consume(&mut world, receiver, "video", "c", &stream, false);
    world.run(ms(2000));
    for (index, id) in [(publisher, "send"), (receiver, "recv")] {
        let answer = world.request("restartIce", json!({"transportId": id}));
        let parameters =
            serde_json::from_value(answer["iceParameters"].clone()).expect("ICE parameters");
        let now = world.now();
        world.client(index).peer.restart_ice(parameters, now);
    }
    world.run(ms(3000));
    let received = world.client(receiver).received(0);
    let times: Vec<_> = received.values().map(|got| got.at).collect();
    let longest = times
        .windows(2)
        .map(|pair| pair[1].saturating_duration_since(pair[0]))
        .max()
        .expect("video");
    assert!(longest < ms(100), "{longest:?} without a packet");
}

#[test]
fn an_unknown_ufrag_gets_no_answer_and_an_unsigned_request_neither() {
    let mut world = World::new(7, Link::default());
    let raw = Raw::join(&mut world, "t");
    world.run(ms(500));
    assert!(world.raw(raw).is_connected());
    let address = world.raw_address(raw);
    let answered = |world: &mut World, datagram: Vec<u8>| {
        let before = world.network.stats(SFU_ADDRESS, address).sent;
        world.raw(raw).push(datagram);
        world.run(ms(1));
        world.network.stats(SFU_ADDRESS, address).sent > before
    };
    let ice = world.raw(raw).ice.clone();
    let right = binding_request(&ice, &ice.password, 9, &[]);
    let mut stranger = ice.clone();
    stranger.username_fragment = "00nobodynobody".to_owned();
    let unknown = binding_request(&stranger, &ice.password, 9, &[]);
    let unsigned = binding_request(&ice, "not the password at all!", 9, &[]);
    let mut changed = right.clone();
    changed[30] ^= 1;
    assert!(answered(&mut world, right));
    assert!(!answered(&mut world, unknown));
    assert!(!answered(&mut world, unsigned));
    assert!(!answered(&mut world, changed));
}

#[test]
fn a_peer_that_moves_to_another_address_is_followed() {
    let (mut world, _, receivers) = call(8, 2);
    world.run(ms(500));
    let stream = Stream {
        codec: vp8(),
        ssrc: 99_000,
        mid: "0".into(),
    };
    let moving = Raw::join(&mut world, "moving");
    let consume = json!({
        "transportId": "moving", "consumerId": "m", "producerId": "video", "kind": "video", "paused": false,
        "rtpParameters": consumer_parameters(&stream),
    });
    world.request("consume", consume);
    world.run(ms(1500));
    let old = world.raw_address(moving);
    let new: SocketAddr = ([10, 9, 9, 9], 999).into();
    let ice = world.raw(moving).ice.clone();
    let sent_to = |world: &World, to: SocketAddr| world.network.stats(SFU_ADDRESS, to).sent;
    assert!(sent_to(&world, old) > 100);
    // A check with a wrong password moves nothing.
    let now = world.now();
    let mut forged = binding_request(&ice, "another password, wrong!", 1, &[]);
    world.sfu.handle_datagram(now, 0, new, &mut forged);
    world.run(ms(100));
    assert_eq!(sent_to(&world, new), 0);
    let now = world.now();
    let mut nominating = binding_request(&ice, &ice.password, 2, &[]);
    world.sfu.handle_datagram(now, 0, new, &mut nominating);
    let before = sent_to(&world, old);
    world.run(ms(300));
    assert!(sent_to(&world, new) > 40, "{}", sent_to(&world, new));
    assert!(
        sent_to(&world, old) <= before + 2,
        "only what was assembled already"
    );
    let tuples = world.events_of("iceSelectedTupleChange", "moving");
    let last = tuples.last().map(|data| data["tuple"]["remoteIp"].clone());
    assert_eq!(last, Some(json!("10.9.9.9")));
    // The others are where they were.
    assert!(sent_to(&world, world.client_address(receivers[0])) > 100);
}
