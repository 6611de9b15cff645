//! Self-signed certificates and their fingerprints (RFC 8122).

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::{DtlsError, engine};

/// A certificate's fingerprint as signalling carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The hash function, as `sha-256`.
    pub algorithm: String,
    /// The digest in hexadecimal pairs with colons between them, as `AB:CD:…`.
    pub value: String,
}

/// A self-signed ECDSA P-256 certificate with its key. One serves all transports of a worker.
#[derive(Clone)]
pub struct Certificate {
    pub(super) identity: dimpl::DtlsCertificate,
    /// Shared by all endpoints made with this certificate.
    pub(super) config: Arc<dimpl::Config>,
}

impl Certificate {
    /// Makes a key and a certificate, valid for a year. The library under it draws on the system's
    /// randomness and calendar; peers check the fingerprint and not the dates (RFC 8827).
    ///
    /// # Errors
    /// [`DtlsError::Certificate`] when the cryptographic library fails.
    pub fn generate() -> Result<Self, DtlsError> {
        let identity = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| DtlsError::Certificate(error.to_string()))?;
        let config = engine::config().map_err(DtlsError::Certificate)?;
        Ok(Self { identity, config })
    }

    /// The fingerprints to signal, sha-256 last because mediasoup-client puts the last one into
    /// its SDP, and sha-256 is what every peer knows.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        [Hash::Sha512, Hash::Sha384, Hash::Sha256]
            .into_iter()
            .map(|hash| Fingerprint {
                algorithm: hash.name().to_owned(),
                value: hexadecimal(hash.digest(&self.identity.certificate).as_ref()),
            })
            .collect()
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

/// The digests that a peer's certificate may have.
#[derive(Debug)]
pub(super) struct Expected {
    hash: Hash,
    digests: Vec<Vec<u8>>,
}

impl Expected {
    /// Keeps the fingerprints of the strongest hash function among those given (RFC 8122 section
    /// 5: a peer gives each certificate once per function).
    pub(super) fn new(remote: &[Fingerprint]) -> Result<Self, DtlsError> {
        let parsed: Vec<(Hash, Vec<u8>)> = remote
            .iter()
            .filter_map(|fingerprint| {
                let hash = Hash::named(&fingerprint.algorithm)?;
                let digest = bytes(&fingerprint.value)?;
                (digest.len() == hash.algorithm().output_len()).then_some((hash, digest))
            })
            .collect();
        let hash = parsed
            .iter()
            .map(|(hash, _)| *hash)
            .max()
            .ok_or(DtlsError::NoUsableFingerprint)?;
        let digests = parsed
            .into_iter()
            .filter(|(other, _)| *other == hash)
            .map(|(_, digest)| digest)
            .collect();
        Ok(Self { hash, digests })
    }

    /// Whether this is the certificate that was announced.
    pub(super) fn matches(&self, certificate_der: &[u8]) -> bool {
        let digest = self.hash.digest(certificate_der);
        self.digests
            .iter()
            .any(|expected| expected == digest.as_ref())
    }
}

/// Ordered by strength. SHA-1 and MD5 are left out on purpose (RFC 8122 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Option<Self> {
        [Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha224 => "sha-224",
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn digest(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), data)
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    let mut text = String::with_capacity(digest.len() * 3);
    for (i, byte) in digest.iter().enumerate() {
        let separator = if i == 0 { "" } else { ":" };
        // Writing to a String does not fail.
        let _ = write!(text, "{separator}{byte:02X}");
    }
    text
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    text.split(':')
        .map(|pair| {
            (pair.len() == 2).then_some(())?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(algorithm: &str, value: &str) -> Fingerprint {
        Fingerprint {
            algorithm: algorithm.into(),
            value: value.into(),
        }
    }

    #[test]
    fn own_fingerprints_match_in_any_case() {
        let certificate = Certificate::generate().unwrap();
        let der = &certificate.identity.certificate;
        let all = certificate.fingerprints();
        assert_eq!(all.last().unwrap().algorithm, "sha-256");
        for own in all {
            let lower = fingerprint(&own.algorithm.to_uppercase(), &own.value.to_lowercase());
            assert!(Expected::new(&[lower]).unwrap().matches(der));
            assert!(!Expected::new(&[own]).unwrap().matches(&der[1..]));
        }
    }

    #[test]
    fn the_strongest_fingerprint_decides() {
        let certificate = Certificate::generate().unwrap();
        let der = &certificate.identity.certificate;
        let mut all = certificate.fingerprints();
        all[0].value = hexadecimal(&[0; 64]);
        assert!(!Expected::new(&all).unwrap().matches(der));
        // Several certificates of one peer: one has to match.
        all.push(certificate.fingerprints().remove(0));
        assert!(Expected::new(&all).unwrap().matches(der));
    }

    #[test]
    fn unusable_fingerprints_are_refused() {
        let short = "AB:CD";
        let sha1 = vec!["AB"; 20].join(":");
        let not_hex = vec!["GG"; 32].join(":");
        for bad in [
            vec![],
            vec![fingerprint("sha-256", short)],
            vec![fingerprint("sha-1", &sha1)],
            vec![fingerprint("sha-256", &not_hex)],
            vec![fingerprint("sha-256", "")],
        ] {
            assert_eq!(
                Expected::new(&bad).err(),
                Some(DtlsError::NoUsableFingerprint)
            );
        }
    }
}
