//! What is fuzzed. Every function takes any bytes; it panics when the code under test does, or when it breaks a promise.

mod channel;
mod sctp;
mod stun;

use std::hint::black_box;
use std::time::Instant;

use videocall_core::dtls::{Certificate, DtlsEndpoint, DtlsOutput, DtlsRole};
use videocall_core::rtcp::{self, RtcpPacket, XrBlock};
use videocall_core::rtp::{RtpHeader, Ssrc, VideoCodec, is_keyframe};

pub use channel::{channel, datagram};
pub use sctp::sctp;
pub use stun::stun;

/// A target by its name, which is also its seeds' directory.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 8] = [
    ("rtp", rtp),
    ("rtcp", rtcp),
    ("keyframe", keyframe),
    ("stun", stun),
    ("dtls", dtls),
    ("channel", channel),
    ("datagram", datagram),
    ("sctp", sctp),
];

/// RTP header, extensions, padding.
pub fn rtp(data: &[u8]) {
    let Ok(header) = RtpHeader::parse(data) else {
        return;
    };
    assert!(header.header_len <= data.len());
    let elements = header.extensions(data).map(|(_, value)| value.len());
    assert!(elements.sum::<usize>() <= header.header_len);
    if let Ok(range) = header.payload_range(data) {
        assert!(header.header_len <= range.start && range.end <= data.len());
    }
}

/// RTCP compound packets, every view read to its end.
pub fn rtcp(data: &[u8]) {
    for packet in rtcp::packets(data).flatten() {
        black_box(match packet {
            RtcpPacket::SenderReport(view) => view.reports().count(),
            RtcpPacket::ReceiverReport(view) => view.reports().count(),
            RtcpPacket::Sdes(view) => {
                view.items().count() + view.cname(Ssrc(1)).map_or(0, <[u8]>::len)
            }
            RtcpPacket::Bye(view) => view.ssrcs().count() + view.reason().map_or(0, <[u8]>::len),
            RtcpPacket::Nack(view) => view.seqs().count(),
            RtcpPacket::Fir(view) => view.entries().count(),
            RtcpPacket::Remb { ssrcs, .. } => ssrcs.count(),
            RtcpPacket::TransportCc(view) => {
                let statuses = view.statuses().count();
                assert!(statuses <= usize::from(view.status_count));
                statuses
            }
            RtcpPacket::Xr(view) => view
                .blocks()
                .map(|block| match block {
                    XrBlock::Dlrr(dlrr) => dlrr.entries().count(),
                    _ => 1,
                })
                .sum(),
            _ => 0,
        });
    }
}

/// Key-frame detection: the first byte names the codec, the rest is the payload.
pub fn keyframe(data: &[u8]) {
    let Some((selector, payload)) = data.split_first() else {
        return;
    };
    let codec = match selector % 4 {
        0 => VideoCodec::Vp8,
        1 => VideoCodec::Vp9,
        2 => VideoCodec::H264,
        _ => VideoCodec::Av1,
    };
    black_box(is_keyframe(codec, payload));
}

/// The first datagrams of a DTLS handshake, as a server takes them; a zero length byte ends the input.
///
/// The input is a run of (two bytes of length, datagram).
pub fn dtls(data: &[u8]) {
    thread_local! {
        static CERTIFICATE: Certificate = Certificate::generate().expect("a certificate");
    }
    CERTIFICATE.with(|certificate| {
        let now = start();
        let fingerprints = certificate.fingerprints();
        let mut endpoint = DtlsEndpoint::new(certificate, DtlsRole::Server, fingerprints, now)
            .expect("a server endpoint");
        let mut rest = data;
        while let [high, low, tail @ ..] = rest {
            let len = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
            let (datagram, tail) = tail.split_at(len);
            endpoint.handle_datagram(now, datagram);
            while let Some(output) = endpoint.poll() {
                assert!(
                    !matches!(output, DtlsOutput::Connected { .. }),
                    "nobody can finish a handshake without its random numbers"
                );
            }
            rest = tail;
        }
    });
}

/// Some instant: nothing here depends on which.
fn start() -> Instant {
    Instant::now()
}
