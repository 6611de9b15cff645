//! What signalling would have agreed on.

use std::net::SocketAddr;

use serde::Deserialize;
use videocall_core::dtls::{Certificate, DtlsRole, Fingerprint};
use videocall_core::ice::IceParameters;
use videocall_core::rtp::{Mid, PayloadType, Rid, Ssrc};

/// Everything that a [`Peer`](crate::Peer) needs to connect.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Our certificate; many peers may share one.
    pub certificate: Certificate,
    /// Whether we send the ClientHello.
    pub dtls_role: DtlsRole,
    /// The server's credentials.
    pub remote_ice: IceParameters,
    /// The server's addresses, tried in this order.
    pub remote_candidates: Vec<SocketAddr>,
    /// The server's fingerprints.
    pub remote_fingerprints: Vec<Fingerprint>,
    /// The header extensions of this transport.
    pub extensions: ExtensionIds,
    /// NTP time (32.32 fixed point seconds since 1900) at the `now` given to `Peer::new`.
    pub ntp_at_start: u64,
    /// Seed of everything random but keys.
    pub seed: u64,
}

/// Header-extension ids (RFC 8285); those that were not negotiated are `None`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`
    pub mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`
    pub rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`
    pub repaired_rid: Option<u8>,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`
    pub abs_send_time: Option<u8>,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`
    pub transport_cc: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level`
    pub audio_level: Option<u8>,
}

/// What a stream carries; it decides the form of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamKind {
    /// Opus.
    Audio,
    /// VP8.
    Video,
}

impl StreamKind {
    /// RTP clock rate in Hz.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Audio => 48_000,
            Self::Video => 90_000,
        }
    }
}

/// The retransmission stream of a stream (RFC 4588).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repair {
    /// Its SSRC.
    pub ssrc: Ssrc,
    /// Its payload type.
    pub payload_type: PayloadType,
}

/// A stream we send.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendStream {
    /// What it carries.
    pub kind: StreamKind,
    /// Its SSRC.
    pub ssrc: Ssrc,
    /// Its payload type.
    pub payload_type: PayloadType,
    /// Where NACKs are answered. Without it the packet itself is sent again.
    #[serde(default)]
    pub rtx: Option<Repair>,
    /// Its media section, told in every packet when the extension was negotiated.
    #[serde(default)]
    pub mid: Option<Mid>,
    /// Its simulcast layer.
    #[serde(default)]
    pub rid: Option<Rid>,
}

/// A stream we receive.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiveStream {
    /// What it carries.
    pub kind: StreamKind,
    /// Its SSRC.
    pub ssrc: Ssrc,
    /// Its retransmission stream.
    #[serde(default)]
    pub rtx: Option<Repair>,
    /// Whether lost packets are asked for, and a key frame when that does not help.
    #[serde(default)]
    pub nack: bool,
}
