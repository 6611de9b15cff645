//! DTLS-SRTP (RFC 5764): the handshake in both roles, the peer's certificate checked against its
//! signalled fingerprints, and the SRTP session keys of both directions.
//!
//! The protocol itself is `dimpl`'s, DTLS 1.2 and 1.3 (docs/adr/0002-dtls.md), behind the small
//! trait in `engine`. What is here is what WebRTC adds: which version to answer with so that
//! AES-GCM is chosen whenever it is offered, fingerprints, and the split of the keying material.

mod certificate;
mod client_hello;
mod endpoint;
mod engine;
#[cfg(test)]
mod tests;

pub use certificate::{Certificate, Fingerprint};
pub use endpoint::DtlsEndpoint;

use crate::srtp::{SrtpProfile, SrtpRx, SrtpTx};

/// No DTLS datagram of an honest peer is larger (Ethernet's MTU); what is, is dropped, so that what
/// a peer can make us keep is bounded.
const MAX_DATAGRAM_LEN: usize = 1500;

/// Who sends the ClientHello (`a=setup:active` is the client).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// We send the ClientHello.
    Client,
    /// We wait for it.
    Server,
}

/// What an endpoint wants done, in order.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once per transport and moved once"
)]
pub enum DtlsOutput {
    /// Send this to the peer.
    Datagram(Vec<u8>),
    /// The handshake is complete and the peer is who signalling said.
    Connected {
        /// The negotiated profile.
        profile: SrtpProfile,
        /// Keys of our packets.
        tx: SrtpTx,
        /// Keys of the peer's packets.
        rx: SrtpRx,
    },
    /// Application data (SCTP) from the peer.
    Data(Vec<u8>),
    /// The peer closed the association.
    Closed,
    /// The association is of no more use. Nothing follows.
    Failed(DtlsError),
}

/// Why an endpoint or certificate could not be made, or an association failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DtlsError {
    /// The self-signed certificate could not be made.
    #[error("the DTLS certificate could not be made: {0}")]
    Certificate(String),
    /// None of the remote fingerprints is well-formed and of a known algorithm.
    #[error("no usable remote fingerprint; known are sha-224, sha-256, sha-384 and sha-512")]
    NoUsableFingerprint,
    /// The peer's certificate is not the one that signalling announced.
    #[error("the peer's certificate does not match its fingerprint")]
    FingerprintMismatch,
    /// The peer shares no SRTP profile with us.
    #[error("no SRTP profile in common")]
    NoSrtpProfile,
    /// The handshake was not done in time.
    #[error("the DTLS handshake timed out")]
    Timeout,
    /// The peer broke the protocol, or refused ours.
    #[error("the DTLS association failed: {0}")]
    Protocol(String),
}
