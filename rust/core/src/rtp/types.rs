//! The wire's small values as types of their own, so that an SSRC is never taken for a timestamp.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Synchronization source identifier (RFC 3550 §3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ssrc(pub u32);

/// RTP payload type, 0..=127.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PayloadType(pub u8);

/// Sequence number as on the wire: 16 bits, wraps. Compare only after [`crate::rtp::Unwrapper`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeqNo(pub u16);

impl SeqNo {
    /// The number after this one, modulo 2^16.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Media identification (RFC 9143), 1..=16 bytes kept inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid(ShortId);

/// RTP stream identifier (RFC 8852), 1..=16 bytes kept inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rid(ShortId);

/// An identifier that is empty, longer than 16 bytes, or not printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an identifier must be 1 to 16 printable ASCII characters")]
pub struct ShortIdError;

const SHORT_ID_LEN: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ShortId {
    bytes: [u8; SHORT_ID_LEN],
    len: u8,
}

impl ShortId {
    fn new(value: &[u8]) -> Result<Self, ShortIdError> {
        if value.is_empty() || value.len() > SHORT_ID_LEN || !value.iter().all(u8::is_ascii_graphic)
        {
            return Err(ShortIdError);
        }
        let mut bytes = [0; SHORT_ID_LEN];
        bytes[..value.len()].copy_from_slice(value);
        Ok(Self {
            bytes,
            len: value.len() as u8,
        })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn as_str(&self) -> &str {
        // `new` let only ASCII in; the fallback is never taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

macro_rules! short_id {
    ($name:ident) => {
        impl $name {
            /// From the bytes of a header extension or of a parameter.
            ///
            /// # Errors
            /// When `value` is not 1 to 16 printable ASCII characters.
            pub fn new(value: &[u8]) -> Result<Self, ShortIdError> {
                ShortId::new(value).map(Self)
            }

            /// The identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The identifier's bytes, as a header extension carries them.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = ShortIdError;
            fn from_str(value: &str) -> Result<Self, ShortIdError> {
                Self::new(value.as_bytes())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

short_id!(Mid);
short_id!(Rid);

impl fmt::Debug for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssrc({})", self.0)
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadType({})", self.0)
    }
}

impl fmt::Debug for SeqNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeqNo({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_keep_their_text_and_refuse_the_rest() {
        let mid: Mid = "audio0".parse().unwrap();
        assert_eq!(mid.as_str(), "audio0");
        assert_eq!(mid.as_bytes(), b"audio0");
        assert_eq!(Rid::new(b"0123456789abcdef").unwrap().as_str().len(), 16);
        assert_eq!(Rid::new(b""), Err(ShortIdError));
        assert_eq!(Rid::new(b"0123456789abcdefg"), Err(ShortIdError));
        assert_eq!(Rid::new(b"a b"), Err(ShortIdError));
        assert_eq!(Rid::new(&[0xc3, 0xa9]), Err(ShortIdError));
        assert_ne!(Mid::new(b"1"), Mid::new(b"10"));
    }

    #[test]
    fn values_are_plain_in_json() {
        let mid: Mid = serde_json::from_str("\"v\"").unwrap();
        assert_eq!(serde_json::to_string(&mid).unwrap(), "\"v\"");
        assert!(serde_json::from_str::<Mid>("\"\"").is_err());
        let ssrc: Ssrc = serde_json::from_str("4294967295").unwrap();
        assert_eq!(ssrc, Ssrc(u32::MAX));
        assert_eq!(serde_json::to_string(&PayloadType(96)).unwrap(), "96");
    }

    #[test]
    fn sequence_numbers_wrap() {
        assert_eq!(SeqNo(u16::MAX).next(), SeqNo(0));
    }
}
