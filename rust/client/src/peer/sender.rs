//! One stream that is sent.

use std::time::Instant;

use rand::Rng;
use videocall_core::rtcp::{ReportBlock, SenderInfo};
use videocall_core::rtp::{HeaderFields, SeqNo, Ssrc};
use videocall_core::srtp::SrtpTx;

use super::extensions::{Values, write_header};
use super::{Frame, PeerError};
use crate::config::{ExtensionIds, SendStream, StreamKind};
use crate::payload::{self, Stamp};
use crate::stats::SendStats;

/// Packets kept for retransmission: more than a second at 1.5 Mbit/s. A power of two.
const HISTORY: usize = 512;
/// Room for header, tag and the retransmission's two bytes in a datagram of 1,500.
const MAX_PAYLOAD: usize = 1_300;
const DATAGRAM_LEN: usize = 1_500;
/// Speech at -30 dBov, unless told otherwise (RFC 6464).
const AUDIO_LEVEL: u8 = 30;
/// The voice flag beside the level.
const VOICE: u8 = 0x80;

/// What the transport lends for sending.
pub(super) struct Context<'a> {
    pub(super) tx: &'a SrtpTx,
    pub(super) extensions: &'a ExtensionIds,
    pub(super) transport_sequence: &'a mut u16,
    pub(super) abs_send_time: [u8; 3],
}

pub(super) struct Sender {
    stream: SendStream,
    /// SRTP index of the next packet: it starts below 2^15 (RFC 3711 section 3.3.1).
    next: u64,
    next_rtx: u64,
    timestamp_offset: u32,
    /// When the last frame was sent, and its RTP timestamp.
    last: Option<(Instant, u32)>,
    history: Vec<Kept>,
    audio_level: u8,
    stats: SendStats,
}

/// A packet for retransmission. With RTX `bytes` is the payload; without, the datagram as it was
/// sealed: the same index must not seal anything else.
#[derive(Clone, Default)]
struct Kept {
    index: u64,
    timestamp: u32,
    marker: bool,
    bytes: Vec<u8>,
}

impl Sender {
    pub(super) fn new(stream: SendStream, rng: &mut impl Rng) -> Self {
        Self {
            stream,
            next: rng.random_range(1..1 << 15),
            next_rtx: rng.random_range(1..1 << 15),
            timestamp_offset: rng.random(),
            last: None,
            history: vec![Kept::default(); HISTORY],
            audio_level: AUDIO_LEVEL,
            stats: SendStats::default(),
        }
    }

    pub(super) fn set_audio_level(&mut self, level: u8) {
        self.audio_level = level;
    }

    pub(super) fn ssrc(&self) -> Ssrc {
        self.stream.ssrc
    }

    pub(super) fn stats(&self) -> SendStats {
        self.stats
    }

    pub(super) fn send_frame(
        &mut self,
        now: Instant,
        frame: &Frame<'_>,
        context: Context<'_>,
        mut send: impl FnMut(&[u8]),
    ) -> Result<(), PeerError> {
        let kind = self.stream.kind;
        let fits = payload::min_len(kind)..=MAX_PAYLOAD;
        if let Some(wrong) = frame.payload_sizes.iter().find(|len| !fits.contains(len)) {
            return Err(PeerError::PayloadSize(*wrong));
        }
        let timestamp = frame.timestamp.wrapping_add(self.timestamp_offset);
        let stamp = Stamp {
            sent_ns: frame.sent_ns,
            frame: self.stats.frames as u32,
        };
        let count = frame.payload_sizes.len();
        for (i, len) in frame.payload_sizes.iter().enumerate() {
            // Opus' marker begins a talkspurt (RFC 3551 section 4.1), VP8's ends a frame.
            let marker = kind == StreamKind::Video && i + 1 == count;
            let mut buf = [0u8; DATAGRAM_LEN];
            let header_len = self.header(&mut buf, self.next, timestamp, marker, false, &context);
            let end = header_len + len;
            payload::write(kind, i == 0, frame.key, stamp, &mut buf[header_len..end]);
            *context.transport_sequence = context.transport_sequence.wrapping_add(1);
            let kept = &mut self.history[self.next as usize % HISTORY];
            (kept.index, kept.timestamp, kept.marker) = (self.next, timestamp, marker);
            kept.bytes.clear();
            if self.stream.rtx.is_some() {
                kept.bytes.extend_from_slice(&buf[header_len..end]);
            }
            // The buffer has room, and header and payload were just written.
            let Ok(end) = context.tx.protect_rtp(&mut buf, header_len, end, self.next) else {
                continue;
            };
            if self.stream.rtx.is_none() {
                kept.bytes.extend_from_slice(&buf[..end]);
            }
            send(&buf[..end]);
            self.next += 1;
            self.stats.packets += 1;
            self.stats.payload_bytes += *len as u64;
        }
        self.stats.frames += 1;
        self.last = Some((now, timestamp));
        Ok(())
    }

    /// Answers a NACK for one sequence number, if the packet is still there.
    pub(super) fn resend(&mut self, sequence: u16, context: Context<'_>, send: impl FnOnce(&[u8])) {
        self.stats.nacks_received += 1;
        let ahead = (self.next as u16).wrapping_sub(sequence);
        let Some(index) = self.next.checked_sub(u64::from(ahead)) else {
            return;
        };
        let kept = &self.history[index as usize % HISTORY];
        if kept.index != index || kept.bytes.is_empty() {
            return;
        }
        self.stats.retransmitted += 1;
        if self.stream.rtx.is_none() {
            return send(&kept.bytes);
        }
        let mut buf = [0u8; DATAGRAM_LEN];
        let (timestamp, marker) = (kept.timestamp, kept.marker);
        let header_len = self.header(&mut buf, self.next_rtx, timestamp, marker, true, &context);
        // RFC 4588 section 4: the original sequence number comes first.
        buf[header_len..header_len + 2].copy_from_slice(&sequence.to_be_bytes());
        let end = header_len + 2 + kept.bytes.len();
        buf[header_len + 2..end].copy_from_slice(&kept.bytes);
        *context.transport_sequence = context.transport_sequence.wrapping_add(1);
        if let Ok(end) = context
            .tx
            .protect_rtp(&mut buf, header_len, end, self.next_rtx)
        {
            send(&buf[..end]);
        }
        self.next_rtx += 1;
    }

    pub(super) fn key_frame_requested(&mut self) {
        self.stats.key_frame_requests += 1;
    }

    pub(super) fn on_report(&mut self, report: &ReportBlock) {
        self.stats.reports_received += 1;
        self.stats.fraction_lost = report.fraction_lost;
    }

    /// What a sender report says now; none before the first packet.
    pub(super) fn sender_info(&self, now: Instant, ntp: u64) -> Option<SenderInfo> {
        let (at, timestamp) = self.last?;
        let since = now.saturating_duration_since(at).as_nanos();
        let ticks = since * u128::from(self.stream.kind.clock_rate()) / 1_000_000_000;
        Some(SenderInfo {
            ntp,
            rtp_timestamp: timestamp.wrapping_add(ticks as u32),
            packet_count: self.stats.packets as u32,
            octet_count: self.stats.payload_bytes as u32,
        })
    }

    fn header(
        &self,
        buf: &mut [u8],
        index: u64,
        timestamp: u32,
        marker: bool,
        repaired: bool,
        context: &Context<'_>,
    ) -> usize {
        let stream = &self.stream;
        let (ssrc, payload_type) = match stream.rtx {
            Some(rtx) if repaired => (rtx.ssrc, rtx.payload_type),
            _ => (stream.ssrc, stream.payload_type),
        };
        let sequence_number = SeqNo(index as u16);
        let fields = HeaderFields {
            marker,
            payload_type,
            sequence_number,
            timestamp,
            ssrc,
        };
        let values = Values {
            mid: stream.mid,
            rid: stream.rid,
            repaired,
            transport_sequence: *context.transport_sequence,
            abs_send_time: context.abs_send_time,
            audio_level: (stream.kind == StreamKind::Audio).then_some(VOICE | self.audio_level),
        };
        // Ids outside 1..=14 cannot be written in the one-byte form; such a packet goes without.
        write_header(buf, &fields, context.extensions, &values)
            .or_else(|_| write_header(buf, &fields, &ExtensionIds::default(), &values))
            .unwrap_or(0)
    }
}
