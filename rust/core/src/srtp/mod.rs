//! SRTP and SRTCP (RFC 3711) with AES-GCM (RFC 7714) first and AES-CM/HMAC-SHA1-80 for peers that
//! have nothing else.
//!
//! Everything works in place on the caller's buffer and allocates only when a new SSRC appears.
//! One [`SrtpTx`] or [`SrtpRx`] holds the session keys of one direction of one DTLS association.

mod cipher;
mod kdf;
mod replay;
mod rx;
#[cfg(test)]
mod tests;
mod tx;

pub use rx::SrtpRx;
pub use tx::SrtpTx;

/// Bytes of the RTCP header that stay in the clear: the first header word and the sender's SSRC
/// (RFC 3711 section 3.4).
const RTCP_CLEAR_LEN: usize = 8;
/// Bytes of the E flag and the 31-bit SRTCP index.
const RTCP_INDEX_LEN: usize = 4;
/// The E flag: this SRTCP packet is encrypted.
const RTCP_ENCRYPTED: u32 = 1 << 31;

/// A protection profile as DTLS-SRTP negotiates it (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// AEAD_AES_128_GCM, the cheapest one on hardware with AES instructions.
    AeadAes128Gcm,
    /// AEAD_AES_256_GCM.
    AeadAes256Gcm,
    /// AES_CM_128_HMAC_SHA1_80, which every WebRTC peer has.
    AesCm128HmacSha1_80,
}

impl SrtpProfile {
    /// Bytes of the master key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::AesCm128HmacSha1_80 => 14,
        }
    }

    /// Bytes of the authentication tag that follows each packet.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80 => 10,
        }
    }
}

/// Why a packet or a key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrtpError {
    /// The master key or salt has not the length that the profile asks for.
    #[error("the master key or salt has the wrong length for the profile")]
    KeyLength,
    /// The packet is shorter than its header, tag and index.
    #[error("the packet is too short")]
    TooShort,
    /// The buffer has no room for the tag and index.
    #[error("the buffer has no room for the authentication tag")]
    NoRoom,
    /// The tag is wrong. The packet's bytes are unspecified afterwards.
    #[error("the packet's authentication failed")]
    Authentication,
    /// The packet was seen before, or is older than the replay window.
    #[error("the packet is a replay or too old")]
    Replayed,
    /// 2^31 SRTCP packets were sent with this key (RFC 3711 section 9.2).
    #[error("the SRTCP index is used up")]
    IndexExhausted,
    /// The cryptographic library refused an operation that cannot fail for well-formed input.
    #[error("the cryptographic library failed")]
    Crypto,
}

/// The SSRC of an RTP packet, or the sender's SSRC of an RTCP packet, at `at`.
fn ssrc_at(packet: &[u8], at: usize) -> Result<u32, SrtpError> {
    match packet.get(at..at + 4) {
        Some(&[a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(SrtpError::TooShort),
    }
}
