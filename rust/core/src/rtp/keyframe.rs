//! Whether an RTP payload begins a frame that decodes by itself: where a consumer may start or resume.

use serde::{Deserialize, Serialize};

/// A video codec whose payload format is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// AV1 RTP specification, version 1.0.
    Av1,
}

/// Whether `payload` (decrypted, padding removed) is the first packet of a key frame.
///
/// Only the first packet counts: one from the middle of a key frame is no place to start. Truncated payloads are no
/// key frames.
#[must_use]
pub fn is_keyframe(codec: VideoCodec, payload: &[u8]) -> bool {
    match codec {
        VideoCodec::Vp8 => vp8(payload),
        VideoCodec::Vp9 => vp9(payload),
        VideoCodec::H264 => h264(payload),
        VideoCodec::Av1 => av1(payload),
    }
    .unwrap_or(false)
}

/// RFC 7741 §4.2 (payload descriptor) and §4.3 (the P bit of the payload header).
fn vp8(payload: &[u8]) -> Option<bool> {
    let (&first, mut rest) = payload.split_first()?;
    let starts_partition_0 = first & 0x10 != 0 && first & 0x07 == 0;
    if first & 0x80 != 0 {
        let (&flags, after) = rest.split_first()?;
        rest = after;
        if flags & 0x80 != 0 {
            rest = skip_picture_id(rest)?;
        }
        if flags & 0x40 != 0 {
            rest = rest.get(1..)?;
        }
        if flags & 0x30 != 0 {
            rest = rest.get(1..)?;
        }
    }
    Some(starts_partition_0 && rest.first()? & 0x01 == 0)
}

/// RFC 9628 §4.2: not predicted from an earlier picture, start of a frame, lowest spatial layer.
fn vp9(payload: &[u8]) -> Option<bool> {
    let (&first, mut rest) = payload.split_first()?;
    if first & 0x80 != 0 {
        rest = skip_picture_id(rest)?;
    }
    let mut spatial_layer = 0;
    if first & 0x20 != 0 {
        let (&layers, after) = rest.split_first()?;
        spatial_layer = (layers >> 1) & 0x07;
        rest = after;
        // TL0PICIDX is there in non-flexible mode only.
        if first & 0x10 == 0 {
            rest = rest.get(1..)?;
        }
    }
    rest.first()?;
    Some(first & 0x40 == 0 && first & 0x08 != 0 && spatial_layer == 0)
}

/// VP8 and VP9 picture ids are 7 bits, or 15 when the M bit is set.
fn skip_picture_id(rest: &[u8]) -> Option<&[u8]> {
    rest.get(if rest.first()? & 0x80 != 0 { 2 } else { 1 }..)
}

/// RFC 6184 §5.6 (single NAL unit), §5.7.1 (STAP-A), §5.8 (FU-A).
fn h264(payload: &[u8]) -> Option<bool> {
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    match payload.first()? & 0x1F {
        STAP_A => {
            let mut rest = &payload[1..];
            while let [high, low, after @ ..] = rest {
                let size = usize::from(u16::from_be_bytes([*high, *low]));
                let (unit, after) = after.split_at_checked(size)?;
                let (&head, body) = unit.split_first()?;
                if starts_idr(head & 0x1F, body) {
                    return Some(true);
                }
                rest = after;
            }
            Some(false)
        }
        FU_A => {
            let head = payload.get(1)?;
            Some(head & 0x80 != 0 && starts_idr(head & 0x1F, &payload[2..]))
        }
        kind => Some(starts_idr(kind, &payload[1..])),
    }
}

/// A sequence parameter set comes right before an IDR picture; an IDR slice counts when it is the picture's first
/// (first_mb_in_slice is 0, which Exp-Golomb codes as a leading one bit: ITU-T H.264 §7.3.3).
fn starts_idr(kind: u8, body: &[u8]) -> bool {
    const IDR_SLICE: u8 = 5;
    const SEQUENCE_PARAMETER_SET: u8 = 7;
    match kind {
        SEQUENCE_PARAMETER_SET => !body.is_empty(),
        IDR_SLICE => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}

/// AV1 RTP specification §4.4: the N bit, or a sequence header OBU in a packet that continues no earlier OBU.
fn av1(payload: &[u8]) -> Option<bool> {
    const SEQUENCE_HEADER: u8 = 1;
    let (&aggregation, mut rest) = payload.split_first()?;
    rest.first()?;
    if aggregation & 0x80 != 0 {
        return Some(false);
    }
    if aggregation & 0x08 != 0 {
        return Some(true);
    }
    let count = (aggregation >> 4) & 0x03;
    let mut index = 0;
    while !rest.is_empty() {
        index += 1;
        // The last of a counted sequence has no length field.
        let element = if count != 0 && index == count {
            std::mem::take(&mut rest)
        } else {
            let (size, after) = leb128(rest)?;
            let (element, after) = after.split_at_checked(size)?;
            rest = after;
            element
        };
        if (element.first()? >> 3) & 0x0F == SEQUENCE_HEADER {
            return Some(true);
        }
    }
    Some(false)
}

/// AV1 bitstream specification §4.10.5, at most 8 bytes.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(8) {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{VideoCodec::*, *};

    #[test]
    fn vp8_reads_past_every_descriptor_field() {
        assert!(is_keyframe(Vp8, &[0x10, 0x00]));
        assert!(!is_keyframe(Vp8, &[0x10, 0x01]));
        assert!(
            !is_keyframe(Vp8, &[0x00, 0x00]),
            "not the start of a partition"
        );
        assert!(!is_keyframe(Vp8, &[0x11, 0x00]), "partition 1");
        // X, then I with a 15-bit picture id, L, T and K.
        assert!(is_keyframe(Vp8, &[0x90, 0xF0, 0x81, 0x23, 5, 6, 0x00]));
        assert!(!is_keyframe(Vp8, &[0x90, 0xF0, 0x81, 0x23, 5, 6, 0x01]));
        assert!(is_keyframe(Vp8, &[0x90, 0x80, 0x01, 0x00]));
        assert!(!is_keyframe(Vp8, &[0x90, 0x80, 0x01]), "truncated");
        assert!(!is_keyframe(Vp8, &[]));
    }

    #[test]
    fn vp9_wants_the_start_of_the_lowest_layer() {
        assert!(is_keyframe(Vp9, &[0x88, 0x05, 1]));
        assert!(!is_keyframe(Vp9, &[0xC8, 0x05, 1]), "predicted");
        assert!(!is_keyframe(Vp9, &[0x80, 0x05, 1]), "not a start");
        assert!(is_keyframe(Vp9, &[0xA8, 0x85, 0x05, 0x00, 9, 1]), "layer 0");
        assert!(
            !is_keyframe(Vp9, &[0xA8, 0x85, 0x05, 0x02, 9, 1]),
            "layer 1"
        );
        assert!(is_keyframe(Vp9, &[0xB8, 0x05, 0x00, 1]), "flexible");
        assert!(!is_keyframe(Vp9, &[0xA8, 0x05, 0x00, 9]), "no payload");
    }

    #[test]
    fn h264_finds_parameter_sets_and_first_idr_slices() {
        assert!(is_keyframe(H264, &[0x67, 0x42]));
        assert!(is_keyframe(H264, &[0x65, 0x88]));
        assert!(!is_keyframe(H264, &[0x65, 0x40]), "a later slice");
        assert!(!is_keyframe(H264, &[0x61, 0x9A]));
        assert!(!is_keyframe(H264, &[0x68, 0xCE]), "a picture parameter set");
        let stap = [0x78, 0, 2, 0x09, 0xF0, 0, 2, 0x67, 0x42, 0, 1, 0x68];
        assert!(is_keyframe(H264, &stap));
        assert!(!is_keyframe(H264, &stap[..5]));
        assert!(!is_keyframe(H264, &[0x78, 0, 9, 0x67]), "overlong");
        assert!(is_keyframe(H264, &[0x7C, 0x85, 0x88]));
        assert!(!is_keyframe(H264, &[0x7C, 0x05, 0x88]), "not its start");
        assert!(!is_keyframe(H264, &[0x7C]));
    }

    #[test]
    fn av1_reads_the_aggregation_header() {
        assert!(is_keyframe(Av1, &[0x18, 0x30]), "N");
        assert!(!is_keyframe(Av1, &[0x98, 0x30]), "continues an OBU");
        assert!(!is_keyframe(Av1, &[0x10, 0x30]));
        assert!(is_keyframe(Av1, &[0x10, 0x08]), "one sequence header");
        assert!(is_keyframe(Av1, &[0x20, 1, 0x30, 0x08]), "two elements");
        assert!(
            is_keyframe(Av1, &[0x00, 1, 0x30, 2, 0x08, 9]),
            "all with lengths"
        );
        assert!(!is_keyframe(Av1, &[0x00, 0xFF, 0xFF]), "an endless length");
        assert!(!is_keyframe(Av1, &[0x08]), "nothing after the header");
    }

    proptest! {
        #[test]
        fn never_panics(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            for codec in [Vp8, Vp9, H264, Av1] {
                std::hint::black_box(is_keyframe(codec, &payload));
            }
        }
    }
}
