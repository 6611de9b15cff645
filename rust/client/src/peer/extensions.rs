//! The header extensions of an outbound packet.

use videocall_core::rtp::{HeaderFields, HeaderWriter, Mid, Rid, RtpError};

use crate::config::ExtensionIds;

/// What goes into the extensions besides their ids.
pub(super) struct Values {
    pub(super) mid: Option<Mid>,
    pub(super) rid: Option<Rid>,
    /// The packet is a retransmission: the rid goes into the other extension.
    pub(super) repaired: bool,
    pub(super) transport_sequence: u16,
    pub(super) abs_send_time: [u8; 3],
    /// dBov below full scale, with the voice flag.
    pub(super) audio_level: Option<u8>,
}

/// Writes the header; returns its length.
pub(super) fn write_header(
    buffer: &mut [u8],
    fields: &HeaderFields,
    ids: &ExtensionIds,
    values: &Values,
) -> Result<usize, RtpError> {
    let mut writer = HeaderWriter::new(buffer, fields)?;
    if let Some(id) = ids.abs_send_time {
        writer = writer.extension(id, &values.abs_send_time)?;
    }
    if let Some(id) = ids.transport_cc {
        writer = writer.extension(id, &values.transport_sequence.to_be_bytes())?;
    }
    if let (Some(id), Some(mid)) = (ids.mid, &values.mid) {
        writer = writer.extension(id, mid.as_bytes())?;
    }
    let rid_id = if values.repaired {
        ids.repaired_rid
    } else {
        ids.rid
    };
    if let (Some(id), Some(rid)) = (rid_id, &values.rid) {
        writer = writer.extension(id, rid.as_bytes())?;
    }
    if let (Some(id), Some(level)) = (ids.audio_level, values.audio_level) {
        writer = writer.extension(id, &[level])?;
    }
    writer.finish()
}
