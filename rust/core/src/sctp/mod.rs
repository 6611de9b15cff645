//! SCTP over DTLS (RFC 8261) for WebRTC data channels (RFC 8831): one association per transport.
//!
//! The protocol is `rtc-sctp`'s. Here is what WebRTC and a server add: channels are negotiated by
//! signaling (no DCEP), the client speaks first, what is buffered is bounded in both directions, and
//! a peer that breaks the bounds is told apart from one with a bad network.

mod association;
mod chunks;
mod guard;

pub use association::{Reliability, Sctp, SctpOptions, SctpOutput, SctpState, SendError};

use rtc_sctp::PayloadProtocolIdentifier as Ppid;

/// What a message is (RFC 8831, 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

/// A whole message. SCTP cannot carry an empty one: one zero byte stands for it, and its payload
/// protocol says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Text or bytes.
    pub kind: MessageKind,
    /// Its content.
    pub content: bytes::Bytes,
}

impl Message {
    fn from_wire(protocol: Ppid, content: bytes::Bytes) -> Option<Self> {
        let (kind, content) = match protocol {
            Ppid::String => (MessageKind::Text, content),
            Ppid::Binary => (MessageKind::Binary, content),
            Ppid::StringEmpty => (MessageKind::Text, bytes::Bytes::new()),
            Ppid::BinaryEmpty => (MessageKind::Binary, bytes::Bytes::new()),
            // Nobody may open channels in band: their stream ids are the server's to give.
            _ => return None,
        };
        Some(Self { kind, content })
    }

    fn to_wire(&self) -> (Ppid, bytes::Bytes) {
        let empty = self.content.is_empty();
        let protocol = match (self.kind, empty) {
            (MessageKind::Text, false) => Ppid::String,
            (MessageKind::Text, true) => Ppid::StringEmpty,
            (MessageKind::Binary, false) => Ppid::Binary,
            (MessageKind::Binary, true) => Ppid::BinaryEmpty,
        };
        match empty {
            true => (protocol, bytes::Bytes::from_static(&[0])),
            false => (protocol, self.content.clone()),
        }
    }

    /// The number that stands for the kind on the wire, as mediasoup tells it to applications.
    pub fn ppid(&self) -> u32 {
        self.to_wire().0 as u32
    }
}
