//! What can go wrong when a worker is started or asked for something.

use std::{io, net::SocketAddr};

use crate::options::OptionsError;

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another socket has this address.
    #[error("{address} is in use by another program; choose another port")]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on (not this machine's, or a reserved port).
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The options do not suit this worker.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system refused a thread, a poll or a timer.
    #[error("cannot start a worker: {0}")]
    System(#[from] io::Error),
    /// The core refused its configuration.
    #[error("cannot start a worker: {0}")]
    Engine(String),
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The worker's ring is full: it is behind; try again later.
    #[error("the worker's request ring is full")]
    Full,
    /// The worker was closed, or died.
    #[error("the worker is closed")]
    Closed,
}
