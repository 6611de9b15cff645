//! The RTP header (RFC 3550 §5.1) and its extensions (RFC 8285) as offsets into the packet.

use std::ops::Range;

use thiserror::Error;

use super::{PayloadType, SeqNo, Ssrc};

/// Length of the header without CSRCs and extension, in bytes.
pub const FIXED_HEADER_LEN: usize = 12;

const ONE_BYTE_PROFILE: u16 = 0xBEDE;
/// The low four bits of a two-byte-form profile are free for the application (RFC 8285 §4.3).
const TWO_BYTE_PROFILE: u16 = 0x1000;
const TWO_BYTE_PROFILE_MASK: u16 = 0xFFF0;

/// What is wrong with an RTP packet, or with the wish to write one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RtpError {
    /// The packet ends inside its own header.
    #[error("the packet ends inside its header")]
    Truncated,
    /// The version field is not 2.
    #[error("RTP version {0}, expected 2")]
    Version(u8),
    /// The padding count is zero or longer than the payload (RFC 3550 §5.1).
    #[error("the padding count does not fit the payload")]
    Padding,
    /// The buffer given for writing is too small.
    #[error("the buffer is too small for the header")]
    BufferTooSmall,
    /// The one-byte form carries ids 1..=14 and 1..=16 bytes (RFC 8285 §4.2).
    #[error("the extension does not fit the one-byte form")]
    Extension,
}

/// A parsed header: values and offsets, no borrow of the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// Marker bit: for video the last packet of a frame.
    pub marker: bool,
    /// Payload type, 0..=127.
    pub payload_type: PayloadType,
    /// Sequence number.
    pub sequence_number: SeqNo,
    /// Timestamp in units of the payload's clock.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: Ssrc,
    /// Whether the packet's last byte counts padding bytes.
    pub has_padding: bool,
    /// Offset of the payload in bytes: fixed header, CSRCs and the whole extension block.
    pub header_len: usize,
    /// The extension's profile and the byte range of its data in the packet.
    pub extension: Option<(u16, Range<usize>)>,
}

impl RtpHeader {
    /// Reads the header of `packet`, encrypted or not: SRTP leaves the header in the clear.
    ///
    /// # Errors
    /// [`RtpError::Truncated`] or [`RtpError::Version`].
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        let fixed: &[u8; FIXED_HEADER_LEN] = packet.first_chunk().ok_or(RtpError::Truncated)?;
        let version = fixed[0] >> 6;
        if version != 2 {
            return Err(RtpError::Version(version));
        }
        let mut header_len = FIXED_HEADER_LEN + 4 * usize::from(fixed[0] & 0x0F);
        let mut extension = None;
        if fixed[0] & 0x10 != 0 {
            let head: &[u8; 4] = packet
                .get(header_len..)
                .and_then(<[u8]>::first_chunk)
                .ok_or(RtpError::Truncated)?;
            let start = header_len + 4;
            header_len = start + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
            extension = Some((u16::from_be_bytes([head[0], head[1]]), start..header_len));
        }
        if packet.len() < header_len {
            return Err(RtpError::Truncated);
        }
        Ok(Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: PayloadType(fixed[1] & 0x7F),
            sequence_number: SeqNo(u16::from_be_bytes([fixed[2], fixed[3]])),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: Ssrc(u32::from_be_bytes([
                fixed[8], fixed[9], fixed[10], fixed[11],
            ])),
            has_padding: fixed[0] & 0x20 != 0,
            header_len,
            extension,
        })
    }

    /// The extension elements of `packet` in order, as (id, data): one- and two-byte forms (RFC 8285 §4.2, §4.3).
    ///
    /// A malformed element, or id 15 of the one-byte form, ends the iteration. `packet` must be the one parsed;
    /// with a shorter one nothing is yielded.
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> ExtensionIter<'a> {
        let form = |profile| match profile {
            ONE_BYTE_PROFILE => Some(Form::OneByte),
            _ if profile & TWO_BYTE_PROFILE_MASK == TWO_BYTE_PROFILE => Some(Form::TwoByte),
            _ => None,
        };
        self.extension
            .as_ref()
            .and_then(|(profile, range)| Some((form(*profile)?, packet.get(range.clone())?)))
            .map_or(
                ExtensionIter {
                    form: Form::OneByte,
                    rest: &[],
                },
                |(form, rest)| ExtensionIter { form, rest },
            )
    }

    /// The payload's byte range in the decrypted `packet`, padding removed. Empty for a packet of padding alone.
    ///
    /// # Errors
    /// [`RtpError::Padding`], or [`RtpError::Truncated`] when `packet` is shorter than the header.
    pub fn payload_range(&self, packet: &[u8]) -> Result<Range<usize>, RtpError> {
        let payload = packet.get(self.header_len..).ok_or(RtpError::Truncated)?;
        let padding = match (self.has_padding, payload.last()) {
            (false, _) => 0,
            (true, None | Some(0)) => return Err(RtpError::Padding),
            (true, Some(&count)) => usize::from(count),
        };
        if padding > payload.len() {
            return Err(RtpError::Padding);
        }
        Ok(self.header_len..packet.len() - padding)
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    OneByte,
    TwoByte,
}

/// Iterator over (id, data) of the header-extension elements. Made by [`RtpHeader::extensions`].
#[derive(Clone, Debug)]
pub struct ExtensionIter<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Iterator for ExtensionIter<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // Zero bytes are padding between elements in both forms.
        let start = self.rest.iter().position(|&byte| byte != 0)?;
        let rest = std::mem::take(&mut self.rest).get(start..)?;
        let (id, len, data) = match (self.form, rest) {
            (Form::OneByte, [head, data @ ..]) => match head >> 4 {
                // RFC 8285 §4.2: an id 0 with a length, and id 15, end the processing.
                0 | 15 => return None,
                id => (id, usize::from(head & 0x0F) + 1, data),
            },
            (Form::TwoByte, [id, len, data @ ..]) => (*id, usize::from(*len), data),
            _ => return None,
        };
        let (element, rest) = data.split_at_checked(len)?;
        self.rest = rest;
        Some((id, element))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(first: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0xE0, 0x12, 0x34, 0, 0, 0, 9, 0xDE, 0xAD, 0xBE, 0xEF];
        bytes.extend_from_slice(tail);
        bytes
    }

    fn elements(tail: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let bytes = packet(0x90, tail);
        let header = RtpHeader::parse(&bytes).unwrap();
        header
            .extensions(&bytes)
            .map(|(id, data)| (id, data.to_vec()))
            .collect()
    }

    #[test]
    fn reads_the_fixed_fields() {
        let bytes = packet(0x80, b"payload");
        let header = RtpHeader::parse(&bytes).unwrap();
        assert!(header.marker);
        assert_eq!(header.payload_type, PayloadType(96));
        assert_eq!(header.sequence_number, SeqNo(0x1234));
        assert_eq!(header.timestamp, 9);
        assert_eq!(header.ssrc, Ssrc(0xDEAD_BEEF));
        assert_eq!(header.payload_range(&bytes), Ok(12..19));
        assert_eq!(header.extensions(&bytes).count(), 0);
    }

    #[test]
    fn skips_csrcs() {
        let bytes = packet(0x82, &[1, 1, 1, 1, 2, 2, 2, 2, 7]);
        let header = RtpHeader::parse(&bytes).unwrap();
        assert_eq!(header.payload_range(&bytes), Ok(20..21));
        assert_eq!(RtpHeader::parse(&bytes[..19]), Err(RtpError::Truncated));
    }

    #[test]
    fn reads_the_one_byte_form() {
        let got = elements(&[0xBE, 0xDE, 0, 2, 0x10, 7, 0, 0x22, 1, 2, 3, 0]);
        assert_eq!(got, [(1, vec![7]), (2, vec![1, 2, 3])]);
        // Id 15 ends it, an overlong element too.
        assert!(elements(&[0xBE, 0xDE, 0, 1, 0xF0, 7, 0x10, 7]).is_empty());
        assert!(elements(&[0xBE, 0xDE, 0, 1, 0x13, 7, 7, 7]).is_empty());
    }

    #[test]
    fn reads_the_two_byte_form() {
        let got = elements(&[0x10, 0x03, 0, 2, 20, 2, 8, 9, 0, 3, 0, 0]);
        assert_eq!(got, [(20, vec![8, 9]), (3, vec![])]);
        assert!(elements(&[0x10, 0x00, 0, 1, 20, 3, 8, 9]).is_empty());
    }

    #[test]
    fn leaves_other_profiles_alone() {
        assert!(elements(&[0xAB, 0xAC, 0, 1, 0x10, 7, 0, 0]).is_empty());
    }

    #[test]
    fn takes_padding_off_and_refuses_a_false_count() {
        let range = |tail: &[u8]| {
            let bytes = packet(0xA0, tail);
            RtpHeader::parse(&bytes).unwrap().payload_range(&bytes)
        };
        assert_eq!(range(&[9, 9, 0, 2]), Ok(12..14));
        assert_eq!(range(&[0, 0, 3]), Ok(12..12));
        assert_eq!(range(&[9, 0]), Err(RtpError::Padding));
        assert_eq!(range(&[9, 3]), Err(RtpError::Padding));
        assert_eq!(range(&[]), Err(RtpError::Padding));
    }

    #[test]
    fn refuses_other_versions() {
        assert_eq!(
            RtpHeader::parse(&packet(0x40, &[])),
            Err(RtpError::Version(1))
        );
        assert_eq!(RtpHeader::parse(&[0x80; 11]), Err(RtpError::Truncated));
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..200), fix in any::<bool>()) {
            if fix && let Some(first) = bytes.first_mut() {
                *first = 0x80 | (*first & 0x3F);
            }
            if let Ok(header) = RtpHeader::parse(&bytes) {
                prop_assert!(header.header_len <= bytes.len());
                for (_, data) in header.extensions(&bytes) {
                    prop_assert!(data.len() <= 255);
                }
                if let Ok(range) = header.payload_range(&bytes) {
                    prop_assert!(bytes.get(range).is_some());
                }
                // A shorter packet than the one parsed is a caller's mistake, not a panic.
                prop_assert_eq!(header.extensions(&[]).count(), 0);
                prop_assert!(header.payload_range(&[]).is_err());
            }
        }
    }
}
