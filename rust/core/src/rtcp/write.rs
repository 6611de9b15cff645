//! Writers: each appends one packet to `out`, so that calls in a row make a compound packet.

use super::{ReportBlock, SdesView, SenderInfo, XrView, format, kind};
use crate::rtp::Ssrc;

/// Most report blocks, sources or chunks in one packet: the count has five bits.
pub const MAX_BLOCKS: usize = 31;

/// Most NACK items (17 packets each at best) written to one packet, so that it fits a datagram.
const MAX_NACK_ITEMS: usize = 256;

/// A sender report (RFC 3550 §6.4.1) with the first [`MAX_BLOCKS`] of `reports`.
pub fn sender_report(out: &mut Vec<u8>, ssrc: Ssrc, info: &SenderInfo, reports: &[ReportBlock]) {
    let reports = &reports[..reports.len().min(MAX_BLOCKS)];
    packet(out, kind::SENDER_REPORT, reports.len() as u8, |out| {
        put_u32(out, ssrc.0);
        out.extend_from_slice(&info.ntp.to_be_bytes());
        put_u32(out, info.rtp_timestamp);
        put_u32(out, info.packet_count);
        put_u32(out, info.octet_count);
        report_blocks(out, reports);
    });
}

/// A receiver report (RFC 3550 §6.4.2) with the first [`MAX_BLOCKS`] of `reports`.
pub fn receiver_report(out: &mut Vec<u8>, ssrc: Ssrc, reports: &[ReportBlock]) {
    let reports = &reports[..reports.len().min(MAX_BLOCKS)];
    packet(out, kind::RECEIVER_REPORT, reports.len() as u8, |out| {
        put_u32(out, ssrc.0);
        report_blocks(out, reports);
    });
}

/// A source description with a canonical name (RFC 3550 §6.5.1), cut to 255 bytes at a character's boundary.
pub fn sdes_cname(out: &mut Vec<u8>, ssrc: Ssrc, cname: &str) {
    let cut = (0..=cname.len().min(255))
        .rev()
        .find(|&at| cname.is_char_boundary(at));
    let cname = &cname[..cut.unwrap_or(0)];
    packet(out, kind::SDES, 1, |out| {
        put_u32(out, ssrc.0);
        out.extend_from_slice(&[SdesView::CNAME, cname.len() as u8]);
        out.extend_from_slice(cname.as_bytes());
        // The end of the list is one zero byte at least.
        out.push(0);
    });
}

/// A goodbye (RFC 3550 §6.6) of the first [`MAX_BLOCKS`] of `ssrcs`.
pub fn bye(out: &mut Vec<u8>, ssrcs: &[Ssrc]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(MAX_BLOCKS)];
    packet(out, kind::BYE, ssrcs.len() as u8, |out| {
        ssrcs.iter().for_each(|ssrc| put_u32(out, ssrc.0));
    });
}

/// A generic NACK (RFC 4585 §6.2.1) for `seqs` in ascending order (modulo 2^16); nothing when there are none.
///
/// Numbers that are not in order cost an item each. What is beyond 256 items is left out.
pub fn nack(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc, seqs: &[u16]) {
    let Some((&first, rest)) = seqs.split_first() else {
        return;
    };
    packet(out, kind::TRANSPORT_FEEDBACK, format::NACK, |out| {
        put_u32(out, sender.0);
        put_u32(out, media.0);
        let (mut pid, mut bitmask, mut items) = (first, 0u16, 1);
        for &seq in rest {
            match seq.wrapping_sub(pid) {
                0 => {}
                distance @ 1..=16 => bitmask |= 1 << (distance - 1),
                _ if items == MAX_NACK_ITEMS => break,
                _ => {
                    put_u16(out, pid);
                    put_u16(out, bitmask);
                    (pid, bitmask, items) = (seq, 0, items + 1);
                }
            }
        }
        put_u16(out, pid);
        put_u16(out, bitmask);
    });
}

/// A picture loss indication (RFC 4585 §6.3.1).
pub fn pli(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc) {
    packet(out, kind::PAYLOAD_FEEDBACK, format::PLI, |out| {
        put_u32(out, sender.0);
        put_u32(out, media.0);
    });
}

/// A full intra request (RFC 5104 §4.3.1): `command` counts up with each new request to `media`.
pub fn fir(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc, command: u8) {
    packet(out, kind::PAYLOAD_FEEDBACK, format::FIR, |out| {
        put_u32(out, sender.0);
        // The header's media source is unused here (§4.3.1.1).
        put_u32(out, 0);
        put_u32(out, media.0);
        out.extend_from_slice(&[command, 0, 0, 0]);
    });
}

/// A receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 §2.2) for the first 255 of `ssrcs`.
///
/// The mantissa has 18 bits: larger rates are rounded down.
pub fn remb(out: &mut Vec<u8>, sender: Ssrc, bitrate_bps: u64, ssrcs: &[Ssrc]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(255)];
    let exponent = (u64::BITS - bitrate_bps.leading_zeros()).saturating_sub(18);
    let mantissa = (bitrate_bps >> exponent) as u32;
    packet(out, kind::PAYLOAD_FEEDBACK, format::APPLICATION, |out| {
        put_u32(out, sender.0);
        put_u32(out, 0);
        out.extend_from_slice(b"REMB");
        put_u32(out, (ssrcs.len() as u32) << 24 | exponent << 18 | mantissa);
        ssrcs.iter().for_each(|ssrc| put_u32(out, ssrc.0));
    });
}

/// An extended report with the receiver's reference time (RFC 3611 §4.4), NTP 32.32 fixed point.
pub fn xr_rrtr(out: &mut Vec<u8>, sender: Ssrc, ntp: u64) {
    packet(out, kind::XR, 0, |out| {
        put_u32(out, sender.0);
        out.extend_from_slice(&[XrView::RRTR, 0, 0, 2]);
        out.extend_from_slice(&ntp.to_be_bytes());
    });
}

/// An extended report that answers reference times (RFC 3611 §4.5): (receiver, middle 32 bits of its NTP time, delay
/// since in 1/65536 s), the first [`MAX_BLOCKS`] of them.
pub fn xr_dlrr(out: &mut Vec<u8>, sender: Ssrc, entries: &[(Ssrc, u32, u32)]) {
    let entries = &entries[..entries.len().min(MAX_BLOCKS)];
    packet(out, kind::XR, 0, |out| {
        put_u32(out, sender.0);
        out.extend_from_slice(&[XrView::DLRR, 0, 0, 3 * entries.len() as u8]);
        for &(receiver, last, delay) in entries {
            put_u32(out, receiver.0);
            put_u32(out, last);
            put_u32(out, delay);
        }
    });
}

/// Appends a header, the body that `body` writes, zero bytes up to a 32-bit boundary, and the length.
fn packet(out: &mut Vec<u8>, packet_type: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, packet_type, 0, 0]);
    body(out);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    finish(out, start);
}

/// Sets the length field of the packet that starts at `start` and ends at the end of `out`, a multiple of 4 bytes long.
pub(crate) fn finish(out: &mut [u8], start: usize) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn report_blocks(out: &mut Vec<u8>, reports: &[ReportBlock]) {
    for report in reports {
        put_u32(out, report.ssrc.0);
        let lost = report.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
        put_u32(out, u32::from(report.fraction_lost) << 24 | lost);
        put_u32(out, report.highest_seq);
        put_u32(out, report.jitter);
        put_u32(out, report.last_sr);
        put_u32(out, report.delay_since_last_sr);
    }
}

fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}
