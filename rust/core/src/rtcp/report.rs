//! Sender and receiver reports, source descriptions and goodbyes (RFC 3550 §6.4 to §6.6).

use super::{ssrc_at, u32_at, u64_at};
use crate::rtp::Ssrc;

/// Length of a report block, in bytes.
const BLOCK_LEN: usize = 24;

/// A report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream reported on.
    pub ssrc: Ssrc,
    /// Packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all: 24 bits signed on the wire, negative with duplicates.
    pub cumulative_lost: i32,
    /// Highest sequence number received, wraps in the upper half.
    pub highest_seq: u32,
    /// Interarrival jitter, in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time, 0 for none.
    pub last_sr: u32,
    /// Delay since that report, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// What a sender says about itself (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time, 32.32 fixed point seconds since 1900.
    pub ntp: u64,
    /// The same instant in the stream's clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packet_count: u32,
    /// Payload bytes sent.
    pub octet_count: u32,
}

/// A sender report.
#[derive(Clone, Copy, Debug)]
pub struct SrView<'a> {
    ssrc: Ssrc,
    info: SenderInfo,
    blocks: &'a [u8],
}

impl<'a> SrView<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        Some(Self {
            ssrc: ssrc_at(body, 0)?,
            info: SenderInfo {
                ntp: u64_at(body, 4)?,
                rtp_timestamp: u32_at(body, 12)?,
                packet_count: u32_at(body, 16)?,
                octet_count: u32_at(body, 20)?,
            },
            blocks: blocks_at(body, 24, count)?,
        })
    }

    /// Who reports.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The sender's clock and counts.
    #[must_use]
    pub fn info(&self) -> SenderInfo {
        self.info
    }

    /// The report blocks, at most 31.
    pub fn reports(&self) -> impl Iterator<Item = ReportBlock> + 'a {
        report_blocks(self.blocks)
    }
}

/// A receiver report.
#[derive(Clone, Copy, Debug)]
pub struct RrView<'a> {
    ssrc: Ssrc,
    blocks: &'a [u8],
}

impl<'a> RrView<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        Some(Self {
            ssrc: ssrc_at(body, 0)?,
            blocks: blocks_at(body, 4, count)?,
        })
    }

    /// Who reports.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The report blocks, at most 31.
    pub fn reports(&self) -> impl Iterator<Item = ReportBlock> + 'a {
        report_blocks(self.blocks)
    }
}

fn blocks_at(body: &[u8], start: usize, count: u8) -> Option<&[u8]> {
    body.get(start..start + BLOCK_LEN * usize::from(count))
}

fn report_blocks(blocks: &[u8]) -> impl Iterator<Item = ReportBlock> {
    blocks.chunks_exact(BLOCK_LEN).filter_map(|block| {
        let loss = u32_at(block, 4)?;
        Some(ReportBlock {
            ssrc: ssrc_at(block, 0)?,
            fraction_lost: (loss >> 24) as u8,
            // Sign extension of the lower 24 bits.
            cumulative_lost: (loss << 8) as i32 >> 8,
            highest_seq: u32_at(block, 8)?,
            jitter: u32_at(block, 12)?,
            last_sr: u32_at(block, 16)?,
            delay_since_last_sr: u32_at(block, 20)?,
        })
    })
}

/// A source description.
#[derive(Clone, Copy, Debug)]
pub struct SdesView<'a> {
    chunks: u8,
    body: &'a [u8],
}

impl<'a> SdesView<'a> {
    /// The item type of a canonical name (RFC 3550 §6.5.1).
    pub const CNAME: u8 = 1;

    pub(super) fn new(chunks: u8, body: &'a [u8]) -> Self {
        Self { chunks, body }
    }

    /// All items of all chunks as (source, item type, value); a malformed chunk ends the iteration.
    pub fn items(&self) -> impl Iterator<Item = (Ssrc, u8, &'a [u8])> + 'a {
        SdesItems {
            chunks: self.chunks,
            source: None,
            body: self.body,
            at: 0,
        }
    }

    /// The canonical name of `source`.
    #[must_use]
    pub fn cname(&self, source: Ssrc) -> Option<&'a [u8]> {
        self.items()
            .find(|&(ssrc, item, _)| ssrc == source && item == Self::CNAME)
            .map(|(_, _, value)| value)
    }
}

struct SdesItems<'a> {
    chunks: u8,
    source: Option<Ssrc>,
    body: &'a [u8],
    at: usize,
}

impl<'a> Iterator for SdesItems<'a> {
    type Item = (Ssrc, u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(source) = self.source else {
                self.chunks = self.chunks.checked_sub(1)?;
                self.source = Some(ssrc_at(self.body, self.at)?);
                self.at += 4;
                continue;
            };
            let item = *self.body.get(self.at)?;
            if item == 0 {
                // The list ends with one or more zero bytes, up to the next 32-bit boundary.
                self.at = (self.at + 1).next_multiple_of(4);
                self.source = None;
                continue;
            }
            let len = usize::from(*self.body.get(self.at + 1)?);
            let start = self.at + 2;
            let value = self.body.get(start..start + len)?;
            self.at = start + len;
            return Some((source, item, value));
        }
    }
}

/// A goodbye.
#[derive(Clone, Copy, Debug)]
pub struct ByeView<'a> {
    sources: &'a [u8],
    rest: &'a [u8],
}

impl<'a> ByeView<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (sources, rest) = body.split_at_checked(4 * usize::from(count))?;
        Some(Self { sources, rest })
    }

    /// Who leaves.
    pub fn ssrcs(&self) -> impl Iterator<Item = Ssrc> + 'a {
        self.sources
            .chunks_exact(4)
            .filter_map(|source| ssrc_at(source, 0))
    }

    /// The reason for leaving, not necessarily UTF-8.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        let (&len, text) = self.rest.split_first()?;
        text.get(..usize::from(len))
    }
}
