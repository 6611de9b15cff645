//! A meeting in memory: the whole core, one publisher and its subscribers on virtual time, without
//! sockets. It shows what the core itself costs and allocates per forwarded packet; what the
//! kernel adds is measured by the pytest suites beside this.
#![forbid(unsafe_code)]

mod parameters;
mod rig;
mod wire;

pub use rig::{Datagrams, Rig};
