//! The requests of a meeting, as the Python side makes them.

use serde_json::{Value, json};
use videocall_client::{ExtensionIds, ReceiveStream, Repair, SendStream, StreamKind};
use videocall_core::rtp::{PayloadType, Ssrc};

/// Payload types and extension ids, the same for everybody here.
const VP8: u8 = 101;
const VP8_RTX: u8 = 102;
const OPUS: u8 = 100;

pub(crate) const EXTENSIONS: ExtensionIds = ExtensionIds {
    mid: Some(1),
    rid: None,
    repaired_rid: None,
    abs_send_time: Some(4),
    transport_cc: Some(5),
    audio_level: Some(10),
};

/// What the publisher sends, camera first.
pub(crate) fn send_streams() -> [SendStream; 2] {
    [StreamKind::Video, StreamKind::Audio].map(|kind| SendStream {
        kind,
        ssrc: Ssrc(publisher_ssrc(kind)),
        payload_type: PayloadType(payload_type(kind)),
        rtx: repair(kind, publisher_ssrc(kind)),
        mid: None,
        rid: None,
    })
}

/// What a subscriber receives.
pub(crate) fn receive_stream(kind: StreamKind, consumer: usize) -> ReceiveStream {
    let ssrc = consumer_ssrc(consumer);
    ReceiveStream {
        kind,
        ssrc: Ssrc(ssrc),
        rtx: repair(kind, ssrc),
        nack: kind == StreamKind::Video,
    }
}

pub(crate) fn produce(kind: StreamKind) -> Value {
    let codecs: Vec<Value> = codecs(kind)
        .iter()
        .map(|codec| json!({"payloadType": codec["payloadType"], "mappedPayloadType": codec["payloadType"]}))
        .collect();
    json!({
        "transportId": "publisher",
        "producerId": id(kind),
        "kind": id(kind),
        "rtpParameters": rtp_parameters(kind, publisher_ssrc(kind), None),
        "rtpMapping": {"codecs": codecs, "encodings": [{"mappedSsrc": 1, "ssrc": publisher_ssrc(kind)}]},
        "paused": false,
    })
}

pub(crate) fn consume(kind: StreamKind, transport: &str, consumer: usize) -> Value {
    let mid = if kind == StreamKind::Video { "0" } else { "1" };
    json!({
        "transportId": transport,
        "consumerId": format!("consumer{consumer}"),
        "producerId": id(kind),
        "kind": id(kind),
        "rtpParameters": rtp_parameters(kind, consumer_ssrc(consumer), Some(mid)),
        "paused": false,
    })
}

fn rtp_parameters(kind: StreamKind, ssrc: u32, mid: Option<&str>) -> Value {
    let mut encoding = json!({"ssrc": ssrc});
    if let Some(rtx) = repair(kind, ssrc) {
        encoding["rtx"] = json!({"ssrc": rtx.ssrc.0});
    }
    json!({
        "mid": mid,
        "codecs": codecs(kind),
        "headerExtensions": [
            {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1},
            {"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": 4},
            {"uri": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", "id": 5},
            {"uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": 10},
        ],
        "encodings": [encoding],
        "rtcp": {"cname": "bench", "reducedSize": true},
    })
}

fn codecs(kind: StreamKind) -> Vec<Value> {
    match kind {
        StreamKind::Audio => vec![json!({
            "mimeType": "audio/opus", "payloadType": OPUS, "clockRate": 48_000, "channels": 2,
            "parameters": {}, "rtcpFeedback": [{"type": "transport-cc"}],
        })],
        StreamKind::Video => vec![
            json!({
                "mimeType": "video/VP8", "payloadType": VP8, "clockRate": 90_000, "parameters": {},
                "rtcpFeedback": [
                    {"type": "nack"}, {"type": "nack", "parameter": "pli"}, {"type": "transport-cc"},
                ],
            }),
            json!({
                "mimeType": "video/rtx", "payloadType": VP8_RTX, "clockRate": 90_000,
                "parameters": {"apt": VP8}, "rtcpFeedback": [],
            }),
        ],
    }
}

fn repair(kind: StreamKind, ssrc: u32) -> Option<Repair> {
    (kind == StreamKind::Video).then_some(Repair {
        ssrc: Ssrc(ssrc + 1),
        payload_type: PayloadType(VP8_RTX),
    })
}

fn payload_type(kind: StreamKind) -> u8 {
    if kind == StreamKind::Video { VP8 } else { OPUS }
}

fn publisher_ssrc(kind: StreamKind) -> u32 {
    if kind == StreamKind::Video {
        1_000
    } else {
        2_000
    }
}

fn consumer_ssrc(consumer: usize) -> u32 {
    100_000 + 2 * consumer as u32
}

fn id(kind: StreamKind) -> &'static str {
    if kind == StreamKind::Video {
        "video"
    } else {
        "audio"
    }
}
