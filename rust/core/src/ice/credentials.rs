//! Username fragments and passwords (RFC 8445 section 5.3).

use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};

/// Random characters after the prefix: 71 bits, more than the 24 that RFC 8445 asks for.
const UFRAG_RANDOM_LEN: usize = 12;
/// 143 bits, more than the 128 that RFC 8445 asks for.
const PASSWORD_LEN: usize = 24;

/// What signalling tells the peer about our side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceParameters {
    /// Our username fragment.
    pub username_fragment: String,
    /// Our password: the key of requests to us.
    pub password: String,
    /// Whether we are a lite agent; always so.
    pub ice_lite: bool,
}

impl IceParameters {
    /// New ones. `prefix` is of ICE characters (RFC 8445 section 5.3: letters, digits, + and /).
    pub(super) fn generate(rng: &mut impl Rng, prefix: &str) -> Self {
        let mut username_fragment = prefix.to_owned();
        Alphanumeric.append_string(rng, &mut username_fragment, UFRAG_RANDOM_LEN);
        Self {
            username_fragment,
            password: Alphanumeric.sample_string(rng, PASSWORD_LEN),
            ice_lite: true,
        }
    }
}
