//! The estimator on a simulated link: a bottleneck with a queue, a delay, random loss, and real feedback packets.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::feedback::TwccFeedback;
use crate::rtcp::{self, RtcpPacket};
use crate::rtp::Ssrc;

const STEP: Duration = Duration::from_millis(1);
const PACKET: usize = 1200;
const ONE_WAY: Duration = Duration::from_millis(30);

struct Link {
    now: Instant,
    rng: StdRng,
    rate_bps: u64,
    loss: f64,
    max_queue: Duration,
    /// When the bottleneck has sent all that it took.
    busy_until: Instant,
    flying: VecDeque<(Instant, u16)>,
    reports: VecDeque<(Instant, Vec<u8>)>,
    feedback: TwccFeedback,
    estimator: BandwidthEstimator,
    seq: u16,
    credit: f64,
}

impl Link {
    #[allow(clippy::disallowed_methods)]
    fn new(seed: u64, rate_bps: u64, loss: f64) -> Self {
        let now = Instant::now();
        Self {
            now,
            rng: StdRng::seed_from_u64(seed),
            rate_bps,
            loss,
            max_queue: Duration::from_millis(500),
            busy_until: now,
            flying: VecDeque::new(),
            reports: VecDeque::new(),
            feedback: TwccFeedback::new(now),
            estimator: BandwidthEstimator::new(now, START_BPS),
            seq: 0,
            credit: 0.0,
        }
    }

    /// Sends as fast as the estimate allows, in frames of 30 Hz. Returns the worst queue.
    fn run(&mut self, duration: Duration) -> Duration {
        let end = self.now + duration;
        let mut worst = Duration::ZERO;
        let mut ticks = 0u32;
        while self.now < end {
            self.now += STEP;
            ticks += 1;
            self.credit += self.estimator.estimate_bps() as f64 / 8.0 * STEP.as_secs_f64();
            if ticks.is_multiple_of(33) {
                while self.credit >= PACKET as f64 {
                    self.credit -= PACKET as f64;
                    self.send();
                }
            }
            self.deliver();
            worst = worst.max(self.busy_until.saturating_duration_since(self.now));
        }
        worst
    }

    fn send(&mut self) {
        self.estimator.on_sent(self.now, self.seq, PACKET);
        let queue = self.busy_until.saturating_duration_since(self.now);
        let lost = self.rng.random_bool(self.loss);
        if queue < self.max_queue && !lost {
            let takes = Duration::from_secs_f64(PACKET as f64 * 8.0 / self.rate_bps as f64);
            self.busy_until = self.busy_until.max(self.now) + takes;
            self.flying.push_back((self.busy_until + ONE_WAY, self.seq));
        }
        self.seq = self.seq.wrapping_add(1);
    }

    fn deliver(&mut self) {
        while let Some((at, seq)) = self.flying.front().copied()
            && at <= self.now
        {
            self.flying.pop_front();
            self.feedback.on_packet(at, seq);
        }
        if self
            .feedback
            .next_timeout()
            .is_some_and(|due| due <= self.now)
        {
            let mut report = Vec::new();
            self.feedback.build(self.now, Ssrc(1), Ssrc(2), &mut report);
            self.reports.push_back((self.now + ONE_WAY, report));
        }
        while self.reports.front().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, report)) = self.reports.pop_front() else {
                return;
            };
            for packet in rtcp::packets(&report) {
                if let Ok(RtcpPacket::TransportCc(view)) = packet {
                    self.estimator.on_feedback(self.now, &view);
                }
            }
        }
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_link_is_filled_without_a_standing_queue() {
    for seed in 0..5 {
        let mut link = Link::new(seed, 2_000_000, 0.0);
        link.run(seconds(60));
        let mut lowest = u64::MAX;
        for _ in 0..20 {
            let worst = link.run(seconds(1));
            assert!(worst < Duration::from_millis(300), "{worst:?}");
            lowest = lowest.min(link.estimator.estimate_bps());
        }
        let estimate = link.estimator.estimate_bps();
        assert!((1_300_000..2_300_000).contains(&estimate), "{estimate}");
        assert!(lowest > 1_200_000, "{lowest}: it flaps");
    }
}

#[test]
fn a_cliff_is_found_within_three_seconds() {
    for seed in 0..5 {
        let mut link = Link::new(seed, 2_000_000, 0.0);
        link.run(seconds(60));
        link.rate_bps = 300_000;
        link.run(seconds(3));
        let estimate = link.estimator.estimate_bps();
        assert!(estimate < 330_000, "{estimate}");
        for _ in 0..10 {
            let w = link.run(seconds(1));
            eprintln!("{seed} {w:?} {}", link.estimator.estimate_bps());
        }
        let worst = link.run(seconds(10));
        assert!(worst < Duration::from_millis(300), "{worst:?}");
        assert!(link.estimator.estimate_bps() > 180_000);
    }
}

#[test]
fn random_loss_alone_does_not_bring_it_down() {
    for (seed, loss) in [(1, 0.05), (2, 0.10), (3, 0.20), (4, 0.30)] {
        let mut link = Link::new(seed, 50_000_000, loss);
        link.run(seconds(30));
        let estimate = link.estimator.estimate_bps();
        assert!(estimate >= START_BPS, "{estimate} at {loss}");
    }
}

#[test]
fn a_policer_without_a_queue_is_respected() {
    let mut link = Link::new(7, 300_000, 0.0);
    link.max_queue = Duration::from_millis(40);
    link.run(seconds(20));
    let estimate = link.estimator.estimate_bps();
    assert!(estimate < 600_000, "{estimate}");
}

#[test]
fn nothing_heard_is_not_alive() {
    let mut link = Link::new(1, 1_000_000, 0.0);
    assert!(!link.estimator.is_alive(link.now));
    link.run(seconds(1));
    assert!(link.estimator.is_alive(link.now));
    assert!(!link.estimator.is_alive(link.now + seconds(6)));
}
