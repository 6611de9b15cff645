//! How much one receiver's path carries, from its transport-wide feedback.
//!
//! Two signals are joined. The delay signal (draft-ietf-rmcat-gcc-02, sections 4 and 5): when packets take ever longer, a
//! queue grows, and the rate goes below what arrives. The loss signal is weaker than in that draft on purpose: loss without a
//! growing queue is a bad radio and no reason to send worse pictures; only loss that no radio has counts by itself.
//!
//! Two more make it quick. Packets that come ever later, one after the other, tell of a cliff within a frame or two, and how
//! fast they come tells how deep it is ([`recent`]). Trains of padding tell how much more there is room for ([`probe`]).

mod aimd;
mod arrival;
mod history;
mod probe;
mod recent;
mod trendline;

use std::time::{Duration, Instant};

use crate::feedback::RateMeter;
use crate::rtcp::TccView;
use aimd::RateControl;
use arrival::Groups;
use history::SentPackets;
use probe::{Finding, Prober};
use recent::Recent;
use trendline::{Trendline, Usage};

/// Before anything is known; a phone's uplink share carries as much.
pub const START_BPS: u64 = 600_000;
/// The estimate never goes below: audio and a thumbnail.
pub const MIN_BPS: u64 = 50_000;
/// Loss is judged when this many packets were reported, or after this long.
const LOSS_PACKETS: u32 = 100;
const LOSS_INTERVAL: Duration = Duration::from_secs(1);
/// Fewer say nothing.
const FEW_PACKETS: u32 = 10;
/// Loss above this without delay is no bad radio but a policer or a queue of no depth, if it is so
/// in two windows and beyond what chance makes of a few packets.
const POLICED: f64 = 0.36;
/// With a queue as well, this much loss is congestion.
const CONGESTED: f64 = 0.10;
/// A queue that adds this to the delay is one.
const QUEUED: Duration = Duration::from_millis(60);
/// One that adds this and still grows is no matter of watching a trend.
const SUDDEN: Duration = Duration::from_millis(60);
/// Less than this comes and goes on any radio.
const JITTER: Duration = Duration::from_millis(25);
/// A keyframe comes with a switch to a higher layer, and then it takes a moment to see how that works.
const AFTER_SWITCH: Duration = Duration::from_millis(1500);
/// What IP and UDP add to a datagram: the path carries it as well.
const IP_UDP: usize = 28;

/// The estimate of one transport's outgoing path.
#[derive(Debug)]
pub struct BandwidthEstimator {
    sent: SentPackets,
    groups: Groups,
    trendline: Trendline,
    control: RateControl,
    acked: RateMeter,
    recent: Recent,
    prober: Prober,
    loss: LossWindow,
    /// Loss of the last window, 0 to 1.
    pub loss_fraction: f64,
    feedback_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct LossWindow {
    since: Option<Instant>,
    received: u32,
    lost: u32,
    /// Whether the window before had the loss of a policer.
    policed: bool,
}

impl BandwidthEstimator {
    /// Nothing is known yet.
    ///
    /// `start_bps` is assumed until more is known.
    pub fn new(now: Instant, start_bps: u64) -> Self {
        Self {
            sent: SentPackets::new(now),
            groups: Groups::default(),
            trendline: Trendline::default(),
            control: RateControl::new(start_bps.max(MIN_BPS)),
            acked: RateMeter::default(),
            recent: Recent::default(),
            prober: Prober::default(),
            loss: LossWindow::default(),
            loss_fraction: 0.0,
            feedback_at: None,
        }
    }

    /// A datagram of `size` bytes leaves under transport-wide number `seq`.
    pub fn on_sent(&mut self, now: Instant, seq: u16, size: usize) {
        self.sent.insert(now, seq, size + IP_UDP);
    }

    /// How many padding packets of `packet_size` bytes to send now in order to find room for `wanted_bps`; `None` when
    /// there is enough, no time for it, or a queue already.
    pub fn probe(&mut self, now: Instant, wanted_bps: u64, packet_size: usize) -> Option<usize> {
        let estimate = self.estimate_bps();
        if wanted_bps <= estimate || !self.is_alive(now) || self.queue_delay() > QUEUED {
            return None;
        }
        self.prober.packets(now, estimate, packet_size)
    }

    /// Something that matters more is about to use the path.
    pub fn postpone_probes(&mut self, now: Instant) {
        self.prober.wait(now + AFTER_SWITCH);
    }

    /// The packets of [`BandwidthEstimator::probe`] left under consecutive numbers from `first_seq` on. Each was told to
    /// [`BandwidthEstimator::on_sent`] as well.
    pub fn on_probe_sent(
        &mut self,
        now: Instant,
        first_seq: u16,
        packets: u16,
        packet_size: usize,
    ) {
        let estimate = self.estimate_bps();
        let size = packet_size + IP_UDP;
        self.prober.on_sent(now, first_seq, packets, size, estimate);
    }

    /// The receiver tells what came and when.
    pub fn on_feedback(&mut self, now: Instant, feedback: &TccView<'_>) {
        self.feedback_at = Some(now);
        self.loss.since.get_or_insert(now);
        let mut arrival_us = self.groups.reference(feedback.reference_time);
        let (mut usage, mut newest) = (None, None);
        for (seq, delta_us) in feedback.statuses() {
            newest = Some(seq);
            let Some(delta_us) = delta_us else {
                self.loss.lost += u32::from(self.sent.is_outstanding(seq));
                continue;
            };
            arrival_us += i64::from(delta_us);
            let Some(packet) = self.sent.take(seq) else {
                continue;
            };
            self.loss.received += 1;
            self.acked.add(now, usize::from(packet.size));
            self.recent
                .on_packet(packet.sent_us, arrival_us, packet.size);
            self.prober.on_status(seq, Some(arrival_us));
            let sample = self.groups.on_packet(packet.sent_us, arrival_us);
            if let Some(sample) = sample {
                usage = Some(self.trendline.on_sample(sample));
            }
        }
        if let Some(newest) = newest {
            self.sent.on_report(newest);
        }
        let acked_bps = self.acked.bitrate_bps(now);
        self.judge_delay(now, usage, acked_bps);
        match newest.and_then(|seq| self.prober.result(now, seq)) {
            Some(Finding::Room(bps)) => self.control.on_proof(bps),
            Some(Finding::Limit(bps)) => self.control.on_limit(bps, acked_bps),
            None => {}
        }
        self.judge_loss(now, acked_bps);
    }

    /// Bits per second that can be sent.
    pub fn estimate_bps(&self) -> u64 {
        self.control.rate_bps()
    }

    /// Bytes that are on their way, or in a queue.
    pub fn in_flight(&self) -> u64 {
        self.sent.in_flight()
    }

    /// Whether the path was ever congested, so that the estimate is more than an assumption.
    pub fn met_limit(&self) -> bool {
        self.control.met_limit()
    }

    /// Bits per second that arrived over the last second.
    pub fn acked_bps(&mut self, now: Instant) -> u64 {
        self.acked.bitrate_bps(now)
    }

    /// What the queue on the path adds to the delay at present.
    pub fn queue_delay(&self) -> Duration {
        self.groups.queue_delay().min(self.groups.newest_delay())
    }

    /// Whether feedback comes: without it the estimate means nothing.
    pub fn is_alive(&self, now: Instant) -> bool {
        self.feedback_at
            .is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(5))
    }

    fn judge_delay(&mut self, now: Instant, usage: Option<Usage>, acked_bps: u64) {
        let queue = self.groups.newest_delay();
        let delivered_bps = self.recent.bottleneck_bps(self.groups.shortest_us());
        if let Some(delivered) = delivered_bps
            && queue > SUDDEN
            && self.recent.queue_grows()
        {
            self.prober.on_congestion(now);
            return self.control.on_sudden_queue(now, delivered);
        }
        match usage {
            // What looks like a trend without a queue to speak of is jitter.
            Some(Usage::Over) if queue > JITTER => {
                self.prober.on_congestion(now);
                let delivered = delivered_bps.unwrap_or(acked_bps);
                self.control.on_usage(now, Usage::Over, delivered);
            }
            Some(Usage::Over) | None => {}
            Some(_) if queue > QUEUED => {}
            Some(usage) => self.control.on_usage(now, usage, acked_bps),
        }
    }

    fn judge_loss(&mut self, now: Instant, acked_bps: u64) {
        let total = self.loss.received + self.loss.lost;
        let since = self.loss.since.unwrap_or(now);
        let waited = now.saturating_duration_since(since) >= LOSS_INTERVAL;
        if total < FEW_PACKETS || (total < LOSS_PACKETS && !waited) {
            return;
        }
        self.loss_fraction = f64::from(self.loss.lost) / f64::from(total);
        let chance = 1.0 / f64::from(total).sqrt();
        let policed = self.loss_fraction > POLICED + chance;
        let queued = self.groups.queue_delay() > QUEUED;
        if (policed && self.loss.policed) || (queued && self.loss_fraction > CONGESTED) {
            self.control.on_congestive_loss(now, acked_bps);
        }
        self.loss = LossWindow {
            since: Some(now),
            policed,
            ..LossWindow::default()
        };
    }
}

#[cfg(test)]
mod tests;
