//! The session keys of one direction, for RTP or for RTCP, and what they do to one packet.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::kdf::{Purpose, derive};
use super::{RTCP_CLEAR_LEN, RTCP_ENCRYPTED, RTCP_INDEX_LEN, SrtpError, SrtpProfile};

const GCM_TAG_LEN: usize = 16;
const CM_TAG_LEN: usize = 10;

/// Session keys. The methods neither check nor keep any index: that is the caller's.
pub(super) enum SessionCipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm(Box<CmKeys>),
}

/// Boxed, so that the common GCM case does not carry the size of a HMAC state.
pub(super) struct CmKeys {
    encryption: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

impl SessionCipher {
    /// Derives the session keys from a master key and salt.
    pub(super) fn derived(
        profile: SrtpProfile,
        master_key: &[u8],
        master_salt: &[u8],
        purpose: Purpose,
    ) -> Result<Self, SrtpError> {
        if master_key.len() != profile.key_len() || master_salt.len() != profile.salt_len() {
            return Err(SrtpError::KeyLength);
        }
        let mut key = [0u8; 32];
        let key = &mut key[..profile.key_len()];
        derive(master_key, master_salt, purpose.encryption_label(), key)?;
        let mut salt = [0u8; 14];
        let salt = &mut salt[..profile.salt_len()];
        derive(master_key, master_salt, purpose.salt_label(), salt)?;
        match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => Self::gcm(key, salt),
            SrtpProfile::AesCm128HmacSha1_80 => {
                let mut authentication = [0u8; 20];
                derive(
                    master_key,
                    master_salt,
                    purpose.authentication_label(),
                    &mut authentication,
                )?;
                Self::cm(key, salt, &authentication)
            }
        }
    }

    /// AES-GCM from session keys; the key's length says which.
    pub(super) fn gcm(key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let algorithm = if key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| SrtpError::KeyLength)?;
        Ok(Self::Gcm {
            key: LessSafeKey::new(key),
            salt: salt.try_into().map_err(|_| SrtpError::KeyLength)?,
        })
    }

    fn cm(key: &[u8], salt: &[u8], authentication: &[u8]) -> Result<Self, SrtpError> {
        let key = UnboundCipherKey::new(&AES_128, key).map_err(|_| SrtpError::KeyLength)?;
        Ok(Self::Cm(Box::new(CmKeys {
            encryption: EncryptingKey::ctr(key).map_err(|_| SrtpError::Crypto)?,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication),
            salt: salt.try_into().map_err(|_| SrtpError::KeyLength)?,
        })))
    }

    /// Bytes of the tag.
    pub(super) const fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => GCM_TAG_LEN,
            Self::Cm(_) => CM_TAG_LEN,
        }
    }

    /// Protects the RTP packet `buf[..len]` whose header has `header_len` bytes; returns the new
    /// length. The caller has checked `header_len <= len` and `len + tag_len() <= buf.len()`.
    #[inline]
    pub(super) fn seal_rtp(
        &self,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Gcm { key, salt } => {
                let (header, rest) = buf.split_at_mut(header_len);
                let (payload, tail) = rest.split_at_mut(len - header_len);
                let tag = key
                    .seal_in_place_separate_tag(
                        gcm_nonce(salt, ssrc, index),
                        Aad::from(&*header),
                        payload,
                    )
                    .map_err(|_| SrtpError::Crypto)?;
                tail[..GCM_TAG_LEN].copy_from_slice(tag.as_ref());
                Ok(len + GCM_TAG_LEN)
            }
            Self::Cm(keys) => {
                keys.crypt(&mut buf[header_len..len], ssrc, index)?;
                let tag = keys.rtp_tag(buf, len, index)?;
                buf[len..len + CM_TAG_LEN].copy_from_slice(&tag);
                Ok(len + CM_TAG_LEN)
            }
        }
    }

    /// Authenticates and decrypts an SRTP packet; returns its plain length. The caller has checked
    /// that header and tag fit.
    #[inline]
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let len = packet.len() - self.tag_len();
        match self {
            Self::Gcm { key, salt } => {
                let (header, sealed) = packet.split_at_mut(header_len);
                key.open_in_place(gcm_nonce(salt, ssrc, index), Aad::from(&*header), sealed)
                    .map_err(|_| SrtpError::Authentication)?;
            }
            Self::Cm(keys) => {
                let mut tag = [0u8; CM_TAG_LEN];
                tag.copy_from_slice(&packet[len..]);
                let expected = keys.rtp_tag(packet, len, index)?;
                verify_slices_are_equal(&expected, &tag).map_err(|_| SrtpError::Authentication)?;
                keys.crypt(&mut packet[header_len..len], ssrc, index)?;
            }
        }
        Ok(len)
    }

    /// Protects the RTCP compound packet `buf[..len]`; returns the new length. The caller has
    /// checked that the clear header is there and that tag and index fit.
    pub(super) fn seal_rtcp(
        &self,
        buf: &mut [u8],
        len: usize,
        ssrc: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let word = (index | RTCP_ENCRYPTED).to_be_bytes();
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(buf, word);
                let (body, tail) = buf[RTCP_CLEAR_LEN..].split_at_mut(len - RTCP_CLEAR_LEN);
                let tag = key
                    .seal_in_place_separate_tag(
                        gcm_nonce(salt, ssrc, index.into()),
                        Aad::from(aad),
                        body,
                    )
                    .map_err(|_| SrtpError::Crypto)?;
                tail[..GCM_TAG_LEN].copy_from_slice(tag.as_ref());
                tail[GCM_TAG_LEN..GCM_TAG_LEN + RTCP_INDEX_LEN].copy_from_slice(&word);
            }
            Self::Cm(keys) => {
                keys.crypt(&mut buf[RTCP_CLEAR_LEN..len], ssrc, index.into())?;
                buf[len..len + RTCP_INDEX_LEN].copy_from_slice(&word);
                let (signed, tail) = buf.split_at_mut(len + RTCP_INDEX_LEN);
                tail[..CM_TAG_LEN].copy_from_slice(&keys.tag(signed)?);
            }
        }
        Ok(len + self.tag_len() + RTCP_INDEX_LEN)
    }

    /// Authenticates and, when its E flag is set, decrypts an SRTCP packet; returns its plain
    /// length. `word` is the packet's E flag and index. The caller has checked the lengths.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        word: u32,
    ) -> Result<usize, SrtpError> {
        let len = packet.len() - self.tag_len() - RTCP_INDEX_LEN;
        let index = u64::from(word & !RTCP_ENCRYPTED);
        let encrypted = word & RTCP_ENCRYPTED != 0;
        match self {
            Self::Gcm { key, salt } => {
                if !encrypted {
                    // RFC 7714 section 9.3 has this form; nobody in WebRTC sends it.
                    return Err(SrtpError::Authentication);
                }
                let aad = rtcp_aad(packet, word.to_be_bytes());
                let sealed = &mut packet[RTCP_CLEAR_LEN..len + GCM_TAG_LEN];
                key.open_in_place(gcm_nonce(salt, ssrc, index), Aad::from(aad), sealed)
                    .map_err(|_| SrtpError::Authentication)?;
            }
            Self::Cm(keys) => {
                let (signed, tag) = packet.split_at_mut(len + RTCP_INDEX_LEN);
                verify_slices_are_equal(&keys.tag(signed)?, tag)
                    .map_err(|_| SrtpError::Authentication)?;
                if encrypted {
                    keys.crypt(&mut packet[RTCP_CLEAR_LEN..len], ssrc, index)?;
                }
            }
        }
        Ok(len)
    }
}

impl CmKeys {
    /// AES counter mode, which is its own inverse (RFC 3711 section 4.1.1).
    fn crypt(&self, data: &mut [u8], ssrc: u32, index: u64) -> Result<(), SrtpError> {
        let mut iv = [0u8; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &ssrc.to_be_bytes());
        xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
        self.encryption
            .less_safe_encrypt(data, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| SrtpError::Crypto)?;
        Ok(())
    }

    /// The tag over `buf[..len] || ROC` (RFC 3711 section 4.2.1). The four bytes after `len`, which
    /// the tag replaces or was copied from, hold the ROC meanwhile: the buffer is hashed at once.
    fn rtp_tag(
        &self,
        buf: &mut [u8],
        len: usize,
        index: u64,
    ) -> Result<[u8; CM_TAG_LEN], SrtpError> {
        buf[len..len + 4].copy_from_slice(&((index >> 16) as u32).to_be_bytes());
        self.tag(&buf[..len + 4])
    }

    fn tag(&self, signed: &[u8]) -> Result<[u8; CM_TAG_LEN], SrtpError> {
        let mut full = [0u8; 20];
        hmac::sign_to_buffer(&self.authentication, signed, &mut full)
            .map_err(|_| SrtpError::Crypto)?;
        let mut tag = [0u8; CM_TAG_LEN];
        tag.copy_from_slice(&full[..CM_TAG_LEN]);
        Ok(tag)
    }
}

/// RFC 7714 sections 8.1 and 9.1: two zero bytes, the SSRC and the 48-bit index (for RTCP two zero
/// bytes and the 31-bit index), exclusive-or the salt.
#[inline]
fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &ssrc.to_be_bytes());
    xor(&mut nonce[6..12], &index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 section 9.2: the clear header and the word of E flag and index.
fn rtcp_aad(packet: &[u8], word: [u8; RTCP_INDEX_LEN]) -> [u8; RTCP_CLEAR_LEN + RTCP_INDEX_LEN] {
    let mut aad = [0u8; RTCP_CLEAR_LEN + RTCP_INDEX_LEN];
    aad[..RTCP_CLEAR_LEN].copy_from_slice(&packet[..RTCP_CLEAR_LEN]);
    aad[RTCP_CLEAR_LEN..].copy_from_slice(&word);
    aad
}

#[inline]
fn xor(target: &mut [u8], with: &[u8]) {
    for (target, with) in target.iter_mut().zip(with) {
        *target ^= with;
    }
}
