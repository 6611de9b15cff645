//! The whole SFU on a seeded network and virtual time, driven by `videocall-client`'s peers, by a bare peer that can
//! misbehave, and by webrtc-rs as an independent client. Nothing here waits and nothing depends on the machine's speed.

mod rig;

mod closing;
mod data;
mod faults;
mod feedback;
mod handshake;
mod insider;
mod keyframes;
mod lip_sync;
mod observing;
mod pausing;
mod rates;
mod recovery;
mod redundancy;
mod rewriting;
mod simulation;
mod simulcast;
mod strangers;
mod strays;
mod tcp;
mod webrtc_rs;
