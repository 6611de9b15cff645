//! Binding requests and the answers to them (RFC 8489, RFC 8445 section 7), on `rtc-stun`.

use std::net::SocketAddr;

use rtc_stun::attributes::{
    ATTR_ERROR_CODE, ATTR_FINGERPRINT, ATTR_ICE_CONTROLLED, ATTR_MESSAGE_INTEGRITY, ATTR_PRIORITY,
    ATTR_UNKNOWN_ATTRIBUTES, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
};
use rtc_stun::crypto::RTCCryptoProvider as _;
use rtc_stun::crypto::providers::AwsLcRsProvider;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Message, Setter as _, TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;

/// draft-thatcher-ice-renomination: a number that grows with each nomination.
pub(super) const ATTR_NOMINATION: AttrType = AttrType(0x0030);
/// The same, in the comprehension-optional range where libwebrtc has it.
pub(super) const ATTR_GOOG_NOMINATION: AttrType = AttrType(0xC001);

/// Requests larger than this are not read: an honest one has about 150 bytes, and parsing costs.
const MAX_REQUEST_LEN: usize = 576;
const HEADER_LEN: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

static CRYPTO: AwsLcRsProvider = AwsLcRsProvider::new();

/// Our username fragment in a binding request: what comes before the colon of USERNAME. Nothing
/// is verified; it only tells whose request this claims to be.
pub fn peek_local_ufrag(datagram: &[u8]) -> Option<&str> {
    let (header, _) = datagram.split_at_checked(HEADER_LEN)?;
    if header[..2] != [0, 1] || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let mut attributes = datagram.get(HEADER_LEN..HEADER_LEN + len)?;
    loop {
        let (header, rest) = attributes.split_at_checked(4)?;
        let kind = AttrType(u16::from_be_bytes([header[0], header[1]]));
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let value = rest.get(..len)?;
        if kind == ATTR_USERNAME {
            return std::str::from_utf8(value)
                .ok()?
                .split_once(':')
                .map(|(ours, _)| ours);
        }
        attributes = rest.get(len.next_multiple_of(4)..)?;
    }
}

/// A binding request whose FINGERPRINT is right and whose integrity is yet to be checked.
pub(super) struct Request {
    message: Message,
    transaction: TransactionId,
}

/// How a request nominates its pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nomination {
    None,
    /// USE-CANDIDATE alone.
    Plain,
    /// With a renomination number.
    Numbered(u32),
}

impl Request {
    /// Parses a binding request; `None` for anything else.
    pub(super) fn parse(datagram: &[u8]) -> Option<Self> {
        if datagram.len() > MAX_REQUEST_LEN {
            return None;
        }
        let mut message = Message::new();
        message.unmarshal_binary(datagram).ok()?;
        let whole = datagram.len() == HEADER_LEN + message.length as usize;
        if message.typ != BINDING_REQUEST || !whole {
            return None;
        }
        // RFC 8489 section 14.7: FINGERPRINT is last, and covers what is before it. RFC 8445 section
        // 7.1.1 demands it.
        let last = message.attributes.0.last()?;
        if last.typ != ATTR_FINGERPRINT || FINGERPRINT.check(&message).is_err() {
            return None;
        }
        let transaction = message.transaction_id;
        Some(Self {
            message,
            transaction,
        })
    }

    /// Checks MESSAGE-INTEGRITY with our password, and forgets what it does not cover (RFC 8489
    /// section 14.5: attributes after it are ignored).
    pub(super) fn authenticate(&mut self, password: &str) -> bool {
        let attributes = &self.message.attributes.0;
        let Some(at) = attributes
            .iter()
            .position(|a| a.typ == ATTR_MESSAGE_INTEGRITY)
        else {
            return false;
        };
        if MessageIntegrity::check(&mut self.message, password.as_bytes(), CRYPTO.crypto()).is_err()
        {
            return false;
        }
        self.message.attributes.0.truncate(at);
        true
    }

    /// The request's attributes of a kind that must be understood (RFC 8489 section 6.3.1) and are
    /// not.
    pub(super) fn unknown_attributes(&self) -> Vec<u16> {
        let known = [
            ATTR_USERNAME,
            ATTR_PRIORITY,
            ATTR_USE_CANDIDATE,
            ATTR_NOMINATION,
        ];
        let attributes = self.message.attributes.0.iter().map(|a| a.typ);
        attributes
            .filter(|kind| kind.required() && !known.contains(kind))
            .map(|kind| kind.value())
            .collect()
    }

    /// Whether the peer believes itself to be controlled, which is our part always.
    pub(super) fn claims_our_role(&self) -> bool {
        self.message.contains(ATTR_ICE_CONTROLLED)
    }

    pub(super) fn nomination(&self) -> Nomination {
        let number = [ATTR_NOMINATION, ATTR_GOOG_NOMINATION]
            .into_iter()
            .find_map(|kind| self.message.get(kind).ok());
        match number.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) {
            Some(bytes) => Nomination::Numbered(u32::from_be_bytes(bytes)),
            None if self.message.contains(ATTR_USE_CANDIDATE) => Nomination::Plain,
            None => Nomination::None,
        }
    }

    /// The success response: the address that the request came from (RFC 8489 section 6.3.1.1).
    pub(super) fn success(&self, remote: SocketAddr, password: &str) -> Option<Vec<u8>> {
        let mapped = XorMappedAddress {
            ip: remote.ip(),
            port: remote.port(),
        };
        self.response(BINDING_SUCCESS, password, |message| {
            mapped.add_to(message).ok()
        })
    }

    /// The error response 487 Role Conflict (RFC 8445 section 7.3.1.1).
    pub(super) fn role_conflict(&self, password: &str) -> Option<Vec<u8>> {
        self.error(4, 87, "Role Conflict", &[], password)
    }

    /// The error response 420 Unknown Attribute (RFC 8489 section 6.3.1).
    pub(super) fn unknown_attribute(&self, kinds: &[u16], password: &str) -> Option<Vec<u8>> {
        self.error(4, 20, "Unknown Attribute", kinds, password)
    }

    fn error(
        &self,
        class: u8,
        number: u8,
        reason: &str,
        unknown: &[u16],
        password: &str,
    ) -> Option<Vec<u8>> {
        self.response(BINDING_ERROR, password, |message| {
            let mut value = vec![0, 0, class, number];
            value.extend(reason.as_bytes());
            message.add(ATTR_ERROR_CODE, &value);
            if !unknown.is_empty() {
                let list: Vec<u8> = unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
                message.add(ATTR_UNKNOWN_ATTRIBUTES, &list);
            }
            Some(())
        })
    }

    fn response(
        &self,
        kind: rtc_stun::message::MessageType,
        password: &str,
        fill: impl FnOnce(&mut Message) -> Option<()>,
    ) -> Option<Vec<u8>> {
        let mut message = Message::new();
        message.typ = kind;
        message.transaction_id = self.transaction;
        message.write_header();
        fill(&mut message)?;
        sign(&mut message, password)?;
        Some(message.raw)
    }
}

/// Appends MESSAGE-INTEGRITY and FINGERPRINT.
pub(super) fn sign(message: &mut Message, password: &str) -> Option<()> {
    MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), CRYPTO.crypto())
        .add_to(message)
        .ok()?;
    FINGERPRINT.add_to(message).ok()
}
