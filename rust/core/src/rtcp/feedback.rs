//! Feedback about media: generic NACK (RFC 4585 §6.2.1), full intra request (RFC 5104 §4.3.1), REMB.

use super::{ssrc_at, u16_at};
use crate::rtp::Ssrc;

/// A generic NACK.
#[derive(Clone, Copy, Debug)]
pub struct NackView<'a> {
    /// Who misses packets.
    pub sender: Ssrc,
    /// Whose packets are missing.
    pub media: Ssrc,
    items: &'a [u8],
}

impl<'a> NackView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self {
            sender: ssrc_at(body, 0)?,
            media: ssrc_at(body, 4)?,
            items: body.get(8..)?,
        })
    }

    /// The missing sequence numbers, in the packet's order: 17 at most for each of its items.
    pub fn seqs(&self) -> impl Iterator<Item = u16> + 'a {
        self.items.chunks_exact(4).flat_map(|item| {
            let pid = u16::from_be_bytes([item[0], item[1]]);
            let bitmask = u16::from_be_bytes([item[2], item[3]]);
            let following = (0..16).filter(move |bit| bitmask & (1 << bit) != 0);
            std::iter::once(pid).chain(following.map(move |bit| pid.wrapping_add(bit + 1)))
        })
    }
}

/// A full intra request.
#[derive(Clone, Copy, Debug)]
pub struct FirView<'a> {
    /// Who wants a key frame.
    pub sender: Ssrc,
    entries: &'a [u8],
}

impl<'a> FirView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self {
            sender: ssrc_at(body, 0)?,
            entries: body.get(8..)?,
        })
    }

    /// From whom, and the command's sequence number: a repeated number is a repeated request.
    pub fn entries(&self) -> impl Iterator<Item = (Ssrc, u8)> + 'a {
        self.entries
            .chunks_exact(8)
            .filter_map(|entry| Some((ssrc_at(entry, 0)?, entry[4])))
    }
}

/// Iterator over the streams that a REMB covers.
#[derive(Clone, Debug)]
pub struct RembSsrcs<'a> {
    rest: &'a [u8],
}

impl Iterator for RembSsrcs<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        let (ssrc, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        ssrc_at(ssrc, 0)
    }
}

/// Sender, bitrate in bit/s and streams; `None` when the body is another application's, or malformed.
pub(super) fn remb(body: &[u8]) -> Option<(Ssrc, u64, RembSsrcs<'_>)> {
    let sender = ssrc_at(body, 0)?;
    let &[count, first, ..] = body.get(8..)?.strip_prefix(b"REMB")? else {
        return None;
    };
    let exponent = u32::from(first >> 2);
    let mantissa = u64::from(first & 0x03) << 16 | u64::from(u16_at(body, 14)?);
    let bitrate_bps = if mantissa.leading_zeros() >= exponent {
        mantissa << exponent.min(63)
    } else {
        u64::MAX
    };
    let rest = body.get(16..16 + 4 * usize::from(count))?;
    Some((sender, bitrate_bps, RembSsrcs { rest }))
}
