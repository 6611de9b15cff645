//! Protection of outbound packets.

use super::cipher::SessionCipher;
use super::kdf::Purpose;
use super::{RTCP_CLEAR_LEN, RTCP_ENCRYPTED, RTCP_INDEX_LEN, SrtpError, SrtpProfile, ssrc_at};

/// Bytes of the fixed RTP header.
const RTP_FIXED_LEN: usize = 12;

/// Outbound session keys.
pub struct SrtpTx {
    rtp: SessionCipher,
    rtcp: SessionCipher,
    /// One index for all SSRCs: it grows for each of them, which is all that RFC 3711 section
    /// 3.4 asks for.
    rtcp_index: u32,
}

impl SrtpTx {
    /// Derives the session keys.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] when key or salt does not fit `profile`.
    pub fn new(
        profile: SrtpProfile,
        master_key: &[u8],
        master_salt: &[u8],
    ) -> Result<Self, SrtpError> {
        Ok(Self {
            rtp: SessionCipher::derived(profile, master_key, master_salt, Purpose::Rtp)?,
            rtcp: SessionCipher::derived(profile, master_key, master_salt, Purpose::Rtcp)?,
            rtcp_index: 0,
        })
    }

    /// Bytes that protection adds to an RTP packet.
    pub fn rtp_overhead(&self) -> usize {
        self.rtp.tag_len()
    }

    /// Bytes that protection adds to an RTCP packet.
    pub fn rtcp_overhead(&self) -> usize {
        self.rtcp.tag_len() + RTCP_INDEX_LEN
    }

    /// Protects an RTP packet in place and returns its new length.
    ///
    /// `buf[..len]` is header and payload, the header `header_len` bytes with CSRCs and extension.
    /// `index` is `ROC << 16 | sequence number` of the packet's SSRC (48 bits), which the caller
    /// keeps: the same index must not be used twice for one SSRC with different content.
    ///
    /// # Errors
    /// [`SrtpError::TooShort`] for lengths that contradict each other, [`SrtpError::NoRoom`] when
    /// `buf` has less than [`rtp_overhead`](Self::rtp_overhead) bytes after `len`.
    #[inline]
    pub fn protect_rtp(
        &self,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
        index: u64,
    ) -> Result<usize, SrtpError> {
        if header_len < RTP_FIXED_LEN || header_len > len {
            return Err(SrtpError::TooShort);
        }
        if len > buf.len() || buf.len() - len < self.rtp.tag_len() {
            return Err(SrtpError::NoRoom);
        }
        let ssrc = ssrc_at(buf, 8)?;
        self.rtp.seal_rtp(buf, header_len, len, ssrc, index)
    }

    /// Protects the compound RTCP packet `buf[..len]` in place and returns its new length.
    ///
    /// # Errors
    /// [`SrtpError::TooShort`], [`SrtpError::NoRoom`] when `buf` has less than
    /// [`rtcp_overhead`](Self::rtcp_overhead) bytes after `len`, and
    /// [`SrtpError::IndexExhausted`] after 2^31 packets.
    pub fn protect_rtcp(&mut self, buf: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        if len < RTCP_CLEAR_LEN {
            return Err(SrtpError::TooShort);
        }
        if len > buf.len() || buf.len() - len < self.rtcp_overhead() {
            return Err(SrtpError::NoRoom);
        }
        let ssrc = ssrc_at(buf, 4)?;
        if self.rtcp_index >= RTCP_ENCRYPTED - 1 {
            return Err(SrtpError::IndexExhausted);
        }
        self.rtcp_index += 1;
        self.rtcp.seal_rtcp(buf, len, ssrc, self.rtcp_index)
    }

    #[cfg(test)]
    pub(super) fn set_rtcp_index(&mut self, index: u32) {
        self.rtcp_index = index;
    }
}

impl std::fmt::Debug for SrtpTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpTx")
            .field("rtcp_index", &self.rtcp_index)
            .finish_non_exhaustive()
    }
}
