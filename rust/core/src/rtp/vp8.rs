//! The VP8 payload descriptor (RFC 7741, section 4.2).

/// What the descriptor says about layers and pictures, and where, so that it can be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8Descriptor {
    /// Whether this packet begins a picture (S bit, partition 0).
    pub starts_picture: bool,
    /// Temporal layer (TID), 0 when absent.
    pub temporal_layer: u8,
    /// Whether a receiver of lower temporal layers can go up here (Y bit).
    pub layer_sync: bool,
    /// Picture id, when present.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX and its offset in the payload, when present.
    pub tl0_picture_index: Option<(u8, u8)>,
}

/// A picture id of 7 or 15 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// Its value.
    pub value: u16,
    /// Its offset in the payload.
    pub offset: u8,
    /// Whether it has 15 bits.
    pub wide: bool,
}

impl Vp8Descriptor {
    /// Reads the start of a payload. `None` when it is cut short.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self {
            starts_picture: first & 0x10 != 0 && first & 0x07 == 0,
            temporal_layer: 0,
            layer_sync: false,
            picture_id: None,
            tl0_picture_index: None,
        };
        if first & 0x80 == 0 {
            return Some(descriptor);
        }
        let flags = *payload.get(1)?;
        let mut at = 2;
        if flags & 0x80 != 0 {
            let high = *payload.get(at)?;
            let wide = high & 0x80 != 0;
            let value = match wide {
                true => u16::from_be_bytes([high & 0x7F, *payload.get(at + 1)?]),
                false => u16::from(high),
            };
            let offset = at as u8;
            descriptor.picture_id = Some(PictureId {
                value,
                offset,
                wide,
            });
            at += if wide { 2 } else { 1 };
        }
        if flags & 0x40 != 0 {
            descriptor.tl0_picture_index = Some((*payload.get(at)?, at as u8));
            at += 1;
        }
        if flags & 0x30 != 0 {
            let byte = *payload.get(at)?;
            if flags & 0x20 != 0 {
                descriptor.temporal_layer = byte >> 6;
                descriptor.layer_sync = byte & 0x20 != 0;
            }
        }
        Some(descriptor)
    }

    /// Shifts picture id and TL0PICIDX of the payload this was read from (or a copy of it).
    pub fn rewrite(&self, payload: &mut [u8], picture_shift: u16, tl0_shift: u8) {
        if let Some(id) = self.picture_id {
            let value = id.value.wrapping_add(picture_shift);
            let at = usize::from(id.offset);
            match (id.wide, payload.get_mut(at..at + 2)) {
                (true, Some(bytes)) => {
                    bytes.copy_from_slice(&(value & 0x7FFF | 0x8000).to_be_bytes());
                }
                (false, Some(bytes)) => bytes[0] = value as u8 & 0x7F,
                (_, None) => {}
            }
        }
        if let Some((value, at)) = self.tl0_picture_index
            && let Some(byte) = payload.get_mut(usize::from(at))
        {
            *byte = value.wrapping_add(tl0_shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// X, S; I, L, T; 15-bit picture id 0x1234; TL0PICIDX 9; TID 2, Y.
    const FULL: [u8; 8] = [0x90, 0xE0, 0x92, 0x34, 9, 0xA0, 0x01, 0x02];

    #[test]
    fn reads_every_field() {
        let descriptor = Vp8Descriptor::parse(&FULL).unwrap();
        assert!(descriptor.starts_picture && descriptor.layer_sync);
        assert_eq!(descriptor.temporal_layer, 2);
        assert_eq!(descriptor.picture_id.map(|id| id.value), Some(0x1234));
        assert_eq!(descriptor.tl0_picture_index, Some((9, 4)));
    }

    #[test]
    fn rewriting_shifts_and_keeps_the_rest() {
        let mut payload = FULL;
        let descriptor = Vp8Descriptor::parse(&FULL).unwrap();
        descriptor.rewrite(&mut payload, 0x7FFF, 250);
        let changed = Vp8Descriptor::parse(&payload).unwrap();
        assert_eq!(changed.picture_id.map(|id| id.value), Some(0x1233));
        assert_eq!(changed.tl0_picture_index, Some((3, 4)));
        assert_eq!(payload[5..], FULL[5..]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut payload in proptest::collection::vec(any::<u8>(), 0..12), shift: u16) {
            if let Some(descriptor) = Vp8Descriptor::parse(&payload) {
                descriptor.rewrite(&mut payload, shift, shift as u8);
                let again = Vp8Descriptor::parse(&payload).map(|d| (d.temporal_layer, d.layer_sync));
                prop_assert_eq!(again, Some((descriptor.temporal_layer, descriptor.layer_sync)));
            }
        }
    }
}
