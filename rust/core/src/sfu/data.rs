//! Requests about data producers and consumers.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Sfu;
use super::control::vacant;
use crate::data::{DataConsumer, DataKind, DataProducer, DataStats};
use crate::error::Error;
use crate::keys::{DataConsumerKey, DataProducerKey, TransportKey};
use crate::sctp::{Message, MessageKind, Reliability};

/// Data producers, and likewise consumers, of one transport.
const MAX_PER_TRANSPORT: usize = 1024;
/// Subchannels of one consumer.
const MAX_SUBCHANNELS: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProduceData {
    transport_id: String,
    data_producer_id: String,
    #[serde(default)]
    sctp_stream_parameters: Option<StreamParameters>,
    #[serde(default)]
    label: String,
    #[serde(default)]
    protocol: String,
    #[serde(default)]
    paused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamParameters {
    stream_id: u16,
    #[serde(default)]
    ordered: Option<bool>,
    #[serde(default)]
    max_packet_life_time: Option<u16>,
    #[serde(default)]
    max_retransmits: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsumeData {
    transport_id: String,
    data_consumer_id: String,
    data_producer_id: String,
    /// What is missing is as the producer has it.
    #[serde(default)]
    ordered: Option<bool>,
    #[serde(default)]
    max_packet_life_time: Option<u16>,
    #[serde(default)]
    max_retransmits: Option<u16>,
    #[serde(default)]
    subchannels: Vec<u16>,
    #[serde(default)]
    paused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataProducerId {
    pub(super) data_producer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataConsumerId {
    pub(super) data_consumer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetSubchannels {
    data_consumer_id: String,
    subchannels: Vec<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetThreshold {
    data_consumer_id: String,
    threshold: usize,
}

/// A message of the application: to all consumers of a direct producer, or to one consumer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendData {
    #[serde(default)]
    data_producer_id: Option<String>,
    #[serde(default)]
    data_consumer_id: Option<String>,
    #[serde(default)]
    text: Option<String>,
    /// Base64 (RFC 4648, 4).
    #[serde(default)]
    binary: Option<String>,
    #[serde(default)]
    subchannels: Vec<u16>,
    #[serde(default)]
    required_subchannel: Option<u16>,
}

impl Sfu {
    pub(super) fn produce_data(&mut self, request: ProduceData) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        vacant(
            &self.ids.data_producers,
            "data producer",
            &request.data_producer_id,
        )?;
        if self.transports[key].data_producers.len() >= MAX_PER_TRANSPORT {
            return Err(Error::conflict("the transport has too many data producers"));
        }
        let kind = match request.sctp_stream_parameters {
            None if self.transports[key].is_direct() => DataKind::Direct,
            None => return Err(Error::bad_request("sctpStreamParameters: missing")),
            Some(parameters) => self.incoming_stream(key, &parameters)?,
        };
        if let (
            DataKind::Sctp {
                stream,
                reliability,
            },
            Some(sctp),
        ) = (kind, &mut self.transports[key].sctp)
        {
            sctp.open_incoming(stream, reliability);
        }
        let producer = DataProducer {
            id: request.data_producer_id.clone(),
            transport: key,
            router: self.transports[key].router,
            kind,
            label: request.label,
            protocol: request.protocol,
            paused: request.paused,
            consumers: Vec::new(),
            stats: DataStats::default(),
        };
        let answer = json!({"type": kind.name(), "sctpStreamParameters": stream_parameters(&kind)});
        let producer = self.data_producers.insert(producer);
        self.transports[key].data_producers.push(producer);
        self.ids
            .data_producers
            .insert(request.data_producer_id, producer);
        Ok(answer)
    }

    pub(super) fn consume_data(&mut self, request: ConsumeData) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let producer_key = self.data_producer(&request.data_producer_id)?;
        vacant(
            &self.ids.data_consumers,
            "data consumer",
            &request.data_consumer_id,
        )?;
        let (producer, transport) = (&self.data_producers[producer_key], &self.transports[key]);
        if producer.router != transport.router {
            return Err(Error::not_found("data producer", &request.data_producer_id));
        }
        if transport.data_consumers.len() >= MAX_PER_TRANSPORT {
            return Err(Error::conflict("the transport has too many data consumers"));
        }
        check_subchannels(&request.subchannels)?;
        let theirs = match producer.kind {
            DataKind::Sctp { reliability, .. } => reliability,
            DataKind::Direct => RELIABLE,
        };
        let told = [request.max_packet_life_time, request.max_retransmits];
        let limits = if told.iter().any(Option::is_some) {
            told
        } else {
            [theirs.max_packet_life_time, theirs.max_retransmits]
        };
        let reliability = reliability(request.ordered.or(Some(theirs.ordered)), limits)?;
        let (label, protocol) = (producer.label.clone(), producer.protocol.clone());
        let producer_paused = producer.paused;
        let kind = match transport.is_direct() {
            true => DataKind::Direct,
            false => DataKind::Sctp {
                stream: self.free_stream(key)?,
                reliability,
            },
        };
        let consumer = DataConsumer {
            id: request.data_consumer_id.clone(),
            transport: key,
            producer: producer_key,
            kind,
            label,
            protocol,
            paused: request.paused,
            subchannels: request.subchannels,
            full_told: false,
            stats: DataStats::default(),
        };
        let answer = json!({
            "type": kind.name(),
            "sctpStreamParameters": stream_parameters(&kind),
            "label": consumer.label,
            "protocol": consumer.protocol,
            "dataProducerPaused": producer_paused,
        });
        let consumer = self.data_consumers.insert(consumer);
        self.data_producers[producer_key].consumers.push(consumer);
        self.ids
            .data_consumers
            .insert(request.data_consumer_id, consumer);
        let transport = &mut self.transports[key];
        transport.data_consumers.push(consumer);
        if let (
            DataKind::Sctp {
                stream,
                reliability,
            },
            Some(sctp),
        ) = (kind, &mut transport.sctp)
        {
            sctp.open_outgoing(stream, reliability, 0);
        }
        Ok(answer)
    }

    pub(super) fn pause_data_producer(
        &mut self,
        request: DataProducerId,
        pause: bool,
    ) -> Result<Value, Error> {
        let key = self.data_producer(&request.data_producer_id)?;
        let producer = &mut self.data_producers[key];
        if producer.paused != pause {
            producer.paused = pause;
            let event = match pause {
                true => "dataProducerPause",
                false => "dataProducerResume",
            };
            for consumer in &producer.consumers {
                let id = &self.data_consumers[*consumer].id;
                self.messages.event(event, id, json!({}));
            }
        }
        Ok(json!({}))
    }

    pub(super) fn pause_data_consumer(
        &mut self,
        request: DataConsumerId,
        pause: bool,
    ) -> Result<Value, Error> {
        let key = self.data_consumer(&request.data_consumer_id)?;
        self.data_consumers[key].paused = pause;
        Ok(json!({}))
    }

    pub(super) fn set_subchannels(&mut self, request: SetSubchannels) -> Result<Value, Error> {
        let key = self.data_consumer(&request.data_consumer_id)?;
        check_subchannels(&request.subchannels)?;
        self.data_consumers[key].subchannels = request.subchannels;
        Ok(json!({}))
    }

    pub(super) fn set_buffered_amount_low_threshold(
        &mut self,
        request: SetThreshold,
    ) -> Result<Value, Error> {
        let key = self.data_consumer(&request.data_consumer_id)?;
        let consumer = &self.data_consumers[key];
        let sctp = &mut self.transports[consumer.transport].sctp;
        let (Some(sctp), Some(stream)) = (sctp, consumer.kind.stream()) else {
            return Err(Error::unsupported("a direct data consumer buffers nothing"));
        };
        sctp.set_threshold(stream, request.threshold);
        Ok(json!({}))
    }

    pub(super) fn buffered_amount(&self, request: DataConsumerId) -> Result<Value, Error> {
        let key = self.data_consumer(&request.data_consumer_id)?;
        Ok(json!({"bufferedAmount": self.buffered_amount_of(key)}))
    }

    pub(super) fn send_data(&mut self, request: SendData, now: Instant) -> Result<Value, Error> {
        let message = match (request.text, request.binary) {
            (Some(text), None) => Message {
                kind: MessageKind::Text,
                content: text.into_bytes().into(),
            },
            (None, Some(binary)) => Message {
                kind: MessageKind::Binary,
                content: BASE64
                    .decode(binary)
                    .map_err(|error| Error::bad_request(format!("binary: {error}")))?
                    .into(),
            },
            _ => return Err(Error::bad_request("sendData takes one of text, binary")),
        };
        match (request.data_producer_id, request.data_consumer_id) {
            (Some(id), None) => {
                let key = self.data_producer(&id)?;
                if self.data_producers[key].kind != DataKind::Direct {
                    return Err(Error::unsupported(
                        "the data producer's messages come from its peer",
                    ));
                }
                let (subchannels, required) = (&request.subchannels, request.required_subchannel);
                self.forward_data(key, &message, subchannels, required, now);
            }
            (None, Some(id)) => {
                let key = self.data_consumer(&id)?;
                self.send_to_consumer(key, &message, now);
            }
            _ => {
                return Err(Error::bad_request(
                    "sendData takes one of dataProducerId, dataConsumerId",
                ));
            }
        }
        Ok(json!({}))
    }

    pub(super) fn buffered_amount_of(&self, key: DataConsumerKey) -> usize {
        let consumer = &self.data_consumers[key];
        let sctp = &self.transports[consumer.transport].sctp;
        match (sctp, consumer.kind.stream()) {
            (Some(sctp), Some(stream)) => sctp.buffered_on(stream),
            _ => 0,
        }
    }

    pub(super) fn data_producer(&self, id: &str) -> Result<DataProducerKey, Error> {
        let key = self.ids.data_producers.get(id).copied();
        key.ok_or_else(|| Error::not_found("data producer", id))
    }

    pub(super) fn data_consumer(&self, id: &str) -> Result<DataConsumerKey, Error> {
        let key = self.ids.data_consumers.get(id).copied();
        key.ok_or_else(|| Error::not_found("data consumer", id))
    }

    /// The stream that a peer says it will send on.
    fn incoming_stream(
        &self,
        key: TransportKey,
        parameters: &StreamParameters,
    ) -> Result<DataKind, Error> {
        let stream = parameters.stream_id;
        let limits = [parameters.max_packet_life_time, parameters.max_retransmits];
        let reliability = reliability(parameters.ordered, limits)?;
        let transport = &self.transports[key];
        let Some(sctp) = &transport.sctp else {
            return Err(Error::unsupported("the transport has no SCTP"));
        };
        if stream >= sctp.options().max_streams {
            return Err(Error::bad_request(format!(
                "sctpStreamParameters.streamId: {stream} is beyond the {} streams negotiated",
                sctp.options().max_streams
            )));
        }
        if self.streams_in_use(key).any(|used| used == stream) {
            return Err(Error::conflict(format!(
                "SCTP stream {stream} is in use on this transport"
            )));
        }
        Ok(DataKind::Sctp {
            stream,
            reliability,
        })
    }

    /// A stream that nobody on the transport uses. They are given in turn, so that one that was
    /// closed has long been reset at the peer when it comes up again.
    fn free_stream(&mut self, key: TransportKey) -> Result<u16, Error> {
        let transport = &self.transports[key];
        let Some(sctp) = &transport.sctp else {
            return Err(Error::unsupported("the transport has no SCTP"));
        };
        let count = sctp.options().max_streams;
        let mut used = vec![false; count.into()];
        for stream in self.streams_in_use(key) {
            used[usize::from(stream)] = true;
        }
        let next = transport.next_data_stream;
        let free = (0..count)
            .map(|step| (next + step) % count)
            .find(|stream| !used[usize::from(*stream)])
            .ok_or_else(|| Error::conflict("every SCTP stream of the transport is in use"))?;
        self.transports[key].next_data_stream = (free + 1) % count;
        Ok(free)
    }

    fn streams_in_use(&self, key: TransportKey) -> impl Iterator<Item = u16> + '_ {
        let transport = &self.transports[key];
        let producers = transport.data_producers.iter();
        let consumers = transport.data_consumers.iter();
        producers
            .filter_map(|key| self.data_producers[*key].kind.stream())
            .chain(consumers.filter_map(|key| self.data_consumers[*key].kind.stream()))
    }
}

const RELIABLE: Reliability = Reliability {
    ordered: true,
    max_packet_life_time: None,
    max_retransmits: None,
};

/// As mediasoup: what is partially reliable is unordered unless told otherwise.
fn reliability(
    ordered: Option<bool>,
    [max_packet_life_time, max_retransmits]: [Option<u16>; 2],
) -> Result<Reliability, Error> {
    if max_packet_life_time.is_some() && max_retransmits.is_some() {
        return Err(Error::bad_request(
            "maxRetransmits: maxPacketLifeTime is given as well, and only one can be",
        ));
    }
    let partial = max_packet_life_time.is_some() || max_retransmits.is_some();
    Ok(Reliability {
        ordered: ordered.unwrap_or(!partial),
        max_packet_life_time,
        max_retransmits,
    })
}

fn check_subchannels(subchannels: &[u16]) -> Result<(), Error> {
    match subchannels.len() > MAX_SUBCHANNELS {
        true => Err(Error::bad_request("subchannels: more than 1024")),
        false => Ok(()),
    }
}

/// ORTC's SctpStreamParameters, without what does not apply.
fn stream_parameters(kind: &DataKind) -> Value {
    let DataKind::Sctp {
        stream,
        reliability,
    } = kind
    else {
        return Value::Null;
    };
    let mut parameters = json!({"streamId": stream, "ordered": reliability.ordered});
    for (name, value) in [
        ("maxPacketLifeTime", reliability.max_packet_life_time),
        ("maxRetransmits", reliability.max_retransmits),
    ] {
        if let Some(value) = value {
            parameters[name] = json!(value);
        }
    }
    parameters
}
