//! The test bench: a world with one SFU, a network and nodes; the nodes; and signalling's part of the work.

mod client;
mod data;
mod params;
mod raw;
mod world;

pub use client::{Client, Got};
pub use params::{
    Codec, Stream, consumer_parameters, opus, opus_with_red, producer_parameters, rtp_mapping,
    video, vp8,
};
pub use raw::{Raw, binding_request};
pub use world::{Node, SFU_ADDRESS, TransportInfo, World};

use std::time::Duration;

/// Milliseconds, because there are so many.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
