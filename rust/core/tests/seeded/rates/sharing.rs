//! Who gets what of one path: priorities, preferred layers, pauses, limits; receivers that tell REMB or nothing.

use serde_json::json;
use videocall_core::rtcp::write;
use videocall_core::rtp::Ssrc;
use videocall_netsim::Loss;

use super::{Scene, link, stream};
use crate::rig::{Raw, consumer_parameters, ms};

#[test]
fn a_limit_of_the_application_holds() {
    let mut scene = Scene::new(1, 1);
    assert_eq!(scene.watch(ms(8_000))[0].layer, Some(2));
    let limit = |bitrate: u64| json!({"transportId": "s0", "bitrate": bitrate});
    scene.world.request("setMaxOutgoingBitrate", limit(400_000));
    scene.watch(ms(1_000));
    let limited = scene.watch(ms(5_000)).remove(0);
    assert_eq!(limited.layer, Some(1), "{limited:?}");
    assert!(limited.goodput_bps < 400_000);
    assert_eq!(scene.stats(0)["maxOutgoingBitrate"], 400_000);
    scene.world.request("setMaxOutgoingBitrate", limit(0));
    assert_eq!(scene.watch(ms(8_000))[0].layer, Some(2));
}

#[test]
fn the_preferred_layer_is_the_most_one_gets() {
    let mut scene = Scene::new(2, 2);
    let prefer = |layer: u8| json!({"consumerId": "c1", "spatialLayer": layer});
    scene.world.request("setPreferredLayers", prefer(0));
    let seen = scene.watch(ms(8_000));
    assert_eq!((seen[0].layer, seen[1].layer), (Some(2), Some(0)));
    let probes = scene.stats(1)["probesSent"].as_u64();
    assert_eq!(probes, Some(0), "there is nothing to look for");
    scene.world.request("setPreferredLayers", prefer(2));
    let seen = scene.watch(ms(4_000));
    assert_eq!((seen[0].layer, seen[1].layer), (Some(2), Some(2)));
    assert_eq!(seen[0].frozen, ms(0));
}

#[test]
fn the_first_estimate_can_be_given() {
    let mut scene = Scene::new(4, 0);
    scene.watch(ms(3_000));
    scene.world.initial_bitrate = Some(4_000_000);
    scene.join();
    scene.world.initial_bitrate = None;
    scene.join();
    scene.watch(ms(600));
    assert_eq!(
        scene.switches(0).first(),
        Some(&Some(2)),
        "{:?}",
        scene.switches(0)
    );
    assert_eq!(
        scene.switches(1).first(),
        Some(&Some(1)),
        "{:?}",
        scene.switches(1)
    );
    scene.downlink(0, link(Some(300_000), Loss::None));
}

#[test]
fn priorities_are_checked() {
    let mut scene = Scene::new(5, 1);
    let priority = |priority: i32| json!({"consumerId": "c0", "priority": priority});
    assert_eq!(
        scene.world.request("setPriority", priority(255))["priority"],
        255
    );
    for wrong in [0, 256, -1] {
        assert_eq!(
            scene.world.refused("setPriority", priority(wrong)),
            "BAD_REQUEST"
        );
    }
}

#[test]
fn a_higher_priority_is_served_first() {
    let mut scene = Scene::new(6, 1);
    scene.consume(0, "other", 6_000);
    scene.watch(ms(8_000));
    let last = |scene: &Scene| {
        ["c0", "other"].map(|consumer| scene.switches_of(consumer).last().copied().flatten())
    };
    assert_eq!(last(&scene), [Some(2), Some(2)]);
    scene.downlink(0, link(Some(2_200_000), Loss::None));
    scene.world.request(
        "setPriority",
        json!({"consumerId": "other", "priority": 10}),
    );
    scene.watch(ms(10_000));
    assert!(
        last(&scene)[0] < Some(2) && last(&scene)[1] == Some(2),
        "{:?}",
        last(&scene)
    );
    scene
        .world
        .request("setPriority", json!({"consumerId": "c0", "priority": 100}));
    scene.watch(ms(10_000));
    assert!(
        last(&scene)[1] < Some(2) && last(&scene)[0] == Some(2),
        "{:?}",
        last(&scene)
    );
}

#[test]
fn where_not_all_fit_the_less_important_are_paused_and_come_back() {
    let mut scene = Scene::new(7, 1);
    for index in 0..4 {
        scene.consume(0, &format!("more{index}"), 6_000 + 10 * index);
    }
    scene
        .world
        .request("setPriority", json!({"consumerId": "c0", "priority": 5}));
    scene.watch(ms(8_000));
    scene.downlink(0, link(Some(250_000), Loss::None));
    scene.watch(ms(5_000));
    let low = scene.watch(ms(10_000)).remove(0);
    assert!(low.frames >= 290, "{low:?}");
    let last =
        |scene: &Scene, consumer: &str| scene.switches_of(consumer).last().copied().flatten();
    let paused = (0..4)
        .filter(|index| last(&scene, &format!("more{index}")).is_none())
        .count();
    assert!((2..=4).contains(&paused), "{paused}");
    scene.downlink(0, link(None, Loss::None));
    scene.watch(ms(15_000));
    for index in 0..4 {
        assert_eq!(last(&scene, &format!("more{index}")), Some(2), "{index}");
    }
}

#[test]
fn without_transport_cc_the_receivers_own_estimate_counts() {
    let mut scene = Scene::new(8, 0);
    let raw = Raw::join(&mut scene.world, "remb");
    let mut parameters = consumer_parameters(&stream(7_000));
    let extensions = parameters["headerExtensions"]
        .as_array_mut()
        .expect("extensions");
    extensions.retain(|it| {
        !it["uri"]
            .as_str()
            .is_some_and(|uri| uri.contains("transport-wide-cc"))
    });
    let consume = json!({
        "transportId": "remb", "consumerId": "r", "producerId": "video", "kind": "video", "paused": false,
        "rtpParameters": parameters,
    });
    scene.world.request("consume", consume);
    scene.watch(ms(4_000));
    let last = |scene: &Scene| scene.switches_of("r").last().copied().flatten();
    assert_eq!(
        last(&scene),
        Some(2),
        "nothing is told: everything is given"
    );
    for (told_bps, layer) in [(300_000, 1), (150_000, 0), (5_000_000, 2), (10_000, 0)] {
        let mut compound = Vec::new();
        write::remb(&mut compound, Ssrc(1), told_bps, &[Ssrc(7_000)]);
        let raw = scene.world.raw(raw);
        let datagram = raw.seal_rtcp(&compound);
        raw.push(datagram);
        scene.watch(ms(5_000));
        assert_eq!(
            last(&scene),
            Some(layer),
            "at {told_bps}: {:?}",
            scene.switches_of("r")
        );
        let stats = scene
            .world
            .request("getStats", json!({"transportId": "remb"}));
        assert_eq!(stats["stats"][0]["availableOutgoingBitrate"], told_bps);
    }
}
