//! Binding requests of a controlling agent and the answers to them (RFC 8445 section 7), on
//! `rtc-stun`.

use rtc_stun::attributes::{
    ATTR_FINGERPRINT, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
};
use rtc_stun::crypto::RTCCryptoProvider as _;
use rtc_stun::crypto::providers::AwsLcRsProvider;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter as _, TransactionId};

static CRYPTO: AwsLcRsProvider = AwsLcRsProvider::new();

/// Priority of a peer-reflexive candidate (RFC 8445 section 5.1.2.1) with the highest local
/// preference.
const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;

/// What a check says.
pub(crate) struct Check<'a> {
    pub(crate) transaction: [u8; 12],
    pub(crate) local_ufrag: &'a str,
    pub(crate) remote_ufrag: &'a str,
    pub(crate) remote_password: &'a str,
    pub(crate) tie_breaker: u64,
    pub(crate) nominate: bool,
}

impl Check<'_> {
    /// The request as a datagram. `None` only if the cryptographic library fails.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let mut message = Message::new();
        message.typ = BINDING_REQUEST;
        message.transaction_id = TransactionId(self.transaction);
        message.write_header();
        let username = format!("{}:{}", self.remote_ufrag, self.local_ufrag);
        message.add(ATTR_USERNAME, username.as_bytes());
        message.add(ATTR_PRIORITY, &PRIORITY.to_be_bytes());
        message.add(ATTR_ICE_CONTROLLING, &self.tie_breaker.to_be_bytes());
        if self.nominate {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        MessageIntegrity::new_short_term_integrity_with_provider(
            self.remote_password.to_owned(),
            CRYPTO.crypto(),
        )
        .add_to(&mut message)
        .ok()?;
        FINGERPRINT.add_to(&mut message).ok()?;
        Some(message.raw)
    }
}

/// The transaction that an authentic success response answers.
pub(crate) fn success_response(datagram: &[u8], remote_password: &str) -> Option<[u8; 12]> {
    let mut message = Message::new();
    message.unmarshal_binary(datagram).ok()?;
    if message.typ != BINDING_SUCCESS || message.attributes.0.last()?.typ != ATTR_FINGERPRINT {
        return None;
    }
    FINGERPRINT.check(&message).ok()?;
    MessageIntegrity::check(&mut message, remote_password.as_bytes(), CRYPTO.crypto()).ok()?;
    Some(message.transaction_id.0)
}
