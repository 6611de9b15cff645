//! What changes in a packet on its way to one consumer: SSRC, sequence number, timestamp and
//! header extensions. This is the state the forward path touches for every packet.

use crate::cache::Packet;
use crate::extension::OutgoingExtensions;
use crate::keys::{ConsumerKey, TransportKey};
use crate::params::RtpParameters;

/// Room a rewritten header needs at most: 12 fixed, 4 of extension header, [`PREFIX_SIZE`] made
/// by us, 32 passed on.
pub const MAX_HEADER: usize = 12 + 4 + PREFIX_SIZE + 32;
const PREFIX_SIZE: usize = 16;
const NONE: u8 = u8::MAX;

/// Hot state of one consumer, kept contiguous per producer.
#[derive(Debug)]
pub struct Munger {
    /// Whose it is.
    pub consumer: ConsumerKey,
    /// Where its packets go.
    pub transport: TransportKey,
    /// Payload types it takes, one bit each.
    payload_types: u128,
    /// out = in - shift (wrapping).
    seq_shift: u64,
    /// Packets below this belong to before the last switch.
    sync_from: u64,
    /// The highest number sent.
    last_out: u64,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub bytes: u64,
    ssrc: u32,
    ts_shift: u32,
    /// The timestamp sent last.
    pub last_timestamp: u32,
    prefix: [u8; PREFIX_SIZE],
    prefix_len: u8,
    abs_send_time_at: u8,
    transport_cc_at: u8,
    passed_on: [u8; crate::extension::PASSED_ON],
    /// Index of the producer's stream that it is given.
    pub stream: u8,
    /// Whether anything is sent at all.
    pub active: bool,
    /// Whether the next packet starts anew; video then waits for a keyframe.
    pub resync: bool,
    needs_keyframe: bool,
}

/// What [`Munger::admit`] decided.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Not for this consumer.
    Drop,
    /// Send it under this extended sequence number.
    Send(u64),
    /// The same, and a switch happened: from this number on, `in - out` is the second value.
    Synced(u64, u64),
}

/// Per-send values, made once per flush or packet.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// 24-bit absolute send time.
    pub abs_send_time: [u8; 3],
    /// Transport-wide sequence number.
    pub transport_cc: u16,
}

impl Munger {
    /// `first_out` is the first sequence number; its ROC is 0 (RFC 3711, 3.3.1).
    pub fn new(
        consumer: ConsumerKey,
        transport: TransportKey,
        ssrc: u32,
        first_out: u16,
        payload_types: u128,
        needs_keyframe: bool,
        parameters: &RtpParameters,
    ) -> Self {
        let ids = OutgoingExtensions::new(&parameters.header_extensions);
        let mut munger = Self {
            consumer,
            transport,
            payload_types,
            seq_shift: 0,
            sync_from: 0,
            last_out: u64::from(first_out.max(1)) - 1,
            packets: 0,
            bytes: 0,
            ssrc,
            ts_shift: 0,
            last_timestamp: 0,
            prefix: [0; PREFIX_SIZE],
            prefix_len: 0,
            abs_send_time_at: NONE,
            transport_cc_at: NONE,
            passed_on: ids.passed_on,
            stream: 0,
            active: false,
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

    /// The timestamp a receiver sees for a producer's.
    pub fn timestamp(&self, timestamp: u32) -> u32 {
        timestamp.wrapping_add(self.ts_shift)
    }

    /// Starts anew with this stream, from its next packet that can be decoded.
    pub fn restart(&mut self, stream: u8) {
        self.stream = stream;
        self.resync = true;
    }

    /// Maps the producer's timestamp `from` to `to`, when streams of different clocks are joined.
    pub fn align_timestamp(&mut self, from: u32, to: u32) {
        self.ts_shift = to.wrapping_sub(from);
    }

    /// Whether a packet is sent, and as which number.
    pub fn admit(&mut self, packet: &Packet) -> Admission {
        if self.payload_types >> packet.payload_type.0 & 1 == 0 {
            return Admission::Drop;
        }
        if self.resync {
            if self.needs_keyframe && !packet.keyframe {
                return Admission::Drop;
            }
            self.resync = false;
            self.sync_from = packet.seq;
            self.last_out += 1;
            self.seq_shift = packet.seq.wrapping_sub(self.last_out);
            return Admission::Synced(self.last_out, self.seq_shift);
        }
        if packet.seq < self.sync_from {
            return Admission::Drop;
        }
        let out = packet.seq.wrapping_sub(self.seq_shift);
        self.last_out = self.last_out.max(out);
        Admission::Send(out)
    }

    /// Writes the header for a packet at the start of `out` ([`MAX_HEADER`] bytes at least), and
    /// returns its length.
    pub fn write_header(
        &self,
        out: &mut [u8],
        packet: &Packet,
        extensions: &[u8],
        seq: u64,
        padded: bool,
        stamp: Stamp,
    ) -> usize {
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
        out[0] = 0x80 | u8::from(padded) << 5 | u8::from(extended) << 4;
        out[1] = u8::from(packet.marker) << 7 | packet.payload_type.0;
        out[2..4].copy_from_slice(&(seq as u16).to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp(packet.timestamp).to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        at
    }

    fn push_element(&mut self, id: u8, value: &[u8]) -> u8 {
        let at = self.prefix_len as usize;
        self.prefix[at] = id << 4 | (value.len() as u8 - 1);
        self.prefix[at + 1..at + 1 + value.len()].copy_from_slice(value);
        self.prefix_len += 1 + value.len() as u8;
        at as u8 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_state_is_small() {
        assert!(size_of::<Munger>() <= 128, "{}", size_of::<Munger>());
    }
}
