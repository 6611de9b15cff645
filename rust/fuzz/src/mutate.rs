//! A small mutator in the manner of libFuzzer, seeded, for runs without it.

use rand::{Rng, rngs::StdRng};

/// Values at which counts and lengths turn over.
const EDGES: [u8; 8] = [0, 1, 0x0F, 0x7F, 0x80, 0xFE, 0xFF, 0x10];

/// Longest result.
const MAX_LEN: usize = 4096;

/// A mutation of one of `seeds` (not empty): one to eight changes, each a flipped bit, an edge value, a cut, an insertion,
/// a repetition, or the tail of another seed.
pub fn mutate(seeds: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = seeds[rng.random_range(0..seeds.len())].clone();
    for _ in 0..rng.random_range(1..=8) {
        change(&mut bytes, seeds, rng);
    }
    bytes.truncate(MAX_LEN);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut StdRng) {
    if bytes.is_empty() {
        bytes.push(rng.random());
        return;
    }
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..7) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8),
        1 => bytes[at] = EDGES[rng.random_range(0..EDGES.len())],
        2 => bytes[at] = rng.random(),
        3 => bytes.truncate(at),
        4 => {
            let len = rng.random_range(1..16);
            let inserted: Vec<u8> = (0..len).map(|_| rng.random()).collect();
            bytes.splice(at..at, inserted);
        }
        5 => {
            let end = rng.random_range(at..bytes.len());
            bytes.extend_from_within(at..end);
        }
        _ => {
            let other = &seeds[rng.random_range(0..seeds.len())];
            let from = rng.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}
