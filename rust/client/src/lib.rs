//! A WebRTC client that is not a browser: for the core's tests, for benchmarks and for load.
//!
//! - [`Peer`] is sans-IO: it is told the time and given datagrams, and gives datagrams and events
//!   back. It is the controlling ICE agent, either DTLS role, SRTP, and sends and receives RTP
//!   streams with the feedback that browsers give. It knows no signalling: [`PeerConfig`] says
//!   all that signalling would.
//! - [`profile`] has the packet sizes and times that Chromium really gives.
//! - [`driver`] runs many peers on a few threads with sockets of their own.
//! - [`limit`] measures what forwarding cannot cost less than.

mod config;
pub mod driver;
mod ice;
pub mod limit;
pub mod payload;
mod peer;
pub mod profile;
mod stats;
mod stun;

pub use config::{ExtensionIds, PeerConfig, ReceiveStream, Repair, SendStream, StreamKind};
pub use peer::{Frame, Peer, PeerError, PeerEvent, Received, Transmit};
pub use stats::{PeerStats, ReceiveStats, SendStats};
pub use videocall_core::dtls::{Certificate, DtlsRole, Fingerprint};
pub use videocall_core::ice::IceParameters;
