//! Looks into a ClientHello before there is a DTLS engine, to choose the version that leads to
//! AES-GCM.
//!
//! Browsers' ClientHellos are larger than a datagram (ML-KEM key shares), so that it has to be put
//! together first; how much is kept is bounded.

/// Bytes of a DTLS record header (RFC 6347 section 4.1).
const RECORD_HEADER_LEN: usize = 13;
/// Bytes of a handshake message header (RFC 6347 section 4.2.2).
const HANDSHAKE_HEADER_LEN: usize = 12;
const CONTENT_HANDSHAKE: u8 = 22;
const MESSAGE_CLIENT_HELLO: u8 = 1;
const EXTENSION_USE_SRTP: u16 = 14;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;
const DTLS_1_2: u16 = 0xFEFD;
/// The largest ClientHello that is put together. Browsers send about 1,450 bytes.
const MAX_HELLO_LEN: usize = 8 * 1024;
/// Datagrams kept until the ClientHello is whole: MTU 300 makes five of a browser's.
const MAX_DATAGRAMS: usize = 40;

/// Which DTLS versions to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// DTLS 1.2 only: there the server's order of SRTP profiles counts.
    Dtls12,
    /// The newest version that the client offers.
    Newest,
}

/// Collects a ClientHello's fragments.
#[derive(Debug, Default)]
pub(super) struct HelloCollector {
    datagrams: Vec<Vec<u8>>,
    body: Vec<u8>,
    have: Vec<bool>,
    missing: usize,
}

impl HelloCollector {
    /// Takes one datagram. When the ClientHello is whole, returns what to answer with and the
    /// datagrams that it came in.
    pub(super) fn push(&mut self, datagram: &[u8]) -> Option<(Answer, Vec<Vec<u8>>)> {
        let mut useful = false;
        for fragment in fragments(datagram) {
            useful |= self.add(&fragment);
        }
        if !useful {
            return None;
        }
        if self.datagrams.len() == MAX_DATAGRAMS {
            *self = Self::default();
            return None;
        }
        self.datagrams.push(datagram.to_vec());
        if self.missing > 0 {
            return None;
        }
        let whole = std::mem::take(self);
        Some((answer_to(&whole.body), whole.datagrams))
    }

    /// Whether the fragment brought anything new.
    fn add(&mut self, fragment: &Fragment<'_>) -> bool {
        if self.body.len() != fragment.message_len {
            // The first one, or a different ClientHello.
            *self = Self {
                body: vec![0; fragment.message_len],
                have: vec![false; fragment.message_len],
                missing: fragment.message_len,
                ..Self::default()
            };
        }
        let range = fragment.offset..fragment.offset + fragment.bytes.len();
        self.body[range.clone()].copy_from_slice(fragment.bytes);
        let before = self.missing;
        for have in &mut self.have[range] {
            self.missing -= usize::from(!*have);
            *have = true;
        }
        self.missing < before
    }
}

struct Fragment<'a> {
    message_len: usize,
    offset: usize,
    bytes: &'a [u8],
}

/// The ClientHello fragments of a datagram, each inside its message.
fn fragments(mut datagram: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    std::iter::from_fn(move || {
        let (header, rest) = datagram.split_at_checked(RECORD_HEADER_LEN)?;
        let len = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let (record, rest) = rest.split_at_checked(len)?;
        datagram = rest;
        let plaintext = header[3..5] == [0, 0];
        Some(
            (header[0] == CONTENT_HANDSHAKE && plaintext)
                .then(|| fragment(record))
                .flatten(),
        )
    })
    .flatten()
}

fn fragment(record: &[u8]) -> Option<Fragment<'_>> {
    let (header, rest) = record.split_at_checked(HANDSHAKE_HEADER_LEN)?;
    let message_len = u24(&header[1..4]);
    let offset = u24(&header[6..9]);
    let bytes = rest.get(..u24(&header[9..12]))?;
    let fits = offset + bytes.len() <= message_len && message_len <= MAX_HELLO_LEN;
    let first_message = header[4..6] == [0, 0];
    (header[0] == MESSAGE_CLIENT_HELLO && first_message && fits && !bytes.is_empty()).then_some(
        Fragment {
            message_len,
            offset,
            bytes,
        },
    )
}

fn u24(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |value, byte| value << 8 | usize::from(*byte))
}

/// Decides from a whole ClientHello body. One that cannot be read is left to the engine to refuse.
fn answer_to(body: &[u8]) -> Answer {
    let Some((profiles, versions)) = offers(body) else {
        return Answer::Newest;
    };
    // RFC 5764 and RFC 7714 code points. Others we do not have.
    let first = u16s(profiles).find(|profile| matches!(profile, 1 | 7 | 8));
    let offers_gcm = u16s(profiles).any(|profile| matches!(profile, 7 | 8));
    let offers_1_2 = versions.is_none_or(|list| u16s(list).any(|version| version == DTLS_1_2));
    if offers_gcm && first == Some(1) && offers_1_2 {
        Answer::Dtls12
    } else {
        Answer::Newest
    }
}

/// The contents of use_srtp's profile list (empty without the extension) and, when it is there, of
/// supported_versions' list.
fn offers(body: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let rest = body.get(2 + 32..)?;
    let (_session_id, rest) = vector(rest, 1)?;
    let (_cookie, rest) = vector(rest, 1)?;
    let (_cipher_suites, rest) = vector(rest, 2)?;
    let (_compression, rest) = vector(rest, 1)?;
    let (mut extensions, _) = vector(rest, 2)?;
    let mut profiles: &[u8] = &[];
    let mut versions = None;
    while !extensions.is_empty() {
        let (kind, rest) = extensions.split_at_checked(2)?;
        let (content, rest) = vector(rest, 2)?;
        match u16::from_be_bytes([kind[0], kind[1]]) {
            EXTENSION_USE_SRTP => profiles = vector(content, 2)?.0,
            EXTENSION_SUPPORTED_VERSIONS => versions = Some(vector(content, 1)?.0),
            _ => {}
        }
        extensions = rest;
    }
    Some((profiles, versions))
}

/// A TLS vector whose length takes `len_bytes`, and what follows it.
fn vector(bytes: &[u8], len_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_at_checked(len_bytes)?;
    rest.split_at_checked(u24(len))
}

fn u16s(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    const DTLS_1_3: u16 = 0xFEFC;

    /// A ClientHello body with these profiles and versions.
    fn hello(profiles: &[u16], versions: &[u16]) -> Vec<u8> {
        let list = |values: &[u16]| {
            values
                .iter()
                .flat_map(|v| v.to_be_bytes())
                .collect::<Vec<u8>>()
        };
        let mut extensions = vec![0, 10, 0, 4, 0, 2, 0, 29];
        if !profiles.is_empty() {
            extensions.extend([
                0,
                14,
                0,
                (profiles.len() * 2 + 3) as u8,
                0,
                (profiles.len() * 2) as u8,
            ]);
            extensions.extend(list(profiles));
            extensions.push(0);
        }
        if !versions.is_empty() {
            extensions.extend([
                0,
                43,
                0,
                (versions.len() * 2 + 1) as u8,
                (versions.len() * 2) as u8,
            ]);
            extensions.extend(list(versions));
        }
        let mut body = vec![0xFE, 0xFD];
        body.extend([7; 32]);
        body.extend([0, 0, 0, 2, 0xC0, 0x2B, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        body
    }

    /// The datagrams of a ClientHello in fragments of `size`.
    fn datagrams(body: &[u8], size: usize) -> Vec<Vec<u8>> {
        let u24 = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
        body.chunks(size)
            .enumerate()
            .map(|(i, bytes)| {
                let mut datagram = vec![22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, i as u8];
                datagram.extend(((bytes.len() + 12) as u16).to_be_bytes());
                datagram.push(1);
                datagram.extend(u24(body.len()));
                datagram.extend([0, 0]);
                datagram.extend(u24(i * size));
                datagram.extend(u24(bytes.len()));
                datagram.extend(bytes);
                datagram
            })
            .collect()
    }

    #[test]
    fn gcm_is_reached_for_every_order_seen_in_the_wild() {
        for (profiles, versions, expected) in [
            (&[1, 8, 7][..], &[DTLS_1_3, DTLS_1_2][..], Answer::Dtls12), // Chromium
            (&[7, 8, 1, 2], &[DTLS_1_3, DTLS_1_2], Answer::Newest),      // Firefox
            (&[2, 1, 7], &[DTLS_1_3, DTLS_1_2], Answer::Dtls12),
            (&[1, 2], &[DTLS_1_3, DTLS_1_2], Answer::Newest),
            (&[1, 7], &[], Answer::Dtls12),
            (&[1, 7], &[DTLS_1_3], Answer::Newest), // nothing else to answer with
            (&[], &[DTLS_1_2], Answer::Newest),
        ] {
            assert_eq!(
                answer_to(&hello(profiles, versions)),
                expected,
                "{profiles:?}"
            );
        }
    }

    #[test]
    fn too_many_fragments_start_over() {
        let body = hello(&[1, 8, 7], &[DTLS_1_2]);
        let mut collector = HelloCollector::default();
        let all = datagrams(&body, 1);
        assert!(all.len() > MAX_DATAGRAMS);
        for datagram in &all {
            assert!(collector.push(datagram).is_none());
            assert!(collector.datagrams.len() <= MAX_DATAGRAMS);
        }
    }

    proptest! {
        #[test]
        fn any_order_of_fragments_gives_the_whole(
            size in 20usize..120,
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let body = hello(&[1, 8, 7], &[DTLS_1_3, DTLS_1_2]);
            let all = datagrams(&body, size);
            let mut collector = HelloCollector::default();
            let mut sent = std::collections::BTreeSet::new();
            let picks = order.iter().map(|pick| pick.index(all.len())).chain(0..all.len());
            for pick in picks {
                sent.insert(pick);
                let result = collector.push(&all[pick]);
                if sent.len() == all.len() {
                    let (answer, kept) = result.unwrap();
                    prop_assert_eq!(answer, Answer::Dtls12);
                    prop_assert_eq!(kept.len(), all.len());
                    return Ok(());
                }
                prop_assert!(result.is_none());
            }
        }

        #[test]
        fn noise_is_survived(noise in proptest::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index) {
            let mut collector = HelloCollector::default();
            let _ = collector.push(&noise);
            let _ = answer_to(&noise);
            let mut body = hello(&[1, 8, 7], &[DTLS_1_3, DTLS_1_2]);
            let at = at.index(body.len());
            body[at] ^= noise.first().copied().unwrap_or(1);
            let _ = answer_to(&body);
            let _ = answer_to(&body[..at]);
            for datagram in datagrams(&body, 50) {
                let mut datagram = datagram;
                let at = at % datagram.len();
                datagram[at] ^= 0x55;
                let _ = collector.push(&datagram);
            }
        }
    }
}
