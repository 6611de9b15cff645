//! The RTCP we send: reports every second, transport-cc feedback, NACK and PLI when they are due.

use std::time::{Duration, Instant};

use rand::Rng;
use videocall_core::rtcp::{ReportBlock, write};
use videocall_core::rtp::Ssrc;

use super::receiver::Receiver;
use super::{Peer, push_datagram};

/// Browsers report video about every second (RFC 3550 section 6.2 for these rates).
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
const CNAME: &str = "videocall-client";
/// Room for SRTCP's tag and index.
const MAX_OVERHEAD: usize = 32;

impl Peer {
    /// Starts the report timer once connected.
    pub(super) fn start_reports(&mut self, now: Instant) {
        if self.srtp.is_some() && self.report_at.is_none() {
            self.report_at = Some(now + self.report_interval());
        }
    }

    pub(super) fn send_due_feedback(&mut self, now: Instant) {
        if self.srtp.is_none() {
            return;
        }
        self.send_nacks(now);
        let (us, media) = (self.our_ssrc(), self.a_media_ssrc());
        if let Some(feedback) = &mut self.transport_cc {
            let mut rtcp = std::mem::take(&mut self.rtcp);
            if feedback.build(now, us, media, &mut rtcp) {
                self.send_rtcp(&mut rtcp);
            }
            self.rtcp = rtcp;
        }
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = Some(now + self.report_interval());
            self.send_reports(now);
        }
    }

    /// Asks for a key frame of the stream with this index.
    pub fn request_key_frame(&mut self, receiver: usize) {
        let mut rtcp = std::mem::take(&mut self.rtcp);
        if let Some(receiver) = self.receivers.get(receiver) {
            write::pli(&mut rtcp, self.our_ssrc(), receiver.ssrc());
            self.send_rtcp(&mut rtcp);
        }
        self.rtcp = rtcp;
    }

    fn send_nacks(&mut self, now: Instant) {
        let (us, round_trip) = (self.our_ssrc(), self.round_trip());
        let mut rtcp = std::mem::take(&mut self.rtcp);
        for receiver in &mut self.receivers {
            if receiver.next_timeout().is_none_or(|at| at > now) {
                continue;
            }
            self.nacks.clear();
            let gave_up = receiver.poll_nacks(now, round_trip, &mut self.nacks);
            if !self.nacks.is_empty() {
                write::nack(&mut rtcp, us, receiver.ssrc(), &self.nacks);
            }
            if gave_up {
                write::pli(&mut rtcp, us, receiver.ssrc());
            }
        }
        if !rtcp.is_empty() {
            self.send_rtcp(&mut rtcp);
        }
        self.rtcp = rtcp;
    }

    /// Sender reports for what we send, receiver reports for what we receive (RFC 3550 section 6.4).
    fn send_reports(&mut self, now: Instant) {
        let us = self.our_ssrc();
        let ntp = self.ntp(now);
        let blocks: Vec<ReportBlock> = self
            .receivers
            .iter_mut()
            .filter_map(|receiver| receiver.report(now))
            .collect();
        let mut blocks = blocks.chunks(write::MAX_BLOCKS);
        let mut rtcp = std::mem::take(&mut self.rtcp);
        let mut named = Vec::new();
        for sender in &self.senders {
            if let Some(info) = sender.sender_info(now, ntp) {
                let reports = blocks.next().unwrap_or_default();
                write::sender_report(&mut rtcp, sender.ssrc(), &info, reports);
                named.push(sender.ssrc());
            }
        }
        for reports in blocks {
            write::receiver_report(&mut rtcp, us, reports);
        }
        if rtcp.is_empty() {
            write::receiver_report(&mut rtcp, us, &[]);
        }
        for ssrc in named {
            write::sdes_cname(&mut rtcp, ssrc, CNAME);
        }
        self.send_rtcp(&mut rtcp);
        self.rtcp = rtcp;
    }

    /// Protects and queues a compound packet, and empties it.
    fn send_rtcp(&mut self, rtcp: &mut Vec<u8>) {
        if let (Some((tx, _)), Some(remote)) = (&mut self.srtp, self.ice.selected()) {
            let len = rtcp.len();
            rtcp.resize(len + MAX_OVERHEAD, 0);
            if let Ok(len) = tx.protect_rtcp(rtcp, len) {
                push_datagram(&mut self.transmits, remote, &rtcp[..len]);
            }
        }
        rtcp.clear();
    }

    fn report_interval(&mut self) -> Duration {
        // RFC 3550 section 6.3.1: half to one and a half, so that peers do not report together.
        REPORT_INTERVAL.mul_f64(self.rng.random_range(0.5..1.5))
    }

    fn our_ssrc(&self) -> Ssrc {
        self.senders
            .first()
            .map_or(self.report_ssrc, |sender| sender.ssrc())
    }

    fn a_media_ssrc(&self) -> Ssrc {
        self.receivers.first().map_or(Ssrc(0), Receiver::ssrc)
    }

    fn ntp(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.started).as_nanos();
        self.config
            .ntp_at_start
            .wrapping_add(((since << 32) / 1_000_000_000) as u64)
    }
}
