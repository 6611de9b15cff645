use std::time::Duration;

use super::*;
use crate::{Clock, RateLimit};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sends `count` numbered datagrams, one a millisecond, and returns (number, arrival since the start) in arrival order.
fn run(seed: u64, link: Link, count: u32) -> (Vec<(u32, Duration)>, LinkStats) {
    let mut clock = Clock::new();
    let start = clock.now();
    let mut network = Network::new(seed, link);
    let mut arrived = Vec::new();
    for number in 0..count {
        network.send(clock.now(), 1, 2, number.to_be_bytes().to_vec());
        clock.advance(ms(1));
    }
    while let Some(next) = network.next_arrival() {
        let datagram = network.receive(next).unwrap();
        let number = u32::from_be_bytes(datagram.payload.try_into().unwrap());
        arrived.push((number, datagram.arrived_at - start));
    }
    (arrived, network.stats(1, 2))
}

fn numbers(arrived: &[(u32, Duration)]) -> Vec<u32> {
    arrived.iter().map(|(number, _)| *number).collect()
}

#[test]
fn a_perfect_link_delivers_all_in_order_after_the_delay() {
    let link = Link {
        delay: ms(30),
        ..Link::default()
    };
    let (arrived, stats) = run(1, link, 100);
    let want: Vec<_> = (0..100).map(|n| (n, ms(u64::from(n) + 30))).collect();
    assert_eq!(arrived, want);
    assert_eq!(
        stats,
        LinkStats {
            sent: 100,
            ..LinkStats::default()
        }
    );
}

#[test]
fn nothing_arrives_early() {
    let mut clock = Clock::new();
    let link = Link {
        delay: ms(10),
        ..Link::default()
    };
    let mut network = Network::new(1, link);
    network.send(clock.now(), 1, 2, vec![0]);
    clock.advance(ms(9));
    assert_eq!(network.receive(clock.now()), None);
    clock.advance(ms(1));
    assert!(network.receive(clock.now()).is_some());
    assert_eq!(network.next_arrival(), None);
}

#[test]
fn the_seed_decides() {
    let link = Link {
        delay: ms(20),
        jitter: ms(15),
        loss: Loss::Random(0.1),
        duplicate: 0.05,
        reorder: 0.1,
        reorder_delay: ms(8),
        rate: None,
    };
    assert_eq!(run(42, link, 1000), run(42, link, 1000));
    assert_ne!(run(42, link, 1000).0, run(43, link, 1000).0);
}

#[test]
fn random_loss_is_as_frequent_as_asked() {
    let link = Link {
        loss: Loss::Random(0.2),
        ..Link::default()
    };
    let (arrived, stats) = run(5, link, 10_000);
    assert_eq!(arrived.len() as u64 + stats.lost, 10_000);
    assert!((1_850..2_150).contains(&stats.lost), "{}", stats.lost);
}

#[test]
fn bursts_have_the_length_asked_for() {
    let loss = Loss::Burst {
        enter: 0.01,
        recover: 0.2,
    };
    let link = Link {
        loss,
        ..Link::default()
    };
    let (arrived, stats) = run(5, link, 50_000);
    let got = numbers(&arrived);
    let bursts = got.windows(2).filter(|pair| pair[1] - pair[0] > 1).count();
    let mean = stats.lost as f64 / bursts as f64;
    assert!((4.5..5.5).contains(&mean), "{mean}");
    let fraction = stats.lost as f64 / 50_000.0;
    assert!((0.04..0.055).contains(&fraction), "{fraction}");
}

#[test]
fn jitter_alone_keeps_the_order() {
    let link = Link {
        jitter: ms(50),
        ..Link::default()
    };
    let (arrived, _) = run(5, link, 1000);
    assert!(numbers(&arrived).is_sorted());
    let late = arrived
        .iter()
        .filter(|(number, at)| *at > ms(u64::from(*number) + 25));
    assert!(late.count() > 100);
}

#[test]
fn reordering_and_duplication_happen_as_often_as_asked() {
    let link = Link {
        reorder: 0.1,
        reorder_delay: ms(5),
        duplicate: 0.1,
        ..Link::default()
    };
    let (arrived, stats) = run(5, link, 10_000);
    assert_eq!(arrived.len() as u64, 10_000 + stats.duplicated);
    assert!((900..1_100).contains(&stats.duplicated));
    assert!((900..1_300).contains(&stats.reordered));
    let mut got = numbers(&arrived);
    assert!(!got.is_sorted());
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), 10_000);
}

#[test]
fn a_bottleneck_queues_and_then_drops() {
    // 32 bytes with headers, 256 bits: 2 ms each at 128 kbit/s, sent one a millisecond.
    let rate = Some(RateLimit {
        bits_per_second: 128_000,
        max_queue: ms(20),
    });
    let link = Link {
        rate,
        ..Link::default()
    };
    let (arrived, stats) = run(5, link, 1000);
    assert_eq!(arrived[0].1, ms(2));
    assert!(
        arrived
            .windows(2)
            .all(|pair| pair[1].1 - pair[0].1 == ms(2))
    );
    let worst = arrived
        .iter()
        .map(|(number, at)| *at - ms(u64::from(*number)))
        .max()
        .unwrap();
    assert_eq!(worst, ms(22), "the queue and its own transmission");
    assert!((480..500).contains(&stats.overflowed));
}

#[test]
fn directions_are_apart_and_can_be_cut_and_made_to_drop() {
    let clock = Clock::new();
    let mut network = Network::new(1, Link::default());
    network.cut(1, 2);
    network.drop_next(2, 1, 2);
    for _ in 0..5 {
        network.send(clock.now(), 1, 2, vec![1]);
        network.send(clock.now(), 2, 1, vec![2]);
    }
    let mut arrived = 0;
    while let Some(datagram) = network.receive(clock.now()) {
        assert_eq!(datagram.payload, [2]);
        arrived += 1;
    }
    assert_eq!(arrived, 3);
    assert_eq!((network.stats(1, 2).lost, network.stats(2, 1).lost), (5, 2));
    network.set_links(1, 2, Link::default());
    network.send(clock.now(), 1, 2, vec![1]);
    assert!(network.receive(clock.now()).is_some());
}
