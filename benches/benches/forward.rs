//! The core's own cost per forwarded packet, by fan-out: a video frame or an audio packet as
//! Chromium sends them comes in and goes out sealed to every subscriber, into memory.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use videocall_benches::Rig;

fn forward(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forward");
    for subscribers in [1, 10, 50, 100] {
        let mut rig = Rig::connect(subscribers, Instant::now());
        group.throughput(Throughput::Elements(1));
        // An iteration is one forwarded packet, so that the time per iteration is comparable.
        group.bench_function(BenchmarkId::from_parameter(subscribers), |bencher| {
            bencher.iter_custom(|packets| {
                let (mut spent, start) = (Duration::ZERO, rig.metrics().rtp_sent);
                let mut forwarded = 0;
                while forwarded < packets {
                    let mut datagrams = rig.next_datagrams();
                    let before = Instant::now();
                    rig.handle(&mut datagrams);
                    spent += before.elapsed();
                    // The feedback is answered, and costs its time too.
                    let mut feedback = rig.deliver();
                    let before = Instant::now();
                    rig.handle(&mut feedback);
                    spent += before.elapsed();
                    forwarded = rig.metrics().rtp_sent - start;
                }
                spent.mul_f64(packets as f64 / forwarded as f64)
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = forward
}
criterion_main!(benches);
