//! One publisher to many subscribers through a real worker on loopback, beside the limit on the same
//! work, a line of JSON per run.
//!
//! `cargo run --release -p videocall-client --example fanout -- --subscribers 10,100 --seconds 5`
//!
//! The worker's thread is pinned to the first processor, the clients' thread to the second.
#![allow(clippy::print_stdout, reason = "its output is its interface")]

#[path = "support/server.rs"]
mod server;

use std::time::Duration;

use serde_json::json;
use server::{Server, wait_for};
use videocall_client::StreamKind;
use videocall_client::driver::{Load, LoadEvent, LoadOptions};
use videocall_client::limit::{LimitOptions, run};
use videocall_core::srtp::SrtpProfile;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1).cloned()
    };
    let subscribers = value("--subscribers").unwrap_or("10,50,100".into());
    let seconds: f64 = value("--seconds").map_or(5.0, |text| text.parse().expect("a number"));
    let duration = Duration::from_secs_f64(seconds);
    for count in subscribers
        .split(',')
        .map(|count| count.parse().expect("a number"))
    {
        for gro in [false, true] {
            fanout(count, gro, duration);
        }
    }
}

fn fanout(subscribers: usize, gro: bool, duration: Duration) {
    let mut server = Server::start();
    let mut load = Load::start(&LoadOptions {
        threads: 1,
        gro,
        cpus: vec![1],
    })
    .expect("a thread");
    let kinds = [StreamKind::Audio, StreamKind::Video];
    let (publisher, producers) = server.plan("publisher", &load, &kinds);
    load.add(publisher);
    wait_for(&load, 1, |event| {
        matches!(event, LoadEvent::Connected { .. })
    });

    let cpu_before_joins = server.metric("cpu_ns");
    for at in 0..subscribers {
        let transport = format!("subscriber {at}");
        let (mut plan, _) = server.plan(&transport, &load, &[]);
        plan.receive = producers
            .iter()
            .map(|p| server.consume(&transport, p))
            .collect();
        load.add(plan);
    }
    wait_for(&load, subscribers, |event| {
        matches!(event, LoadEvent::FirstMedia { .. })
    });
    let join_cpu_ns = server.metric("cpu_ns") - cpu_before_joins;

    // What the joins left behind (key frames, retransmissions) is over.
    std::thread::sleep(Duration::from_secs(1));
    load.begin();
    let names = [
        "cpu_ns",
        "rtp_sent",
        "video_sent",
        "video_sends",
        "rtx_sent",
        "io_turns",
    ];
    let before = names.map(|name| server.metric(name));
    std::thread::sleep(duration);
    let after = names.map(|name| server.metric(name));
    let report = load.report();
    let [cpu_ns, sent, video, video_sends, rtx, turns] =
        std::array::from_fn(|at| (after[at] - before[at]) as f64);

    let limit = run(&LimitOptions {
        subscribers,
        duration,
        gro,
        profile: SrtpProfile::AeadAes256Gcm,
        cpus: Some((0, 1)),
    })
    .expect("the limit program runs");
    let cost = cpu_ns / 1000.0 / sent;
    println!(
        "{}",
        json!({
            "subscribers": subscribers, "gro": gro,
            "cpuUsPerPacket": cost,
            "limitUsPerPacket": limit.cpu_us_per_packet,
            "timesTheLimit": cost / limit.cpu_us_per_packet,
            "packetsSent": sent, "packetsReceived": report.packets_received,
            "refused": report.packets_refused, "lost": report.packets_lost, "rtx": rtx,
            "segmentsPerVideoSend": video / video_sends,
            "turnsPerSecond": turns / report.seconds,
            "serverCpu": cpu_ns / 1e9 / report.seconds, "loadCpu": report.cpu_seconds / report.seconds,
            "joinCpuMs": join_cpu_ns as f64 / 1e6 / subscribers as f64,
            "video": report.video, "audio": report.audio,
        })
    );
}
