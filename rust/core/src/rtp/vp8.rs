//! The VP8 payload descriptor (RFC 7741, section 4.2).

use super::layers::{PictureId, PictureLayers};

impl PictureLayers {
    /// Reads the start of a VP8 payload. `None` when it is cut short.
    #[must_use]
    pub fn vp8(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let starts_picture = first & 0x10 != 0 && first & 0x07 == 0;
        let mut layers = Self {
            starts_picture,
            starts_layer: starts_picture,
            ..Self::default()
        };
        if first & 0x80 == 0 {
            return Some(layers);
        }
        let flags = *payload.get(1)?;
        let mut at = 2;
        if flags & 0x80 != 0 {
            let (id, len) = PictureId::read(payload, at)?;
            layers.picture_id = Some(id);
            at += len;
        }
        if flags & 0x40 != 0 {
            layers.tl0_picture_index = Some((*payload.get(at)?, at as u8));
            at += 1;
        }
        if flags & 0x30 != 0 {
            let byte = *payload.get(at)?;
            if flags & 0x20 != 0 {
                layers.temporal_layer = byte >> 6;
                layers.layer_sync = byte & 0x20 != 0;
            }
        }
        Some(layers)
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
        let descriptor = PictureLayers::vp8(&FULL).unwrap();
        assert!(descriptor.starts_picture && descriptor.layer_sync);
        assert_eq!(descriptor.temporal_layer, 2);
        assert_eq!(descriptor.picture_id.map(|id| id.value), Some(0x1234));
        assert_eq!(descriptor.tl0_picture_index, Some((9, 4)));
    }

    #[test]
    fn rewriting_shifts_and_keeps_the_rest() {
        let mut payload = FULL;
        let descriptor = PictureLayers::vp8(&FULL).unwrap();
        descriptor.rewrite(&mut payload, 0x7FFF, 250);
        let changed = PictureLayers::vp8(&payload).unwrap();
        assert_eq!(changed.picture_id.map(|id| id.value), Some(0x1233));
        assert_eq!(changed.tl0_picture_index, Some((3, 4)));
        assert_eq!(payload[5..], FULL[5..]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut payload in proptest::collection::vec(any::<u8>(), 0..12), shift: u16) {
            if let Some(descriptor) = PictureLayers::vp8(&payload) {
                descriptor.rewrite(&mut payload, shift, shift as u8);
                let again = PictureLayers::vp8(&payload).map(|d| (d.temporal_layer, d.layer_sync));
                prop_assert_eq!(again, Some((descriptor.temporal_layer, descriptor.layer_sync)));
            }
        }
    }
}
