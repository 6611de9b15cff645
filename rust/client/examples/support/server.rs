//! A real worker on loopback, with the requests that signalling would make.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use videocall_client::driver::{ClientPlan, Load, LoadEvent, Role, SendPlan};
use videocall_client::{ExtensionIds, Fingerprint, ReceiveStream, Repair, SendStream, StreamKind};
use videocall_core::rtp::{PayloadType, Ssrc};
use videocall_io::{ListenOptions, MessageQueue, Worker, WorkerOptions};

/// Longer than anything takes; only a failure waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

const EXTENSIONS: ExtensionIds = ExtensionIds {
    mid: Some(1),
    rid: None,
    repaired_rid: None,
    abs_send_time: Some(4),
    transport_cc: Some(5),
    audio_level: Some(10),
};

/// A worker with one router.
pub struct Server {
    worker: Worker,
    messages: MessageQueue,
    next_id: u32,
}

/// A stream that the server takes, as consumers name it.
#[derive(Clone)]
pub struct Producer {
    id: String,
    kind: StreamKind,
}

impl Server {
    /// Starts it on a port of the system's choice.
    pub fn start() -> Self {
        let listen = ListenOptions {
            ip: [127, 0, 0, 1].into(),
            port: 0,
            announced: None,
        };
        let messages = MessageQueue::new(65_536).expect("an eventfd");
        let options = WorkerOptions::new(vec![listen]);
        let worker = Worker::start(0, &options, &messages).expect("a worker");
        let mut server = Self {
            worker,
            messages,
            next_id: 0,
        };
        server.request("createRouter", json!({"routerId": "r"}));
        server
    }

    /// One of the worker's counters.
    pub fn metric(&self, name: &str) -> u64 {
        let found = self
            .worker
            .metrics()
            .into_iter()
            .find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no counter {name}")).1
    }

    /// Creates a transport for a client of `load`, with what it will send.
    pub fn plan(
        &mut self,
        transport: &str,
        load: &Load,
        kinds: &[StreamKind],
    ) -> (ClientPlan, Vec<Producer>) {
        let ok = self.request(
            "createWebRtcTransport",
            json!({"routerId": "r", "transportId": transport}),
        );
        let prints: Vec<Fingerprint> = load.certificate().fingerprints();
        self.request(
            "connectWebRtcTransport",
            json!({"transportId": transport, "dtlsParameters": {"role": "client", "fingerprints": prints}}),
        );
        let candidates = ok["iceCandidates"].as_array().expect("candidates").iter();
        let (send, producers) = kinds
            .iter()
            .enumerate()
            .map(|(mid, kind)| self.produce(transport, mid, *kind))
            .unzip();
        let plan = ClientPlan {
            bind: [127, 0, 0, 1].into(),
            ice_parameters: parse(&ok["iceParameters"]),
            ice_candidates: candidates
                .map(|c| SocketAddr::new(parse(&c["ip"]), parse(&c["port"])))
                .collect(),
            fingerprints: parse(&ok["dtlsParameters"]["fingerprints"]),
            dtls_role: Role::Client,
            extensions: EXTENSIONS,
            send,
            receive: Vec::new(),
        };
        (plan, producers)
    }

    /// Sends a producer to the transport.
    pub fn consume(&mut self, transport: &str, producer: &Producer) -> ReceiveStream {
        let number = self.next_id;
        let ssrc = 500_000 + number * 2;
        let (codecs, _, rtx) = codecs(producer.kind, 5);
        self.request(
            "consume",
            json!({
                "transportId": transport, "consumerId": format!("c{number}"),
                "producerId": producer.id, "kind": name(producer.kind), "paused": false,
                "rtpParameters": {
                    "mid": "0", "codecs": codecs, "headerExtensions": extensions(),
                    "encodings": [{"ssrc": ssrc, "rtx": rtx.map(|_| json!({"ssrc": ssrc + 1}))}],
                    "rtcp": {"cname": "load"},
                },
            }),
        );
        ReceiveStream {
            kind: producer.kind,
            ssrc: Ssrc(ssrc),
            rtx: rtx.map(|payload_type| repair(ssrc, payload_type)),
            nack: producer.kind == StreamKind::Video,
        }
    }

    fn produce(&mut self, transport: &str, mid: usize, kind: StreamKind) -> (SendPlan, Producer) {
        let number = self.next_id;
        let ssrc = 1_000 + number * 2;
        let (codecs, payload_type, rtx) = codecs(kind, 0);
        let id = format!("p{number}");
        self.request(
            "produce",
            json!({
                "transportId": transport, "producerId": id, "kind": name(kind), "paused": false,
                "rtpParameters": {
                    "mid": mid.to_string(), "codecs": codecs, "headerExtensions": extensions(),
                    "encodings": [{"ssrc": ssrc, "rtx": rtx.map(|_| json!({"ssrc": ssrc + 1}))}],
                    "rtcp": {"cname": "load"},
                },
                "rtpMapping": {
                    "codecs": [
                        {"payloadType": payload_type, "mappedPayloadType": payload_type + 5},
                        {"payloadType": payload_type + 1, "mappedPayloadType": payload_type + 6},
                    ],
                    "encodings": [{"ssrc": ssrc, "mappedSsrc": 900_000 + ssrc}],
                },
            }),
        );
        let stream = SendStream {
            kind,
            ssrc: Ssrc(ssrc),
            payload_type: PayloadType(payload_type),
            rtx: rtx.map(|payload_type| repair(ssrc, payload_type)),
            mid: mid.to_string().parse().ok(),
            rid: None,
        };
        let plan = SendPlan {
            stream,
            bitrate_bps: None,
        };
        (plan, Producer { id, kind })
    }

    fn request(&mut self, method: &str, data: Value) -> Value {
        self.next_id += 1;
        let request = json!({"id": self.next_id, "method": method, "data": data});
        self.worker
            .send(request.to_string().into_bytes())
            .expect("room in the ring");
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            for (_, message) in self.messages.drain(1024) {
                let message: Value = serde_json::from_slice(&message).expect("JSON");
                if message["id"] == self.next_id {
                    assert!(message.get("error").is_none(), "{method}: {message}");
                    return message["ok"].clone();
                }
            }
            std::thread::yield_now();
        }
        panic!("no answer to {method}");
    }
}

/// Waits until `count` clients have told the event that `wanted` picks.
pub fn wait_for(load: &Load, count: usize, wanted: impl Fn(&LoadEvent) -> bool) {
    let mut seen = 0;
    while seen < count {
        let event = load.wait_event(PATIENCE).expect("an event in time");
        if let LoadEvent::Failed { client, reason } = &event {
            panic!("client {client}: {reason}");
        }
        seen += usize::from(wanted(&event));
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the server's own parameters")
}

fn name(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Audio => "audio",
        StreamKind::Video => "video",
    }
}

fn repair(ssrc: u32, payload_type: u8) -> Repair {
    Repair {
        ssrc: Ssrc(ssrc + 1),
        payload_type: PayloadType(payload_type),
    }
}

fn codecs(kind: StreamKind, add: u8) -> (Value, u8, Option<u8>) {
    match kind {
        StreamKind::Audio => {
            let pt = 110 + add;
            let codec = json!({"mimeType": "audio/opus", "payloadType": pt, "clockRate": 48000,
                "channels": 2, "rtcpFeedback": [{"type": "transport-cc"}]});
            (json!([codec]), pt, None)
        }
        StreamKind::Video => {
            let pt = 96 + add;
            let codec = json!({"mimeType": "video/VP8", "payloadType": pt, "clockRate": 90000,
                "rtcpFeedback": [{"type": "nack"}, {"type": "nack", "parameter": "pli"},
                    {"type": "ccm", "parameter": "fir"}, {"type": "transport-cc"}]});
            let rtx = json!({"mimeType": "video/rtx", "payloadType": pt + 1, "clockRate": 90000,
                "parameters": {"apt": pt}});
            (json!([codec, rtx]), pt, Some(pt + 1))
        }
    }
}

fn extensions() -> Value {
    json!([
        {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1},
        {"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": 4},
        {"uri": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", "id": 5},
        {"uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": 10},
    ])
}
