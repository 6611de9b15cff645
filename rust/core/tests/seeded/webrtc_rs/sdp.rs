//! The little SDP that a PeerConnection needs from an SFU (RFC 8829, RFC 8839, RFC 8842).

use std::fmt::Write as _;

use crate::rig::{SFU_ADDRESS, Stream, TransportInfo};
use videocall_client::StreamKind;

/// How a description's media sections are meant.
pub(super) struct Description<'a> {
    pub(super) transport: &'a TransportInfo,
    /// `a=setup`.
    pub(super) setup: &'a str,
    /// `sendonly` or `recvonly`.
    pub(super) direction: &'a str,
    /// Numbers of the payload types and extensions: the publisher's or the router's.
    pub(super) numbers: Numbers,
}

/// Payload types and header-extension ids of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) vp8: u8,
    pub(super) rtx: u8,
    pub(super) opus: u8,
    pub(super) mid: u8,
    pub(super) transport_cc: u8,
}

/// As in [`crate::rig::producer_parameters`].
pub(super) const PUBLISHED: Numbers = Numbers {
    vp8: 96,
    rtx: 97,
    opus: 111,
    mid: 4,
    transport_cc: 3,
};
/// As in [`crate::rig::consumer_parameters`].
pub(super) const ROUTED: Numbers = Numbers {
    vp8: 101,
    rtx: 102,
    opus: 100,
    mid: 1,
    transport_cc: 5,
};

/// The SFU's description with one section for each stream.
pub(super) fn describe(description: &Description<'_>, streams: &[Stream]) -> String {
    let mut sdp =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE".to_owned();
    for stream in streams {
        let _ = write!(sdp, " {}", stream.mid);
    }
    sdp.push_str("\r\na=msid-semantic: WMS *\r\n");
    for stream in streams {
        section(&mut sdp, description, stream);
    }
    sdp
}

fn section(sdp: &mut String, description: &Description<'_>, stream: &Stream) {
    let Description {
        transport,
        setup,
        direction,
        numbers,
    } = description;
    let Numbers {
        vp8,
        rtx,
        opus,
        mid,
        transport_cc,
    } = numbers;
    let mut line = |text: String| {
        sdp.push_str(&text);
        sdp.push_str("\r\n");
    };
    let media = match stream.codec.kind {
        StreamKind::Video => format!("m=video 7 UDP/TLS/RTP/SAVPF {vp8} {rtx}"),
        StreamKind::Audio => format!("m=audio 7 UDP/TLS/RTP/SAVPF {opus}"),
    };
    line(media);
    line("c=IN IP4 127.0.0.1".into());
    line(format!("a=mid:{}", stream.mid));
    match stream.codec.kind {
        StreamKind::Video => {
            line(format!("a=rtpmap:{vp8} VP8/90000"));
            line(format!("a=rtpmap:{rtx} rtx/90000"));
            line(format!("a=fmtp:{rtx} apt={vp8}"));
            for feedback in ["nack", "nack pli", "ccm fir", "transport-cc"] {
                line(format!("a=rtcp-fb:{vp8} {feedback}"));
            }
        }
        StreamKind::Audio => {
            line(format!("a=rtpmap:{opus} opus/48000/2"));
            line(format!("a=fmtp:{opus} minptime=10;useinbandfec=1"));
            line(format!("a=rtcp-fb:{opus} transport-cc"));
        }
    }
    line(format!(
        "a=extmap:{mid} urn:ietf:params:rtp-hdrext:sdes:mid"
    ));
    line(format!(
        "a=extmap:{transport_cc} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    ));
    // As mediasoup-client does: the last one.
    let fingerprint = transport
        .dtls_parameters
        .fingerprints
        .last()
        .expect("a fingerprint");
    line(format!(
        "a=fingerprint:{} {}",
        fingerprint.algorithm, fingerprint.value
    ));
    line(format!("a=setup:{setup}"));
    line(format!(
        "a=ice-ufrag:{}",
        transport.ice_parameters.username_fragment
    ));
    line(format!("a=ice-pwd:{}", transport.ice_parameters.password));
    let (ip, port) = (SFU_ADDRESS.ip(), SFU_ADDRESS.port());
    line(format!(
        "a=candidate:udp0 1 udp 2130706431 {ip} {port} typ host"
    ));
    line("a=end-of-candidates".into());
    line("a=rtcp-mux".into());
    line("a=rtcp-rsize".into());
    line(format!("a={direction}"));
    if *direction == "sendonly" {
        let kind = stream.codec.kind_name();
        line(format!("a=msid:stream {kind}"));
        if let Some(rtx) = stream.rtx_ssrc() {
            line(format!("a=ssrc-group:FID {} {rtx}", stream.ssrc));
            line(format!("a=ssrc:{rtx} cname:publisher"));
        }
        line(format!("a=ssrc:{} cname:publisher", stream.ssrc));
    }
}

/// The value of the first `a=NAME:` line.
pub(super) fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| {
        line.strip_prefix("a=")?
            .strip_prefix(name)?
            .strip_prefix(':')
    })
}
