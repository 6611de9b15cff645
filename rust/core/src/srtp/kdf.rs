//! The key derivation of RFC 3711 section 4.3, with a key derivation rate of zero.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::SrtpError;

/// Which session key is derived (RFC 3711 section 4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Rtp,
    Rtcp,
}

impl Purpose {
    pub(super) const fn encryption_label(self) -> u8 {
        match self {
            Self::Rtp => 0,
            Self::Rtcp => 3,
        }
    }

    pub(super) const fn authentication_label(self) -> u8 {
        self.encryption_label() + 1
    }

    pub(super) const fn salt_label(self) -> u8 {
        self.encryption_label() + 2
    }
}

/// Fills `out` with the session key of `label`.
///
/// The pseudo-random function is AES-CM of the master key's size. A 96-bit salt (RFC 7714 section
/// 11) is taken as its 112-bit left-aligned value.
pub(super) fn derive(
    master_key: &[u8],
    master_salt: &[u8],
    label: u8,
    out: &mut [u8],
) -> Result<(), SrtpError> {
    let algorithm = match master_key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(SrtpError::KeyLength),
    };
    if !matches!(master_salt.len(), 12 | 14) {
        return Err(SrtpError::KeyLength);
    }
    let mut iv = [0u8; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    // key_id = label || r, with r (48 bits) zero, right-aligned in 112 bits.
    iv[7] ^= label;

    out.fill(0);
    let key = UnboundCipherKey::new(algorithm, master_key).map_err(|_| SrtpError::KeyLength)?;
    let key = EncryptingKey::ctr(key).map_err(|_| SrtpError::Crypto)?;
    key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| SrtpError::Crypto)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3711_appendix_b_3() {
        let key = 0xE1F9_7A0D_3E01_8BE0_D64F_A32C_06DE_4139_u128.to_be_bytes();
        let salt = &0x0EC6_75AD_498A_FEEB_B696_0B3A_ABE6_u128.to_be_bytes()[2..];

        let mut cipher_key = [0; 16];
        derive(&key, salt, 0, &mut cipher_key).unwrap();
        assert_eq!(
            u128::from_be_bytes(cipher_key),
            0xC61E_7A93_744F_39EE_1073_4AFE_3FF7_A087
        );

        let mut cipher_salt = [0; 14];
        derive(&key, salt, 2, &mut cipher_salt).unwrap();
        assert_eq!(
            cipher_salt,
            0x30CB_BC08_863D_8C85_D49D_B34A_9AE1_u128.to_be_bytes()[2..]
        );

        let mut auth_key = [0; 20];
        derive(&key, salt, 1, &mut auth_key).unwrap();
        assert_eq!(
            auth_key,
            [
                0xCE, 0xBE, 0x32, 0x1F, 0x6F, 0xF7, 0x71, 0x6B, 0x6F, 0xD4, 0xAB, 0x49, 0xAF, 0x25,
                0x6A, 0x15, 0x6D, 0x38, 0xBA, 0xA4
            ]
        );
    }
}
