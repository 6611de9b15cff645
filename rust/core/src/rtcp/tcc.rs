//! Reads transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).

use super::{ssrc_at, u16_at};
use crate::rtp::Ssrc;

/// One tick of a receive delta, in microseconds.
pub(crate) const DELTA_US: i32 = 250;

/// A feedback packet.
#[derive(Clone, Copy, Debug)]
pub struct TccView<'a> {
    /// Who reports.
    pub sender: Ssrc,
    /// A stream of the transport reported on.
    pub media: Ssrc,
    /// Transport-wide sequence number of the first status.
    pub base_seq: u16,
    /// How many statuses follow.
    pub status_count: u16,
    /// Reference time in units of 64 ms, 24 bits signed.
    pub reference_time: i32,
    /// Number of this feedback packet, wraps: a gap tells of lost feedback.
    pub feedback_count: u8,
    chunks: &'a [u8],
}

impl<'a> TccView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        let [r0, r1, r2, feedback_count] = *body.get(12..)?.first_chunk()?;
        Some(Self {
            sender: ssrc_at(body, 0)?,
            media: ssrc_at(body, 4)?,
            base_seq: u16_at(body, 8)?,
            status_count: u16_at(body, 10)?,
            reference_time: i32::from_be_bytes([r0, r1, r2, 0]) >> 8,
            feedback_count,
            chunks: &body[16..],
        })
    }

    /// For every reported packet its sequence number and, when it was received, the time since the received one
    /// before it (the first: since the reference time) in microseconds, negative when it overtook.
    ///
    /// Truncated chunks or deltas end the iteration.
    #[must_use]
    pub fn statuses(&self) -> TccStatuses<'a> {
        TccStatuses {
            deltas: self.chunks.get(self.chunks_len()..).unwrap_or_default(),
            chunks: self.chunks,
            chunk: Chunk::default(),
            seq: self.base_seq,
            left: self.status_count,
        }
    }

    /// Where the deltas start: the chunks must be read for that.
    fn chunks_len(&self) -> usize {
        let (mut covered, mut len) = (0, 0);
        for word in self.chunks.chunks_exact(2) {
            if covered >= usize::from(self.status_count) {
                break;
            }
            covered += usize::from(Chunk::new(u16::from_be_bytes([word[0], word[1]])).left);
            len += 2;
        }
        len
    }
}

/// A packet status chunk on its way to being consumed (§3.1.3, §3.1.4).
#[derive(Clone, Copy, Debug, Default)]
struct Chunk {
    word: u16,
    left: u16,
}

impl Chunk {
    fn new(word: u16) -> Self {
        let left = match word >> 14 {
            0 | 1 => word & 0x1FFF,
            2 => 14,
            _ => 7,
        };
        Self { word, left }
    }

    /// The next status symbol: 0 not received, 1 small delta, 2 large delta, 3 reserved.
    fn next(&mut self) -> Option<u16> {
        self.left = self.left.checked_sub(1)?;
        Some(match self.word >> 14 {
            0 | 1 => (self.word >> 13) & 0x03,
            2 => (self.word >> self.left) & 0x01,
            _ => (self.word >> (2 * self.left)) & 0x03,
        })
    }
}

/// Iterator made by [`TccView::statuses`].
#[derive(Clone, Debug)]
pub struct TccStatuses<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    chunk: Chunk,
    seq: u16,
    left: u16,
}

impl Iterator for TccStatuses<'_> {
    type Item = (u16, Option<i32>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let symbol = loop {
            if let Some(symbol) = self.chunk.next() {
                break symbol;
            }
            let (word, rest) = self.chunks.split_first_chunk()?;
            self.chunks = rest;
            self.chunk = Chunk::new(u16::from_be_bytes(*word));
        };
        let ticks = match symbol {
            1 => {
                let (&delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                Some(i32::from(delta))
            }
            2 => {
                let (delta, rest) = self.deltas.split_first_chunk()?;
                self.deltas = rest;
                Some(i32::from(i16::from_be_bytes(*delta)))
            }
            _ => None,
        };
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        Some((seq, ticks.map(|ticks| ticks * DELTA_US)))
    }
}
