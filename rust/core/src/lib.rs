//! The sans-IO SFU: ICE-lite, DTLS, SRTP and RTP routing for one worker.
//!
//! It is told the time and never asks for it; it owns no clock, socket, thread or lock.
#![forbid(unsafe_code)]
pub mod dtls;
pub mod feedback;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
