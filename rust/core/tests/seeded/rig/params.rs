//! RTP parameters as negotiation would make them. Publishers and the router number everything differently, so that nothing
//! passes by accident.

use serde_json::{Value, json};
use videocall_client::{ExtensionIds, ReceiveStream, Repair, SendStream, StreamKind};
use videocall_core::rtp::{Mid, PayloadType, Ssrc};

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// A codec, and the payload types of the publisher and of the router.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    pub kind: StreamKind,
    mime_type: &'static str,
    published: u8,
    published_rtx: Option<u8>,
    routed: u8,
    routed_rtx: Option<u8>,
    red: bool,
}

/// Payload types of redundant audio, the publisher's and the router's.
const PUBLISHED_RED: u8 = 63;
pub const ROUTED_RED: u8 = 110;

/// VP8 with RTX.
pub fn vp8() -> Codec {
    Codec {
        kind: StreamKind::Video,
        mime_type: "video/VP8",
        published: 96,
        published_rtx: Some(97),
        routed: 101,
        routed_rtx: Some(102),
        red: false,
    }
}

/// Another video codec under the same numbers: `video/H264` and the like.
pub fn video(mime_type: &'static str) -> Codec {
    Codec { mime_type, ..vp8() }
}

/// Opus, which has no RTX.
pub fn opus() -> Codec {
    Codec {
        kind: StreamKind::Audio,
        mime_type: "audio/opus",
        published: 111,
        published_rtx: None,
        routed: 100,
        routed_rtx: None,
        red: false,
    }
}

/// Opus, and redundant audio of it (RFC 2198).
pub fn opus_with_red() -> Codec {
    Codec {
        red: true,
        ..opus()
    }
}

/// One stream of one kind: its SSRC (the RTX one is the next) and MID.
#[derive(Debug, Clone)]
pub struct Stream {
    pub codec: Codec,
    pub ssrc: u32,
    pub mid: String,
}

impl Codec {
    /// `audio` or `video`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            StreamKind::Audio => "audio",
            StreamKind::Video => "video",
        }
    }

    pub fn clock_rate(&self) -> u32 {
        self.kind.clock_rate()
    }

    pub fn published(&self) -> PayloadType {
        PayloadType(self.published)
    }

    fn json(&self, payload_type: u8, rtx: Option<u8>, red: u8) -> Value {
        let feedback = match self.kind {
            StreamKind::Audio => json!([{"type": "transport-cc", "parameter": ""}]),
            StreamKind::Video => json!([
                {"type": "nack", "parameter": ""},
                {"type": "nack", "parameter": "pli"},
                {"type": "ccm", "parameter": "fir"},
                {"type": "transport-cc", "parameter": ""},
            ]),
        };
        let clock_rate = self.clock_rate();
        let media = json!({
            "mimeType": self.mime_type, "payloadType": payload_type, "clockRate": clock_rate, "rtcpFeedback": feedback,
        });
        let repair = rtx.map(|rtx| {
            let parameters = json!({"apt": payload_type});
            json!({"mimeType": "video/rtx", "payloadType": rtx, "clockRate": clock_rate, "parameters": parameters})
        });
        let red = self.red.then(|| {
            let parameters = json!({"": format!("{payload_type}/{payload_type}")});
            json!({"mimeType": "audio/red", "payloadType": red, "clockRate": clock_rate, "parameters": parameters})
        });
        [Some(media), repair, red].into_iter().flatten().collect()
    }
}

impl Stream {
    /// The SSRC of retransmissions, where there are any.
    pub fn rtx_ssrc(&self) -> Option<u32> {
        self.codec.published_rtx.map(|_| self.ssrc + 1)
    }

    fn encoding(&self) -> Value {
        match self.rtx_ssrc() {
            Some(rtx) => json!({"ssrc": self.ssrc, "rtx": {"ssrc": rtx}}),
            None => json!({"ssrc": self.ssrc}),
        }
    }

    fn repair(&self, payload_type: Option<u8>) -> Option<Repair> {
        let ssrc = Ssrc(self.rtx_ssrc()?);
        payload_type.map(|payload_type| Repair {
            ssrc,
            payload_type: PayloadType(payload_type),
        })
    }

    /// The stream as a publishing peer sends it.
    pub fn sent(&self) -> SendStream {
        SendStream {
            kind: self.codec.kind,
            ssrc: Ssrc(self.ssrc),
            payload_type: self.codec.published(),
            rtx: self.repair(self.codec.published_rtx),
            mid: Mid::new(self.mid.as_bytes()).ok(),
            rid: None,
        }
    }

    /// The stream as a subscribing peer receives it.
    pub fn received(&self) -> ReceiveStream {
        ReceiveStream {
            kind: self.codec.kind,
            ssrc: Ssrc(self.ssrc),
            rtx: self.repair(self.codec.routed_rtx),
            nack: self.codec.kind == StreamKind::Video,
        }
    }
}

/// Ids of a publisher's header extensions.
pub fn published_extensions() -> ExtensionIds {
    ExtensionIds {
        mid: Some(4),
        abs_send_time: Some(2),
        transport_cc: Some(3),
        audio_level: Some(1),
        ..ExtensionIds::default()
    }
}

/// Ids of the router's.
pub fn routed_extensions() -> ExtensionIds {
    ExtensionIds {
        mid: Some(1),
        abs_send_time: Some(4),
        transport_cc: Some(5),
        audio_level: Some(10),
        ..ExtensionIds::default()
    }
}

fn extensions(ids: &ExtensionIds, kind: StreamKind) -> Value {
    let level = ids.audio_level.filter(|_| kind == StreamKind::Audio);
    [
        (MID, ids.mid),
        (ABS_SEND_TIME, ids.abs_send_time),
        (TRANSPORT_CC, ids.transport_cc),
        (AUDIO_LEVEL, level),
    ]
    .into_iter()
    .filter_map(|(uri, id)| Some(json!({"uri": uri, "id": id?})))
    .collect()
}

/// `rtpParameters` of a producer.
pub fn producer_parameters(stream: &Stream) -> Value {
    let codec = &stream.codec;
    json!({
        "mid": stream.mid,
        "codecs": codec.json(codec.published, codec.published_rtx, PUBLISHED_RED),
        "headerExtensions": extensions(&published_extensions(), codec.kind),
        "encodings": [stream.encoding()],
        "rtcp": {"cname": "publisher"},
    })
}

/// `rtpMapping` of a producer.
pub fn rtp_mapping(stream: &Stream) -> Value {
    let codec = &stream.codec;
    let media = [(codec.published, codec.routed)];
    let repair = codec.published_rtx.zip(codec.routed_rtx);
    let codecs: Value = media
        .into_iter()
        .chain(repair)
        .chain(codec.red.then_some((PUBLISHED_RED, ROUTED_RED)))
        .map(|(from, to)| json!({"payloadType": from, "mappedPayloadType": to}))
        .collect();
    json!({"codecs": codecs, "encodings": [{"ssrc": stream.ssrc, "mappedSsrc": stream.ssrc ^ 0x5555}]})
}

/// `rtpParameters` of a consumer.
pub fn consumer_parameters(stream: &Stream) -> Value {
    let codec = &stream.codec;
    json!({
        "mid": stream.mid,
        "codecs": codec.json(codec.routed, codec.routed_rtx, ROUTED_RED),
        "headerExtensions": extensions(&routed_extensions(), codec.kind),
        "encodings": [stream.encoding()],
        "rtcp": {"cname": "publisher"},
    })
}
