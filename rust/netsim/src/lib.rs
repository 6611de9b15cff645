//! A seeded network and a virtual clock for tests: loss, bursts, jitter, reordering, duplication, delay, rate limit.
//!
//! Nothing here waits. A test sends datagrams at a virtual time, asks when the next one arrives, moves its clock there and
//! takes it out. The same seed and the same calls give the same network.
//!
//! ```
//! use std::time::Duration;
//! use videocall_netsim::{Clock, Link, Network};
//!
//! let mut clock = Clock::new();
//! let mut network = Network::new(7, Link { delay: Duration::from_millis(30), ..Link::default() });
//! network.send(clock.now(), "a", "b", b"hello".to_vec());
//! clock.advance_to(network.next_arrival().unwrap());
//! let arrived = network.receive(clock.now()).unwrap();
//! assert_eq!((arrived.from, arrived.to, &arrived.payload[..]), ("a", "b", &b"hello"[..]));
//! assert_eq!(clock.elapsed(), Duration::from_millis(30));
//! ```
#![forbid(unsafe_code)]

mod clock;
mod link;
mod network;

pub use clock::Clock;
pub use link::{Link, LinkStats, Loss, RateLimit};
pub use network::{Datagram, Network};
