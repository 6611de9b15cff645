//! One stream that is received.

use std::time::{Duration, Instant};

use videocall_core::feedback::{NackGenerator, ReceiverReportState};
use videocall_core::rtcp::{ReportBlock, SenderInfo};
use videocall_core::rtp::{RtpHeader, SeqNo, Ssrc, Unwrapper, VideoCodec, is_keyframe};

use super::Received;
use crate::config::{ReceiveStream, StreamKind};
use crate::stats::ReceiveStats;

pub(super) struct Receiver {
    stream: ReceiveStream,
    unwrapper: Unwrapper,
    report: ReceiverReportState,
    nack: Option<NackGenerator>,
    stats: ReceiveStats,
}

impl Receiver {
    pub(super) fn new(stream: ReceiveStream) -> Self {
        Self {
            stream,
            unwrapper: Unwrapper::default(),
            report: ReceiverReportState::new(stream.ssrc),
            nack: stream.nack.then(NackGenerator::new),
            stats: ReceiveStats::default(),
        }
    }

    /// Whether the stream or its retransmissions have this SSRC.
    #[inline]
    pub(super) fn owns(&self, ssrc: Ssrc) -> bool {
        self.stream.ssrc == ssrc || self.stream.rtx.is_some_and(|rtx| rtx.ssrc == ssrc)
    }

    pub(super) fn ssrc(&self) -> Ssrc {
        self.stream.ssrc
    }

    /// Takes a decrypted packet. `None` when it has no payload, or none that can be read.
    pub(super) fn on_packet(
        &mut self,
        now: Instant,
        stream: usize,
        header: &RtpHeader,
        packet: &[u8],
    ) -> Option<Received> {
        let mut payload = header.payload_range(packet).ok()?;
        let kind = self.stream.kind;
        let repaired = header.ssrc != self.stream.ssrc;
        let sequence;
        if repaired {
            // Padding alone probes the bandwidth (RFC 4588 has no other use for it).
            let &[high, low] = packet.get(payload.start..payload.start + 2)? else {
                return None;
            };
            if payload.len() < 2 {
                return None;
            }
            payload.start += 2;
            sequence = self
                .unwrapper
                .unwrap(SeqNo(u16::from_be_bytes([high, low])));
            self.stats.recovered += 1;
            if let Some(nack) = &mut self.nack {
                nack.on_recovered(sequence);
            }
        } else {
            sequence = self.unwrapper.unwrap(header.sequence_number);
            self.stats.packets += 1;
            self.stats.payload_bytes += payload.len() as u64;
            self.report
                .on_packet(now, sequence, header.timestamp, kind.clock_rate());
            if let Some(nack) = &mut self.nack {
                nack.on_packet(now, sequence);
            }
        }
        if payload.is_empty() {
            return None;
        }
        self.stats.markers += u64::from(header.marker);
        let key =
            kind == StreamKind::Video && is_keyframe(VideoCodec::Vp8, &packet[payload.clone()]);
        self.stats.key_frames += u64::from(key);
        Some(Received {
            stream,
            kind,
            sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            repaired,
            payload,
        })
    }

    pub(super) fn on_sender_report(&mut self, now: Instant, info: &SenderInfo) {
        self.stats.sender_reports += 1;
        self.report.on_sender_report(now, info);
    }

    /// The report block, once there is something to report.
    pub(super) fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        (self.stats.packets > 0).then(|| self.report.report(now))
    }

    /// Appends what is to be asked for again; true when only a key frame helps.
    pub(super) fn poll_nacks(
        &mut self,
        now: Instant,
        round_trip: Duration,
        out: &mut Vec<u16>,
    ) -> bool {
        let Some(nack) = &mut self.nack else {
            return false;
        };
        let before = out.len();
        let gave_up = nack.poll(now, round_trip, out) && self.stream.kind == StreamKind::Video;
        self.stats.nacked += (out.len() - before) as u64;
        self.stats.plis += u64::from(gave_up);
        gave_up
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.nack.as_ref().and_then(NackGenerator::next_timeout)
    }

    pub(super) fn stats(&self) -> ReceiveStats {
        let mut stats = self.stats;
        stats.lost = if stats.packets > 0 {
            self.report.packets_lost()
        } else {
            0
        };
        stats.jitter = self.report.jitter();
        stats
    }
}
