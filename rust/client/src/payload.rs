//! Payloads that the SFU takes for VP8 and Opus, and that carry the time they were sent.
//!
//! Nothing decodes them: behind the codec's first bytes comes a stamp, the rest is filler.

use crate::config::StreamKind;

/// When and as which frame a packet was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds on a clock that sender and receiver share.
    pub sent_ns: u64,
    /// Number of the frame in its stream.
    pub frame: u32,
}

/// Bytes of a [`Stamp`].
const STAMP_LEN: usize = 12;
/// VP8 payload descriptor with a 15-bit picture id (RFC 7741 section 4.2), as Chromium writes it.
const VP8_DESCRIPTOR_LEN: usize = 4;
/// VP8 frame tag and key-frame header (RFC 6386 section 9.1).
const VP8_HEADER_LEN: usize = 10;
const VIDEO_STAMP_AT: usize = VP8_DESCRIPTOR_LEN + VP8_HEADER_LEN;
/// The Opus TOC byte (RFC 6716 section 3.1).
const AUDIO_STAMP_AT: usize = 1;

/// The shortest payload that holds the codec's first bytes and the stamp.
pub const fn min_len(kind: StreamKind) -> usize {
    stamp_at(kind) + STAMP_LEN
}

/// Fills `out`, a payload of at least [`min_len`] bytes. `first` says whether it begins a frame,
/// `key` whether the frame is a key frame.
pub fn write(kind: StreamKind, first: bool, key: bool, stamp: Stamp, out: &mut [u8]) {
    match kind {
        StreamKind::Video => {
            // X, S on the first packet; I with M: a 15-bit picture id.
            out[0] = 0x80 | u8::from(first) << 4;
            out[1] = 0x80;
            out[2] = 0x80 | (stamp.frame >> 8 & 0x7F) as u8;
            out[3] = stamp.frame as u8;
            // P is zero for a key frame; start code and 640x360 follow there.
            let header = [
                u8::from(!key),
                0,
                0,
                0x9D,
                0x01,
                0x2A,
                0x80,
                0x02,
                0x68,
                0x01,
            ];
            out[VP8_DESCRIPTOR_LEN..VIDEO_STAMP_AT].copy_from_slice(&header);
        }
        // 20 ms of full-band speech in one frame.
        StreamKind::Audio => out[0] = 0x78,
    }
    let at = stamp_at(kind);
    out[at..at + 8].copy_from_slice(&stamp.sent_ns.to_be_bytes());
    out[at + 8..at + STAMP_LEN].copy_from_slice(&stamp.frame.to_be_bytes());
    // Not zeros, so that a wrong offset shows.
    out[at + STAMP_LEN..].fill(0xA5);
}

/// The stamp of a payload that [`write`] made.
pub fn read(kind: StreamKind, payload: &[u8]) -> Option<Stamp> {
    let stamp = payload.get(stamp_at(kind)..min_len(kind))?;
    let (sent_ns, frame) = stamp.split_first_chunk()?;
    Some(Stamp {
        sent_ns: u64::from_be_bytes(*sent_ns),
        frame: u32::from_be_bytes(frame.try_into().ok()?),
    })
}

const fn stamp_at(kind: StreamKind) -> usize {
    match kind {
        StreamKind::Video => VIDEO_STAMP_AT,
        StreamKind::Audio => AUDIO_STAMP_AT,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use videocall_core::rtp::{VideoCodec, is_keyframe};

    use super::*;

    proptest! {
        #[test]
        fn stamps_come_back(video: bool, first: bool, key: bool, sent_ns: u64, frame: u32, more in 0usize..100) {
            let kind = if video { StreamKind::Video } else { StreamKind::Audio };
            let mut payload = vec![0; min_len(kind) + more];
            let stamp = Stamp { sent_ns, frame };
            write(kind, first, key, stamp, &mut payload);
            prop_assert_eq!(read(kind, &payload), Some(stamp));
            prop_assert_eq!(read(kind, &payload[..min_len(kind) - 1]), None);
            if video {
                prop_assert_eq!(is_keyframe(VideoCodec::Vp8, &payload), first && key);
            }
        }
    }
}
