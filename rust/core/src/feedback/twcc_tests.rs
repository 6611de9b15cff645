use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::rtcp::{RtcpPacket, packets};

const A: Ssrc = Ssrc(1);
const B: Ssrc = Ssrc(2);

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Arrival in microseconds since the epoch, or `None`, for every reported sequence number; the latest report counts.
fn read(bytes: &[u8], count: &mut u8, into: &mut BTreeMap<u16, Option<i64>>) {
    for packet in packets(bytes) {
        let RtcpPacket::TransportCc(view) = packet.unwrap() else {
            panic!("transport-cc feedback");
        };
        assert_eq!((view.sender, view.media), (A, B));
        assert_eq!(view.feedback_count, *count);
        *count = count.wrapping_add(1);
        let mut at = i64::from(view.reference_time) * 64_000;
        let mut statuses = 0;
        for (seq, delta) in view.statuses() {
            at += i64::from(delta.unwrap_or(0));
            into.insert(seq, delta.map(|_| at));
            statuses += 1;
        }
        assert_eq!(statuses, view.status_count, "no status is cut off");
    }
}

#[test]
fn reports_50_ms_after_the_first_packet_and_not_without_one() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let mut out = Vec::new();
    assert_eq!(twcc.next_timeout(), None);
    assert!(!twcc.build(start, A, B, &mut out));
    twcc.on_packet(start + us(1_000), 65_535);
    twcc.on_packet(start + us(2_000), 1);
    let due = start + us(51_000);
    assert_eq!(twcc.next_timeout(), Some(due));
    assert!(!twcc.build(due - us(1), A, B, &mut out));
    assert!(twcc.build(due, A, B, &mut out));
    assert_eq!(twcc.next_timeout(), None);
    assert_eq!(out.len() % 4, 0);
    let mut got = BTreeMap::new();
    read(&out, &mut 0, &mut got);
    assert_eq!(
        got,
        BTreeMap::from([(65_535, Some(1_000)), (0, None), (1, Some(2_000))])
    );
}

#[test]
fn what_is_lost_between_two_reports_is_in_the_second() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let (mut out, mut got, mut count) = (Vec::new(), BTreeMap::new(), 0);
    twcc.on_packet(start, 10);
    twcc.build(start + INTERVAL, A, B, &mut out);
    read(&out, &mut count, &mut got);
    out.clear();
    twcc.on_packet(start + us(60_000), 12);
    twcc.build(start + us(60_000) + INTERVAL, A, B, &mut out);
    read(&out, &mut count, &mut got);
    assert_eq!(got[&11], None);
    assert_eq!(got[&12], Some(60_000));
}

#[test]
fn an_overtaken_packet_is_reported_by_the_next_report() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let (mut out, mut got, mut count) = (Vec::new(), BTreeMap::new(), 0);
    twcc.on_packet(start, 10);
    twcc.on_packet(start, 12);
    twcc.build(start + INTERVAL, A, B, &mut out);
    read(&out, &mut count, &mut got);
    assert_eq!(got[&11], None);
    out.clear();
    twcc.on_packet(start + us(70_000), 11);
    twcc.on_packet(start + us(70_000), 12);
    assert!(twcc.build(start + us(70_000) + INTERVAL, A, B, &mut out));
    read(&out, &mut count, &mut got);
    assert_eq!((got[&11], got[&12]), (Some(70_000), Some(0)));
}

#[test]
fn a_pause_longer_than_a_delta_makes_a_second_packet() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let mut out = Vec::new();
    twcc.on_packet(start, 1);
    twcc.on_packet(start + Duration::from_secs(60), 3);
    twcc.build(start + Duration::from_secs(61), A, B, &mut out);
    assert_eq!(packets(&out).count(), 2);
    let mut got = BTreeMap::new();
    read(&out, &mut 0, &mut got);
    assert_eq!(got[&3], Some(60_000_000));
}

#[test]
fn a_fast_stream_is_reported_early_and_in_datagrams_that_fit() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    for seq in 0..REPORT_PACKETS {
        assert!(twcc.next_timeout().is_none_or(|due| due > start + us(seq)));
        // Every second packet is lost and the deltas alternate, the dearest case.
        twcc.on_packet(
            start + us(if seq % 2 == 0 { 0 } else { 100_000 }),
            (2 * seq) as u16,
        );
    }
    let now = start + us(100_000);
    assert_eq!(twcc.next_timeout(), Some(now));
    let mut out = Vec::new();
    assert!(twcc.build(now, A, B, &mut out));
    let mut rest = &out[..];
    while rest.len() >= 4 {
        let len = 4 * (usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 1);
        assert!(len <= 1_120, "{len}");
        rest = &rest[len..];
    }
    let mut got = BTreeMap::new();
    read(&out, &mut 0, &mut got);
    assert_eq!(got.values().flatten().count() as u64, REPORT_PACKETS);
}

#[test]
fn the_clock_goes_on_after_twelve_days() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let wrap = Duration::from_micros(250) * u32::MAX + us(250);
    let mut out = Vec::new();
    twcc.on_packet(start + wrap - us(500_000), 1);
    twcc.on_packet(start + wrap + us(500_000), 2);
    twcc.build(start + wrap + us(500_000), A, B, &mut out);
    let RtcpPacket::TransportCc(view) = packets(&out).next().unwrap().unwrap() else {
        panic!("transport-cc feedback");
    };
    let deltas: Vec<_> = view.statuses().collect();
    assert_eq!(deltas[1], (2, Some(1_000_000)));
}

#[test]
fn a_wild_jump_reports_no_more_than_the_window() {
    let start = Instant::now();
    let mut twcc = TwccFeedback::new(start);
    let mut out = Vec::new();
    twcc.on_packet(start, 0);
    twcc.on_packet(start, 30_000);
    twcc.build(start + INTERVAL, A, B, &mut out);
    let mut got = BTreeMap::new();
    read(&out, &mut 0, &mut got);
    assert_eq!(got.len(), WINDOW);
    assert_eq!(got[&30_000], Some(0));
}

proptest! {
    /// Loss, reordering, duplicates, pauses: every number between the first and the last is reported, with its first
    /// arrival to the tick.
    #[test]
    fn feedback_says_what_happened(
        first: u16,
        packets in prop::collection::vec((0u16..20, 0u64..40_000, any::<bool>()), 1..600),
        pause in 0u64..20_000_000,
    ) {
        let start = Instant::now();
        let mut now = start;
        let mut twcc = TwccFeedback::new(start);
        let (mut got, mut count) = (BTreeMap::new(), 0);
        let (mut truth, mut highest) = (BTreeMap::new(), 0u16);
        let middle = packets.len() / 2;
        for (at, (offset, wait, back)) in packets.into_iter().enumerate() {
            now += us(wait + if at == middle { pause } else { 0 });
            // Three ways: a step ahead with a gap, and back into it.
            let seq = if back { highest.saturating_sub(offset) } else { highest + offset / 4 };
            highest = highest.max(seq);
            twcc.on_packet(now, first.wrapping_add(seq));
            truth.entry(seq).or_insert((now - start).as_micros() as i64 / 250 * 250);
            let mut out = Vec::new();
            if twcc.build(now, A, B, &mut out) {
                read(&out, &mut count, &mut got);
            }
        }
        let mut out = Vec::new();
        twcc.build(now + INTERVAL, A, B, &mut out);
        read(&out, &mut count, &mut got);
        let lowest = *truth.keys().next().unwrap();
        for seq in lowest..=highest {
            prop_assert_eq!(got.get(&first.wrapping_add(seq)).copied(), Some(truth.get(&seq).copied()), "seq {}", seq);
        }
    }

    #[test]
    fn any_numbers_at_any_time_stay_within_bounds(packets in prop::collection::vec((any::<u16>(), 0u64..1_000_000), 1..300)) {
        let start = Instant::now();
        let mut now = start;
        let mut twcc = TwccFeedback::new(start);
        let mut count = 0;
        for (seq, wait) in packets {
            now += us(wait);
            twcc.on_packet(now, seq);
            prop_assert!(twcc.end - twcc.begin <= WINDOW as u64);
            let mut out = Vec::new();
            if twcc.build(now, A, B, &mut out) {
                read(&out, &mut count, &mut BTreeMap::new());
            }
        }
    }
}
