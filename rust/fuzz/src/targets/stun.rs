//! STUN: as it comes from strangers, and behind a right MESSAGE-INTEGRITY.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use aws_lc_rs::hmac;
use rand::{SeedableRng, rngs::StdRng};
use videocall_core::ice::{IceLite, peek_local_ufrag};

const REMOTE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000);
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// Gives `data` to an ICE-lite agent as a datagram, and then as the attributes of a binding request that is signed with
/// the agent's own password, so that what lies behind the check is reached too.
pub fn stun(data: &[u8]) {
    let now = super::start();
    let mut agent = IceLite::new(&mut StdRng::seed_from_u64(7), "00", now);
    if let Some(ufrag) = peek_local_ufrag(data) {
        assert!(ufrag.len() <= data.len());
    }
    assert!(
        agent.handle_request(now, 0, REMOTE, data).is_none() || data.len() >= 20,
        "an answer to no request"
    );
    let parameters = agent.parameters().clone();
    let request = signed(&parameters.username_fragment, &parameters.password, data);
    if let Some(reply) = agent.handle_request(now, 0, REMOTE, &request) {
        assert!(reply.datagram.len() >= 20);
    }
}

/// A binding request (RFC 8489 §5) with USERNAME, `attributes`, MESSAGE-INTEGRITY (§14.5) and FINGERPRINT (§14.7).
pub fn signed(ufrag: &str, password: &str, attributes: &[u8]) -> Vec<u8> {
    let attributes = &attributes[..attributes.len().min(1000) / 4 * 4];
    let username = format!("{ufrag}:peer");
    let mut message = vec![0, 1, 0, 0];
    message.extend_from_slice(&MAGIC_COOKIE);
    message.extend_from_slice(&[9; 12]);
    message.extend_from_slice(&[0, 6]);
    message.extend_from_slice(&(username.len() as u16).to_be_bytes());
    message.extend_from_slice(username.as_bytes());
    message.resize(message.len().next_multiple_of(4), 0);
    message.extend_from_slice(attributes);
    set_length(&mut message, 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let tag = hmac::sign(&key, &message);
    message.extend_from_slice(&[0, 8, 0, 20]);
    message.extend_from_slice(tag.as_ref());
    set_length(&mut message, 8);
    let fingerprint = crc32(&message) ^ 0x5354_554E;
    message.extend_from_slice(&[0x80, 0x28, 0, 4]);
    message.extend_from_slice(&fingerprint.to_be_bytes());
    message
}

/// The length field counts what is there and `more` bytes that will follow.
fn set_length(message: &mut [u8], more: usize) {
    let len = (message.len() - 20 + more) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
}

/// CRC-32 of ISO 3309, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this the second half of the target would fuzz nothing.
    #[test]
    fn a_signed_request_is_answered() {
        let now = crate::targets::start();
        let mut agent = IceLite::new(&mut StdRng::seed_from_u64(7), "00", now);
        let parameters = agent.parameters().clone();
        let priority = [0, 0x24, 0, 4, 1, 2, 3, 4];
        let controlling = [0x80, 0x2A, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let attributes = [&priority[..], &controlling, &[0, 0x25, 0, 0]].concat();
        let request = signed(
            &parameters.username_fragment,
            &parameters.password,
            &attributes,
        );
        let reply = agent.handle_request(now, 0, REMOTE, &request).unwrap();
        assert!(reply.selected_changed);
        assert_eq!(agent.selected(), Some((0, REMOTE)));
    }
}
