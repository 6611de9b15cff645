//! What one packet costs on its way through the core, part by part. Sizes are those that Chromium
//! sends: video of 1,083 bytes, audio of 100.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a failure here fails the run")]
#![allow(
    clippy::disallowed_methods,
    reason = "the core is told the time; its benches have to ask"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use videocall_core::{
    feedback::{NackGenerator, ReceiverReportState, TwccFeedback},
    rtcp,
    rtp::{HeaderFields, HeaderWriter, PayloadType, RtpHeader, SeqNo, Ssrc},
    srtp::{SrtpProfile, SrtpRx, SrtpTx},
};

const PROFILES: [(&str, SrtpProfile); 2] = [
    ("gcm", SrtpProfile::AeadAes128Gcm),
    ("cm_sha1", SrtpProfile::AesCm128HmacSha1_80),
];
const SIZES: [usize; 2] = [100, 1_083];
const PACKET_ROOM: usize = 1_500;

/// A packet as browsers send it: MID, abs-send-time and transport-cc in one-byte extensions.
fn packet(sequence: u16, len: usize) -> ([u8; PACKET_ROOM], usize) {
    let mut buffer = [0x55; PACKET_ROOM];
    let fields = HeaderFields {
        marker: false,
        payload_type: PayloadType(96),
        sequence_number: SeqNo(sequence),
        timestamp: 90_000,
        ssrc: Ssrc(0x1234_5678),
    };
    let header = HeaderWriter::new(&mut buffer, &fields)
        .and_then(|writer| writer.extension(4, b"0"))
        .and_then(|writer| writer.extension(2, &[1, 2, 3]))
        .and_then(|writer| writer.extension(3, &sequence.to_be_bytes()))
        .and_then(HeaderWriter::finish)
        .unwrap();
    assert!(header < len);
    (buffer, header)
}

fn keys(profile: SrtpProfile) -> (SrtpTx, SrtpRx) {
    let (key, salt) = (vec![7; profile.key_len()], vec![9; profile.salt_len()]);
    (
        SrtpTx::new(profile, &key, &salt).unwrap(),
        SrtpRx::new(profile, &key, &salt).unwrap(),
    )
}

fn srtp(criterion: &mut Criterion) {
    for (name, profile) in PROFILES {
        for size in SIZES {
            let mut group = criterion.benchmark_group(format!("srtp/{name}/{size}"));
            group.throughput(Throughput::Elements(1));
            let (tx, mut rx) = keys(profile);
            let (mut buffer, header) = packet(1, size);
            let mut index = 1u64 << 16;
            group.bench_function("protect", |bencher| {
                bencher.iter(|| {
                    index += 1;
                    tx.protect_rtp(black_box(&mut buffer), header, size, index)
                        .unwrap()
                });
            });
            let mut sequence = 0u64;
            group.bench_function("unprotect", |bencher| {
                bencher.iter_batched_ref(
                    || {
                        let (mut buffer, header) = packet(sequence as u16, size);
                        let len = tx.protect_rtp(&mut buffer, header, size, sequence).unwrap();
                        sequence += 1;
                        (buffer, header, len)
                    },
                    |(buffer, header, len)| rx.unprotect_rtp(&mut buffer[..*len], *header).unwrap(),
                    BatchSize::SmallInput,
                );
            });
            group.finish();
        }
    }
}

fn rtp(criterion: &mut Criterion) {
    let (buffer, _) = packet(1, 1_083);
    criterion.bench_function("rtp/parse_header_and_extensions", |bencher| {
        bencher.iter(|| {
            let packet = black_box(&buffer[..1_083]);
            let header = RtpHeader::parse(packet).unwrap();
            let sum: usize = header
                .extensions(packet)
                .map(|(id, value)| usize::from(id) + value.len())
                .sum();
            (sum, header.payload_range(packet).unwrap())
        });
    });
}

fn feedback(criterion: &mut Criterion) {
    let start = Instant::now();
    let step = Duration::from_micros(400);
    let (mut now, mut sequence) = (start, 1u64 << 16);
    let mut nack = NackGenerator::new();
    let mut reports = ReceiverReportState::new(Ssrc(1));
    criterion.bench_function("feedback/account_for_a_packet", |bencher| {
        bencher.iter(|| {
            (now, sequence) = (now + step, sequence + 1);
            nack.on_packet(now, sequence);
            reports.on_packet(now, sequence, (sequence as u32).wrapping_mul(500), 90_000);
        });
    });
    let (mut now, mut sequence) = (start, 0u16);
    let mut twcc = TwccFeedback::new(start);
    let mut out = Vec::with_capacity(2_048);
    criterion.bench_function("feedback/transport_cc_of_a_packet", |bencher| {
        bencher.iter(|| {
            (now, sequence) = (now + step, sequence.wrapping_add(1));
            twcc.on_packet(now, sequence);
            if twcc.build(now, Ssrc(1), Ssrc(2), &mut out) {
                out.clear();
            }
        });
    });
}

fn read_rtcp(criterion: &mut Criterion) {
    let mut compound = Vec::new();
    rtcp::write::receiver_report(&mut compound, Ssrc(1), &[]);
    rtcp::write::sdes_cname(&mut compound, Ssrc(1), "cname");
    rtcp::write::nack(&mut compound, Ssrc(1), Ssrc(2), &[5, 6, 9, 40]);
    criterion.bench_function("rtcp/read_a_compound", |bencher| {
        bencher.iter(|| {
            rtcp::packets(black_box(&compound))
                .filter(Result::is_ok)
                .count()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50).measurement_time(Duration::from_secs(2));
    targets = srtp, rtp, feedback, read_rtcp
}
criterion_main!(benches);
