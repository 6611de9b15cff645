//! Requests about producers and consumers.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rand::Rng;
use serde_json::{Value, json};

use super::Sfu;
use super::control::vacant;
use super::requests::{Consume, ConsumerId, Produce, ProducerId, SetPreferredLayers, SetPriority};
use crate::bandwidth::BandwidthEstimator;
use crate::consumer::Consumer;
use crate::error::Error;
use crate::feedback::{RembEstimator, TwccFeedback};
use crate::keyframe_request::MIN_INTERVAL;
use crate::keys::{ConsumerKey, ProducerKey};
use crate::munger::Munger;
use crate::params::MediaKind;
use crate::producer::{Producer, ProducerType, best_stream};
use crate::rtp::Ssrc;
use crate::transport::Route;

impl Sfu {
    pub(super) fn produce(&mut self, request: Produce, now: Instant) -> Result<Value, Error> {
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
        let mut ssrcs = Vec::new();
        for (index, stream) in producer.streams.iter().enumerate() {
            ssrcs.extend(stream.ssrc.map(|ssrc| (ssrc, index as u8, false)));
            ssrcs.extend(stream.rtx_ssrc.map(|ssrc| (ssrc, index as u8, true)));
        }
        let taken = |ssrc: u32| transport.route(Ssrc(ssrc)).is_some();
        let mut seen = HashSet::new();
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
        self.rewatch(producer_key);
        self.reschedule(key);
        Ok(json!({"type": producer_type}))
    }

    pub(super) fn pause_producer(
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
            self.allocate(self.consumers[consumer].transport, now);
            self.update_munger(consumer, now);
            self.messages
                .event(event, &self.consumers[consumer].id, json!({}));
        }
        Ok(json!({}))
    }

    pub(super) fn consume(&mut self, request: Consume, now: Instant) -> Result<Value, Error> {
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
        let producer_type = producer.producer_type;
        let consumer_key = self.consumers.insert(consumer);
        let mut munger = Munger::new(
            consumer_key,
            key,
            ssrc,
            first,
            payload_types,
            request.kind == MediaKind::Video,
            parameters,
        );
        munger.svc = producer_type == ProducerType::Svc;
        let transport = &mut self.transports[key];
        if munger.has_transport_cc() && transport.bandwidth.is_none() {
            let start = transport.initial_outgoing_bitrate;
            transport.bandwidth = Some(Box::new(BandwidthEstimator::new(now, start)));
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
        self.rewatch(producer_key);
        self.allocate(key, now);
        self.update_munger(consumer_key, now);
        self.reschedule(key);
        Ok(json!({"paused": request.paused, "producerPaused": producer_paused}))
    }

    pub(super) fn pause_consumer(
        &mut self,
        request: ConsumerId,
        pause: bool,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.consumer(&request.consumer_id)?;
        let consumer = &mut self.consumers[key];
        consumer.paused = pause;
        if pause {
            (consumer.granted, consumer.starved) = (None, false);
        }
        let (transport, producer) = (consumer.transport, consumer.producer);
        self.rewatch(producer);
        self.allocate(transport, now);
        self.update_munger(key, now);
        Ok(json!({}))
    }

    /// The highest layers a consumer is to be given, as far as its path carries them.
    pub(super) fn set_preferred_layers(
        &mut self,
        request: SetPreferredLayers,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.consumer(&request.consumer_id)?;
        let consumer = &mut self.consumers[key];
        consumer.preferred = (
            request.spatial_layer,
            request.temporal_layer.unwrap_or(u8::MAX),
        );
        let (transport, producer) = (consumer.transport, consumer.producer);
        self.rewatch(producer);
        self.allocate(transport, now);
        Ok(json!({}))
    }

    /// A consumer's share of its path.
    pub(super) fn set_priority(
        &mut self,
        request: SetPriority,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.consumer(&request.consumer_id)?;
        if request.priority == 0 {
            return Err(Error::bad_request("priority is not from 1 to 255"));
        }
        let consumer = &mut self.consumers[key];
        consumer.priority = request.priority;
        let transport = consumer.transport;
        self.allocate(transport, now);
        Ok(json!({"priority": request.priority}))
    }

    /// Makes a consumer's hot state follow its and its producer's pause flags. Starting again,
    /// it waits for a keyframe, which is asked for.
    pub(super) fn update_munger(&mut self, key: ConsumerKey, now: Instant) {
        let consumer = &self.consumers[key];
        let producer = &mut self.producers[consumer.producer];
        let active = !consumer.paused && !producer.paused && !consumer.starved;
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
}
