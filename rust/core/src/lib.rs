//! The sans-IO SFU: ICE-lite, DTLS, SRTP and RTP routing for one worker.
//!
//! It is told the time and never asks for it; it owns no clock, socket, thread or lock. [`Sfu`] is
//! the façade; `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]

mod allocation;
mod bandwidth;
mod cache;
mod consumer;
mod data;
mod error;
mod extension;
mod keyframe_request;
mod keys;
mod layer_rates;
mod metrics;
mod munger;
mod observer;
mod pacer;
mod params;
mod pool;
mod producer;
mod redundancy;
mod router;
mod score;
mod sfu;
mod sharing;
mod time;
mod transport;

pub mod dtls;
pub mod feedback;
pub mod ice;
pub mod rtcp;
pub mod rtp;
pub mod sctp;
pub mod srtp;

pub use error::{Error, ErrorCode};
pub use metrics::Metrics;
pub use sfu::{ListenAddr, Sfu, SfuConfig, Transmit};
