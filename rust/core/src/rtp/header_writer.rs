//! Writes an RTP header with a one-byte-form extension block (RFC 3550 §5.1, RFC 8285 §4.2).

use super::{FIXED_HEADER_LEN, PayloadType, RtpError, SeqNo, Ssrc};

/// The values of a header to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// Marker bit.
    pub marker: bool,
    /// Payload type; only the low 7 bits go on the wire.
    pub payload_type: PayloadType,
    /// Sequence number.
    pub sequence_number: SeqNo,
    /// Timestamp in units of the payload's clock.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: Ssrc,
}

/// Writes into a caller's buffer: [`HeaderWriter::new`], then any number of [`HeaderWriter::extension`], then
/// [`HeaderWriter::finish`].
#[derive(Debug)]
pub struct HeaderWriter<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

/// Offset of the first element: the fixed header, the profile and the length.
const ELEMENTS: usize = FIXED_HEADER_LEN + 4;

impl<'a> HeaderWriter<'a> {
    /// Writes the 12 fixed bytes to the start of `buffer`.
    ///
    /// # Errors
    /// [`RtpError::BufferTooSmall`].
    pub fn new(buffer: &'a mut [u8], fields: &HeaderFields) -> Result<Self, RtpError> {
        let fixed: &mut [u8; FIXED_HEADER_LEN] =
            buffer.first_chunk_mut().ok_or(RtpError::BufferTooSmall)?;
        fixed[0] = 0x80;
        fixed[1] = (u8::from(fields.marker) << 7) | (fields.payload_type.0 & 0x7F);
        fixed[2..4].copy_from_slice(&fields.sequence_number.0.to_be_bytes());
        fixed[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
        fixed[8..12].copy_from_slice(&fields.ssrc.0.to_be_bytes());
        Ok(Self {
            buffer,
            len: FIXED_HEADER_LEN,
        })
    }

    /// Appends one element: `id` in 1..=14, `data` of 1..=16 bytes.
    ///
    /// # Errors
    /// [`RtpError::Extension`] when it does not fit the one-byte form, [`RtpError::BufferTooSmall`].
    pub fn extension(mut self, id: u8, data: &[u8]) -> Result<Self, RtpError> {
        if !(1..=14).contains(&id) || data.is_empty() || data.len() > 16 {
            return Err(RtpError::Extension);
        }
        let start = self.len.max(ELEMENTS);
        let end = start + 1 + data.len();
        let element = self
            .buffer
            .get_mut(start..end)
            .ok_or(RtpError::BufferTooSmall)?;
        element[0] = (id << 4) | (data.len() as u8 - 1);
        element[1..].copy_from_slice(data);
        self.len = end;
        Ok(self)
    }

    /// Completes the extension block and returns the header's length in bytes: where the payload starts.
    ///
    /// # Errors
    /// [`RtpError::BufferTooSmall`] when the block's padding does not fit.
    pub fn finish(self) -> Result<usize, RtpError> {
        if self.len == FIXED_HEADER_LEN {
            return Ok(self.len);
        }
        let end = self.len.next_multiple_of(4);
        self.buffer
            .get_mut(self.len..end)
            .ok_or(RtpError::BufferTooSmall)?
            .fill(0);
        let words = ((end - ELEMENTS) / 4) as u16;
        self.buffer[0] |= 0x10;
        self.buffer[FIXED_HEADER_LEN..FIXED_HEADER_LEN + 2].copy_from_slice(&[0xBE, 0xDE]);
        self.buffer[FIXED_HEADER_LEN + 2..ELEMENTS].copy_from_slice(&words.to_be_bytes());
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::RtpHeader;

    const FIELDS: HeaderFields = HeaderFields {
        marker: true,
        payload_type: PayloadType(111),
        sequence_number: SeqNo(7),
        timestamp: 8,
        ssrc: Ssrc(9),
    };

    fn writer(buffer: &mut [u8]) -> HeaderWriter<'_> {
        HeaderWriter::new(buffer, &FIELDS).unwrap()
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert!(HeaderWriter::new(&mut [0; 11], &FIELDS).is_err());
        let mut buffer = [0; 18];
        assert_eq!(
            writer(&mut buffer).extension(15, &[1]).err(),
            Some(RtpError::Extension)
        );
        assert_eq!(
            writer(&mut buffer).extension(1, &[]).err(),
            Some(RtpError::Extension)
        );
        assert_eq!(
            writer(&mut buffer).extension(1, &[1, 2]).err(),
            Some(RtpError::BufferTooSmall)
        );
        let one = writer(&mut buffer).extension(1, &[1]).unwrap();
        assert_eq!(one.finish(), Err(RtpError::BufferTooSmall));
    }

    proptest! {
        #[test]
        fn parses_back(
            marker: bool, pt in 0u8..128, seq: u16, timestamp: u32, ssrc: u32,
            elements in prop::collection::vec((1u8..=14, prop::collection::vec(any::<u8>(), 1..=16)), 0..8),
        ) {
            let fields = HeaderFields {
                marker, payload_type: PayloadType(pt), sequence_number: SeqNo(seq), timestamp, ssrc: Ssrc(ssrc),
            };
            let mut buffer = [0xFF; 200];
            let mut writer = HeaderWriter::new(&mut buffer, &fields).unwrap();
            for (id, data) in &elements {
                writer = writer.extension(*id, data).unwrap();
            }
            let len = writer.finish().unwrap();
            let header = RtpHeader::parse(&buffer[..len]).unwrap();
            prop_assert_eq!(header.header_len, len);
            prop_assert_eq!(header.marker, marker);
            prop_assert_eq!(header.payload_type.0, pt);
            prop_assert_eq!(header.sequence_number.0, seq);
            prop_assert_eq!(header.timestamp, timestamp);
            prop_assert_eq!(header.ssrc.0, ssrc);
            prop_assert!(!header.has_padding);
            let got: Vec<_> = header.extensions(&buffer).map(|(id, data)| (id, data.to_vec())).collect();
            prop_assert_eq!(got, elements);
        }
    }
}
