//! Whole calls by chance: people come, publish, listen, pause, change their minds, lose their networks and vanish, all of it
//! chosen by a seed. After every step the SFU is held against what it may do; see [`check`].
//!
//! `cargo test -p videocall-core --test seeded simulation` runs some hundred seeds. `VIDEOCALL_SEEDS=100000` in the environment makes
//! it that many others, `VIDEOCALL_SEED=17` runs the one.

mod check;
mod people;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use videocall_netsim::{Link, Loss, RateLimit};

use self::people::Call;
use crate::rig::ms;

/// Seeds that every run of the tests tries.
const SEEDS: u64 = 200;
/// Steps of one call, each some tens to hundreds of milliseconds.
const STEPS: u32 = 60;
const MOST_PEOPLE: usize = 5;

#[test]
fn whole_calls() {
    let number = |name| {
        let text = std::env::var(name).ok();
        text.map(|text| text.parse::<u64>().expect("a number"))
    };
    if let Some(seed) = number("VIDEOCALL_SEED") {
        return simulate(seed);
    }
    let seeds = match number("VIDEOCALL_SEEDS") {
        // Others than those that every run tries.
        Some(count) => SEEDS..SEEDS + count,
        None => 0..SEEDS,
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulate(seed))) {
            eprintln!(
                "seed {seed} failed; again: VIDEOCALL_SEED={seed} cargo test -p videocall-core --test seeded whole_calls"
            );
            resume_unwind(panic);
        }
    }
}

fn simulate(seed: u64) {
    let mut call = play(seed);
    call.end();
    check::nothing_is_left(&mut call);
}

fn play(seed: u64) -> Call {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut call = Call::new(seed);
    call.join(&mut rng);
    for _ in 0..STEPS {
        step(&mut call, &mut rng);
        check::nothing_is_sent_while_paused(&mut call);
        call.world.run(ms(rng.random_range(20..400)));
        check::everything(&mut call);
    }
    call
}

/// One thing happens.
fn step(call: &mut Call, rng: &mut StdRng) {
    match rng.random_range(0..100) {
        0..14 if call.people.len() < MOST_PEOPLE => call.join(rng),
        0..34 => call.consume_something(rng),
        34..44 => call.pause_or_resume_a_consumer(rng),
        44..52 => call.pause_or_resume_a_producer(rng),
        52..56 => call.produce_something(rng),
        56..60 => call.close_a_producer(rng),
        60..64 => call.close_a_consumer(rng),
        64..68 => call.ask_for_a_key_frame(rng),
        68..72 => call.change_layers_or_priority(rng),
        72..75 => call.leave(rng),
        75..77 => call.vanish(rng),
        77..80 => call.move_somewhere(rng),
        80..92 => {
            let link = any_link(rng);
            call.change_a_link(rng, link);
        }
        _ => {}
    }
}

fn any_link(rng: &mut StdRng) -> Link {
    let chance = |rng: &mut StdRng, most: f64| match rng.random_bool(0.4) {
        true => rng.random::<f64>() * most,
        false => 0.0,
    };
    let loss = match rng.random_range(0..10) {
        0..4 => Loss::None,
        4..7 => Loss::Random(rng.random::<f64>() * 0.4),
        7..9 => Loss::Burst {
            enter: rng.random::<f64>() * 0.05,
            recover: 0.1 + rng.random::<f64>() * 0.5,
        },
        _ => Loss::Everything,
    };
    let limited = rng.random_bool(0.25);
    let rates = [100_000, 300_000, 1_000_000, 3_000_000];
    Link {
        delay: ms(rng.random_range(0..120)),
        jitter: ms(rng.random_range(0..60)),
        loss,
        duplicate: chance(rng, 0.1),
        reorder: chance(rng, 0.1),
        reorder_delay: ms(rng.random_range(0..80)),
        rate: limited.then(|| RateLimit {
            bits_per_second: *rates.choose(rng).expect("one"),
            max_queue: ms(rng.random_range(50..1000)),
        }),
    }
}
