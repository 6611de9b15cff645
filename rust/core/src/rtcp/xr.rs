//! Extended reports (RFC 3611): receiver reference time and its answer, which give a receiver its round-trip time.

use super::{ssrc_at, u16_at, u32_at, u64_at};
use crate::rtp::Ssrc;

/// An extended report.
#[derive(Clone, Copy, Debug)]
pub struct XrView<'a> {
    /// Who reports.
    pub sender: Ssrc,
    blocks: &'a [u8],
}

/// One block of an extended report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XrBlock<'a> {
    /// Receiver reference time (RFC 3611 §4.4): NTP, 32.32 fixed point.
    Rrtr {
        /// NTP time at the receiver.
        ntp: u64,
    },
    /// Delay since the last receiver reference time (RFC 3611 §4.5).
    Dlrr(DlrrBlock<'a>),
    /// Another block type.
    Other(u8),
}

/// The body of a DLRR block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DlrrBlock<'a>(&'a [u8]);

impl<'a> DlrrBlock<'a> {
    /// (receiver, middle 32 bits of its last reference time, delay since in 1/65536 s) for each receiver.
    pub fn entries(&self) -> impl Iterator<Item = (Ssrc, u32, u32)> + 'a {
        self.0
            .chunks_exact(12)
            .filter_map(|entry| Some((ssrc_at(entry, 0)?, u32_at(entry, 4)?, u32_at(entry, 8)?)))
    }
}

impl<'a> XrView<'a> {
    /// Block types (RFC 3611 §4.4, §4.5).
    pub(super) const RRTR: u8 = 4;
    pub(super) const DLRR: u8 = 5;

    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self {
            sender: ssrc_at(body, 0)?,
            blocks: &body[4..],
        })
    }

    /// The blocks in order; a malformed one ends the iteration.
    pub fn blocks(&self) -> impl Iterator<Item = XrBlock<'a>> + 'a {
        let mut rest = self.blocks;
        std::iter::from_fn(move || {
            let len = 4 + 4 * usize::from(u16_at(rest, 2)?);
            let (block, after) = rest.split_at_checked(len)?;
            rest = after;
            Some(match block[0] {
                Self::RRTR => XrBlock::Rrtr {
                    ntp: u64_at(block, 4)?,
                },
                Self::DLRR => XrBlock::Dlrr(DlrrBlock(&block[4..])),
                other => XrBlock::Other(other),
            })
        })
    }
}
