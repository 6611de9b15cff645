//! Every target over its committed seeds, and over some thousand mutations of them; `VIDEOCALL_FUZZ_INPUTS=100000000` in the
//! environment makes it that many for each.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rand::{SeedableRng, rngs::StdRng};
use videocall_fuzz::mutate::mutate;
use videocall_fuzz::targets;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("a directory of seeds")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    // The order of the directory is not the same everywhere, and the mutations hang on it.
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a seed"))
        .collect()
}

fn run(name: &str, mutations: u64) {
    let &(_, target) = targets::ALL
        .iter()
        .find(|(target, _)| *target == name)
        .expect("a target of that name");
    let check = |input: &[u8]| {
        let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
        assert!(outcome.is_ok(), "{name} fails on {input:02x?}");
    };
    let seeds = seeds(name);
    assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
    seeds.iter().for_each(|seed| check(seed));
    let wanted = std::env::var("VIDEOCALL_FUZZ_INPUTS").ok();
    let mutations = wanted.map_or(mutations, |count| {
        count.parse().expect("a number of inputs")
    });
    // Another run is another number of inputs, and thus another seed.
    let mut rng = StdRng::seed_from_u64(mutations);
    for _ in 0..mutations {
        check(&mutate(&seeds, &mut rng));
    }
}

#[test]
fn rtp() {
    run("rtp", 20_000);
}

#[test]
fn rtcp() {
    run("rtcp", 20_000);
}

#[test]
fn keyframe() {
    run("keyframe", 20_000);
}

#[test]
fn stun() {
    run("stun", 5_000);
}

#[test]
fn dtls() {
    run("dtls", 2_000);
}

#[test]
fn channel() {
    run("channel", 5_000);
}

#[test]
fn datagram() {
    run("datagram", 20_000);
}

#[test]
fn sctp() {
    run("sctp", 5_000);
}

/// A target without a test here, or without a file for libFuzzer, would be forgotten.
#[test]
fn every_target_has_its_file() {
    for (name, _) in targets::ALL {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(file).expect("a file for libFuzzer");
        assert!(text.contains(&format!("targets::{name}(")));
    }
}
