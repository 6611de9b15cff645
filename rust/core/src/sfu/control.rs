//! Requests from Python. Each is read into its own type, carried out, and answered once.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use rand::Rng;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Sfu;
use crate::bandwidth::BandwidthEstimator;
use crate::consumer::Consumer;
use crate::dtls::{DtlsEndpoint, DtlsRole};
use crate::error::Error;
use crate::feedback::{RembEstimator, TwccFeedback};
use crate::ice::IceLite;
use crate::keyframe_request::MIN_INTERVAL;
use crate::keys::{ConsumerKey, ProducerKey, RouterKey, TransportKey};
use crate::munger::Munger;
use crate::params::{DtlsParameters, MediaKind, RemoteDtlsRole, RtpMapping, RtpParameters};
use crate::producer::{Producer, best_stream};
use crate::router::Router;
use crate::rtp::Ssrc;
use crate::transport::{Dtls, DtlsState, Route, Transport};

#[derive(Deserialize)]
struct Envelope<'a> {
    id: u64,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouterId {
    router_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransportId {
    transport_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProducerId {
    producer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsumerId {
    consumer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetPreferredLayers {
    consumer_id: String,
    spatial_layer: u8,
    #[serde(default)]
    temporal_layer: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateTransport {
    router_id: String,
    transport_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectTransport {
    transport_id: String,
    dtls_parameters: DtlsParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetMaxIncomingBitrate {
    transport_id: String,
    bitrate: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Produce {
    transport_id: String,
    producer_id: String,
    kind: MediaKind,
    rtp_parameters: RtpParameters,
    rtp_mapping: RtpMapping,
    #[serde(default)]
    paused: bool,
    #[serde(default)]
    key_frame_request_delay: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consume {
    transport_id: String,
    consumer_id: String,
    producer_id: String,
    kind: MediaKind,
    rtp_parameters: RtpParameters,
    #[serde(default)]
    paused: bool,
}

impl Sfu {
    /// Carries out one JSON request `{"id", "method", "data"}`. The answer, and before it the
    /// events it causes, come from [`Sfu::poll_message`].
    pub fn handle_request(&mut self, now: Instant, request: &[u8]) {
        let envelope: Envelope = match serde_json::from_slice(request) {
            Ok(envelope) => envelope,
            // Without an id there is nobody to answer.
            Err(error) => {
                log::error!("unreadable request: {error}");
                return;
            }
        };
        let data = envelope.data.map_or("{}", RawValue::get);
        let result = self.dispatch(now, &envelope.method, data);
        self.current = None;
        self.messages.reply(envelope.id, result);
    }

    fn dispatch(&mut self, now: Instant, method: &str, data: &str) -> Result<Value, Error> {
        match method {
            "createRouter" => self.create_router(parse::<RouterId>(data)?.router_id),
            "closeRouter" => {
                let key = self.router(&parse::<RouterId>(data)?.router_id)?;
                self.close_router(key, "closed", now);
                Ok(json!({}))
            }
            "createWebRtcTransport" => self.create_transport(parse(data)?, now),
            "connectWebRtcTransport" => self.connect_transport(parse(data)?, now),
            "restartIce" => self.restart_ice(parse(data)?, now),
            "setMaxIncomingBitrate" => self.set_max_incoming_bitrate(parse(data)?, now),
            "closeTransport" => {
                let key = self.transport(&parse::<TransportId>(data)?.transport_id)?;
                self.close_transport(key, "closed", now);
                Ok(json!({}))
            }
            "produce" => self.produce(parse(data)?, now),
            "pauseProducer" => self.pause_producer(parse(data)?, true, now),
            "resumeProducer" => self.pause_producer(parse(data)?, false, now),
            "closeProducer" => {
                let key = self.producer(&parse::<ProducerId>(data)?.producer_id)?;
                self.close_producer(key, "closed");
                Ok(json!({}))
            }
            "consume" => self.consume(parse(data)?, now),
            "pauseConsumer" => self.pause_consumer(parse(data)?, true, now),
            "resumeConsumer" => self.pause_consumer(parse(data)?, false, now),
            "setPreferredLayers" => self.set_preferred_layers(parse(data)?),
            "requestKeyFrame" => {
                let key = self.consumer(&parse::<ConsumerId>(data)?.consumer_id)?;
                self.request_keyframe_for(key, now);
                Ok(json!({}))
            }
            "closeConsumer" => {
                let key = self.consumer(&parse::<ConsumerId>(data)?.consumer_id)?;
                self.close_consumer(key, "closed");
                Ok(json!({}))
            }
            "getStats" => self.get_stats(data, now),
            "dump" => Ok(self.dump()),
            _ => Err(Error::unsupported(format!("no method '{method}'"))),
        }
    }

    fn create_router(&mut self, id: String) -> Result<Value, Error> {
        vacant(&self.ids.routers, "router", &id)?;
        let key = self.routers.insert(Router {
            id: id.clone(),
            transports: Vec::new(),
        });
        self.ids.routers.insert(id, key);
        Ok(json!({}))
    }

    fn create_transport(&mut self, request: CreateTransport, now: Instant) -> Result<Value, Error> {
        let router = self.router(&request.router_id)?;
        vacant(&self.ids.transports, "transport", &request.transport_id)?;
        // The worker's number leads, so that any process can tell whose ufrag it is.
        let prefix = format!("{:02x}", self.config.worker_id);
        let ice = IceLite::new(&mut self.rng, &prefix, now);
        let ice_parameters = json!(ice.parameters());
        let ufrag = ice.parameters().username_fragment.clone();
        let id = request.transport_id;
        let key = self
            .transports
            .insert(Transport::new(id.clone(), router, ice));
        self.routers[router].transports.push(key);
        self.ids.transports.insert(id, key);
        self.ufrags.insert(ufrag, key);
        self.reschedule(key);
        Ok(json!({
            "iceParameters": ice_parameters,
            "iceCandidates": self.candidates(),
            "dtlsParameters": {"role": "auto", "fingerprints": self.certificate.fingerprints()},
        }))
    }

    /// Host candidates (RFC 8445, 5.1.2), the first listen address being preferred.
    fn candidates(&self) -> Value {
        let candidate = |(index, listen): (usize, &super::ListenAddr)| {
            let local_preference = u32::from(u16::MAX) - index as u32;
            json!({
                "foundation": format!("udp{index}"),
                "priority": 126u32 << 24 | local_preference << 8 | 255,
                "ip": listen.announced,
                "address": listen.announced,
                "port": listen.announced_port,
                "protocol": "udp",
                "type": "host",
            })
        };
        self.config
            .listen
            .iter()
            .enumerate()
            .map(candidate)
            .collect()
    }

    fn connect_transport(
        &mut self,
        request: ConnectTransport,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        self.current = Some(key);
        let transport = &mut self.transports[key];
        let Dtls::New(early) = &mut transport.dtls else {
            return Err(Error::conflict("the transport is connected already"));
        };
        let early = std::mem::take(early);
        let DtlsParameters { role, fingerprints } = request.dtls_parameters;
        if fingerprints.is_empty() {
            return Err(Error::bad_request("dtlsParameters.fingerprints is empty"));
        }
        if role == Some(RemoteDtlsRole::Server) {
            transport.dtls = Dtls::Waiting(fingerprints);
            self.set_dtls_state(key, DtlsState::Connecting);
            self.start_dtls_client(key, now);
            return Ok(json!({"dtlsLocalRole": "client"}));
        }
        let endpoint = DtlsEndpoint::new(&self.certificate, DtlsRole::Server, fingerprints, now)
            .map_err(|error| Error::bad_request(format!("dtlsParameters: {error}")))?;
        transport.dtls = Dtls::Running(Box::new(endpoint));
        self.set_dtls_state(key, DtlsState::Connecting);
        for datagram in early {
            self.run_dtls(key, now, |endpoint| {
                endpoint.handle_datagram(now, &datagram)
            });
        }
        self.reschedule(key);
        Ok(json!({"dtlsLocalRole": "server"}))
    }

    fn restart_ice(&mut self, request: TransportId, now: Instant) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let transport = &mut self.transports[key];
        transport.ice.restart(&mut self.rng, now);
        let parameters = transport.ice.parameters();
        self.ufrags
            .insert(parameters.username_fragment.clone(), key);
        let answer = json!({"iceParameters": parameters});
        let ice = &self.transports[key].ice;
        self.ufrags
            .retain(|ufrag, owner| *owner != key || ice.accepts(ufrag));
        Ok(answer)
    }

    fn set_max_incoming_bitrate(
        &mut self,
        request: SetMaxIncomingBitrate,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let limit = Some(request.bitrate).filter(|&bitrate| bitrate > 0);
        self.transports[key].max_incoming_bitrate = limit;
        self.transports[key].reports_due = Some(now);
        self.reschedule(key);
        Ok(json!({}))
    }

    fn produce(&mut self, request: Produce, now: Instant) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        vacant(&self.ids.producers, "producer", &request.producer_id)?;
        let parameters = &request.rtp_parameters;
        let delay = request
            .key_frame_request_delay
            .map_or(MIN_INTERVAL, Duration::from_millis);
        let transport = &mut self.transports[key];
        let mut producer = Producer::new(
            request.producer_id.clone(),
            key,
            transport.router,
            request.kind,
            parameters,
            &request.rtp_mapping,
            delay,
        )?;
        producer.paused = request.paused;
        let ssrcs = |producer: &Producer| -> Vec<(u32, u8, bool)> {
            let mut all = Vec::new();
            for (index, stream) in producer.streams.iter().enumerate() {
                all.extend(stream.ssrc.map(|ssrc| (ssrc, index as u8, false)));
                all.extend(stream.rtx_ssrc.map(|ssrc| (ssrc, index as u8, true)));
            }
            all
        };
        let ssrcs = ssrcs(&producer);
        let taken = |ssrc: u32| transport.route(Ssrc(ssrc)).is_some();
        let mut seen = std::collections::HashSet::new();
        if let Some((ssrc, ..)) = ssrcs.iter().find(|(s, ..)| taken(*s) || !seen.insert(*s)) {
            return Err(Error::conflict(format!(
                "SSRC {ssrc} is in use on this transport"
            )));
        }
        let same_mid = |other: &ProducerKey| {
            let other = self.producers.get(*other).and_then(|producer| producer.mid);
            other.is_some() && other == producer.mid
        };
        if transport.producers.iter().any(same_mid) {
            return Err(Error::conflict(
                "rtpParameters.mid is in use on this transport",
            ));
        }
        if ssrcs.is_empty() && producer.mid.is_none() {
            return Err(Error::bad_request(
                "rtpParameters has neither SSRCs nor a mid, so nothing could be told by it",
            ));
        }
        transport.extensions.add(&parameters.header_extensions);
        let feedback = |kind: &str| {
            parameters
                .codecs
                .iter()
                .any(|c| c.rtcp_feedback.iter().any(|f| f.r#type == kind))
        };
        if feedback("transport-cc") {
            transport
                .transport_cc
                .get_or_insert_with(|| TwccFeedback::new(now));
        } else if feedback("goog-remb") {
            transport.remb.get_or_insert_with(RembEstimator::new);
        }
        let producer_type = producer.producer_type;
        let producer_key = self.producers.insert(producer);
        for (ssrc, stream, rtx) in ssrcs {
            let route = Route {
                producer: producer_key,
                stream,
                rtx,
            };
            transport.learn(Ssrc(ssrc), route);
        }
        transport.producers.push(producer_key);
        transport
            .reports_due
            .get_or_insert(now + super::reports::INTERVAL);
        self.ids.producers.insert(request.producer_id, producer_key);
        self.reschedule(key);
        Ok(json!({"type": producer_type}))
    }

    fn pause_producer(
        &mut self,
        request: ProducerId,
        pause: bool,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.producer(&request.producer_id)?;
        let producer = &mut self.producers[key];
        if producer.paused == pause {
            return Ok(json!({}));
        }
        producer.paused = pause;
        let event = if pause {
            "producerPause"
        } else {
            "producerResume"
        };
        let consumers: Vec<ConsumerKey> = producer.mungers.iter().map(|m| m.consumer).collect();
        for consumer in consumers {
            self.update_munger(consumer, now);
            self.messages
                .event(event, &self.consumers[consumer].id, json!({}));
        }
        Ok(json!({}))
    }

    fn consume(&mut self, request: Consume, now: Instant) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let producer_key = self.producer(&request.producer_id)?;
        vacant(&self.ids.consumers, "consumer", &request.consumer_id)?;
        let producer = &self.producers[producer_key];
        let transport = &self.transports[key];
        if producer.router != transport.router {
            return Err(Error::not_found("producer", &request.producer_id));
        }
        if producer.kind != request.kind {
            return Err(Error::bad_request("kind is not the producer's"));
        }
        let parameters = &request.rtp_parameters;
        let ssrc = parameters
            .encodings
            .first()
            .and_then(|encoding| encoding.ssrc)
            .ok_or_else(|| Error::bad_request("rtpParameters.encodings[0].ssrc is missing"))?;
        let rtx_ssrc = parameters.encodings[0].rtx.as_ref().map(|rtx| rtx.ssrc);
        if [Some(ssrc), rtx_ssrc]
            .iter()
            .flatten()
            .any(|s| transport.outgoing.contains_key(s))
        {
            return Err(Error::conflict(format!(
                "SSRC {ssrc} is in use on this transport"
            )));
        }
        // The low half of the number space: the first wrap, and with it the first ROC, is far off.
        let (first, rtx_first) = (
            self.rng.random_range(1..0x7FFF),
            self.rng.random_range(1..0x7FFF),
        );
        let mut consumer = Consumer::new(
            request.consumer_id.clone(),
            key,
            producer_key,
            request.kind,
            parameters,
            ssrc,
            rtx_first,
        );
        consumer.paused = request.paused;
        consumer.munger = producer.mungers.len();
        let (payload_types, producer_paused) = (consumer.payload_types, producer.paused);
        let consumer_key = self.consumers.insert(consumer);
        let munger = Munger::new(
            consumer_key,
            key,
            ssrc,
            first,
            payload_types,
            request.kind == MediaKind::Video,
            parameters,
        );
        let transport = &mut self.transports[key];
        if munger.has_transport_cc() && transport.bandwidth.is_none() {
            transport.bandwidth = Some(Box::new(BandwidthEstimator::new(now)));
        }
        self.producers[producer_key].mungers.push(munger);
        transport.consumers.push(consumer_key);
        transport.outgoing.insert(ssrc, consumer_key);
        if let Some(rtx) = rtx_ssrc {
            transport.outgoing.insert(rtx, consumer_key);
        }
        transport
            .reports_due
            .get_or_insert(now + super::reports::INTERVAL);
        self.ids.consumers.insert(request.consumer_id, consumer_key);
        self.update_munger(consumer_key, now);
        self.reschedule(key);
        Ok(json!({"paused": request.paused, "producerPaused": producer_paused}))
    }

    fn pause_consumer(
        &mut self,
        request: ConsumerId,
        pause: bool,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.consumer(&request.consumer_id)?;
        self.consumers[key].paused = pause;
        self.update_munger(key, now);
        Ok(json!({}))
    }

    /// The highest layers a consumer is to be given, from its producer's next keyframe on.
    fn set_preferred_layers(&mut self, request: SetPreferredLayers) -> Result<Value, Error> {
        let key = self.consumer(&request.consumer_id)?;
        let consumer = &self.consumers[key];
        let producer = &mut self.producers[consumer.producer];
        let munger = &mut producer.mungers[consumer.munger];
        munger.target_stream = request.spatial_layer;
        munger.target_temporal = request.temporal_layer.unwrap_or(u8::MAX);
        Ok(json!({}))
    }

    /// Makes a consumer's hot state follow its and its producer's pause flags. Starting again,
    /// it waits for a keyframe, which is asked for.
    fn update_munger(&mut self, key: ConsumerKey, now: Instant) {
        let consumer = &self.consumers[key];
        let producer = &mut self.producers[consumer.producer];
        let active = !consumer.paused && !producer.paused;
        let flowing = producer.flowing(now);
        let munger = &mut producer.mungers[consumer.munger];
        if active && !munger.active {
            munger.restart(best_stream(flowing, munger.target_stream).unwrap_or(0));
        }
        let started = active && !munger.active;
        munger.active = active;
        if started {
            self.request_keyframe_for(key, now);
        }
    }

    /// Asks the publisher for a keyframe of the stream a consumer is given.
    pub(super) fn request_keyframe_for(&mut self, key: ConsumerKey, now: Instant) {
        let consumer = &self.consumers[key];
        if consumer.kind == MediaKind::Audio {
            return;
        }
        let Some(producer) = self.producers.get_mut(consumer.producer) else {
            return;
        };
        let stream = producer.mungers[consumer.munger].stream() as usize;
        let due = producer.streams[stream].keyframe_requests.request(now);
        let transport = producer.transport;
        self.schedule(transport, due);
    }

    /// Looks at a transport's timers at the next [`Sfu::handle_timeout`] to find its next one.
    pub(super) fn reschedule(&mut self, key: TransportKey) {
        if let Some(at) = self.next_timer(key) {
            self.schedule(key, at);
        }
    }

    fn router(&self, id: &str) -> Result<RouterKey, Error> {
        self.ids
            .routers
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("router", id))
    }

    pub(super) fn transport(&self, id: &str) -> Result<TransportKey, Error> {
        self.ids
            .transports
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("transport", id))
    }

    pub(super) fn producer(&self, id: &str) -> Result<ProducerKey, Error> {
        self.ids
            .producers
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("producer", id))
    }

    pub(super) fn consumer(&self, id: &str) -> Result<ConsumerKey, Error> {
        self.ids
            .consumers
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("consumer", id))
    }
}

fn parse<T: DeserializeOwned>(data: &str) -> Result<T, Error> {
    serde_json::from_str(data).map_err(|error| Error::bad_request(error.to_string()))
}

fn vacant<K>(
    ids: &std::collections::HashMap<String, K>,
    kind: &str,
    id: &str,
) -> Result<(), Error> {
    match ids.contains_key(id) {
        true => Err(Error::conflict(format!("a {kind} with id '{id}' exists"))),
        false => Ok(()),
    }
}
