//! Peers send to each other through the SFU's core, on virtual time.
#![allow(clippy::unwrap_used, reason = "a test")]

mod rig;

use std::time::Duration;

use rig::Rig;
use serde_json::json;
use videocall_client::{DtlsRole, PeerEvent, StreamKind};

/// A publisher of audio and video and a subscriber, after the handshakes.
fn call(seed: u64, loss: f64, roles: [DtlsRole; 2]) -> (Rig, usize, usize) {
    let mut rig = Rig::new(seed);
    rig.loss = loss;
    let publisher = rig.add_client(roles[0]);
    let subscriber = rig.add_client(roles[1]);
    rig.run(Duration::from_secs(5));
    for client in &rig.clients {
        let connected = client
            .events
            .iter()
            .any(|e| matches!(e, PeerEvent::Connected(_)));
        assert!(connected, "{:?}", client.events);
    }
    for kind in [StreamKind::Audio, StreamKind::Video] {
        let producer = rig.produce(publisher, kind);
        rig.consume(subscriber, &producer, kind);
    }
    (rig, publisher, subscriber)
}

#[test]
fn on_a_clean_network_everything_arrives_once_and_in_time() {
    use DtlsRole::{Client, Server};
    for roles in [[Client, Client], [Server, Client], [Client, Server]] {
        let (mut rig, publisher, subscriber) = call(1, 0.0, roles);
        rig.run(Duration::from_secs(10));
        let sent = rig.clients[publisher].peer.stats();
        let got = rig.clients[subscriber].peer.stats();

        assert_eq!(
            got.rejected + got.unknown_ssrc + got.malformed,
            0,
            "{got:?}"
        );
        for (sent, got) in sent.send.iter().zip(&got.receive) {
            let in_flight = sent.packets - got.packets;
            assert!(
                in_flight <= 12,
                "sent {}, got {}",
                sent.packets,
                got.packets
            );
            assert_eq!((got.lost, got.nacked, got.recovered), (0, 0, 0));
            assert!(got.sender_reports >= 5, "{got:?}");
            assert!(
                sent.reports_received >= 5 && sent.fraction_lost == 0,
                "{sent:?}"
            );
        }
        assert!(got.receive[1].key_frames >= 1);
        assert!(
            sent.transport_cc_received >= 100 && sent.transport_cc_lost == 0,
            "{sent:?}"
        );

        let client = &rig.clients[subscriber];
        let slowest = client
            .received
            .iter()
            .map(|(.., latency)| *latency)
            .max()
            .unwrap();
        assert!(
            slowest <= Duration::from_millis(42),
            "two hops of 20 ms, and {slowest:?}"
        );
    }
}

#[test]
fn ten_percent_loss_is_repaired() {
    let (mut rig, publisher, subscriber) = call(2, 0.1, [DtlsRole::Client; 2]);
    rig.run(Duration::from_secs(20));
    // What is missing at the end can still be asked for.
    rig.loss = 0.0;
    rig.run(Duration::from_secs(2));
    let sent = rig.clients[publisher].peer.stats().send[1];
    let got = rig.clients[subscriber].peer.stats().receive[1];
    assert!(
        sent.retransmitted > 100 && got.recovered > 100,
        "{sent:?} {got:?}"
    );

    let mut sequences: Vec<u64> = rig.clients[subscriber]
        .received
        .iter()
        .filter(|(stream, ..)| *stream == 1)
        .map(|(_, sequence, _)| *sequence)
        .collect();
    sequences.sort_unstable();
    sequences.dedup();
    let expected = sequences[sequences.len() - 1] - sequences[0] + 1;
    let missing = expected - sequences.len() as u64;
    assert!(
        missing * 1000 <= expected,
        "{missing} of {expected} missing after repair"
    );
}

#[test]
fn a_resumed_consumer_gets_a_key_frame() {
    let (mut rig, publisher, subscriber) = call(3, 0.0, [DtlsRole::Client; 2]);
    let producer = rig.produce(publisher, StreamKind::Video);
    let consumer = rig.consume(subscriber, &producer, StreamKind::Video);
    rig.run(Duration::from_secs(3));
    rig.request("pauseConsumer", json!({"consumerId": consumer}));
    rig.run(Duration::from_secs(1));
    let before = rig.clients[subscriber].peer.stats().receive[2];
    rig.run(Duration::from_secs(3));
    let paused = rig.clients[subscriber].peer.stats().receive[2];
    assert_eq!(paused.packets, before.packets);

    rig.request("resumeConsumer", json!({"consumerId": consumer}));
    rig.run(Duration::from_secs(1));
    let after = rig.clients[subscriber].peer.stats().receive[2];
    assert!(after.key_frames > before.key_frames, "{before:?} {after:?}");
    assert!(after.packets > before.packets + 100);
    assert_eq!(after.lost, 0, "a pause is not a loss");
}

#[test]
fn an_ice_restart_does_not_interrupt_media() {
    let (mut rig, _, subscriber) = call(4, 0.0, [DtlsRole::Client; 2]);
    rig.run(Duration::from_secs(2));
    let transport = rig.clients[subscriber].transport.clone();
    let ok = rig.request("restartIce", json!({"transportId": transport}));
    let parameters = serde_json::from_value(ok["iceParameters"].clone()).unwrap();
    let now = rig.now;
    rig.clients[subscriber].peer.restart_ice(parameters, now);
    // The peer's address changes meanwhile.
    rig.clients[subscriber].address.set_port(6_000);
    let before = rig.clients[subscriber].peer.stats().receive[1].packets;
    rig.run(Duration::from_secs(60));
    let after = rig.clients[subscriber].peer.stats().receive[1];
    assert!(after.packets - before > 60 * 180 - 60, "{after:?}");
    assert!(
        !rig.clients[subscriber]
            .events
            .contains(&PeerEvent::IceDisconnected)
    );
}
