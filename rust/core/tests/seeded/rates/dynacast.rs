//! A publisher is told which layers anybody watches: at once when one comes to be wanted, after a while when none does.

use serde_json::{Value, json};

use super::Scene;
use crate::rig::ms;

/// What the camera was told so far, a letter a layer: upper case where it is wanted.
fn told(scene: &Scene) -> Vec<String> {
    let layers = |data: &&Value| {
        let layers = data["layers"].as_array().expect("layers");
        assert_eq!(layers.len(), 3);
        let letter = |(at, layer): (usize, &Value)| {
            assert_eq!(layer["spatialLayer"], at);
            match layer["wanted"].as_bool().expect("a flag") {
                true => ["L", "M", "H"][at],
                false => ["l", "m", "h"][at],
            }
        };
        layers.iter().enumerate().map(letter).collect()
    };
    scene
        .world
        .events_of("layersWanted", "video")
        .iter()
        .map(layers)
        .collect()
}

fn prefer(scene: &mut Scene, subscriber: usize, layer: u8) {
    let data = json!({"consumerId": format!("c{subscriber}"), "spatialLayer": layer});
    scene.world.request("setPreferredLayers", data);
}

#[test]
fn layers_come_at_once_and_go_after_a_while() {
    let mut scene = Scene::new(1, 0);
    scene.watch(ms(1_900));
    assert!(told(&scene).is_empty());
    scene.watch(ms(200));
    assert_eq!(told(&scene), ["lmh"], "nobody is there");
    scene.join();
    assert_eq!(told(&scene)[1..], ["LMH"]);
    scene.join();
    prefer(&mut scene, 0, 1);
    prefer(&mut scene, 1, 0);
    scene.watch(ms(1_900));
    assert_eq!(told(&scene).len(), 2);
    scene.watch(ms(200));
    assert_eq!(told(&scene)[2..], ["LMh"]);
    scene
        .world
        .request("pauseConsumer", json!({"consumerId": "c0"}));
    scene.watch(ms(1_000));
    prefer(&mut scene, 0, 2);
    scene.watch(ms(2_000));
    assert_eq!(
        told(&scene)[3..],
        ["Lmh"],
        "a paused consumer wants nothing"
    );
    scene
        .world
        .request("resumeConsumer", json!({"consumerId": "c0"}));
    assert_eq!(told(&scene)[4..], ["LMH"]);
    scene
        .world
        .request("closeConsumer", json!({"consumerId": "c0"}));
    scene.watch(ms(1_500));
    prefer(&mut scene, 1, 2);
    scene.watch(ms(3_000));
    assert_eq!(told(&scene).len(), 5, "somebody came back in time");
    scene
        .world
        .request("closeTransport", json!({"transportId": "s1"}));
    scene.watch(ms(2_100));
    assert_eq!(told(&scene)[5..], ["lmh"]);
}

#[test]
fn a_layer_that_is_wanted_again_is_seen_within_one_keyframe() {
    let mut scene = Scene::new(2, 1);
    scene.obey_dynacast = true;
    assert_eq!(scene.watch(ms(6_000))[0].layer, Some(2));
    prefer(&mut scene, 0, 0);
    let low = scene.watch(ms(6_000)).remove(0);
    assert_eq!((low.layer, low.frozen), (Some(0), ms(0)));
    let publisher = scene.publisher;
    let sent = scene.world.client(publisher).sent[2].len();
    scene.watch(ms(2_000));
    assert_eq!(
        scene.world.client(publisher).sent[2].len(),
        sent,
        "nobody watches, nothing is sent"
    );
    prefer(&mut scene, 0, 2);
    let mut waited = ms(0);
    while scene.watch(ms(20))[0].layer != Some(2) {
        waited += ms(20);
        assert!(waited < ms(400), "{:?}", scene.switches(0));
    }
    let seen = scene.watch(ms(3_000)).remove(0);
    assert_eq!((seen.layer, seen.frozen), (Some(2), ms(0)));
}
