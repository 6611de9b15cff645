//! The IO shell of the media server: one pinned thread per worker, with its sockets, timer and
//! mailbox, around the sans-IO core.
//!
//! A worker shares nothing with the others. What crosses threads is plain data: requests come in
//! through a bounded ring ([`Worker::send`]), replies and events leave through one bounded queue
//! that all workers share ([`MessageQueue`]). The packet path takes no lock and allocates nothing.
//!
//! This crate never reads a packet's contents and never decides where one goes; that is
//! `videocall_core`'s work. Linux only: `recvmmsg`, UDP GSO and GRO, `eventfd`, `timerfd`.
#![deny(unsafe_op_in_unsafe_fn)]

mod addresses;
mod affinity;
mod engine;
mod error;
mod event_loop;
mod guard;
mod logging;
mod mailbox;
mod messages;
mod metrics;
mod options;
mod outgoing;
mod socket;
mod sys;
mod tcp;
mod timer;
mod worker;

pub use addresses::local_addresses;
pub use engine::{Engine, EngineSetup};
pub use error::{SendError, StartError};
pub use logging::log_to_messages;
pub use messages::{Message, MessageQueue};
pub use options::{ListenOptions, OptionsError, WorkerOptions};
pub use worker::Worker;
