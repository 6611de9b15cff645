//! Two endpoints against each other on virtual time: roles, loss, fingerprints, profiles.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const DELAY: Duration = Duration::from_millis(30);

/// What became of one side.
#[derive(Default)]
struct Side {
    connected: Option<(SrtpProfile, SrtpTx, SrtpRx)>,
    connected_after: Option<Duration>,
    data: Vec<Vec<u8>>,
    closed: bool,
    failed: Option<DtlsError>,
    sent: Vec<Vec<u8>>,
}

/// A client (0) and a server (1) with a network between them.
struct Pair {
    ends: [DtlsEndpoint; 2],
    sides: [Side; 2],
    start: Instant,
    now: Instant,
    /// Due time, receiver, datagram.
    wire: Vec<(Instant, usize, Vec<u8>)>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time has to start somewhere"
)]
fn some_instant() -> Instant {
    Instant::now()
}

impl Pair {
    fn new() -> Self {
        let certificates = [0, 1].map(|_| Certificate::generate().unwrap());
        let fingerprints = [0, 1].map(|i| certificates[i].fingerprints());
        Self::with(&certificates, fingerprints)
    }

    fn with(certificates: &[Certificate; 2], fingerprints: [Vec<Fingerprint>; 2]) -> Self {
        let now = some_instant();
        let [client_prints, server_prints] = fingerprints;
        let end = |i: usize, role, remote| {
            DtlsEndpoint::new(&certificates[i], role, remote, now).unwrap()
        };
        Self {
            ends: [
                end(0, DtlsRole::Client, server_prints),
                end(1, DtlsRole::Server, client_prints),
            ],
            sides: Default::default(),
            start: now,
            now,
            wire: Vec::new(),
        }
    }

    /// Takes the outputs; `arrives` says for every datagram (sender, its number) when, if at all.
    fn drain(&mut self, arrives: &mut impl FnMut(usize, usize) -> Vec<Duration>) {
        for i in 0..2 {
            while let Some(output) = self.ends[i].poll() {
                let side = &mut self.sides[i];
                assert!(side.failed.is_none(), "nothing follows a failure");
                match output {
                    DtlsOutput::Datagram(datagram) => {
                        for delay in arrives(i, side.sent.len()) {
                            self.wire.push((self.now + delay, 1 - i, datagram.clone()));
                        }
                        side.sent.push(datagram);
                    }
                    DtlsOutput::Connected { profile, tx, rx } => {
                        assert!(side.connected.is_none());
                        side.connected = Some((profile, tx, rx));
                        side.connected_after = Some(self.now - self.start);
                    }
                    DtlsOutput::Data(data) => side.data.push(data),
                    DtlsOutput::Closed => side.closed = true,
                    DtlsOutput::Failed(error) => side.failed = Some(error),
                }
            }
        }
    }

    /// Runs until `until` after the start, or until nothing more would happen.
    fn run(&mut self, until: Duration, mut arrives: impl FnMut(usize, usize) -> Vec<Duration>) {
        loop {
            self.drain(&mut arrives);
            let due = self.wire.iter().map(|(at, ..)| *at);
            let timers = self.ends.iter().filter_map(DtlsEndpoint::next_timeout);
            let Some(next) = due.chain(timers).min() else {
                return;
            };
            if next > self.start + until {
                return;
            }
            self.now = self.now.max(next);
            let now = self.now;
            // In order of arrival, first sent first.
            while let Some(at) = (0..self.wire.len())
                .filter(|at| self.wire[*at].0 <= now)
                .min_by_key(|at| self.wire[*at].0)
            {
                let (_, to, datagram) = self.wire.remove(at);
                self.ends[to].handle_datagram(now, &datagram);
            }
            for end in &mut self.ends {
                if end.next_timeout().is_some_and(|at| at <= now) {
                    end.handle_timeout(now);
                }
            }
        }
    }

    /// Both are connected, and each reads what the other protects.
    fn assert_connected(&mut self) {
        let [a, b] = &mut self.sides;
        assert_eq!((&a.failed, &b.failed), (&None, &None));
        let a = a.connected.as_mut().expect("client connected");
        let b = b.connected.as_mut().expect("server connected");
        assert_eq!(a.0, b.0);
        for (tx, rx) in [(&a.1, &mut b.2), (&b.1, &mut a.2)] {
            let mut packet = [0x80; 64];
            let len = tx.protect_rtp(&mut packet, 12, 32, 0x8080).unwrap();
            assert_eq!(rx.unprotect_rtp(&mut packet[..len], 12), Ok((32, 0x8080)));
        }
    }
}

fn always(_: usize, _: usize) -> Vec<Duration> {
    vec![DELAY]
}

#[test]
fn connects_in_two_round_trips_with_gcm() {
    let mut pair = Pair::new();
    pair.run(Duration::from_secs(5), always);
    pair.assert_connected();
    assert_eq!(
        pair.sides[0].connected.as_ref().unwrap().0,
        SrtpProfile::AeadAes256Gcm
    );
    for side in &pair.sides {
        assert!(side.connected_after.unwrap() <= DELAY * 4);
    }
}

#[test]
fn the_first_flight_of_either_side_may_be_lost() {
    for loser in 0..2 {
        for lost in 1..6 {
            let mut pair = Pair::new();
            pair.run(Duration::from_secs(15), |from, number| {
                if from == loser && number < lost {
                    vec![]
                } else {
                    vec![DELAY]
                }
            });
            pair.assert_connected();
        }
    }
}

#[test]
fn a_hundred_of_a_hundred_connect_at_twenty_percent_loss_within_five_seconds() {
    let certificates = [0, 1].map(|_| Certificate::generate().unwrap());
    let mut times: Vec<Duration> = (0..100)
        .map(|seed| {
            let prints = [0, 1].map(|i| certificates[i].fingerprints());
            let mut pair = Pair::with(&certificates, prints);
            let mut rng = StdRng::seed_from_u64(seed);
            pair.run(Duration::from_secs(10), |_, _| {
                if rng.random_bool(0.2) {
                    vec![]
                } else {
                    vec![DELAY]
                }
            });
            pair.assert_connected();
            pair.sides
                .iter()
                .filter_map(|side| side.connected_after)
                .max()
                .unwrap()
        })
        .collect();
    times.sort();
    assert!(
        times[99] <= Duration::from_secs(5),
        "p50 {:?}, p95 {:?}, slowest {:?}",
        times[50],
        times[95],
        times[99]
    );
}

#[test]
fn a_wrong_fingerprint_fails_and_gives_no_keys() {
    for liar in 0..2 {
        let certificates = [0, 1].map(|_| Certificate::generate().unwrap());
        let mut prints = [0, 1].map(|i| certificates[i].fingerprints());
        prints[liar] = Certificate::generate().unwrap().fingerprints();
        let mut pair = Pair::with(&certificates, prints);
        pair.run(Duration::from_secs(60), always);
        let deceived = &pair.sides[1 - liar];
        assert_eq!(deceived.failed, Some(DtlsError::FingerprintMismatch));
        assert!(deceived.connected.is_none());
        assert_eq!(pair.ends[1 - liar].next_timeout(), None);
    }
}

#[test]
fn without_a_peer_the_client_gives_up_after_thirty_seconds() {
    let mut pair = Pair::new();
    pair.run(Duration::from_secs(120), |_, _| vec![]);
    assert_eq!(pair.sides[0].failed, Some(DtlsError::Timeout));
    assert_eq!(pair.now - pair.start, Duration::from_secs(30));
    assert!(
        pair.sides[1].failed.is_none(),
        "a server without a ClientHello just waits"
    );
}

#[test]
fn data_and_close_arrive() {
    let mut pair = Pair::new();
    pair.ends[0].send_data(b"too early");
    pair.run(Duration::from_secs(2), always);
    pair.assert_connected();
    pair.ends[0].send_data(b"to the server");
    pair.ends[1].send_data(b"to the client");
    pair.run(Duration::from_secs(3), always);
    assert_eq!(pair.sides[1].data, [b"to the server".to_vec()]);
    assert_eq!(pair.sides[0].data, [b"to the client".to_vec()]);
    pair.ends[0].close();
    pair.run(Duration::from_secs(4), always);
    assert!(pair.sides[1].closed);
    assert!(!pair.ends[1].is_connected());
}

#[test]
fn a_datagram_larger_than_any_honest_one_is_dropped() {
    let mut pair = Pair::new();
    pair.drain(&mut |_, _| vec![]);
    let hello = pair.sides[0].sent[0].clone();
    let twice = [hello.clone(), hello.clone()].concat();
    assert!(twice.len() > MAX_DATAGRAM_LEN);
    let now = pair.now;
    pair.ends[1].handle_datagram(now, &twice);
    pair.drain(&mut |_, _| vec![]);
    assert!(pair.sides[1].sent.is_empty());
    pair.ends[1].handle_datagram(now, &hello);
    pair.drain(&mut |_, _| vec![]);
    assert!(!pair.sides[1].sent.is_empty());
}

/// A client that offers profiles in Chromium's order gets AES-GCM. The client is this crate's with
/// its offer rewritten, so that only the server's first answer can be judged: DTLS 1.2 has the
/// choice in the clear in the ServerHello.
#[test]
fn gcm_is_chosen_although_the_client_prefers_cm() {
    let mut pair = Pair::new();
    pair.drain(&mut |_, _| vec![]);
    let hello = &pair.sides[0].sent[0];
    let ours = [0, 14, 0, 9, 0, 6, 0, 8, 0, 7, 0, 1, 0];
    let at = hello
        .windows(ours.len())
        .position(|window| window == ours)
        .expect("our use_srtp");
    let mut rewritten = hello.clone();
    rewritten[at..at + ours.len()].copy_from_slice(&[0, 14, 0, 9, 0, 6, 0, 1, 0, 8, 0, 7, 0]);
    let now = pair.now;
    pair.ends[1].handle_datagram(now, &rewritten);
    pair.drain(&mut |_, _| vec![]);
    let answer = &pair.sides[1].sent[0];
    let chosen = [0, 14, 0, 5, 0, 2, 0, 8, 0];
    assert!(
        answer.windows(chosen.len()).any(|window| window == chosen),
        "{answer:02x?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Reordering and repetition, which also puts encrypted records before the ServerHello.
    #[test]
    fn reordering_and_repetition_do_no_harm(seed: u64) {
        let mut pair = Pair::new();
        let mut rng = StdRng::seed_from_u64(seed);
        pair.run(Duration::from_secs(10), |_, _| {
            (0..rng.random_range(1..=3)).map(|_| Duration::from_millis(rng.random_range(1..200))).collect()
        });
        pair.assert_connected();
    }

    /// Noise between the real datagrams, whole, cut and changed ones, harms nobody and panics nowhere.
    #[test]
    fn noise_does_no_harm_to_a_server(seed: u64, noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..8)) {
        let mut pair = Pair::new();
        for datagram in &noise {
            let now = pair.now;
            pair.ends[1].handle_datagram(now, datagram);
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let mut copies = Vec::new();
        pair.drain(&mut |_, _| vec![DELAY]);
        for (_, _, datagram) in &pair.wire {
            let mut cut = datagram.clone();
            cut.truncate(rng.random_range(0..datagram.len()));
            copies.push(cut);
        }
        for cut in copies {
            let now = pair.now;
            pair.ends[1].handle_datagram(now, &cut);
        }
        pair.run(Duration::from_secs(10), always);
        pair.assert_connected();
    }
}
