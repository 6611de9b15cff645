//! RTP, DTLS and ICE parameters as they come over the channel (ORTC shapes, mediasoup's names).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::dtls::Fingerprint;

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// RTP parameters of a producer or consumer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RtpParameters {
    /// MID (RFC 8843).
    #[serde(default)]
    pub mid: Option<String>,
    /// Codecs, each media codec followed by its RTX.
    pub codecs: Vec<RtpCodec>,
    /// Negotiated header extensions.
    #[serde(default)]
    pub header_extensions: Vec<HeaderExtension>,
    /// Streams.
    pub encodings: Vec<Encoding>,
    /// CNAME.
    #[serde(default)]
    pub rtcp: Option<RtcpParameters>,
}

/// One codec of [`RtpParameters`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RtpCodec {
    /// `video/VP8` and the like.
    pub mime_type: String,
    /// RTP payload type.
    pub payload_type: u8,
    /// RTP clock in hertz.
    pub clock_rate: u32,
    /// fmtp parameters; `apt` names the media codec of an RTX.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Negotiated RTCP feedback.
    #[serde(default)]
    pub rtcp_feedback: Vec<RtcpFeedback>,
}

/// One kind of RTCP feedback (RFC 4585).
#[derive(Debug, Clone, Deserialize)]
pub struct RtcpFeedback {
    /// `nack`, `ccm`, `transport-cc`, `goog-remb`.
    pub r#type: String,
    /// `pli`, `fir` or nothing.
    #[serde(default)]
    pub parameter: Option<String>,
}

/// One negotiated header extension (RFC 8285).
#[derive(Debug, Clone, Deserialize)]
pub struct HeaderExtension {
    /// Its URI.
    pub uri: String,
    /// Its id.
    pub id: u8,
}

/// One stream of [`RtpParameters`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Encoding {
    /// SSRC, absent when learned from MID and RID.
    #[serde(default)]
    pub ssrc: Option<u32>,
    /// RID (RFC 8851).
    #[serde(default)]
    pub rid: Option<String>,
    /// RTX stream (RFC 4588).
    #[serde(default)]
    pub rtx: Option<RtxParameters>,
    /// `L3T3_KEY` and the like.
    #[serde(default)]
    pub scalability_mode: Option<String>,
}

/// RTX stream of an [`Encoding`].
#[derive(Debug, Clone, Deserialize)]
pub struct RtxParameters {
    /// Its SSRC.
    pub ssrc: u32,
}

/// RTCP settings of [`RtpParameters`].
#[derive(Debug, Clone, Deserialize)]
pub struct RtcpParameters {
    /// CNAME (RFC 3550, 6.5.1).
    #[serde(default)]
    pub cname: Option<String>,
}

/// From a producer's numbers to the router's.
#[derive(Debug, Clone, Deserialize)]
pub struct RtpMapping {
    /// Payload types.
    pub codecs: Vec<CodecMapping>,
}

/// One payload type of [`RtpMapping`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodecMapping {
    /// The producer's payload type.
    pub payload_type: u8,
    /// The router's.
    pub mapped_payload_type: u8,
}

/// DTLS parameters of the peer.
#[derive(Debug, Clone, Deserialize)]
pub struct DtlsParameters {
    /// The peer's role; `auto` and nothing mean that it is the client.
    #[serde(default)]
    pub role: Option<RemoteDtlsRole>,
    /// Its certificate's fingerprints.
    pub fingerprints: Vec<Fingerprint>,
}

/// DTLS role that a peer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoteDtlsRole {
    /// Ours to choose.
    Auto,
    /// The peer sends the ClientHello.
    Client,
    /// We send it.
    Server,
}
