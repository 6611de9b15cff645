//! The lite agent against requests made by hand, as a browser makes them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rtc_stun::attributes::*;
use rtc_stun::message::{
    BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Getter as _, Message, TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;

use super::stun::{ATTR_GOOG_NOMINATION, ATTR_NOMINATION, Request, sign};
use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time has to start somewhere"
)]
fn some_instant() -> Instant {
    Instant::now()
}

fn address(port: u16) -> SocketAddr {
    ([192, 0, 2, 7], port).into()
}

fn agent() -> (IceLite, Instant) {
    let now = some_instant();
    (IceLite::new(&mut StdRng::seed_from_u64(1), "w7", now), now)
}

/// A request with the attributes a browser sends and `extra` ones.
fn request(parameters: &IceParameters, extra: &[(AttrType, &[u8])]) -> Vec<u8> {
    let mut message = Message::new();
    message.typ = BINDING_REQUEST;
    message.transaction_id = TransactionId([9; 12]);
    message.write_header();
    let username = format!("{}:theirs", parameters.username_fragment);
    message.add(ATTR_USERNAME, username.as_bytes());
    message.add(ATTR_NETWORK_COST, &[0, 0, 0, 10]);
    message.add(ATTR_PRIORITY, &[110, 0, 30, 255]);
    for (kind, value) in extra {
        message.add(*kind, value);
    }
    sign(&mut message, &parameters.password).unwrap();
    message.raw
}

const CONTROLLING: (AttrType, &[u8]) = (ATTR_ICE_CONTROLLING, &[1; 8]);
const USE_CANDIDATE: (AttrType, &[u8]) = (ATTR_USE_CANDIDATE, &[]);

fn plain(parameters: &IceParameters) -> Vec<u8> {
    request(parameters, &[CONTROLLING])
}

fn nominating(parameters: &IceParameters) -> Vec<u8> {
    request(parameters, &[CONTROLLING, USE_CANDIDATE])
}

fn renominating(parameters: &IceParameters, number: u32) -> Vec<u8> {
    let kind = if number.is_multiple_of(2) {
        ATTR_GOOG_NOMINATION
    } else {
        ATTR_NOMINATION
    };
    request(
        parameters,
        &[CONTROLLING, USE_CANDIDATE, (kind, &number.to_be_bytes())],
    )
}

fn parsed(datagram: &[u8]) -> Message {
    let mut message = Message::new();
    message.unmarshal_binary(datagram).unwrap();
    message
}

#[test]
fn credentials_are_long_enough_and_carry_the_prefix() {
    let (agent, now) = agent();
    let parameters = agent.parameters();
    assert!(parameters.username_fragment.starts_with("w7"));
    assert!(parameters.username_fragment.len() >= 12);
    assert!(parameters.password.len() >= 24);
    let other = IceLite::new(&mut StdRng::seed_from_u64(2), "w7", now);
    assert_ne!(other.parameters(), parameters);
    let json = serde_json::to_value(parameters).unwrap();
    assert_eq!(json["usernameFragment"], parameters.username_fragment);
    assert_eq!(json["iceLite"], true);
}

#[test]
fn a_request_is_answered_with_its_address_and_integrity() {
    for remote in [address(5000), "[2001:db8::1]:6000".parse().unwrap()] {
        let (mut agent, now) = agent();
        let parameters = agent.parameters().clone();
        let datagram = plain(&parameters);
        assert_eq!(
            peek_local_ufrag(&datagram),
            Some(parameters.username_fragment.as_str())
        );
        let reply = agent.handle_request(now, 1, remote, &datagram).unwrap();
        assert!(reply.newly_known && reply.selected_changed);
        assert_eq!(agent.selected(), Some((1, remote)));
        assert_eq!(agent.state(), IceState::Connected);
        assert!(agent.knows(1, remote) && !agent.knows(0, remote));

        let mut answer = parsed(&reply.datagram);
        assert_eq!(answer.typ, BINDING_SUCCESS);
        assert_eq!(answer.transaction_id, TransactionId([9; 12]));
        let mut mapped = XorMappedAddress::default();
        mapped.get_from(&answer).unwrap();
        assert_eq!(SocketAddr::new(mapped.ip, mapped.port), remote);
        rtc_stun::fingerprint::FINGERPRINT.check(&answer).unwrap();
        let provider = rtc_stun::crypto::providers::AwsLcRsProvider::new();
        rtc_stun::integrity::MessageIntegrity::check(
            &mut answer,
            parameters.password.as_bytes(),
            rtc_stun::crypto::RTCCryptoProvider::crypto(&provider),
        )
        .unwrap();
    }
}

#[test]
fn strangers_get_no_answer() {
    let (mut agent, now) = agent();
    let good = agent.parameters().clone();
    let other = IceParameters {
        username_fragment: "w7other".into(),
        ..good.clone()
    };
    let wrong = IceParameters {
        password: "x".repeat(24),
        ..good.clone()
    };
    let mut no_fingerprint = plain(&good);
    no_fingerprint.truncate(no_fingerprint.len() - 8);
    let len = (no_fingerprint.len() - 20) as u16;
    no_fingerprint[2..4].copy_from_slice(&len.to_be_bytes());
    let mut trailing = plain(&good);
    trailing.push(0);
    let mut response = plain(&good);
    response[0] = 1;
    for datagram in [
        plain(&other),
        plain(&wrong),
        no_fingerprint,
        trailing,
        response,
        vec![],
    ] {
        assert_eq!(agent.handle_request(now, 0, address(1), &datagram), None);
    }
    assert!(agent.accepts(&good.username_fragment) && !agent.accepts("w7other"));
    assert!(!agent.accepts(""));
    assert_eq!(agent.state(), IceState::New);
    assert!(!agent.knows(0, address(1)));
}

#[test]
fn a_request_without_integrity_gets_no_answer() {
    let (mut agent, now) = agent();
    let mut message = Message::new();
    message.typ = BINDING_REQUEST;
    message.write_header();
    let username = format!("{}:x", agent.parameters().username_fragment);
    message.add(ATTR_USERNAME, username.as_bytes());
    rtc_stun::message::Setter::add_to(&rtc_stun::fingerprint::FINGERPRINT, &mut message).unwrap();
    assert_eq!(agent.handle_request(now, 0, address(1), &message.raw), None);
}

#[test]
fn the_newest_nomination_is_followed() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    agent
        .handle_request(now, 0, address(1), &plain(&parameters))
        .unwrap();
    agent
        .handle_request(now, 0, address(2), &plain(&parameters))
        .unwrap();
    assert_eq!(
        agent.selected(),
        Some((0, address(1))),
        "the first one that works"
    );

    let reply = agent
        .handle_request(now, 0, address(2), &nominating(&parameters))
        .unwrap();
    assert!(reply.selected_changed && !reply.newly_known);
    assert_eq!(
        (agent.selected(), agent.state()),
        (Some((0, address(2))), IceState::Completed)
    );
    agent
        .handle_request(now, 0, address(1), &plain(&parameters))
        .unwrap();
    assert_eq!(
        agent.selected(),
        Some((0, address(2))),
        "a check is not a nomination"
    );

    // NAT rebinding: the same peer nominates from an address not seen before.
    let reply = agent
        .handle_request(now, 1, address(3), &nominating(&parameters))
        .unwrap();
    assert!(reply.selected_changed && reply.newly_known);
    assert_eq!(agent.selected(), Some((1, address(3))));
}

#[test]
fn the_highest_renomination_number_wins() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    for (port, number, expected) in [(1, 1, 1), (2, 3, 2), (1, 2, 2), (2, 3, 2), (3, 4, 3)] {
        agent
            .handle_request(now, 0, address(port), &renominating(&parameters, number))
            .unwrap();
        assert_eq!(
            agent.selected(),
            Some((0, address(expected))),
            "number {number}"
        );
    }
}

#[test]
fn consent_expires_and_comes_back() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    assert_eq!(agent.next_timeout(), None);
    agent
        .handle_request(now, 0, address(1), &nominating(&parameters))
        .unwrap();
    let later = now + Duration::from_secs(20);
    agent
        .handle_request(later, 0, address(1), &plain(&parameters))
        .unwrap();
    let end = later + Duration::from_secs(30);
    assert_eq!(agent.next_timeout(), Some(end));

    agent.handle_timeout(end - Duration::from_millis(1));
    assert_eq!(agent.state(), IceState::Completed);
    agent.handle_timeout(end);
    assert_eq!(
        (agent.state(), agent.selected()),
        (IceState::Disconnected, None)
    );
    assert_eq!(agent.next_timeout(), None);
    assert!(agent.knows(0, address(1)));

    let reply = agent
        .handle_request(end, 0, address(1), &plain(&parameters))
        .unwrap();
    assert!(reply.selected_changed);
    assert_eq!(
        (agent.state(), agent.selected()),
        (IceState::Connected, Some((0, address(1))))
    );
}

#[test]
fn after_a_restart_old_credentials_live_until_the_new_ones_are_used() {
    let (mut agent, now) = agent();
    let mut rng = StdRng::seed_from_u64(3);
    let old = agent.parameters().clone();
    agent
        .handle_request(now, 0, address(1), &renominating(&old, 9))
        .unwrap();
    agent.restart(&mut rng, now);
    let skipped = agent.parameters().clone();
    agent.restart(&mut rng, now);
    let new = agent.parameters().clone();
    assert!(new.username_fragment.starts_with("w7") && new != old && new != skipped);
    assert!(agent.accepts(&old.username_fragment) && agent.accepts(&new.username_fragment));
    assert!(
        agent
            .handle_request(now, 0, address(1), &plain(&old))
            .is_some()
    );
    assert_eq!(
        agent.selected(),
        Some((0, address(1))),
        "media goes on meanwhile"
    );

    // The peer counts its nominations anew.
    agent
        .handle_request(now, 0, address(2), &renominating(&new, 1))
        .unwrap();
    assert_eq!(agent.selected(), Some((0, address(2))));
    assert!(!agent.accepts(&old.username_fragment));
    assert_eq!(
        agent.handle_request(now, 0, address(1), &nominating(&old)),
        None
    );
}

#[test]
fn the_known_addresses_are_bounded_and_the_selected_one_stays() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    agent
        .handle_request(now, 0, address(1), &nominating(&parameters))
        .unwrap();
    let mut forgotten = Vec::new();
    for port in 2..=12 {
        let reply = agent
            .handle_request(now, 0, address(port), &plain(&parameters))
            .unwrap();
        assert!(reply.newly_known);
        forgotten.extend(reply.forgotten);
    }
    assert_eq!(agent.known().count(), 8);
    assert_eq!(forgotten, [2, 3, 4, 5].map(|port| (0, address(port))));
    assert!(agent.knows(0, address(1)) && !agent.knows(0, address(2)));
}

#[test]
fn a_peer_in_the_controlled_role_is_told_so() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    let datagram = request(&parameters, &[(ATTR_ICE_CONTROLLED, &[1; 8])]);
    let reply = agent.handle_request(now, 0, address(1), &datagram).unwrap();
    let answer = parsed(&reply.datagram);
    assert_eq!(answer.typ, BINDING_ERROR);
    assert_eq!(answer.get(ATTR_ERROR_CODE).unwrap()[..4], [0, 0, 4, 87]);
    assert!(!agent.knows(0, address(1)));
}

#[test]
fn an_attribute_that_must_be_understood_is_named() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    let datagram = request(&parameters, &[CONTROLLING, (AttrType(0x7F01), &[1])]);
    let reply = agent.handle_request(now, 0, address(1), &datagram).unwrap();
    let answer = parsed(&reply.datagram);
    assert_eq!(answer.get(ATTR_ERROR_CODE).unwrap()[..4], [0, 0, 4, 20]);
    assert_eq!(answer.get(ATTR_UNKNOWN_ATTRIBUTES).unwrap(), [0x7F, 0x01]);
}

#[test]
fn what_integrity_does_not_cover_is_ignored() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    agent
        .handle_request(now, 0, address(1), &nominating(&parameters))
        .unwrap();
    // An attacker on the path appends a nomination after MESSAGE-INTEGRITY and a new FINGERPRINT.
    let mut message = parsed(&plain(&parameters));
    let len = message.raw.len() - 8;
    message.raw.truncate(len);
    message.attributes.0.pop();
    message.length -= 8;
    message.add(ATTR_USE_CANDIDATE, &[]);
    rtc_stun::message::Setter::add_to(&rtc_stun::fingerprint::FINGERPRINT, &mut message).unwrap();
    agent
        .handle_request(now, 0, address(2), &message.raw)
        .unwrap();
    assert_eq!(agent.selected(), Some((0, address(1))));
}

#[test]
fn a_closed_agent_is_silent() {
    let (mut agent, now) = agent();
    let parameters = agent.parameters().clone();
    agent
        .handle_request(now, 0, address(1), &nominating(&parameters))
        .unwrap();
    agent.close();
    assert_eq!(
        agent.handle_request(now, 0, address(1), &nominating(&parameters)),
        None
    );
    assert_eq!(
        (agent.state(), agent.selected(), agent.next_timeout()),
        (IceState::Closed, None, None)
    );
}

proptest! {
    /// Any change to a request makes it unbelievable; none makes the agent panic.
    #[test]
    fn a_changed_request_gets_no_answer(at: prop::sample::Index, bit in 0u8..8, cut: prop::sample::Index) {
        let (mut agent, now) = agent();
        let good = nominating(&agent.parameters().clone());
        let mut bad = good.clone();
        let at = at.index(bad.len());
        bad[at] ^= 1 << bit;
        prop_assert_eq!(agent.handle_request(now, 0, address(1), &bad), None);
        let cut = cut.index(good.len());
        let _ = peek_local_ufrag(&good[..cut]);
        prop_assert_eq!(agent.handle_request(now, 0, address(1), &good[..cut]), None);
        prop_assert_eq!(agent.state(), IceState::New);
    }

    #[test]
    fn noise_gets_no_answer(mut noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (mut agent, now) = agent();
        let _ = peek_local_ufrag(&noise);
        prop_assert_eq!(agent.handle_request(now, 0, address(1), &noise), None);
        // With a plausible header, so that the attributes are read.
        if noise.len() >= 20 {
            let len = (noise.len() - 20) as u16;
            noise[..2].copy_from_slice(&[0, 1]);
            noise[2..4].copy_from_slice(&len.to_be_bytes());
            noise[4..8].copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
            let _ = peek_local_ufrag(&noise);
            prop_assert!(Request::parse(&noise).is_none());
        }
    }

    /// Well-formed attributes of any kind and length, signed by a peer that has the password.
    #[test]
    fn an_authenticated_peer_cannot_make_it_panic(
        attributes in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..6),
    ) {
        let (mut agent, now) = agent();
        let parameters = agent.parameters().clone();
        let attributes: Vec<(AttrType, &[u8])> =
            attributes.iter().map(|(kind, value)| (AttrType(*kind), &value[..])).collect();
        let kinds_differ = attributes.iter().all(|(kind, _)| !matches!(kind.0, 0x06 | 0x08 | 0x8028));
        let reply = agent.handle_request(now, 0, address(1), &request(&parameters, &attributes));
        prop_assert!(reply.is_some() || !kinds_differ);
    }
}
