//! One function per parser that meets bytes from the network, and a small mutator.
//!
//! `fuzz_targets/` gives each function to libFuzzer:
//!
//! ```text
//! cargo install cargo-fuzz
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir rust/fuzz --features libfuzzer rtp rust/fuzz/seeds/rtp
//! ```
//!
//! `tests/seeds.rs` runs every function over its seeds and some thousand mutations of them, so that plain `cargo test` keeps
//! the targets alive. A target fails by panicking.
#![forbid(unsafe_code)]

pub mod mutate;
pub mod targets;
