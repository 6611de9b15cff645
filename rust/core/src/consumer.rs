//! A consumer: one producer as one participant receives it. What every packet touches is in
//! [`crate::munger::Munger`]; this is the rest.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::allocation::Step;
use crate::keys::{ProducerKey, TransportKey};
use crate::munger::Shift;
use crate::params::{MediaKind, RtpParameters};
use crate::producer::is_red;
use crate::redundancy::Redundancy;
use crate::rtcp::ReportBlock;
use crate::score::Score;

/// Stretches remembered, for packets that come late and for retransmission. Temporal layers that
/// are left out make one per picture: two seconds' worth.
const STRETCHES: usize = 64;
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

/// A run of packets whose numbers change in one way.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first_in: u64,
    first_out: u64,
    shift: Shift,
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
    /// 1 to 255: its share when the path does not carry everything.
    pub priority: u8,
    /// The most that is wanted: spatial layer or simulcast stream, and temporal layer.
    pub preferred: (u8, u8),
    /// What the path's budget gave it last.
    pub granted: Option<Step>,
    /// Whether the budget leaves it nothing.
    pub starved: bool,
    /// Its RTX stream, when negotiated.
    pub rtx: Option<Rtx>,
    /// Whether the receiver may ask for retransmission.
    pub nack: bool,
    /// Payload types it takes; 255 in places that are not used.
    pub payload_types: [u8; 8],
    /// SSRC.
    pub ssrc: u32,
    /// CNAME.
    pub cname: String,
    stretches: VecDeque<Stretch>,
    resent: [(u64, Option<Instant>); RESENT],
    /// The sender report sent last: its NTP time's middle 32 bits and when.
    pub last_sender_report: Option<(u32, Instant)>,
    /// How well it arrives.
    pub score: Score,
    /// How much redundant audio its losses call for.
    pub redundancy: Redundancy,
    /// When it was scored.
    pub scored: Option<Instant>,
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
        let mut payload_types = [u8::MAX; 8];
        let mut free = payload_types.iter_mut();
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
            } else if !is_red(&codec.mime_type) {
                if let Some(place) = free.next() {
                    *place = codec.payload_type;
                }
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
            priority: 1,
            preferred: (u8::MAX, u8::MAX),
            granted: None,
            starved: false,
            rtx,
            nack,
            payload_types,
            ssrc,
            cname: parameters
                .rtcp
                .as_ref()
                .and_then(|r| r.cname.clone())
                .unwrap_or_default(),
            stretches: VecDeque::with_capacity(STRETCHES),
            resent: [(0, None); RESENT],
            last_sender_report: None,
            score: Score::default(),
            redundancy: Redundancy::default(),
            scored: None,
            stats: ConsumerStats::default(),
        }
    }

    /// Notes that from the producer's number `first_in`, sent as `first_out`, on `shift` holds.
    pub fn note_shift(&mut self, first_in: u64, first_out: u64, shift: Shift) {
        let stretch = Stretch {
            first_in,
            first_out,
            shift,
        };
        // Nothing was sent in a stretch that ends where it begins.
        if let Some(last) = self
            .stretches
            .back_mut()
            .filter(|last| last.first_out == first_out)
        {
            *last = stretch;
            return;
        }
        if self.stretches.len() == STRETCHES {
            self.stretches.pop_front();
        }
        self.stretches.push_back(stretch);
    }

    /// Forgets stretches of numbers that were taken back.
    pub fn forget_from(&mut self, out: u64) {
        while self
            .stretches
            .back()
            .is_some_and(|last| last.first_out >= out)
        {
            self.stretches.pop_back();
        }
    }

    /// The shift of a packet that others of its stream have overtaken.
    pub fn shift_of_late(&self, stream: u8, seq: u64) -> Option<Shift> {
        let own = |it: &&Stretch| it.shift.stream == stream && it.first_in <= seq;
        self.stretches.iter().rev().find(own).map(|it| it.shift)
    }

    /// The producer's number of a packet sent as `out`, and how it was shifted.
    pub fn producer_seq(&self, out: u64) -> Option<(u64, Shift)> {
        let stretch = self.stretches.iter().rev().find(|it| it.first_out <= out)?;
        Some((out.wrapping_add(stretch.shift.seq), stretch.shift))
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
