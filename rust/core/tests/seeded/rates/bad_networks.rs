//! The rows of "quality on bad networks" that depend on the server: cliffs, loss, one slow receiver of many.
//! `cargo test --test seeded rates -- --nocapture` prints the figures.

#![allow(clippy::print_stdout, reason = "figures are what these are for")]

use std::time::Duration;

use videocall_netsim::Loss;

use super::{LAYERS, Scene, link};
use crate::rig::ms;

const WIDE: u64 = 2_000_000;
const NARROW: u64 = 300_000;

#[test]
fn a_cliff_is_survived_and_the_top_comes_back() {
    for seed in 1..=8 {
        let mut scene = Scene::new(seed, 1);
        scene.downlink(0, link(Some(WIDE), Loss::None));
        let before = scene.watch(ms(15_000)).remove(0);
        assert_eq!(before.layer, Some(2), "{before:?}");

        scene.downlink(0, link(Some(NARROW), Loss::None));
        let fall = scene.watch(ms(3_000)).remove(0);
        let settled = scene.watch(ms(1_000)).remove(0);
        let low = scene.watch(ms(20_000)).remove(0);
        let share = low.goodput_bps as f64 / NARROW as f64;
        println!(
            "seed {seed}: fell with {:?} frozen (longest gap {:?}), worst queue {:?}, after 3 s {:?}, later {:?}; \
             goodput {:.0} % of the link, frozen {:?}",
            fall.frozen,
            fall.longest_gap,
            fall.worst_queue,
            settled.worst_queue,
            low.worst_queue,
            share * 100.0,
            low.frozen,
        );
        assert!(fall.frozen <= ms(1_000), "{fall:?}");
        assert!(
            settled.worst_queue <= ms(300) && low.worst_queue <= ms(300),
            "{settled:?} {low:?}"
        );
        assert!(share >= 0.7, "{low:?}");
        assert_eq!(low.layer, Some(1), "{low:?}");
        let switches = scene.switches(0).len();
        scene.watch(ms(20_000));
        assert!(
            scene.switches(0).len() <= switches + 1,
            "it flaps: {:?}",
            scene.switches(0)
        );

        scene.downlink(0, link(Some(WIDE), Loss::None));
        let mut waited = Duration::ZERO;
        while scene.watch(ms(100))[0].layer != Some(2) {
            waited += ms(100);
            assert!(
                waited < ms(10_000),
                "the top is not back: {:?}",
                scene.switches(0)
            );
        }
        let after = scene.watch(ms(20_000)).remove(0);
        println!("seed {seed}: top layer {waited:?} after the link was back; then {after:?}");
        assert_eq!(
            (after.layer, after.frozen),
            (Some(2), Duration::ZERO),
            "{:?}",
            scene.switches(0)
        );
    }
}

#[test]
fn random_loss_alone_costs_no_layer() {
    // A packet that is lost twice takes more than 200 ms, which a receiver's jitter buffer hides and this one has none.
    for (seed, percent) in [(1, 5), (2, 10), (3, 20), (4, 30)] {
        let mut scene = Scene::new(seed, 1);
        scene.watch(ms(5_000));
        let loss = f64::from(percent) / 100.0;
        scene.downlink(0, link(None, Loss::Random(loss)));
        let start = scene.watch(ms(10_000)).remove(0);
        let seen = scene.watch(ms(20_000)).remove(0);
        let estimate = scene.stats(0)["availableOutgoingBitrate"].as_u64();
        println!(
            "{percent} % lost: {} of 600 frames, frozen {:?}, estimate {estimate:?}, at first {start:?}",
            seen.frames, seen.frozen
        );
        assert_eq!(seen.layer, Some(2), "{:?}", scene.switches(0));
        assert!(
            seen.frames >= 570 && seen.longest_gap < ms(1_000),
            "{seen:?}"
        );
        assert!(estimate > Some(LAYERS[2]), "{estimate:?}");
    }
}

#[test]
fn one_slow_receiver_of_ten_costs_the_others_nothing() {
    let mut scene = Scene::new(3, 10);
    scene.watch(ms(10_000));
    let switches: Vec<usize> = (0..10).map(|at| scene.switches(at).len()).collect();
    let link = link(Some(NARROW), Loss::Random(0.05));
    scene.downlink(4, link);
    let seen = scene.watch(ms(20_000));
    println!("the slow one: {:?}, another: {:?}", seen[4], seen[5]);
    for (at, seen) in seen.iter().enumerate().filter(|(at, _)| *at != 4) {
        assert_eq!(
            (seen.layer, seen.frozen),
            (Some(2), Duration::ZERO),
            "{at}: {seen:?}"
        );
        assert!(seen.frames >= 599, "{at}: {seen:?}");
        assert_eq!(scene.switches(at).len(), switches[at]);
    }
    assert!(
        seen[4].layer < Some(2) && seen[4].frames > 500,
        "{:?}",
        seen[4]
    );
}

#[test]
fn media_is_back_within_a_second_of_the_link() {
    let mut scene = Scene::new(5, 1);
    scene.watch(ms(8_000));
    scene.downlink(0, link(None, Loss::Everything));
    scene.watch(ms(4_000));
    scene.downlink(0, link(None, Loss::None));
    let back = scene.watch(ms(1_000)).remove(0);
    let later = scene.watch(ms(10_000)).remove(0);
    println!("after 4 s without a link: {back:?}, later {later:?}");
    assert!(back.frames > 0 && back.longest_gap < ms(1_000), "{back:?}");
    assert_eq!(later.layer, Some(2));
}
