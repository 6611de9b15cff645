//! Requests from Python. Each is read into its own type, carried out, and answered once.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Sfu;
use super::data::{DataConsumerId, DataProducerId};
use super::requests::{ConsumerId, Envelope, ObserverId, ProducerId, RouterId, TransportId, parse};
use crate::error::Error;
use crate::keys::{ConsumerKey, ObserverKey, ProducerKey, RouterKey, TransportKey};
use crate::router::Router;

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
        self.tell_watched(now);
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
            "setMaxOutgoingBitrate" => self.set_max_outgoing_bitrate(parse(data)?, now),
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
            "setPreferredLayers" => self.set_preferred_layers(parse(data)?, now),
            "setPriority" => self.set_priority(parse(data)?, now),
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
            "createDirectTransport" => self.create_direct_transport(parse(data)?),
            "produceData" => self.produce_data(parse(data)?),
            "pauseDataProducer" => self.pause_data_producer(parse(data)?, true),
            "resumeDataProducer" => self.pause_data_producer(parse(data)?, false),
            "closeDataProducer" => {
                let id = parse::<DataProducerId>(data)?.data_producer_id;
                let key = self.data_producer(&id)?;
                self.close_data_producer(key, "closed", now);
                Ok(json!({}))
            }
            "consumeData" => self.consume_data(parse(data)?),
            "pauseDataConsumer" => self.pause_data_consumer(parse(data)?, true),
            "resumeDataConsumer" => self.pause_data_consumer(parse(data)?, false),
            "setSubchannels" => self.set_subchannels(parse(data)?),
            "setBufferedAmountLowThreshold" => self.set_buffered_amount_low_threshold(parse(data)?),
            "getBufferedAmount" => self.buffered_amount(parse(data)?),
            "sendData" => self.send_data(parse(data)?, now),
            "closeDataConsumer" => {
                let id = parse::<DataConsumerId>(data)?.data_consumer_id;
                let key = self.data_consumer(&id)?;
                self.close_data_consumer(key, "closed", now);
                Ok(json!({}))
            }
            "createAudioLevelObserver" => self.create_audio_level_observer(parse(data)?, now),
            "createActiveSpeakerObserver" => self.create_active_speaker_observer(parse(data)?, now),
            "observe" => self.observe(parse(data)?, true),
            "unobserve" => self.observe(parse(data)?, false),
            "pauseObserver" => self.pause_observer(parse(data)?, true),
            "resumeObserver" => self.pause_observer(parse(data)?, false),
            "closeObserver" => {
                let key = self.observer(&parse::<ObserverId>(data)?.observer_id)?;
                self.close_observer(key, "closed");
                Ok(json!({}))
            }
            "getStats" => self.get_stats(data, now),
            "dump" => Ok(self.dump(now)),
            _ => Err(Error::unsupported(format!("no method '{method}'"))),
        }
    }

    fn create_router(&mut self, id: String) -> Result<Value, Error> {
        vacant(&self.ids.routers, "router", &id)?;
        let key = self.routers.insert(Router {
            id: id.clone(),
            transports: Vec::new(),
            observers: Vec::new(),
        });
        self.ids.routers.insert(id, key);
        Ok(json!({}))
    }

    /// Looks at a transport's timers at the next [`Sfu::handle_timeout`] to find its next one.
    pub(super) fn reschedule(&mut self, key: TransportKey) {
        if let Some(at) = self.next_timer(key) {
            self.schedule(key, at);
        }
    }

    pub(super) fn router(&self, id: &str) -> Result<RouterKey, Error> {
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

    pub(super) fn observer(&self, id: &str) -> Result<ObserverKey, Error> {
        self.ids
            .observers
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("observer", id))
    }

    pub(super) fn consumer(&self, id: &str) -> Result<ConsumerKey, Error> {
        self.ids
            .consumers
            .get(id)
            .copied()
            .ok_or_else(|| Error::not_found("consumer", id))
    }
}

/// Refuses an id that is taken.
pub(super) fn vacant<K>(ids: &HashMap<String, K>, kind: &str, id: &str) -> Result<(), Error> {
    match ids.contains_key(id) {
        true => Err(Error::conflict(format!("a {kind} with id '{id}' exists"))),
        false => Ok(()),
    }
}
