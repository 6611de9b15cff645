//! What changes in a packet on its way to one consumer: SSRC, sequence number, timestamp and
//! header extensions. This is the state the forward path touches for every packet.

use crate::cache::Packet;
use crate::extension::OutgoingExtensions;
use crate::keys::{ConsumerKey, TransportKey};
use crate::params::RtpParameters;
use crate::producer::is_red;
use crate::rtp::PictureLayers;

/// Room a rewritten header needs at most: 12 fixed, 4 of extension header, [`PREFIX_SIZE`] made
/// by us, 32 passed on.
pub const MAX_HEADER: usize = 12 + 4 + PREFIX_SIZE + 32;
const PREFIX_SIZE: usize = 16;
const NONE: u8 = u8::MAX;

/// What is added to or taken from the numbers of one stretch of packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    /// Sequence numbers: out = in - this (wrapping).
    pub seq: u64,
    /// Timestamps: out = in + this.
    pub timestamp: u32,
    /// VP8 picture ids: out = in + this.
    pub picture: u16,
    /// VP8 TL0PICIDX: out = in + this.
    pub tl0: u8,
    /// Index of the producer's stream that the stretch is of.
    pub stream: u8,
}

/// Hot state of one consumer, kept contiguous per producer.
#[derive(Debug)]
pub struct Munger {
    /// Whose it is.
    pub consumer: ConsumerKey,
    /// Where its packets go.
    pub transport: TransportKey,
    /// Payload types it takes; [`NONE`] in places that are not used.
    payload_types: [u8; 8],
    shift: Shift,
    /// Packets below this belong to before the last switch.
    sync_from: u64,
    /// The highest number seen since.
    last_in: u64,
    /// The highest number sent.
    last_out: u64,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub bytes: u64,
    ssrc: u32,
    /// The timestamp sent last.
    pub last_timestamp: u32,
    prefix: [u8; PREFIX_SIZE],
    last_picture: u16,
    last_tl0: u8,
    prefix_len: u8,
    abs_send_time_at: u8,
    transport_cc_at: u8,
    passed_on: [u8; crate::extension::PASSED_ON],
    /// Payload type of redundant audio (RFC 2198); [`NONE`] when the receiver does not take it.
    red: u8,
    /// How many earlier payloads go with each.
    pub redundancy: u8,
    /// The highest of the producer's streams, or spatial layers of its one stream, it is to be given.
    pub target_stream: u8,
    /// The highest temporal layer it is to be given.
    pub target_temporal: u8,
    /// The highest temporal layer it is given now.
    temporal: u8,
    /// The highest spatial layer it is given now, where one stream has several.
    spatial: u8,
    /// Whether its one stream has several spatial layers.
    pub svc: bool,
    /// Whether the next picture of a higher temporal layer can be decoded.
    may_rise: bool,
    /// Whether anything is sent at all.
    pub active: bool,
    /// Whether the stream it was given is too much, and the next one's keyframe is awaited.
    pub halted: bool,
    /// Whether the next packet starts anew; video then waits for a keyframe.
    pub resync: bool,
    needs_keyframe: bool,
}

/// What [`Munger::admit`] decided.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Not for this consumer.
    Skip,
    /// Left out of the numbers: those that follow close the gap. The shift has changed.
    Dropped,
    /// Overtaken by later ones: its shift is the one of its own stretch.
    Late,
    /// Send it under this extended sequence number.
    Send(u64),
    /// The same, and a new stretch begins with it.
    Switched(u64),
}

/// Per-send values, made once per flush or packet.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// 24-bit absolute send time.
    pub abs_send_time: [u8; 3],
    /// Transport-wide sequence number.
    pub transport_cc: u16,
}

/// How one packet is rewritten.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite {
    /// Extended sequence number it is sent under.
    pub seq: u64,
    /// Its stretch's shift.
    pub shift: Shift,
    /// Timestamp as the receiver counts.
    pub timestamp: u32,
    /// Payload type as the receiver counts.
    pub payload_type: u8,
    /// Whether it ends a frame.
    pub marker: bool,
    /// RTP padding.
    pub padding: u8,
    /// Values of this send.
    pub stamp: Stamp,
}

impl Rewrite {
    /// A packet sent as `seq` with its stretch's shift, unpadded.
    pub fn new(packet: &Packet, seq: u64, shift: Shift, stamp: Stamp) -> Self {
        Self {
            seq,
            shift,
            timestamp: packet.timestamp.wrapping_add(shift.timestamp),
            payload_type: packet.payload_type.0,
            marker: packet.marker,
            padding: 0,
            stamp,
        }
    }
}

impl Munger {
    /// `first_out` is the first sequence number; its ROC is 0 (RFC 3711, 3.3.1).
    pub fn new(
        consumer: ConsumerKey,
        transport: TransportKey,
        ssrc: u32,
        first_out: u16,
        payload_types: [u8; 8],
        needs_keyframe: bool,
        parameters: &RtpParameters,
    ) -> Self {
        let ids = OutgoingExtensions::new(&parameters.header_extensions);
        let mut munger = Self {
            consumer,
            transport,
            payload_types,
            shift: Shift::default(),
            sync_from: 0,
            last_in: 0,
            last_out: u64::from(first_out.max(1)) - 1,
            packets: 0,
            bytes: 0,
            ssrc,
            last_timestamp: 0,
            prefix: [0; PREFIX_SIZE],
            last_picture: 0,
            last_tl0: 0,
            prefix_len: 0,
            abs_send_time_at: NONE,
            transport_cc_at: NONE,
            passed_on: ids.passed_on,
            red: red_payload_type(parameters),
            redundancy: 0,
            target_stream: u8::MAX,
            target_temporal: u8::MAX,
            temporal: u8::MAX,
            spatial: 0,
            svc: false,
            may_rise: false,
            active: false,
            halted: false,
            resync: true,
            needs_keyframe,
        };
        if ids.abs_send_time != 0 {
            munger.abs_send_time_at = munger.push_element(ids.abs_send_time, &[0; 3]);
        }
        if ids.transport_cc != 0 {
            munger.transport_cc_at = munger.push_element(ids.transport_cc, &[0; 2]);
        }
        // Our own MIDs are short numbers; a longer one is left to the SSRC that SDP signals.
        let mid = parameters.mid.as_deref();
        if let Some(mid) = mid.filter(|mid| ids.mid != 0 && (1..=8).contains(&mid.len())) {
            munger.push_element(ids.mid, mid.as_bytes());
        }
        munger
    }

    /// The highest extended sequence number sent.
    pub fn last_out(&self) -> u64 {
        self.last_out
    }

    /// Whether packets carry a transport-wide sequence number.
    pub fn has_transport_cc(&self) -> bool {
        self.transport_cc_at != NONE
    }

    /// Whether the receiver takes redundant audio.
    pub fn takes_red(&self) -> bool {
        self.red != NONE
    }

    /// Whether it listened already when the producer sent this number.
    pub fn began_by(&self, seq: u64) -> bool {
        seq >= self.sync_from
    }

    /// How numbers change now.
    pub fn shift(&self) -> Shift {
        self.shift
    }

    /// Index of the producer's stream that it is given.
    pub fn stream(&self) -> u8 {
        self.shift.stream
    }

    /// The producer's number from which [`Munger::shift`] holds.
    pub fn next_in(&self) -> u64 {
        self.last_in + 1
    }

    /// The timestamp a receiver sees for a producer's.
    pub fn timestamp(&self, timestamp: u32) -> u32 {
        timestamp.wrapping_add(self.shift.timestamp)
    }

    /// Starts anew with this stream, from its next packet that can be decoded.
    pub fn restart(&mut self, stream: u8) {
        self.shift.stream = stream;
        (self.resync, self.halted) = (true, false);
    }

    /// What was admitted from `seq` on was never sent: its numbers are given anew, from the next keyframe on.
    pub fn take_back(&mut self, seq: u64) {
        self.last_out = seq - 1;
        self.resync = true;
    }

    /// From now on `shift` is added to timestamps: another stream has another clock.
    pub fn shift_timestamps(&mut self, shift: u32) {
        self.shift.timestamp = shift;
    }

    /// Whether a packet is sent, and as which number.
    pub fn admit(&mut self, packet: &Packet) -> Admission {
        if self.halted || !self.payload_types.contains(&packet.payload_type.0) {
            return Admission::Skip;
        }
        if self.resync {
            if self.needs_keyframe && !packet.keyframe {
                return Admission::Skip;
            }
            return self.switch(packet);
        }
        if packet.seq < self.sync_from {
            return Admission::Skip;
        }
        if packet.seq <= self.last_in {
            return Admission::Late;
        }
        self.last_in = packet.seq;
        if !self.takes_layer(packet) {
            self.shift.seq = self.shift.seq.wrapping_add(1);
            let closes_gap = |layer: PictureLayers| layer.starts_picture && !layer.relative_ids;
            let pictures = packet.layer.is_some_and(closes_gap);
            self.shift.picture = self.shift.picture.wrapping_sub(u16::from(pictures));
            return Admission::Dropped;
        }
        self.last_out = packet.seq.wrapping_sub(self.shift.seq);
        self.note_picture(packet);
        Admission::Send(self.last_out)
    }

    fn switch(&mut self, packet: &Packet) -> Admission {
        self.resync = false;
        (self.sync_from, self.last_in) = (packet.seq, packet.seq);
        self.last_out += 1;
        self.shift.seq = packet.seq.wrapping_sub(self.last_out);
        self.temporal = self.target_temporal;
        (self.spatial, self.may_rise) = (0, false);
        if let Some(layer) = &packet.layer {
            // The next picture for the receiver, whichever it is for the sender.
            if let Some(id) = layer.picture_id {
                let next = self.last_picture.wrapping_add(1);
                self.shift.picture = next.wrapping_sub(id.value);
            }
            if let Some((index, _)) = layer.tl0_picture_index {
                self.shift.tl0 = self.last_tl0.wrapping_add(1).wrapping_sub(index);
            }
        }
        self.note_picture(packet);
        Admission::Switched(self.last_out)
    }

    /// Goes down at any picture, up where the sender says that it can be decoded.
    fn takes_layer(&mut self, packet: &Packet) -> bool {
        let Some(layer) = &packet.layer else {
            return true;
        };
        if layer.starts_picture {
            let up = (layer.layer_sync || self.may_rise) && layer.temporal_layer > self.temporal;
            if up && layer.temporal_layer <= self.target_temporal {
                self.temporal = layer.temporal_layer;
            } else if self.target_temporal < self.temporal {
                self.temporal = self.target_temporal;
            }
            let taken = layer.temporal_layer <= self.temporal;
            self.may_rise = taken && (self.may_rise || layer.switches_up);
            self.spatial = self.spatial.min(self.target_stream);
        }
        layer.temporal_layer <= self.temporal && self.takes_spatial_layer(layer)
    }

    /// Up where the layer needs no earlier picture of its own: with the lower ones of this picture it is complete.
    fn takes_spatial_layer(&mut self, layer: &PictureLayers) -> bool {
        let next = self.spatial + 1;
        let up = layer.starts_layer && layer.independent && layer.spatial_layer == next;
        if self.svc && up && next <= self.target_stream {
            self.spatial = next;
        }
        !self.svc || layer.spatial_layer <= self.spatial
    }

    /// Whether a packet ends what this consumer gets of a picture.
    pub fn ends_picture(&self, packet: &Packet) -> bool {
        // In a picture where it goes up another layer follows.
        let rises = |layer: PictureLayers| layer.independent && self.spatial < self.target_stream;
        let ends = |layer: PictureLayers| {
            layer.ends_layer && layer.spatial_layer == self.spatial && !rises(layer)
        };
        packet.marker || (self.svc && packet.layer.is_some_and(ends))
    }

    fn note_picture(&mut self, packet: &Packet) {
        if let Some(layer) = &packet.layer {
            if let Some(id) = layer.picture_id {
                self.last_picture = id.value.wrapping_add(self.shift.picture);
            }
            if let Some((index, _)) = layer.tl0_picture_index {
                self.last_tl0 = index.wrapping_add(self.shift.tl0);
            }
        }
    }

    /// Writes the header for a packet at the start of `out` ([`MAX_HEADER`] bytes at least), and
    /// returns its length.
    pub fn write_header(&self, out: &mut [u8], extensions: &[u8], rewrite: Rewrite) -> usize {
        let stamp = rewrite.stamp;
        let mut at = 16;
        out[at..at + PREFIX_SIZE].copy_from_slice(&self.prefix);
        if self.abs_send_time_at != NONE {
            let place = at + self.abs_send_time_at as usize;
            out[place..place + 3].copy_from_slice(&stamp.abs_send_time);
        }
        if self.transport_cc_at != NONE {
            let place = at + self.transport_cc_at as usize;
            out[place..place + 2].copy_from_slice(&stamp.transport_cc.to_be_bytes());
        }
        at += self.prefix_len as usize;
        let mut rest = extensions;
        while let [first, tail @ ..] = rest {
            let (kind, len) = ((first >> 4) as usize, (first & 15) as usize + 1);
            let id = self.passed_on[kind - 1];
            if id != 0 {
                out[at] = id << 4 | (first & 15);
                out[at + 1..at + 1 + len].copy_from_slice(&tail[..len]);
                at += 1 + len;
            }
            rest = &tail[len..];
        }
        let extended = at > 16;
        if extended {
            while at % 4 != 0 {
                out[at] = 0;
                at += 1;
            }
            // RFC 8285, 4.2: the one-byte form.
            out[12..14].copy_from_slice(&[0xBE, 0xDE]);
            out[14..16].copy_from_slice(&(((at - 16) / 4) as u16).to_be_bytes());
        } else {
            at = 12;
        }
        out[0] = 0x80 | u8::from(rewrite.padding > 0) << 5 | u8::from(extended) << 4;
        out[1] = u8::from(rewrite.marker) << 7 | rewrite.payload_type;
        out[2..4].copy_from_slice(&(rewrite.seq as u16).to_be_bytes());
        out[4..8].copy_from_slice(&rewrite.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        at
    }

    /// Writes the header of a packet of redundant audio, which has no padding; as [`write_header`](Self::write_header).
    /// `None` when the receiver takes none.
    pub fn write_red_header(
        &self,
        out: &mut [u8],
        extensions: &[u8],
        rewrite: Rewrite,
    ) -> Option<usize> {
        let rewrite = Rewrite {
            payload_type: self.red,
            padding: 0,
            ..rewrite
        };
        (self.red != NONE).then(|| self.write_header(out, extensions, rewrite))
    }

    fn push_element(&mut self, id: u8, value: &[u8]) -> u8 {
        let at = self.prefix_len as usize;
        self.prefix[at] = id << 4 | (value.len() as u8 - 1);
        self.prefix[at + 1..at + 1 + value.len()].copy_from_slice(value);
        self.prefix_len += 1 + value.len() as u8;
        at as u8 + 1
    }
}

fn red_payload_type(parameters: &RtpParameters) -> u8 {
    let red = parameters
        .codecs
        .iter()
        .find(|codec| is_red(&codec.mime_type));
    red.map(|codec| codec.payload_type)
        .filter(|&payload_type| payload_type < 128)
        .unwrap_or(NONE)
}

#[cfg(test)]
#[path = "munger_tests.rs"]
mod tests;
