//! Encodes one transport-wide feedback packet: status chunks first, then the receive deltas (§3.1).

use crate::{
    rtcp::{format, kind, write},
    rtp::Ssrc,
};

/// Header, two SSRCs, base and count, reference time and feedback count.
const HEADER_LEN: usize = 20;

/// Bounds a packet to about 1,100 bytes: 2 * MAX_CHUNKS + MAX_DELTAS, and 23 for the header and the padding.
const MAX_CHUNKS: usize = 200;
const MAX_DELTAS: usize = 680;

/// A reference time is 64 ms, 256 ticks of 250 us.
const REFERENCE_SHIFT: u32 = 8;

/// Symbols: the number is also the length of the delta in bytes.
const LOST: u8 = 0;
const SMALL: u8 = 1;
const LARGE: u8 = 2;

/// Seven symbols of two bits or fourteen of one fit a vector chunk; a run has 13 bits for its length.
const TWO_BIT_LEN: usize = 7;
const ONE_BIT_LEN: usize = 14;
const MAX_RUN: u16 = 0x1FFF;

/// A packet in the making. The chunks grow in `out` itself; the deltas wait here.
#[derive(Debug)]
pub(super) struct FeedbackWriter {
    start: usize,
    count: u16,
    last_ticks: u32,
    deltas: [u8; MAX_DELTAS],
    deltas_len: usize,
    chunk: ChunkBuilder,
}

impl FeedbackWriter {
    /// Starts a packet at the end of `out`. `first_ticks` is the arrival of the first received packet that will follow.
    pub(super) fn start(
        out: &mut Vec<u8>,
        sender: Ssrc,
        media: Ssrc,
        base_seq: u16,
        first_ticks: u32,
        feedback_count: u8,
    ) -> Self {
        let start = out.len();
        let reference = first_ticks >> REFERENCE_SHIFT;
        out.extend_from_slice(&[0x80 | format::TRANSPORT_CC, kind::TRANSPORT_FEEDBACK, 0, 0]);
        out.extend_from_slice(&sender.0.to_be_bytes());
        out.extend_from_slice(&media.0.to_be_bytes());
        out.extend_from_slice(&base_seq.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&reference.to_be_bytes()[1..]);
        out.push(feedback_count);
        Self {
            start,
            count: 0,
            last_ticks: reference << REFERENCE_SHIFT,
            deltas: [0; MAX_DELTAS],
            deltas_len: 0,
            chunk: ChunkBuilder::default(),
        }
    }

    /// Appends a packet that arrived at `ticks`. False, and nothing appended, when it needs a feedback packet of its own.
    pub(super) fn received(&mut self, out: &mut Vec<u8>, ticks: u32) -> bool {
        // Wrapping: after 12 days the ticks and the reference time start again, together.
        let delta = ticks.wrapping_sub(self.last_ticks) as i32;
        let (symbol, bytes) = match (u8::try_from(delta), i16::try_from(delta)) {
            (Ok(small), _) => (SMALL, [small, 0]),
            (_, Ok(large)) => (LARGE, large.to_be_bytes()),
            _ => return false,
        };
        let len = usize::from(symbol);
        let Some(room) = self.deltas.get_mut(self.deltas_len..self.deltas_len + len) else {
            return false;
        };
        room.copy_from_slice(&bytes[..len]);
        if !self.push(out, symbol) {
            return false;
        }
        self.deltas_len += len;
        self.last_ticks = ticks;
        true
    }

    /// Appends a packet that did not arrive. False when a new feedback packet is needed.
    pub(super) fn lost(&mut self, out: &mut Vec<u8>) -> bool {
        self.push(out, LOST)
    }

    /// Writes what is pending, and completes the header.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        self.chunk.flush(out);
        out.extend_from_slice(&self.deltas[..self.deltas_len]);
        let padding = (4 - (out.len() - self.start) % 4) % 4;
        if padding > 0 {
            // RFC 3550 §6.4.1 counts padding in multiples of four; every implementation of this draft counts bytes.
            out.resize(out.len() + padding, 0);
            out[self.start] |= 0x20;
            let last = out.len() - 1;
            out[last] = padding as u8;
        }
        out[self.start + 14..self.start + 16].copy_from_slice(&self.count.to_be_bytes());
        write::finish(out, self.start);
    }

    fn push(&mut self, out: &mut Vec<u8>, symbol: u8) -> bool {
        if self.count == u16::MAX || (out.len() - self.start - HEADER_LEN) / 2 >= MAX_CHUNKS {
            return false;
        }
        if !self.chunk.takes(symbol) {
            self.chunk.write_one(out);
        }
        self.chunk.add(symbol);
        self.count += 1;
        true
    }
}

/// Collects symbols until they fill a chunk (§3.1.3 run length, §3.1.4 status vector).
#[derive(Debug, Default)]
struct ChunkBuilder {
    symbols: [u8; ONE_BIT_LEN],
    len: u16,
    all_same: bool,
    has_large: bool,
}

impl ChunkBuilder {
    /// Whether `symbol` still goes into the chunk with those collected so far.
    fn takes(&self, symbol: u8) -> bool {
        let len = usize::from(self.len);
        len < TWO_BIT_LEN
            || (len < ONE_BIT_LEN && !self.has_large && symbol != LARGE)
            || (self.all_same && symbol == self.symbols[0] && self.len < MAX_RUN)
    }

    fn add(&mut self, symbol: u8) {
        if let Some(slot) = self.symbols.get_mut(usize::from(self.len)) {
            *slot = symbol;
        }
        self.all_same = self.len == 0 || (self.all_same && symbol == self.symbols[0]);
        self.has_large |= symbol == LARGE;
        self.len += 1;
    }

    /// Writes one full chunk; symbols that did not fit stay.
    fn write_one(&mut self, out: &mut Vec<u8>) {
        let len = usize::from(self.len);
        if self.all_same {
            put(out, u16::from(self.symbols[0]) << 13 | self.len);
            *self = Self::default();
        } else if len == ONE_BIT_LEN && !self.has_large {
            put(out, self.one_bit());
            *self = Self::default();
        } else {
            put(out, self.two_bit());
            let rest = self.symbols;
            *self = Self::default();
            for &symbol in &rest[TWO_BIT_LEN.min(len)..len] {
                self.add(symbol);
            }
        }
    }

    /// Writes all that is left.
    fn flush(&mut self, out: &mut Vec<u8>) {
        while self.len > 0 {
            if !self.all_same && !self.has_large {
                put(out, self.one_bit());
                *self = Self::default();
            } else {
                self.write_one(out);
            }
        }
    }

    fn one_bit(&self) -> u16 {
        let bits = (0..ONE_BIT_LEN).fold(0, |word, at| word << 1 | u16::from(self.symbols[at]));
        0x8000 | bits
    }

    fn two_bit(&self) -> u16 {
        let bits = (0..TWO_BIT_LEN).fold(0, |word, at| word << 2 | u16::from(self.symbols[at]));
        0xC000 | bits
    }
}

fn put(out: &mut Vec<u8>, word: u16) {
    out.extend_from_slice(&word.to_be_bytes());
}
