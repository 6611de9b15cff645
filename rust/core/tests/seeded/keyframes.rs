//! When a publisher is asked for key frames: when somebody needs one, at once, and not more often than agreed.

use serde_json::json;
use videocall_client::DtlsRole;
use videocall_netsim::{Link, Loss};

use crate::recovery::call;
use crate::rig::{Client, SFU_ADDRESS, Stream, World, ms, vp8};

fn requests(world: &mut World, publisher: usize) -> u64 {
    world.client(publisher).peer.stats().send[0].key_frame_requests
}

fn add_subscriber(world: &mut World, index: u32) -> usize {
    let client = Client::subscriber(world, &format!("late{index}"), DtlsRole::Client);
    let stream = Stream {
        codec: vp8(),
        ssrc: 500_000 + 10 * index,
        mid: "0".into(),
    };
    Client::consume(
        world,
        client,
        "video",
        &format!("late{index}"),
        &stream,
        false,
    );
    client
}

#[test]
fn someone_who_comes_late_starts_at_a_key_frame_soon() {
    let (mut world, _, _) = call(1, 1);
    world.run(ms(3000));
    let joined = world.now();
    let late = add_subscriber(&mut world, 0);
    world.run(ms(1500));
    let received = world.client(late).received(0);
    let first = received.values().next().expect("video");
    assert!(first.starts_keyframe);
    assert!(first.at - joined < ms(1000), "{:?}", first.at - joined);
}

#[test]
fn a_crowd_that_comes_at_once_costs_few_key_frames() {
    let (mut world, publisher, _) = call(2, 1);
    world.run(ms(3000));
    let before = requests(&mut world, publisher);
    let crowd: Vec<usize> = (0..20)
        .map(|index| add_subscriber(&mut world, index))
        .collect();
    world.run(ms(3000));
    let asked = requests(&mut world, publisher) - before;
    assert!((1..=4).contains(&asked), "{asked} requests for 20 joins");
    for late in crowd {
        assert!(world.client(late).received(0).len() > 100);
    }
}

#[test]
fn a_receiver_that_asks_all_the_time_is_answered_every_300_ms_at_most() {
    let (mut world, publisher, receivers) = call(3, 1);
    world.run(ms(2000));
    let before = requests(&mut world, publisher);
    for _ in 0..300 {
        world.client(receivers[0]).peer.request_key_frame(0);
        world.run(ms(10));
    }
    let asked = requests(&mut world, publisher) - before;
    assert!((8..=11).contains(&asked), "{asked} requests in 3 s");
}

#[test]
fn a_longer_delay_that_the_producer_asked_for_is_kept() {
    let mut world = World::new(
        4,
        Link {
            delay: ms(10),
            ..Link::default()
        },
    );
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let stream = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let data = json!({
        "transportId": "send", "producerId": "video", "kind": "video", "paused": false, "keyFrameRequestDelay": 1500,
        "rtpParameters": crate::rig::producer_parameters(&stream), "rtpMapping": crate::rig::rtp_mapping(&stream),
    });
    world.request("produce", data);
    let camera = videocall_client::profile::Source::chromium_video(world.now(), 4);
    world.client(publisher).add_sender(&stream, Some(camera));
    let receiver = Client::subscriber(&mut world, "recv", DtlsRole::Client);
    Client::consume(&mut world, receiver, "video", "c", &stream, false);
    world.run(ms(2000));
    let before = requests(&mut world, publisher);
    for _ in 0..150 {
        world.client(receiver).peer.request_key_frame(0);
        world.run(ms(20));
    }
    let asked = requests(&mut world, publisher) - before;
    assert!((1..=3).contains(&asked), "{asked} requests in 3 s");
}

#[test]
fn a_request_that_is_lost_is_repeated() {
    let (mut world, publisher, _) = call(5, 1);
    world.run(ms(2000));
    let address = world.client_address(publisher);
    world.network.set_link(
        SFU_ADDRESS,
        address,
        Link {
            delay: ms(20),
            loss: Loss::Everything,
            ..Link::default()
        },
    );
    let late = add_subscriber(&mut world, 0);
    world.run(ms(900));
    assert!(world.client(late).received(0).is_empty());
    world.network.set_link(
        SFU_ADDRESS,
        address,
        Link {
            delay: ms(20),
            ..Link::default()
        },
    );
    world.run(ms(1500));
    assert!(world.client(late).received(0).len() > 20);
}

#[test]
fn a_publisher_that_never_obeys_is_not_asked_for_ever() {
    let (mut world, publisher, _) = call(6, 1);
    world.run(ms(2000));
    world.client(publisher).obeys = false;
    let before = requests(&mut world, publisher);
    let late = add_subscriber(&mut world, 0);
    world.run(ms(60_000));
    let asked = requests(&mut world, publisher) - before;
    assert!((5..=40).contains(&asked), "{asked} requests in a minute");
    assert!(
        world.client(late).received(0).is_empty(),
        "nothing it could not decode"
    );
}

#[test]
fn audio_is_never_asked_for_key_frames() {
    let (mut world, publisher, receivers) = call(7, 1);
    world.client(receivers[0]).peer.request_key_frame(1);
    world.request("requestKeyFrame", json!({"consumerId": "audio0"}));
    world.run(ms(1000));
    assert_eq!(
        world.client(publisher).peer.stats().send[1].key_frame_requests,
        0
    );
}
