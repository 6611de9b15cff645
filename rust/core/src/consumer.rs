//! A consumer: one producer as one participant receives it. What every packet touches is in
//! [`crate::munger::Munger`]; this is the rest.

use std::time::{Duration, Instant};

use crate::keys::{ProducerKey, TransportKey};
use crate::params::{MediaKind, RtpParameters};
use crate::rtcp::ReportBlock;

/// Switches remembered for retransmission requests that name packets from before them.
const SWITCHES: usize = 8;
/// Requests remembered, so that one packet is not sent twice within [`RESEND_INTERVAL`].
const RESENT: usize = 64;
/// A receiver that asks again sooner than this has not waited for the first answer.
const RESEND_INTERVAL: Duration = Duration::from_millis(15);

/// The RTX stream of a consumer (RFC 4588).
#[derive(Debug)]
pub struct Rtx {
    /// Its SSRC.
    pub ssrc: u32,
    /// Its next extended sequence number.
    pub next_seq: u64,
    /// RTX payload type by media payload type; 0 where there is none.
    pub payload_types: Box<[u8; 128]>,
}

/// A consumer.
#[derive(Debug)]
pub struct Consumer {
    /// Id given by Python.
    pub id: String,
    /// Where it is sent.
    pub transport: TransportKey,
    /// What it is fed by.
    pub producer: ProducerKey,
    /// Place of its [`crate::munger::Munger`] in the producer's list.
    pub munger: usize,
    /// Audio or video.
    pub kind: MediaKind,
    /// Paused by its participant.
    pub paused: bool,
    /// Its RTX stream, when negotiated.
    pub rtx: Option<Rtx>,
    /// Whether the receiver may ask for retransmission.
    pub nack: bool,
    /// Payload types it takes, one bit each.
    pub payload_types: u128,
    /// SSRC.
    pub ssrc: u32,
    /// CNAME.
    pub cname: String,
    /// (first out number, in - out), newest last.
    switches: Vec<(u64, u64)>,
    resent: [(u64, Option<Instant>); RESENT],
    /// The sender report sent last: its NTP time's middle 32 bits and when.
    pub last_sender_report: Option<(u32, Instant)>,
    /// Counters.
    pub stats: ConsumerStats,
}

/// Counters of a [`Consumer`].
#[derive(Debug, Default, Clone, Copy)]
pub struct ConsumerStats {
    /// Sequence numbers the receiver asked for.
    pub nacked: u64,
    /// Of those, sent again.
    pub retransmitted: u64,
    /// Keyframe requests received.
    pub plis: u64,
    /// The newest receiver report.
    pub fraction_lost: u8,
    /// Cumulative loss it told.
    pub packets_lost: i32,
    /// Jitter it told, in clock units.
    pub jitter: u32,
    /// Round trip to the receiver.
    pub round_trip_time: Option<Duration>,
}

impl Consumer {
    /// A consumer from negotiated parameters. `rtx_seq` is its RTX stream's first number.
    pub fn new(
        id: String,
        transport: TransportKey,
        producer: ProducerKey,
        kind: MediaKind,
        parameters: &RtpParameters,
        ssrc: u32,
        rtx_seq: u16,
    ) -> Self {
        let mut payload_types = 0u128;
        let mut rtx_types = Box::new([0u8; 128]);
        let mut nack = false;
        for codec in parameters
            .codecs
            .iter()
            .filter(|codec| codec.payload_type < 128)
        {
            let apt = codec
                .parameters
                .get("apt")
                .and_then(serde_json::Value::as_u64);
            if codec.mime_type.to_ascii_lowercase().ends_with("/rtx") {
                if let Some(apt) = apt.filter(|&apt| apt < 128) {
                    rtx_types[apt as usize] = codec.payload_type;
                }
            } else {
                payload_types |= 1 << codec.payload_type;
                nack |= codec.rtcp_feedback.iter().any(|f| {
                    f.r#type == "nack" && f.parameter.as_deref().unwrap_or_default().is_empty()
                });
            }
        }
        let rtx = parameters.encodings[0].rtx.as_ref().map(|rtx| Rtx {
            ssrc: rtx.ssrc,
            next_seq: u64::from(rtx_seq),
            payload_types: rtx_types,
        });
        Self {
            id,
            transport,
            producer,
            munger: 0,
            kind,
            paused: true,
            rtx,
            nack,
            payload_types,
            ssrc,
            cname: parameters
                .rtcp
                .as_ref()
                .and_then(|r| r.cname.clone())
                .unwrap_or_default(),
            switches: Vec::with_capacity(SWITCHES),
            resent: [(0, None); RESENT],
            last_sender_report: None,
            stats: ConsumerStats::default(),
        }
    }

    /// Notes that from `out` on, `in - out` is `shift`.
    pub fn on_switch(&mut self, out: u64, shift: u64) {
        if self.switches.len() == SWITCHES {
            self.switches.remove(0);
        }
        self.switches.push((out, shift));
    }

    /// The producer's number of a packet sent as `out`.
    pub fn producer_seq(&self, out: u64) -> Option<u64> {
        let (_, shift) = self.switches.iter().rev().find(|(from, _)| *from <= out)?;
        Some(out.wrapping_add(*shift))
    }

    /// Whether to answer a request for `out` now; not again within a short while.
    pub fn may_resend(&mut self, out: u64, now: Instant) -> bool {
        let entry = &mut self.resent[out as usize % RESENT];
        if let (seq, Some(at)) = *entry
            && seq == out
            && now.saturating_duration_since(at) < RESEND_INTERVAL
        {
            return false;
        }
        *entry = (out, Some(now));
        true
    }

    /// Takes a report block about this consumer (RFC 3550, 6.4.1).
    pub fn on_report(&mut self, block: &ReportBlock, now: Instant) {
        self.stats.fraction_lost = block.fraction_lost;
        self.stats.packets_lost = block.cumulative_lost;
        self.stats.jitter = block.jitter;
        if let Some((ntp, sent)) = self.last_sender_report
            && ntp == block.last_sr
            && block.last_sr != 0
        {
            let elapsed = now.saturating_duration_since(sent);
            let held = Duration::from_secs_f64(f64::from(block.delay_since_last_sr) / 65_536.0);
            self.stats.round_trip_time = elapsed.checked_sub(held);
        }
    }
}
