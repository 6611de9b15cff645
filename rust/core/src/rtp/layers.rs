//! What payload descriptors of VP8 and VP9 say about layers and pictures, and where, so that it can be rewritten.

/// Layers and picture ids of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureLayers {
    /// Whether this packet begins a picture, with all its spatial layers.
    pub starts_picture: bool,
    /// Whether it begins one spatial layer of a picture.
    pub starts_layer: bool,
    /// Whether it ends one.
    pub ends_layer: bool,
    /// Spatial layer, 0 when absent.
    pub spatial_layer: u8,
    /// Temporal layer, 0 when absent.
    pub temporal_layer: u8,
    /// Whether the layer is decoded without earlier pictures.
    pub independent: bool,
    /// Whether a receiver of lower temporal layers can go up here (VP8's Y bit).
    pub layer_sync: bool,
    /// Whether it can go up after this picture (VP9's U bit).
    pub switches_up: bool,
    /// Whether pictures are referred to by the difference of their ids, so that none may be left out of them.
    pub relative_ids: bool,
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

impl PictureId {
    /// Reads the id at `offset`, and returns how many bytes it has.
    pub(super) fn read(payload: &[u8], offset: usize) -> Option<(Self, usize)> {
        let high = *payload.get(offset)?;
        let wide = high & 0x80 != 0;
        let value = match wide {
            true => u16::from_be_bytes([high & 0x7F, *payload.get(offset + 1)?]),
            false => u16::from(high),
        };
        let id = Self {
            value,
            offset: offset as u8,
            wide,
        };
        Some((id, if wide { 2 } else { 1 }))
    }
}

impl PictureLayers {
    /// Shifts picture id and TL0PICIDX of the payload this was read from (or a copy of it).
    pub fn rewrite(&self, payload: &mut [u8], picture_shift: u16, tl0_shift: u8) {
        if let Some(id) = self.picture_id {
            let value = id.value.wrapping_add(picture_shift);
            let place = payload
                .get_mut(usize::from(id.offset)..)
                .unwrap_or_default();
            match place {
                [high, low, ..] if id.wide => {
                    [*high, *low] = (value & 0x7FFF | 0x8000).to_be_bytes()
                }
                [byte, ..] if !id.wide => *byte = value as u8 & 0x7F,
                _ => {}
            }
        }
        if let Some((value, at)) = self.tl0_picture_index
            && let Some(byte) = payload.get_mut(usize::from(at))
        {
            *byte = value.wrapping_add(tl0_shift);
        }
    }
}
