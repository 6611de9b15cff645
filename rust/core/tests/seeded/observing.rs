//! Observers of who speaks, and scores of how well streams get through.

use serde_json::{Value, json};
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_netsim::{Link, Loss};

use crate::recovery::call;
use crate::rig::{Client, SFU_ADDRESS, Stream, World, ms, opus};

/// Publishers of audio `p0`, `p1` ..., connected and silent (127 dB below overload).
fn speakers(seed: u64, count: usize) -> (World, Vec<usize>) {
    let mut world = World::new(
        seed,
        Link {
            delay: ms(20),
            jitter: ms(10),
            ..Link::default()
        },
    );
    let clients: Vec<usize> = (0..count)
        .map(|index| {
            let client = Client::publisher(&mut world, &format!("t{index}"), DtlsRole::Client);
            let stream = Stream {
                codec: opus(),
                ssrc: 1000 + index as u32,
                mid: "0".into(),
            };
            let source = Source::chromium_audio(world.now(), seed);
            Client::produce(
                &mut world,
                client,
                &format!("p{index}"),
                &stream,
                Some(source),
            );
            world.client(client).peer.set_audio_level(0, 127);
            client
        })
        .collect();
    let all = clients.clone();
    world.run_until(ms(3000), "everybody connects", |world| {
        all.iter()
            .all(|client| world.client(*client).connected_at().is_some())
    });
    (world, clients)
}

fn create_levels(world: &mut World, max_entries: usize) {
    let data = json!({
        "routerId": "r", "observerId": "levels", "maxEntries": max_entries, "threshold": -60, "interval": 500,
    });
    world.request("createAudioLevelObserver", data);
}

fn observe(world: &mut World, observer: &str, count: usize) {
    for index in 0..count {
        let data = json!({"observerId": observer, "producerId": format!("p{index}")});
        world.request("observe", data);
    }
}

#[test]
fn the_loudest_are_told_with_their_volume_and_silence_once() {
    for seed in 0..5 {
        let (mut world, clients) = speakers(seed, 3);
        create_levels(&mut world, 2);
        observe(&mut world, "levels", 3);
        world.run(ms(2000));
        assert!(world.events_of("volumes", "levels").is_empty());
        for (client, level) in clients.iter().zip([50, 20, 40]) {
            world.client(*client).peer.set_audio_level(0, level);
        }
        world.run(ms(2000));
        let last = world.events_of("volumes", "levels").pop().cloned();
        let want = json!({"volumes": [
            {"producerId": "p1", "volume": -20}, {"producerId": "p2", "volume": -40}]});
        assert_eq!(last, Some(want), "seed {seed}");
        assert!(world.events_of("silence", "levels").is_empty());
        for client in &clients {
            world.client(*client).peer.set_audio_level(0, 127);
        }
        world.run(ms(5000));
        assert_eq!(world.events_of("silence", "levels").len(), 1);
    }
}

#[test]
fn who_is_paused_closed_or_not_observed_is_not_heard() {
    let (mut world, clients) = speakers(1, 3);
    create_levels(&mut world, 8);
    observe(&mut world, "levels", 3);
    for client in &clients {
        world.client(*client).peer.set_audio_level(0, 30);
    }
    world.run(ms(2000));
    world.request("pauseProducer", json!({"producerId": "p0"}));
    world.request("closeProducer", json!({"producerId": "p1"}));
    world.request(
        "unobserve",
        json!({"observerId": "levels", "producerId": "p2"}),
    );
    world.run(ms(1000));
    let before = world.events_of("volumes", "levels").len();
    world.run(ms(3000));
    assert_eq!(world.events_of("volumes", "levels").len(), before);
    world.request("pauseObserver", json!({"observerId": "levels"}));
    world.request("resumeProducer", json!({"producerId": "p0"}));
    world.run(ms(2000));
    assert_eq!(world.events_of("volumes", "levels").len(), before);
    world.request("resumeObserver", json!({"observerId": "levels"}));
    world.run(ms(1000));
    assert!(world.events_of("volumes", "levels").len() > before);
    world.request("closeRouter", json!({"routerId": "r"}));
    let closed = world.events_of("closed", "levels");
    assert_eq!(
        closed,
        [&json!({"kind": "observer", "reason": "routerClosed"})]
    );
    world.run(ms(2000));
}

#[test]
fn the_dominant_speaker_changes_with_who_speaks() {
    for seed in 0..5 {
        let (mut world, clients) = speakers(seed, 3);
        let data = json!({"routerId": "r", "observerId": "floor", "interval": 300});
        world.request("createActiveSpeakerObserver", data);
        observe(&mut world, "floor", 3);
        let mut want: Vec<Value> = Vec::new();
        for speaker in [1, 0, 2] {
            for (index, client) in clients.iter().enumerate() {
                let level = if index == speaker { 25 } else { 90 };
                world.client(*client).peer.set_audio_level(0, level);
            }
            world.run(ms(3000));
            want.push(json!({"producerId": format!("p{speaker}")}));
        }
        let told: Vec<Value> = world
            .events_of("dominantSpeaker", "floor")
            .into_iter()
            .cloned()
            .collect();
        assert_eq!(told, want, "seed {seed}");
    }
}

#[test]
fn nonsense_is_refused() {
    let (mut world, _, _) = call(1, 1);
    let audio = json!({"routerId": "r", "observerId": "o", "maxEntries": 1, "threshold": -60, "interval": 500});
    for (key, value) in [
        ("maxEntries", json!(0)),
        ("threshold", json!(1)),
        ("threshold", json!(-128)),
        ("interval", json!(99)),
        ("interval", json!(60_001)),
    ] {
        let mut data = audio.clone();
        data[key] = value;
        assert_eq!(
            world.refused("createAudioLevelObserver", data),
            "BAD_REQUEST",
            "{key}"
        );
    }
    world.request("createAudioLevelObserver", audio.clone());
    assert_eq!(world.refused("createAudioLevelObserver", audio), "CONFLICT");
    let video = json!({"observerId": "o", "producerId": "video"});
    assert_eq!(world.refused("observe", video), "BAD_REQUEST");
    let nobody = json!({"observerId": "o", "producerId": "nobody"});
    assert_eq!(world.refused("observe", nobody), "NOT_FOUND");
}

fn last_score(world: &World, target: &str, pointer: &str) -> Option<u64> {
    world
        .events_of("score", target)
        .last()
        .and_then(|data| data.pointer(pointer)?.as_u64())
}

#[test]
fn scores_fall_with_loss_on_either_leg_and_recover() {
    let lossy = Link {
        delay: ms(20),
        loss: Loss::Random(0.25),
        ..Link::default()
    };
    let good = Link {
        delay: ms(20),
        ..Link::default()
    };
    for seed in 0..3 {
        let (mut world, publisher, receivers) = call(seed, 2);
        world.run(ms(3000));
        assert_eq!(last_score(&world, "video", "/scores/0/score"), Some(10));
        for (consumer, pointer) in [
            ("video0", "/consumerScore/score"),
            ("video0", "/consumerScore/producerScore"),
        ] {
            assert_eq!(
                last_score(&world, consumer, pointer),
                Some(10),
                "{consumer} {pointer}"
            );
        }
        let (up, down) = (
            world.client_address(publisher),
            world.client_address(receivers[0]),
        );
        world.network.set_link(SFU_ADDRESS, down, lossy);
        world.run(ms(6000));
        let score = last_score(&world, "video0", "/consumerScore/score").unwrap();
        assert!(score < 9, "seed {seed}: {score}");
        assert_eq!(
            last_score(&world, "video1", "/consumerScore/score"),
            Some(10)
        );
        assert_eq!(last_score(&world, "video", "/scores/0/score"), Some(10));
        world.network.set_link(SFU_ADDRESS, down, good);
        world.network.set_link(up, SFU_ADDRESS, lossy);
        world.run(ms(6000));
        let score = last_score(&world, "video", "/scores/0/score").unwrap();
        assert!(score < 9, "seed {seed}: {score}");
        world.network.set_link(up, SFU_ADDRESS, good);
        world.run(ms(40_000));
        assert_eq!(last_score(&world, "video", "/scores/0/score"), Some(10));
        assert_eq!(
            last_score(&world, "video0", "/consumerScore/score"),
            Some(10)
        );
        // A camera that stops.
        world.client(publisher).set_source(0, None);
        world.run(ms(4000));
        assert_eq!(last_score(&world, "video", "/scores/0/score"), Some(0));
        assert_eq!(
            last_score(&world, "video1", "/consumerScore/producerScore"),
            Some(0)
        );
    }
}
