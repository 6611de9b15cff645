//! What a receiver report says about one stream (RFC 3550 §6.4.1, appendices A.3 and A.8).

use std::time::{Duration, Instant};

use crate::{
    rtcp::{ReportBlock, SenderInfo},
    rtp::Ssrc,
};

/// Loss and jitter of one received stream.
///
/// Feed it what came on the stream's own SSRC. Packets repaired over RTX are another stream: counting them here would
/// hide the loss from the sender.
#[derive(Clone, Debug)]
pub struct ReceiverReportState {
    ssrc: Ssrc,
    base: u64,
    highest: u64,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    jitter: Jitter,
    sender_report: Option<(Instant, SenderInfo)>,
}

impl ReceiverReportState {
    /// A stream of which nothing has come yet.
    #[must_use]
    pub fn new(ssrc: Ssrc) -> Self {
        Self {
            ssrc,
            base: 0,
            highest: 0,
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            jitter: Jitter::default(),
            sender_report: None,
        }
    }

    /// A packet arrived: `ext_seq` unwrapped, `rtp_ts` in units of `clock_rate` (Hz).
    pub fn on_packet(&mut self, now: Instant, ext_seq: u64, rtp_ts: u32, clock_rate: u32) {
        if self.received == 0 {
            (self.base, self.highest) = (ext_seq, ext_seq);
        }
        // The first packet may have been overtaken.
        self.base = self.base.min(ext_seq);
        self.highest = self.highest.max(ext_seq);
        self.received += 1;
        self.jitter.update(now, rtp_ts, clock_rate);
    }

    /// A sender report about this stream arrived.
    pub fn on_sender_report(&mut self, now: Instant, info: &SenderInfo) {
        self.sender_report = Some((now, *info));
    }

    /// The last sender report and when it came.
    #[must_use]
    pub fn last_sender_report(&self) -> Option<(Instant, SenderInfo)> {
        self.sender_report
    }

    /// The report block for this moment; the next fraction lost counts from here.
    pub fn report(&mut self, now: Instant) -> ReportBlock {
        let expected = self.expected();
        // Overtaken packets can lower `base` between two reports, so neither difference is sure to be positive.
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received - self.received_prior;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction_lost = (lost_interval * 256)
            .checked_div(expected_interval)
            .unwrap_or(0);
        (self.expected_prior, self.received_prior) = (expected, self.received);
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: fraction_lost.min(255) as u8,
            cumulative_lost: self.packets_lost().clamp(-0x80_0000, 0x7F_FFFF) as i32,
            // On the wire cycles count from the first packet's, wherever the unwrapping started.
            highest_seq: (self.highest - (self.base & !0xFFFF)) as u32,
            jitter: self.jitter(),
            last_sr: self
                .sender_report
                .map_or(0, |(_, info)| (info.ntp >> 16) as u32),
            delay_since_last_sr: self
                .sender_report
                .map_or(0, |(at, _)| short_time(now.saturating_duration_since(at))),
        }
    }

    /// Packets lost in all; negative when duplicates outnumber the losses.
    #[must_use]
    pub fn packets_lost(&self) -> i64 {
        self.expected() as i64 - self.received as i64
    }

    /// Packets received in all, duplicates included.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.received
    }

    /// Interarrival jitter in timestamp units.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        self.jitter.scaled >> 4
    }

    /// Packets that the sender has sent, as far as the numbers tell.
    #[must_use]
    pub fn expected(&self) -> u64 {
        if self.received == 0 {
            0
        } else {
            self.highest - self.base + 1
        }
    }
}

/// In 1/65536 s, saturated.
fn short_time(duration: Duration) -> u32 {
    u32::try_from((duration.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// The estimator of RFC 3550 appendix A.8, scaled by 16.
#[derive(Clone, Copy, Debug, Default)]
struct Jitter {
    last: Option<(Instant, u32, u32)>,
    scaled: u32,
}

impl Jitter {
    fn update(&mut self, now: Instant, rtp_ts: u32, clock_rate: u32) {
        let last = self.last.replace((now, rtp_ts, clock_rate));
        let Some((then, last_ts, last_rate)) = last else {
            return;
        };
        // After a change of clock the two timestamps cannot be compared.
        if last_rate != clock_rate {
            return;
        }
        let elapsed = now.saturating_duration_since(then).as_nanos();
        let elapsed = (elapsed * u128::from(clock_rate) / 1_000_000_000) as u32;
        let difference = elapsed.wrapping_sub(rtp_ts.wrapping_sub(last_ts)) as i32;
        // A jump of the sender's clock is no jitter: what exceeds 8 s is left out, which also keeps the sum bounded.
        if difference.unsigned_abs() > clock_rate.saturating_mul(8) {
            return;
        }
        self.scaled = self
            .scaled
            .saturating_add(difference.unsigned_abs())
            .saturating_sub((self.scaled.saturating_add(8)) >> 4);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::{SeqNo, Unwrapper};

    const BASE: u64 = (1 << 16) + 1000;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn counts_losses_by_interval_and_in_all() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        for seq in (0..100).filter(|seq| seq % 4 != 1) {
            state.on_packet(start, BASE + seq, 0, 90_000);
        }
        let report = state.report(start);
        assert_eq!(report.ssrc, Ssrc(7));
        assert_eq!(report.fraction_lost, 64);
        assert_eq!(report.cumulative_lost, 25);
        assert_eq!(report.highest_seq, 1099);
        for seq in 100..200 {
            state.on_packet(start, BASE + seq, 0, 90_000);
        }
        let report = state.report(start);
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, 25));
        assert_eq!(state.report(start).fraction_lost, 0, "an empty interval");
        assert_eq!(state.packets_received(), 175);
    }

    #[test]
    fn duplicates_make_the_loss_negative() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        for _ in 0..3 {
            state.on_packet(start, BASE, 0, 90_000);
        }
        let report = state.report(start);
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, -2));
        assert_eq!(state.packets_lost(), -2);
    }

    #[test]
    fn an_overtaken_first_packet_is_no_duplicate() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        state.on_packet(start, BASE + 1, 0, 90_000);
        state.on_packet(start, BASE, 0, 90_000);
        assert_eq!(state.packets_lost(), 0);
    }

    #[test]
    fn counts_cycles_on_the_wire_from_zero() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        let mut unwrapper = Unwrapper::default();
        for seq in [65_534, 65_535, 0, 1] {
            state.on_packet(start, unwrapper.unwrap(SeqNo(seq)), 0, 90_000);
        }
        assert_eq!(state.report(start).highest_seq, (1 << 16) + 1);
    }

    #[test]
    fn reports_the_delay_since_the_sender_report() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        let report = state.report(start);
        assert_eq!((report.last_sr, report.delay_since_last_sr), (0, 0));
        let info = SenderInfo {
            ntp: 0x1111_2222_3333_4444,
            rtp_timestamp: 0,
            packet_count: 0,
            octet_count: 0,
        };
        state.on_sender_report(start, &info);
        let report = state.report(start + ms(1500));
        assert_eq!(report.last_sr, 0x2222_3333);
        assert_eq!(report.delay_since_last_sr, 3 << 15);
        assert_eq!(state.last_sender_report(), Some((start, info)));
    }

    #[test]
    fn steady_arrival_has_no_jitter_and_alternating_arrival_converges() {
        let start = Instant::now();
        let mut steady = ReceiverReportState::new(Ssrc(7));
        let mut uneven = ReceiverReportState::new(Ssrc(7));
        for step in 0..500u64 {
            let ts = (u32::MAX - 9600).wrapping_add(step as u32 * 960);
            steady.on_packet(start + ms(20 * step), BASE + step, ts, 48_000);
            let late = if step % 2 == 0 { 10 } else { 0 };
            uneven.on_packet(start + ms(20 * step + late), BASE + step, ts, 48_000);
        }
        assert_eq!(steady.jitter(), 0);
        // |D| is 10 ms, 480 units, each time.
        assert!(
            (470..=480).contains(&uneven.jitter()),
            "{}",
            uneven.jitter()
        );
    }

    #[test]
    fn a_change_of_clock_or_a_jump_is_no_jitter() {
        let start = Instant::now();
        let mut state = ReceiverReportState::new(Ssrc(7));
        state.on_packet(start, BASE, 0, 48_000);
        state.on_packet(start + ms(20), BASE + 1, 123_456, 8_000);
        state.on_packet(start + ms(40), BASE + 2, 2_000_000_000, 8_000);
        assert_eq!(state.jitter(), 0);
    }

    proptest! {
        #[test]
        fn any_input_gives_a_sane_report(packets in prop::collection::vec((0u64..1 << 20, any::<u32>(), 0u64..10_000, 0u32..200_000), 1..200)) {
            let mut now = Instant::now();
            let mut state = ReceiverReportState::new(Ssrc(7));
            for (index, (seq, ts, wait, rate)) in packets.into_iter().enumerate() {
                now += ms(wait);
                state.on_packet(now, (1 << 16) + seq, ts, rate);
                if index % 7 == 0 {
                    let report = state.report(now);
                    prop_assert!((-0x80_0000..=0x7F_FFFF).contains(&report.cumulative_lost));
                }
            }
        }

        /// Without duplicates the sum of the losses by interval is the loss in all.
        #[test]
        fn losses_add_up(lost in prop::collection::vec(any::<bool>(), 2..500)) {
            let now = Instant::now();
            let mut state = ReceiverReportState::new(Ssrc(7));
            state.on_packet(now, BASE, 0, 90_000);
            let mut last = 0;
            for (seq, _) in lost.iter().enumerate().filter(|(_, lost)| !**lost) {
                last = seq + 1;
                state.on_packet(now, BASE + last as u64, 0, 90_000);
            }
            let want = lost[..last].iter().filter(|lost| **lost).count() as i64;
            prop_assert_eq!(state.packets_lost(), want);
            let report = state.report(now);
            prop_assert_eq!(i64::from(report.fraction_lost), (want * 256) / (last as i64 + 1));
        }
    }
}
