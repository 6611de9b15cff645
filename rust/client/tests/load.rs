//! The driver against a real worker on loopback.
#![allow(clippy::unwrap_used, reason = "a test")]

#[allow(dead_code, reason = "shared with the example")]
#[path = "../examples/support/server.rs"]
mod server;

use std::time::{Duration, Instant};

use server::{PATIENCE, Server, wait_for};
use videocall_client::StreamKind;
use videocall_client::driver::{Load, LoadEvent, LoadOptions};

fn one_to_three(gro: bool) {
    let mut server = Server::start();
    let options = LoadOptions {
        threads: 2,
        gro,
        ..LoadOptions::default()
    };
    let mut load = Load::start(&options).unwrap();
    let (publisher, producers) =
        server.plan("publisher", &load, &[StreamKind::Audio, StreamKind::Video]);
    let publisher = load.add(publisher);
    let mut subscribers = Vec::new();
    for at in 0..3 {
        let transport = format!("t{at}");
        let (mut plan, _) = server.plan(&transport, &load, &[]);
        plan.receive = producers
            .iter()
            .map(|p| server.consume(&transport, p))
            .collect();
        subscribers.push(load.add(plan));
    }
    wait_for(&load, 3, |event| {
        matches!(event, LoadEvent::FirstMedia { .. })
    });
    load.begin();
    let start = Instant::now();
    let report = loop {
        let report = load.report();
        if report.packets_received >= 600 {
            break report;
        }
        assert!(start.elapsed() < PATIENCE, "{report:?}");
        std::thread::yield_now();
    };
    assert_eq!((report.connected, report.packets_refused), (4, 0));
    let (video, audio) = (report.video.unwrap(), report.audio.unwrap());
    assert!(
        video.count > 2 * audio.count && video.p50_ms > 0.0,
        "{report:?}"
    );

    let stats = load.client_stats();
    assert!(stats[publisher].send.iter().all(|send| send.packets > 20));
    assert!(
        stats[publisher].transport_cc_received > 0,
        "{:?}",
        stats[publisher]
    );
    for subscriber in subscribers {
        assert!(stats[subscriber].receive[1].key_frames >= 1);
    }

    load.close(publisher);
    let (again, _) = server.plan("after", &load, &[]);
    load.add(again);
    wait_for(&load, 1, |event| {
        matches!(event, LoadEvent::Connected { .. })
    });
    assert_eq!(
        load.wait_event(Duration::ZERO)
            .map(|event| format!("{event:?}")),
        None
    );
}

#[test]
fn one_publisher_reaches_three_subscribers() {
    one_to_three(false);
}

#[test]
fn one_publisher_reaches_three_subscribers_with_gro() {
    one_to_three(true);
}
