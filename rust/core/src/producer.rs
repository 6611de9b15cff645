//! A producer: what one participant sends of one kind, as one or several streams.

use std::time::{Duration, Instant};

use crate::cache::PacketCache;
use crate::error::Error;
use crate::feedback::{NackGenerator, RateMeter, ReceiverReportState};
use crate::keyframe_request::KeyframeRequests;
use crate::keys::{ObserverKey, RouterKey, TransportKey};
use crate::layer_rates::LayerRates;
use crate::munger::Munger;
use crate::params::{MediaKind, RtpMapping, RtpParameters};
use crate::pool::Pool;
use crate::rtp::{Mid, PayloadType, Rid, Ssrc, Unwrapper, VideoCodec};
use crate::score::Score;
use crate::sfu::Watched;

/// Packets of a video stream that can be asked for again; at 2.5 Mbit/s 1.5 s are about 340.
const VIDEO_CACHE: usize = 512;
/// The same for audio, one packet in 20 ms.
const AUDIO_CACHE: usize = 128;

/// Encodings of one producer at most; browsers send three.
const MAX_STREAMS: usize = 8;

/// What a payload type of a producer means.
#[derive(Debug, Clone, Copy, Default)]
pub struct PayloadRoute {
    /// The router's payload type of the media codec.
    pub mapped: PayloadType,
    /// RTP clock in hertz, 0 for a payload type that was not negotiated.
    pub clock_rate: u32,
    /// Whether it is an RTX payload type (RFC 4588) of that codec.
    pub rtx: bool,
    /// Whether it is redundant audio (RFC 2198), whose blocks have payload types of their own.
    pub red: bool,
    /// Video codec, when it is video.
    pub codec: Option<VideoCodec>,
}

impl PayloadRoute {
    /// Whether packets of it hold a codec's payload and nothing around it.
    pub fn is_media(&self) -> bool {
        self.clock_rate > 0 && !self.rtx && !self.red
    }
}

/// How a producer's streams relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProducerType {
    /// One stream.
    Simple,
    /// Several streams of one source.
    Simulcast,
    /// One stream with spatial layers.
    Svc,
}

/// One received RTP stream.
#[derive(Debug)]
pub struct Stream {
    /// SSRC, once known.
    pub ssrc: Option<u32>,
    /// RTX SSRC, once known.
    pub rtx_ssrc: Option<u32>,
    /// RID, for streams that are told by it.
    pub rid: Option<Rid>,
    /// RTP clock of the newest packet's codec.
    pub clock_rate: u32,
    /// 16 to 64 bit sequence numbers.
    pub unwrapper: Unwrapper,
    /// Packets that can be asked for.
    pub cache: PacketCache,
    /// Numbers of packets that wait for the next send.
    pub pending: Vec<u64>,
    /// When they are to be sent at the latest.
    pub due: Option<Instant>,
    /// Requests for missing packets, when negotiated.
    pub nack: Option<NackGenerator>,
    /// What receiver reports say.
    pub reports: ReceiverReportState,
    /// Incoming rate.
    pub rate: RateMeter,
    /// The same of each layer, for video.
    pub layer_rates: LayerRates,
    /// Requests for keyframes.
    pub keyframe_requests: KeyframeRequests,
    /// How well it arrives.
    pub score: Score,
    /// Counters.
    pub stats: StreamStats,
}

/// Counters of a [`Stream`].
#[derive(Debug, Default, Clone, Copy)]
pub struct StreamStats {
    /// Packets accepted, recovered ones included.
    pub packets: u64,
    /// Payload bytes accepted.
    pub bytes: u64,
    /// Packets that came a second time.
    pub duplicates: u64,
    /// Packets recovered through RTX.
    pub recovered: u64,
    /// Keyframes seen.
    pub keyframes: u64,
    /// Sequence numbers asked for again.
    pub nacked: u64,
    /// Keyframe requests sent.
    pub plis: u64,
    /// When the newest packet came.
    pub last_packet: Option<Instant>,
}

/// A producer.
#[derive(Debug)]
pub struct Producer {
    /// Id given by Python.
    pub id: String,
    /// Where it arrives.
    pub transport: TransportKey,
    /// Where it is routed.
    pub router: RouterKey,
    /// Audio or video.
    pub kind: MediaKind,
    /// Kind of its set of streams.
    pub producer_type: ProducerType,
    /// Spatial layers of its one stream, where it has several.
    pub spatial_layers: u8,
    /// What its publisher was told of who watches.
    pub watched: Watched,
    /// Whether forwarding is halted.
    pub paused: bool,
    /// MID by which unknown SSRCs are told.
    pub mid: Option<Mid>,
    /// By payload type.
    pub payload_types: Box<[PayloadRoute; 128]>,
    /// Its streams, lowest resolution first.
    pub streams: Vec<Stream>,
    /// Hot state of everyone who consumes it.
    pub mungers: Vec<Munger>,
    /// Whether PLI was negotiated; FIR is used otherwise.
    pub pli: bool,
    /// Sequence number of FIR (RFC 5104, 4.3.1.1).
    pub fir_seq: u8,
    /// Who is told how loud it is.
    pub observers: Vec<ObserverKey>,
}

impl Producer {
    /// A producer from negotiated parameters.
    pub fn new(
        id: String,
        transport: TransportKey,
        router: RouterKey,
        kind: MediaKind,
        parameters: &RtpParameters,
        mapping: &RtpMapping,
        key_frame_request_delay: Duration,
    ) -> Result<Self, Error> {
        if parameters.encodings.is_empty() {
            return Err(Error::bad_request("rtpParameters.encodings is empty"));
        }
        if parameters.encodings.len() > MAX_STREAMS {
            return Err(Error::bad_request(
                "rtpParameters.encodings has too many entries",
            ));
        }
        let payload_types = payload_routes(parameters, mapping)?;
        let feedback = |kind: &str, parameter: Option<&str>| {
            parameters.codecs.iter().any(|codec| {
                codec.rtcp_feedback.iter().any(|f| {
                    f.r#type == kind
                        && f.parameter.as_deref().filter(|p| !p.is_empty()) == parameter
                })
            })
        };
        let clock_rate = payload_types
            .iter()
            .map(|route| route.clock_rate)
            .find(|&rate| rate > 0);
        let spatial_layers = parameters.encodings[0]
            .scalability_mode
            .as_deref()
            .map(spatial_layers);
        let producer_type = match (parameters.encodings.len(), spatial_layers) {
            (1, Some(2..)) => ProducerType::Svc,
            (1, _) => ProducerType::Simple,
            _ => ProducerType::Simulcast,
        };
        let mut streams = Vec::with_capacity(parameters.encodings.len());
        for encoding in &parameters.encodings {
            let rid = match encoding.rid.as_deref() {
                Some(rid) => Some(Rid::new(rid.as_bytes()).map_err(|error| {
                    Error::bad_request(format!("rtpParameters.encodings: rid: {error}"))
                })?),
                None => None,
            };
            streams.push(Stream {
                ssrc: encoding.ssrc,
                rtx_ssrc: encoding.rtx.as_ref().map(|rtx| rtx.ssrc),
                rid,
                clock_rate: clock_rate.unwrap_or(90_000),
                unwrapper: Unwrapper::default(),
                cache: PacketCache::new(match kind {
                    MediaKind::Video => VIDEO_CACHE,
                    MediaKind::Audio => AUDIO_CACHE,
                }),
                pending: Vec::with_capacity(64),
                due: None,
                nack: feedback("nack", None).then(NackGenerator::new),
                reports: ReceiverReportState::new(Ssrc(encoding.ssrc.unwrap_or_default())),
                rate: RateMeter::default(),
                layer_rates: LayerRates::new(producer_type == ProducerType::Svc),
                keyframe_requests: KeyframeRequests::new(key_frame_request_delay),
                score: Score::default(),
                stats: StreamStats::default(),
            });
        }
        let mid = match parameters.mid.as_deref() {
            Some(mid) => Some(
                Mid::new(mid.as_bytes())
                    .map_err(|error| Error::bad_request(format!("rtpParameters.mid: {error}")))?,
            ),
            None => None,
        };
        Ok(Self {
            id,
            transport,
            router,
            kind,
            producer_type,
            spatial_layers: spatial_layers.unwrap_or(1).clamp(1, MAX_STREAMS as u8),
            watched: Watched::default(),
            paused: false,
            mid,
            payload_types,
            streams,
            mungers: Vec::new(),
            pli: feedback("nack", Some("pli")),
            fir_seq: 0,
            observers: Vec::new(),
        })
    }

    /// One bit for each simulcast stream, or each spatial layer of its one stream.
    pub fn all_layers(&self) -> u8 {
        let layers = match self.streams.len() {
            1 => usize::from(self.spatial_layers),
            streams => streams,
        };
        u8::MAX >> (MAX_STREAMS - layers.min(MAX_STREAMS))
    }

    /// The streams that packets came of lately, one bit each.
    pub fn flowing(&self, now: Instant) -> u8 {
        let flows = |stream: &Stream| {
            let last = stream.stats.last_packet;
            last.is_some_and(|at| now.saturating_duration_since(at) < STREAM_TIMEOUT)
        };
        let bits = self.streams.iter().enumerate();
        bits.fold(0, |bits, (index, stream)| {
            bits | u8::from(flows(stream)) << index
        })
    }

    /// Gives back all pool slots.
    pub fn release(&mut self, pool: &mut Pool) {
        for stream in &mut self.streams {
            stream.cache.clear(pool);
        }
    }
}

/// A simulcast stream without packets for this long is not flowing: the sender stopped it.
const STREAM_TIMEOUT: Duration = Duration::from_millis(1000);

/// Of the streams that flow, the highest up to `target`, or else the lowest.
pub fn best_stream(flowing: u8, target: u8) -> Option<u8> {
    let up_to = |top: u8| {
        7u8.checked_sub(top)
            .map_or(u8::MAX, |unused| u8::MAX >> unused)
    };
    let suitable = flowing & up_to(target);
    match (suitable, flowing) {
        (0, 0) => None,
        (0, _) => Some(flowing.trailing_zeros() as u8),
        _ => Some(7 - suitable.leading_zeros() as u8),
    }
}

fn payload_routes(
    parameters: &RtpParameters,
    mapping: &RtpMapping,
) -> Result<Box<[PayloadRoute; 128]>, Error> {
    let mapped = |payload_type: u8| {
        mapping
            .codecs
            .iter()
            .find(|codec| codec.payload_type == payload_type)
            .map(|codec| codec.mapped_payload_type)
            .filter(|&mapped| mapped < 128)
            .ok_or_else(|| {
                Error::bad_request(format!(
                    "rtpMapping.codecs lacks payload type {payload_type}"
                ))
            })
    };
    let mut routes = Box::new([PayloadRoute::default(); 128]);
    for codec in &parameters.codecs {
        if codec.payload_type > 127 || codec.clock_rate == 0 {
            return Err(Error::bad_request(
                "rtpParameters.codecs: payloadType or clockRate",
            ));
        }
        let rtx = codec.mime_type.to_ascii_lowercase().ends_with("/rtx");
        let media = if rtx {
            let apt = codec
                .parameters
                .get("apt")
                .and_then(serde_json::Value::as_u64);
            apt.and_then(|apt| u8::try_from(apt).ok())
                .ok_or_else(|| Error::bad_request("rtpParameters.codecs: an rtx codec lacks apt"))?
        } else {
            codec.payload_type
        };
        let mime = parameters.codecs.iter().find(|c| c.payload_type == media);
        routes[codec.payload_type as usize] = PayloadRoute {
            mapped: PayloadType(mapped(media)?),
            clock_rate: codec.clock_rate,
            rtx,
            red: is_red(&codec.mime_type),
            codec: mime.and_then(|c| video_codec(&c.mime_type)),
        };
    }
    Ok(routes)
}

/// Whether a MIME type is that of redundant audio (RFC 2198).
pub fn is_red(mime_type: &str) -> bool {
    mime_type.eq_ignore_ascii_case("audio/red")
}

fn video_codec(mime_type: &str) -> Option<VideoCodec> {
    Some(match mime_type.to_ascii_lowercase().as_str() {
        "video/vp8" => VideoCodec::Vp8,
        "video/vp9" => VideoCodec::Vp9,
        "video/h264" => VideoCodec::H264,
        "video/av1" => VideoCodec::Av1,
        _ => return None,
    })
}

/// Spatial layers of a scalability mode such as `L3T3_KEY` or `S3T3` (W3C webrtc-svc).
fn spatial_layers(mode: &str) -> u8 {
    mode.get(1..2)
        .and_then(|digit| digit.parse().ok())
        .unwrap_or(1)
}
