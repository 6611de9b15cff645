//! Authentication and decryption of inbound packets.

use super::cipher::SessionCipher;
use super::kdf::Purpose;
use super::replay::ReplayTable;
use super::{RTCP_CLEAR_LEN, RTCP_ENCRYPTED, RTCP_INDEX_LEN, SrtpError, SrtpProfile, ssrc_at};

/// Bytes of the fixed RTP header.
const RTP_FIXED_LEN: usize = 12;
/// 1,024 packets: at 2,000 packets a second half a second of reordering.
const RTP_WINDOW_WORDS: usize = 16;
/// 128 packets: RTCP comes a few times a second.
const RTCP_WINDOW_WORDS: usize = 2;

/// Inbound session keys, rollover counters and replay windows.
pub struct SrtpRx {
    rtp: SessionCipher,
    rtcp: SessionCipher,
    rtp_seen: ReplayTable<RTP_WINDOW_WORDS>,
    rtcp_seen: ReplayTable<RTCP_WINDOW_WORDS>,
}

impl SrtpRx {
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
            rtp_seen: ReplayTable::default(),
            rtcp_seen: ReplayTable::default(),
        })
    }

    /// Authenticates and decrypts an SRTP packet in place.
    ///
    /// `header_len` is the length of the RTP header with CSRCs and extension. Returns the length
    /// of header and payload, and the index `ROC << 16 | sequence number`. A rollover counter or
    /// replay window changes only after the packet was authenticated.
    ///
    /// # Errors
    /// [`SrtpError::TooShort`], [`SrtpError::Replayed`] or [`SrtpError::Authentication`]; after the
    /// last of them the packet's bytes are unspecified.
    #[inline]
    pub fn unprotect_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
    ) -> Result<(usize, u64), SrtpError> {
        if header_len < RTP_FIXED_LEN
            || packet.len() < header_len.saturating_add(self.rtp.tag_len())
        {
            return Err(SrtpError::TooShort);
        }
        let sequence_number = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = ssrc_at(packet, 8)?;
        let index = match self.rtp_seen.get(ssrc) {
            // RFC 3711 section 3.3.1: the rollover counter starts at zero.
            None => u64::from(sequence_number),
            Some(window) => {
                let index = guess_index(window.top(), sequence_number);
                if !window.accepts(index) {
                    return Err(SrtpError::Replayed);
                }
                index
            }
        };
        let len = self.rtp.open_rtp(packet, header_len, ssrc, index)?;
        self.rtp_seen.commit(ssrc, index);
        Ok((len, index))
    }

    /// Authenticates and decrypts an SRTCP packet in place; returns the plain length.
    ///
    /// # Errors
    /// As [`unprotect_rtp`](Self::unprotect_rtp).
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let tag_len = self.rtcp.tag_len();
        if packet.len() < RTCP_CLEAR_LEN + tag_len + RTCP_INDEX_LEN {
            return Err(SrtpError::TooShort);
        }
        let ssrc = ssrc_at(packet, 4)?;
        // RFC 3711 section 3.4 has the tag last, RFC 7714 section 9.2 the index.
        let word_at = match &self.rtcp {
            SessionCipher::Gcm { .. } => packet.len() - RTCP_INDEX_LEN,
            SessionCipher::Cm(_) => packet.len() - tag_len - RTCP_INDEX_LEN,
        };
        let word = ssrc_at(packet, word_at)?;
        let index = u64::from(word & !RTCP_ENCRYPTED);
        if self
            .rtcp_seen
            .get(ssrc)
            .is_some_and(|window| !window.accepts(index))
        {
            return Err(SrtpError::Replayed);
        }
        let len = self.rtcp.open_rtcp(packet, ssrc, word)?;
        self.rtcp_seen.commit(ssrc, index);
        Ok(len)
    }

    #[cfg(test)]
    pub(super) fn tracked_ssrcs(&self) -> usize {
        self.rtp_seen.len()
    }
}

impl std::fmt::Debug for SrtpRx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpRx").finish_non_exhaustive()
    }
}

/// The index nearest to the highest one seen (RFC 3711 appendix A). Before the first rollover
/// there is nothing below, and a large step is one forwards.
#[inline]
fn guess_index(top: u64, sequence_number: u16) -> u64 {
    const HALF: u16 = 1 << 15;
    let rollovers = top >> 16;
    let highest = top as u16;
    let rollovers = if highest < HALF {
        let behind = sequence_number > highest && sequence_number - highest > HALF;
        if behind {
            rollovers.saturating_sub(1)
        } else {
            rollovers
        }
    } else if highest - HALF > sequence_number {
        rollovers + 1
    } else {
        rollovers
    };
    (rollovers & 0xFFFF_FFFF) << 16 | u64::from(sequence_number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_every_index_within_half_a_cycle(top in (1u64 << 16)..(1 << 40), step in -32_000i64..32_000) {
            let index = top.saturating_add_signed(step);
            prop_assert_eq!(guess_index(top, index as u16), index);
        }
    }

    #[test]
    fn never_goes_below_zero() {
        assert_eq!(guess_index(3, 65_530), 65_530);
        assert_eq!(guess_index(0, 0), 0);
    }
}
