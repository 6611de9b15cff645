//! RTCP (RFC 3550 §6, RFC 4585, RFC 5104, RFC 3611): views into a received compound packet, and writers.
//!
//! Reading never panics and never allocates, whatever the bytes are; [`write`] appends to a buffer that the caller reuses.

mod feedback;
mod report;
mod tcc;
pub mod write;
mod xr;

use thiserror::Error;

use crate::rtp::Ssrc;

pub use feedback::{FirView, NackView, RembSsrcs};
pub use report::{ByeView, ReportBlock, RrView, SdesView, SenderInfo, SrView};
pub use tcc::{TccStatuses, TccView};
pub use xr::{DlrrBlock, XrBlock, XrView};

/// Packet types (RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2).
pub(crate) mod kind {
    pub(crate) const SENDER_REPORT: u8 = 200;
    pub(crate) const RECEIVER_REPORT: u8 = 201;
    pub(crate) const SDES: u8 = 202;
    pub(crate) const BYE: u8 = 203;
    pub(crate) const APP: u8 = 204;
    pub(crate) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(crate) const PAYLOAD_FEEDBACK: u8 = 206;
    pub(crate) const XR: u8 = 207;
}

/// Feedback message types: the header's five-bit field (RFC 4585 §6.2, §6.3, RFC 5104 §4.3.1).
pub(crate) mod format {
    pub(crate) const NACK: u8 = 1;
    pub(crate) const TRANSPORT_CC: u8 = 15;
    pub(crate) const PLI: u8 = 1;
    pub(crate) const FIR: u8 = 4;
    pub(crate) const APPLICATION: u8 = 15;
}

/// What is wrong with one packet of a compound packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RtcpError {
    /// The packet is longer than the datagram, or ends inside its header. Ends the iteration.
    #[error("the packet ends inside its header or body")]
    Truncated,
    /// The version field is not 2. Ends the iteration.
    #[error("RTCP version {0}, expected 2")]
    Version(u8),
    /// The padding count is zero or longer than the body.
    #[error("the padding count does not fit the body")]
    Padding,
    /// The body is too short for what its type and its count promise.
    #[error("the body of packet type {0} is too short")]
    Body(u8),
}

/// One packet of a compound packet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RtcpPacket<'a> {
    /// Sender report (RFC 3550 §6.4.1).
    SenderReport(SrView<'a>),
    /// Receiver report (RFC 3550 §6.4.2).
    ReceiverReport(RrView<'a>),
    /// Source description (RFC 3550 §6.5).
    Sdes(SdesView<'a>),
    /// Goodbye (RFC 3550 §6.6).
    Bye(ByeView<'a>),
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack(NackView<'a>),
    /// Picture loss indication (RFC 4585 §6.3.1).
    Pli {
        /// Who reports.
        sender: Ssrc,
        /// Whose picture is lost.
        media: Ssrc,
    },
    /// Full intra request (RFC 5104 §4.3.1).
    Fir(FirView<'a>),
    /// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).
    Remb {
        /// Who estimates.
        sender: Ssrc,
        /// The estimate, saturated at `u64::MAX`.
        bitrate_bps: u64,
        /// The streams that it covers.
        ssrcs: RembSsrcs<'a>,
    },
    /// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc(TccView<'a>),
    /// Extended report (RFC 3611).
    Xr(XrView<'a>),
    /// Application-defined (RFC 3550 §6.7); not read.
    App,
    /// A type or a feedback format that is not understood.
    Unknown {
        /// The packet type, 192..=223 by convention.
        packet_type: u8,
        /// The five-bit count or format.
        format: u8,
    },
}

/// The packets of a decrypted compound (or reduced-size, RFC 5506) packet, in order.
///
/// A malformed body gives an `Err` and the iteration goes on behind it; a header that cannot be trusted ends it.
#[must_use]
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// Iterator made by [`packets`].
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<RtcpPacket<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let [first, packet_type, high, low, ..] = *rest else {
            return Some(Err(RtcpError::Truncated));
        };
        if first >> 6 != 2 {
            return Some(Err(RtcpError::Version(first >> 6)));
        }
        let len = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let Some((packet, rest)) = rest.split_at_checked(len) else {
            return Some(Err(RtcpError::Truncated));
        };
        self.rest = rest;
        let body = if first & 0x20 != 0 {
            match without_padding(&packet[4..]) {
                Some(body) => body,
                None => return Some(Err(RtcpError::Padding)),
            }
        } else {
            &packet[4..]
        };
        let packet = read(packet_type, first & 0x1F, body);
        Some(packet.ok_or(RtcpError::Body(packet_type)))
    }
}

/// RFC 3550 §6.4.1 wants a multiple of four; libwebrtc's transport-cc feedback has fewer, to the next word.
fn without_padding(body: &[u8]) -> Option<&[u8]> {
    let count = *body.last()?;
    let len = body.len().checked_sub(usize::from(count))?;
    (count != 0).then(|| &body[..len])
}

fn read(packet_type: u8, count: u8, body: &[u8]) -> Option<RtcpPacket<'_>> {
    Some(match (packet_type, count) {
        (kind::SENDER_REPORT, _) => RtcpPacket::SenderReport(SrView::new(count, body)?),
        (kind::RECEIVER_REPORT, _) => RtcpPacket::ReceiverReport(RrView::new(count, body)?),
        (kind::SDES, _) => RtcpPacket::Sdes(SdesView::new(count, body)),
        (kind::BYE, _) => RtcpPacket::Bye(ByeView::new(count, body)?),
        (kind::APP, _) => RtcpPacket::App,
        (kind::TRANSPORT_FEEDBACK, format::NACK) => RtcpPacket::Nack(NackView::new(body)?),
        (kind::TRANSPORT_FEEDBACK, format::TRANSPORT_CC) => {
            RtcpPacket::TransportCc(TccView::new(body)?)
        }
        (kind::PAYLOAD_FEEDBACK, format::PLI) => RtcpPacket::Pli {
            sender: ssrc_at(body, 0)?,
            media: ssrc_at(body, 4)?,
        },
        (kind::PAYLOAD_FEEDBACK, format::FIR) => RtcpPacket::Fir(FirView::new(body)?),
        (kind::PAYLOAD_FEEDBACK, format::APPLICATION) => match feedback::remb(body) {
            Some((sender, bitrate_bps, ssrcs)) => RtcpPacket::Remb {
                sender,
                bitrate_bps,
                ssrcs,
            },
            None => RtcpPacket::Unknown {
                packet_type,
                format: count,
            },
        },
        (kind::XR, _) => RtcpPacket::Xr(XrView::new(body)?),
        _ => RtcpPacket::Unknown {
            packet_type,
            format: count,
        },
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|word| u16::from_be_bytes(*word))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|word| u32::from_be_bytes(*word))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|word| u64::from_be_bytes(*word))
}

fn ssrc_at(bytes: &[u8], at: usize) -> Option<Ssrc> {
    u32_at(bytes, at).map(Ssrc)
}

#[cfg(test)]
mod tests;
