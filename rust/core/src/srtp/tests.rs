//! SRTP against published vectors and against webrtc-rs's implementation.

use proptest::prelude::*;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::cipher::SessionCipher;
use super::*;

const PROFILES: [(SrtpProfile, ProtectionProfile); 3] = [
    (SrtpProfile::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
    (SrtpProfile::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm),
    (
        SrtpProfile::AesCm128HmacSha1_80,
        ProtectionProfile::Aes128CmHmacSha1_80,
    ),
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn keys(profile: SrtpProfile, seed: u8) -> (Vec<u8>, Vec<u8>) {
    let fill = |len: usize, step: u8| {
        (0..len)
            .map(|i| seed.wrapping_add(i as u8 * step))
            .collect()
    };
    (fill(profile.key_len(), 7), fill(profile.salt_len(), 3))
}

fn theirs(profile: SrtpProfile, other: ProtectionProfile, seed: u8) -> Context {
    let (key, salt) = keys(profile, seed);
    let provider = rtc_srtp::crypto::default_provider().unwrap();
    Context::new(&key, &salt, other, None, None, provider.crypto()).unwrap()
}

fn ours(profile: SrtpProfile, seed: u8) -> (SrtpTx, SrtpRx) {
    let (key, salt) = keys(profile, seed);
    (
        SrtpTx::new(profile, &key, &salt).unwrap(),
        SrtpRx::new(profile, &key, &salt).unwrap(),
    )
}

fn rtp(ssrc: u32, sequence_number: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend(0x1234_5678_u32.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn protect(tx: &SrtpTx, plain: &[u8], index: u64) -> Vec<u8> {
    let mut buf = plain.to_vec();
    buf.resize(plain.len() + tx.rtp_overhead(), 0xEE);
    let len = tx.protect_rtp(&mut buf, 12, plain.len(), index).unwrap();
    assert_eq!(len, buf.len());
    buf
}

fn unprotect(rx: &mut SrtpRx, packet: &[u8]) -> Result<(Vec<u8>, u64), SrtpError> {
    let mut packet = packet.to_vec();
    let (len, index) = rx.unprotect_rtp(&mut packet, 12)?;
    packet.truncate(len);
    Ok((packet, index))
}

#[test]
fn rfc_7714_section_16_1_1() {
    let key: Vec<u8> = (0..16).collect();
    let cipher = SessionCipher::gcm(&key, &hex("51756964 2070726f 2071756f")).unwrap();
    let plain = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
         61727465 73207472 6573",
    );
    let sealed = hex(
        "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
         51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    );
    let mut buf = plain.clone();
    buf.resize(plain.len() + 16, 0);
    let len = cipher
        .seal_rtp(&mut buf, 12, plain.len(), 0x5501_a0b2, 0xf17b)
        .unwrap();
    assert_eq!(buf[..len], sealed);
    let len = cipher.open_rtp(&mut buf, 12, 0x5501_a0b2, 0xf17b).unwrap();
    assert_eq!(buf[..len], plain);
}

/// The reference packet that libsrtp validates itself with (AES-CM-128, HMAC-SHA1-80).
#[test]
fn libsrtp_reference_packet() {
    let tx = SrtpTx::new(
        SrtpProfile::AesCm128HmacSha1_80,
        &hex("e1f97a0d3e018be0d64fa32c06de4139"),
        &hex("0ec675ad498afeebb6960b3aabe6"),
    )
    .unwrap();
    let plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    let sealed = hex(
        "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb",
    );
    assert_eq!(protect(&tx, &plain, 0x1234), sealed);
}

#[test]
fn key_and_salt_lengths_are_checked() {
    for (profile, _) in PROFILES {
        let (key, salt) = keys(profile, 1);
        assert_eq!(
            SrtpTx::new(profile, &key[1..], &salt).err(),
            Some(SrtpError::KeyLength)
        );
        assert_eq!(
            SrtpRx::new(profile, &key, &salt[1..]).err(),
            Some(SrtpError::KeyLength)
        );
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let (mut tx, mut rx) = ours(SrtpProfile::AeadAes128Gcm, 1);
    let mut buf = rtp(1, 1, &[0; 20]);
    let len = buf.len();
    assert_eq!(tx.protect_rtp(&mut buf, 12, len, 1), Err(SrtpError::NoRoom));
    assert_eq!(
        tx.protect_rtp(&mut buf, 12, len + 1, 1),
        Err(SrtpError::NoRoom)
    );
    assert_eq!(
        tx.protect_rtp(&mut buf, 11, 20, 1),
        Err(SrtpError::TooShort)
    );
    assert_eq!(
        tx.protect_rtp(&mut buf, 16, 15, 1),
        Err(SrtpError::TooShort)
    );
    assert_eq!(tx.protect_rtcp(&mut buf, 7), Err(SrtpError::TooShort));
    assert_eq!(tx.protect_rtcp(&mut buf, 20), Err(SrtpError::NoRoom));
    for len in 0..28 {
        assert_eq!(
            rx.unprotect_rtp(&mut vec![0x80; len], 12),
            Err(SrtpError::TooShort)
        );
        assert_eq!(
            rx.unprotect_rtcp(&mut vec![0x80; len]),
            Err(SrtpError::TooShort)
        );
    }
    assert_eq!(
        rx.unprotect_rtp(&mut [0x80; 64], usize::MAX),
        Err(SrtpError::TooShort)
    );
}

#[test]
fn the_rtcp_index_ends() {
    let (mut tx, _) = ours(SrtpProfile::AeadAes128Gcm, 1);
    tx.set_rtcp_index(RTCP_ENCRYPTED - 2);
    let mut buf = [0x80; 64];
    assert!(tx.protect_rtcp(&mut buf, 8).is_ok());
    assert_eq!(tx.protect_rtcp(&mut buf, 8), Err(SrtpError::IndexExhausted));
}

#[test]
fn the_ssrc_table_is_bounded() {
    let (tx, mut rx) = ours(SrtpProfile::AeadAes128Gcm, 1);
    for ssrc in 0..1000 {
        unprotect(&mut rx, &protect(&tx, &rtp(ssrc, 5, b"x"), 5)).unwrap();
    }
    assert_eq!(rx.tracked_ssrcs(), replay::LIMIT);
}

#[test]
fn an_unauthenticated_packet_changes_no_state() {
    for (profile, _) in PROFILES {
        let (tx, mut rx) = ours(profile, 9);
        let (stranger, _) = ours(profile, 10);
        unprotect(&mut rx, &protect(&tx, &rtp(7, 100, b"first"), 100)).unwrap();
        // Would move the rollover counter, had it been believed.
        let forged = protect(&stranger, &rtp(7, 40_000, b"forged"), 40_000);
        assert_eq!(unprotect(&mut rx, &forged), Err(SrtpError::Authentication));
        let forged = protect(&stranger, &rtp(8, 1, b"forged"), 1);
        assert_eq!(unprotect(&mut rx, &forged), Err(SrtpError::Authentication));
        assert_eq!(rx.tracked_ssrcs(), 1);
        let next = protect(&tx, &rtp(7, 101, b"second"), 101);
        assert_eq!(unprotect(&mut rx, &next).unwrap().1, 101);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Ours is read by theirs and theirs by ours, byte for byte the same packet.
    #[test]
    fn rtp_agrees_with_rtc_srtp(
        which in 0usize..3,
        seed: u8,
        ssrc: u32,
        first in 0u16..0x7FFF,
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..8),
    ) {
        let (profile, other) = PROFILES[which];
        let (tx, mut rx) = ours(profile, seed);
        let mut sender = theirs(profile, other, seed);
        let mut receiver = theirs(profile, other, seed);
        for (i, payload) in payloads.iter().enumerate() {
            let index = u64::from(first) + i as u64;
            let plain = rtp(ssrc, index as u16, payload);
            let sealed = protect(&tx, &plain, index);
            prop_assert_eq!(&sealed[..], &sender.encrypt_rtp(&plain).unwrap()[..]);
            prop_assert_eq!(&receiver.decrypt_rtp(&sealed).unwrap()[..], &plain[..]);
            prop_assert_eq!(unprotect(&mut rx, &sealed), Ok((plain, index)));
        }
    }

    /// Over a rollover, with reordering, repetition and loss: each packet once, with its index.
    #[test]
    fn rollover_reordering_and_replay(
        which in 0usize..3,
        seed: u8,
        order in proptest::collection::vec((0u64..120, any::<bool>()), 1..150),
    ) {
        let (profile, other) = PROFILES[which];
        let (_, mut rx) = ours(profile, seed);
        // Theirs counts rollovers itself, which makes it the judge of ours.
        let mut sender = theirs(profile, other, seed);
        let first = 65_480u64;
        let sealed: Vec<Vec<u8>> = (0..120)
            .map(|i| sender.encrypt_rtp(&rtp(5, (first + i) as u16, &[i as u8; 30])).unwrap().to_vec())
            .collect();
        // The first packet a receiver gets tells it the start of the sequence.
        prop_assert!(unprotect(&mut rx, &sealed[0]).is_ok());
        let mut seen = std::collections::HashSet::from([0]);
        for (i, tamper) in order {
            let mut packet = sealed[i as usize].clone();
            if tamper {
                let at = 12 + (i as usize * 7) % (packet.len() - 12);
                packet[at] ^= 0x40;
                let refused = unprotect(&mut rx, &packet).unwrap_err();
                prop_assert!(matches!(refused, SrtpError::Authentication | SrtpError::Replayed));
            } else if seen.insert(i) {
                let (plain, index) = unprotect(&mut rx, &packet).unwrap();
                prop_assert_eq!(index, first + i);
                prop_assert_eq!(plain, rtp(5, (first + i) as u16, &[i as u8; 30]));
            } else {
                prop_assert_eq!(unprotect(&mut rx, &packet), Err(SrtpError::Replayed));
            }
        }
    }

    #[test]
    fn a_changed_header_is_refused(which in 0usize..3, at in 0usize..12, bit in 0u8..8) {
        let (tx, mut rx) = ours(PROFILES[which].0, 3);
        let mut sealed = protect(&tx, &rtp(5, 9, b"payload"), 9);
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(unprotect(&mut rx, &sealed), Err(SrtpError::Authentication));
    }

    #[test]
    fn rtcp_agrees_with_rtc_srtp(
        which in 0usize..3,
        seed: u8,
        words in proptest::collection::vec(any::<u32>(), 1..60),
        at: prop::sample::Index,
    ) {
        let (profile, other) = PROFILES[which];
        let (mut tx, mut rx) = ours(profile, seed);
        let mut sender = theirs(profile, other, seed);
        let mut receiver = theirs(profile, other, seed);
        // A receiver report of that many words; its length field is right, as theirs parses it.
        let mut plain = vec![0x80, 201];
        plain.extend((words.len() as u16).to_be_bytes());
        plain.extend(words.iter().flat_map(|word| word.to_be_bytes()));

        let mut buf = plain.clone();
        buf.resize(plain.len() + tx.rtcp_overhead(), 0);
        let len = tx.protect_rtcp(&mut buf, plain.len()).unwrap();
        prop_assert_eq!(len, buf.len());
        prop_assert_eq!(&receiver.decrypt_rtcp(&buf).unwrap()[..], &plain[..]);

        let sealed = sender.encrypt_rtcp(&plain).unwrap().to_vec();
        let mut opened = sealed.clone();
        let len = rx.unprotect_rtcp(&mut opened).unwrap();
        prop_assert_eq!(&opened[..len], &plain[..]);
        prop_assert_eq!(rx.unprotect_rtcp(&mut sealed.clone()), Err(SrtpError::Replayed));

        let mut next = sender.encrypt_rtcp(&plain).unwrap().to_vec();
        let good = next.clone();
        let at = at.index(next.len());
        next[at] ^= 1;
        let refused = rx.unprotect_rtcp(&mut next).unwrap_err();
        prop_assert!(matches!(refused, SrtpError::Authentication | SrtpError::Replayed));
        prop_assert!(rx.unprotect_rtcp(&mut good.clone()).is_ok());
    }

    /// Bytes from the network never panic.
    #[test]
    fn noise_is_refused(which in 0usize..3, header_len in 0usize..100, mut noise in proptest::collection::vec(any::<u8>(), 0..100)) {
        let (_, mut rx) = ours(PROFILES[which].0, 3);
        prop_assert!(rx.unprotect_rtp(&mut noise, header_len).is_err());
        prop_assert!(rx.unprotect_rtcp(&mut noise).is_err());
    }
}
