//! The VP9 payload descriptor (RFC 9628, section 4.2).

use super::layers::{PictureId, PictureLayers};

impl PictureLayers {
    /// Reads the start of a VP9 payload. `None` when it is cut short.
    #[must_use]
    pub fn vp9(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let flag = |bit: u8| first & bit != 0;
        let mut layers = Self {
            starts_layer: flag(0x08),
            ends_layer: flag(0x04),
            independent: !flag(0x40),
            relative_ids: true,
            ..Self::default()
        };
        let mut at = 1;
        if flag(0x80) {
            let (id, len) = PictureId::read(payload, at)?;
            layers.picture_id = Some(id);
            at += len;
        }
        if flag(0x20) {
            let byte = *payload.get(at)?;
            layers.temporal_layer = byte >> 5;
            layers.switches_up = byte & 0x10 != 0;
            layers.spatial_layer = byte >> 1 & 0x07;
            // In flexible mode references are given one by one instead.
            if !flag(0x10) {
                layers.tl0_picture_index = Some((*payload.get(at + 1)?, at as u8 + 1));
            }
        }
        layers.starts_picture = layers.starts_layer && layers.spatial_layer == 0;
        Some(layers)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_field() {
        // I, L, B; 15-bit picture id 0x1234; TID 2, U, SID 1, D; TL0PICIDX 9.
        let layers = PictureLayers::vp9(&[0xA8, 0x92, 0x34, 0x53, 9, 0xFF]).unwrap();
        assert!(layers.starts_layer && !layers.starts_picture && !layers.ends_layer);
        assert!(layers.independent && layers.switches_up && layers.relative_ids);
        assert_eq!((layers.temporal_layer, layers.spatial_layer), (2, 1));
        assert_eq!(layers.picture_id.map(|id| id.value), Some(0x1234));
        assert_eq!(layers.tl0_picture_index, Some((9, 4)));
        // I, P, L, F, B, E; 7-bit picture id 5; TID 0, SID 0.
        let layers = PictureLayers::vp9(&[0xFC, 5, 0x00, 0x02]).unwrap();
        assert!(layers.starts_picture && layers.ends_layer && !layers.independent);
        assert_eq!(layers.tl0_picture_index, None);
        assert_eq!(PictureLayers::vp9(&[0xA8, 0x92]), None, "cut short");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut payload in proptest::collection::vec(any::<u8>(), 0..12), shift: u16) {
            if let Some(layers) = PictureLayers::vp9(&payload) {
                layers.rewrite(&mut payload, shift, shift as u8);
                let again = PictureLayers::vp9(&payload).unwrap();
                prop_assert_eq!(
                    (again.temporal_layer, again.spatial_layer, again.starts_layer),
                    (layers.temporal_layer, layers.spatial_layer, layers.starts_layer)
                );
                let mask = if layers.picture_id.is_some_and(|id| id.wide) { 0x7FFF } else { 0x7F };
                let expected = layers.picture_id.map(|id| id.value.wrapping_add(shift) & mask);
                prop_assert_eq!(again.picture_id.map(|id| id.value), expected);
            }
        }
    }
}
