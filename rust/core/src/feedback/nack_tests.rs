use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const RTT: Duration = Duration::from_millis(50);
const BASE: u64 = 1 << 16;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn asked(nack: &mut NackGenerator, now: Instant) -> Vec<u16> {
    let mut out = Vec::new();
    assert!(!nack.poll(now, RTT, &mut out));
    out
}

#[test]
fn asks_after_the_reorder_window_and_again_every_round_trip() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    assert_eq!(nack.next_timeout(), None);
    nack.on_packet(start, BASE + 3);
    assert!(
        asked(&mut nack, start).is_empty(),
        "may still be on its way"
    );
    let first = start + REORDER_WINDOW;
    assert_eq!(nack.next_timeout(), Some(first));
    assert_eq!(asked(&mut nack, first), [1, 2]);
    assert!(asked(&mut nack, first + RTT - ms(1)).is_empty());
    nack.on_packet(first + RTT - ms(1), BASE + 1);
    assert_eq!(asked(&mut nack, first + RTT), [2]);
    nack.on_recovered(BASE + 2);
    assert_eq!(nack.missing(), 0);
    assert!(asked(&mut nack, first + 2 * RTT).is_empty());
    assert_eq!(nack.next_timeout(), None);
}

#[test]
fn never_retries_faster_than_20_ms() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    nack.on_packet(start, BASE + 2);
    let mut out = Vec::new();
    nack.poll(start + ms(5), Duration::ZERO, &mut out);
    assert_eq!(nack.next_timeout(), Some(start + ms(25)));
}

#[test]
fn a_reordered_packet_is_never_asked_for() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    nack.on_packet(start, BASE + 2);
    nack.on_packet(start + ms(4), BASE + 1);
    assert!(asked(&mut nack, start + ms(5)).is_empty());
    assert_eq!(nack.next_timeout(), None);
}

#[test]
fn gives_up_after_ten_tries_and_says_so_once() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    nack.on_packet(start, BASE + 2);
    let mut out = Vec::new();
    let mut gave_up = 0;
    while let Some(due) = nack.next_timeout() {
        gave_up += u32::from(nack.poll(due, RTT, &mut out));
    }
    assert_eq!(out, [1; 10]);
    assert_eq!(gave_up, 1);
    assert!(!nack.poll(start + ms(5000), RTT, &mut out));
}

#[test]
fn a_gap_too_wide_to_repair_wants_a_key_frame_at_once() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    nack.on_packet(start, BASE + 1002);
    let mut out = Vec::new();
    assert_eq!(nack.next_timeout(), Some(start));
    assert!(nack.poll(start, RTT, &mut out));
    assert!(out.is_empty());
    assert_eq!(nack.next_timeout(), None);
}

#[test]
fn the_oldest_make_room() {
    let start = Instant::now();
    let mut nack = NackGenerator::new();
    nack.on_packet(start, BASE);
    nack.on_packet(start, BASE + 901);
    nack.on_packet(start, BASE + 1102);
    assert_eq!(nack.missing(), MAX_MISSING);
    let mut out = Vec::new();
    assert!(nack.poll(start + ms(5), RTT, &mut out));
    assert_eq!(out.len(), MAX_MISSING);
    assert_eq!(out.last(), Some(&1101));
    assert_eq!(out.first(), Some(&101));
}

proptest! {
    /// Whatever arrives in whatever order: what is missing is exactly the numbers between the first and the highest
    /// that did not arrive, and the list never outgrows its memory.
    #[test]
    fn the_list_is_what_did_not_arrive(arrivals in prop::collection::vec(0u64..300, 1..300)) {
        let now = Instant::now();
        let mut nack = NackGenerator::new();
        let capacity = nack.missing.capacity();
        let first = arrivals[0];
        let mut seen = BTreeSet::new();
        for &arrival in &arrivals {
            nack.on_packet(now, BASE + arrival);
            seen.insert(arrival);
        }
        let highest = *seen.last().unwrap();
        let want: Vec<_> = (first..highest).filter(|seq| !seen.contains(seq)).map(|seq| seq as u16).collect();
        let mut out = Vec::new();
        prop_assert!(!nack.poll(now + REORDER_WINDOW, RTT, &mut out));
        prop_assert_eq!(out, want);
        prop_assert_eq!(nack.missing.capacity(), capacity);
    }

    #[test]
    fn wide_jumps_stay_within_the_memory(jumps in prop::collection::vec(1u64..1200, 1..100)) {
        let now = Instant::now();
        let mut nack = NackGenerator::new();
        let capacity = nack.missing.capacity();
        let mut seq = BASE;
        for jump in jumps {
            seq += jump;
            nack.on_packet(now, seq);
            prop_assert!(nack.missing() <= MAX_MISSING);
        }
        prop_assert_eq!(nack.missing.capacity(), capacity);
    }
}
