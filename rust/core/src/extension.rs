//! Which RTP header extension (RFC 8285) means what.
//!
//! Each party numbers extensions in its own way. Inside the core an element carries the number of
//! its [`ExtensionKind`]; a producer's table translates on the way in, a consumer's on the way out.

use crate::params::HeaderExtension;

/// The extensions the core knows. The discriminant is the id used inside packet slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExtensionKind {
    /// RFC 6464 audio level.
    AudioLevel = 1,
    /// 3GPP TS 26.114 coordination of video orientation.
    VideoOrientation = 2,
    /// RFC 5450 transmission time offset.
    TransmissionOffset = 3,
    /// Absolute capture time.
    AbsCaptureTime = 4,
    /// Playout delay limits.
    PlayoutDelay = 5,
    /// RFC 8843 media identification.
    Mid = 9,
    /// RFC 8852 RTP stream id.
    Rid = 10,
    /// RFC 8852 repaired RTP stream id.
    RepairedRid = 11,
    /// Absolute send time.
    AbsSendTime = 12,
    /// Transport-wide sequence number.
    TransportCc = 13,
}

/// Kinds 1 to this are passed on from producer to consumer; the others are made anew.
pub const PASSED_ON: usize = 5;

impl ExtensionKind {
    fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "urn:ietf:params:rtp-hdrext:ssrc-audio-level" => Self::AudioLevel,
            "urn:3gpp:video-orientation" => Self::VideoOrientation,
            "urn:ietf:params:rtp-hdrext:toffset" => Self::TransmissionOffset,
            "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time" => Self::AbsCaptureTime,
            "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay" => Self::PlayoutDelay,
            "urn:ietf:params:rtp-hdrext:sdes:mid" => Self::Mid,
            "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" => Self::Rid,
            "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id" => Self::RepairedRid,
            "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" => Self::AbsSendTime,
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01" => {
                Self::TransportCc
            }
            _ => return None,
        })
    }
}

/// From a peer's id to the meaning, for everything one transport receives (ids are the same for
/// all of a BUNDLE group, RFC 8843 section 9).
#[derive(Debug)]
pub struct IncomingExtensions {
    kinds: Box<[Option<ExtensionKind>; 256]>,
}

impl Default for IncomingExtensions {
    fn default() -> Self {
        Self {
            kinds: Box::new([None; 256]),
        }
    }
}

impl IncomingExtensions {
    /// Adds what one producer negotiated.
    pub fn add(&mut self, extensions: &[HeaderExtension]) {
        for extension in extensions {
            if let Some(kind) = ExtensionKind::from_uri(&extension.uri) {
                self.kinds[extension.id as usize] = Some(kind);
            }
        }
    }

    /// What the peer means by this id.
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        self.kinds[id as usize]
    }
}

/// The ids under which one consumer takes extensions. 0 stands for "not negotiated".
#[derive(Debug, Clone, Copy, Default)]
pub struct OutgoingExtensions {
    /// Ids of the kinds that are passed on, by kind - 1.
    pub passed_on: [u8; PASSED_ON],
    /// MID.
    pub mid: u8,
    /// Absolute send time.
    pub abs_send_time: u8,
    /// Transport-wide sequence number.
    pub transport_cc: u8,
}

impl OutgoingExtensions {
    /// Reads a consumer's negotiated extensions. Ids above 14 do not fit the one-byte form, which
    /// is all that the core writes, and are left out.
    pub fn new(extensions: &[HeaderExtension]) -> Self {
        let mut ids = Self::default();
        for extension in extensions.iter().filter(|e| (1..=14).contains(&e.id)) {
            match ExtensionKind::from_uri(&extension.uri) {
                Some(ExtensionKind::Mid) => ids.mid = extension.id,
                Some(ExtensionKind::AbsSendTime) => ids.abs_send_time = extension.id,
                Some(ExtensionKind::TransportCc) => ids.transport_cc = extension.id,
                Some(kind) if kind as usize <= PASSED_ON => {
                    ids.passed_on[kind as usize - 1] = extension.id;
                }
                _ => {}
            }
        }
        ids
    }
}
