//! Messages on their way: out of SCTP or from the application, to everyone who consumes them.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Sfu;
use crate::data::DataKind;
use crate::dtls::DtlsEndpoint;
use crate::keys::{DataConsumerKey, DataProducerKey, TransportKey};
use crate::sctp::{Message, MessageKind, SctpOutput, SendError};
use crate::transport::DtlsState;

impl Sfu {
    /// Takes DTLS application data: an SCTP packet.
    pub(super) fn handle_sctp(&mut self, now: Instant, key: TransportKey, packet: Vec<u8>) {
        if let Some(transport) = self.transports.get_mut(key)
            && let Some(sctp) = &mut transport.sctp
        {
            sctp.handle_packet(now, Bytes::from(packet));
            self.run_sctp(key, now);
        }
    }

    pub(super) fn run_sctp_timer(&mut self, key: TransportKey, now: Instant) {
        if let Some(transport) = self.transports.get_mut(key)
            && let Some(sctp) = &mut transport.sctp
        {
            sctp.handle_timeout(now);
            self.run_sctp(key, now);
        }
    }

    /// Carries out what a transport's SCTP association wants done.
    pub(super) fn run_sctp(&mut self, key: TransportKey, now: Instant) {
        while let Some(transport) = self.transports.get_mut(key)
            && let Some(sctp) = &mut transport.sctp
            && let Some(output) = sctp.poll()
        {
            match output {
                SctpOutput::Packet(packet) => {
                    self.run_dtls(key, now, |endpoint: &mut DtlsEndpoint| {
                        endpoint.send_data(&packet);
                    });
                }
                SctpOutput::State(state) => {
                    let data = json!({"sctpState": state});
                    self.messages.event("sctpStateChange", &transport.id, data);
                }
                SctpOutput::Message(stream, message) => {
                    let producers = transport.data_producers.iter().copied();
                    let kinds = &self.data_producers;
                    let mut owners =
                        producers.filter(|it| kinds[*it].kind.stream() == Some(stream));
                    if let Some(producer) = owners.next() {
                        self.forward_data(producer, &message, &[], None, now);
                    }
                }
                SctpOutput::BufferedAmountLow(stream, amount) => {
                    let mut consumers = transport.data_consumers.iter();
                    let kinds = &self.data_consumers;
                    let owner = consumers.find(|it| kinds[**it].kind.stream() == Some(stream));
                    if let Some(owner) = owner {
                        let data = json!({"bufferedAmount": amount});
                        let id = &self.data_consumers[*owner].id;
                        self.messages.event("bufferedAmountLow", id, data);
                    }
                }
                SctpOutput::Offence(offence) => {
                    log::warn!("transport {} is closed: {offence}", transport.id);
                    self.close_offender(key, offence, now);
                    return;
                }
            }
        }
        self.reschedule(key);
    }

    /// Sends a producer's message to everyone who consumes it.
    pub(super) fn forward_data(
        &mut self,
        key: DataProducerKey,
        message: &Message,
        subchannels: &[u16],
        required: Option<u16>,
        now: Instant,
    ) {
        let producer = &mut self.data_producers[key];
        producer.stats.messages += 1;
        producer.stats.bytes += message.content.len() as u64;
        if producer.paused {
            return;
        }
        let mut index = 0;
        while let Some(producer) = self.data_producers.get(key)
            && let Some(&consumer) = producer.consumers.get(index)
        {
            index += 1;
            if self.data_consumers[consumer].takes(subchannels, required) {
                self.send_to_consumer(consumer, message, now);
            }
        }
    }

    pub(super) fn send_to_consumer(
        &mut self,
        key: DataConsumerKey,
        message: &Message,
        now: Instant,
    ) {
        let consumer = &mut self.data_consumers[key];
        if consumer.paused {
            return;
        }
        let bytes = message.content.len() as u64;
        let transport = consumer.transport;
        let sent = match consumer.kind {
            DataKind::Direct => {
                let data = json!({"data": to_json(message)});
                self.messages.event("message", &consumer.id, data);
                Ok(())
            }
            DataKind::Sctp { stream, .. } => match &mut self.transports[transport].sctp {
                Some(sctp) => sctp.send(now, stream, message),
                None => Err(SendError::Closed),
            },
        };
        match sent {
            Ok(()) => {
                consumer.full_told = false;
                consumer.stats.messages += 1;
                consumer.stats.bytes += bytes;
            }
            Err(error) => {
                consumer.stats.dropped += 1;
                if error == SendError::Full && !std::mem::replace(&mut consumer.full_told, true) {
                    self.messages
                        .event("sctpSendBufferFull", &consumer.id, json!({}));
                }
            }
        }
        if self.transports[transport].dtls_state == DtlsState::Connected {
            self.run_sctp(transport, now);
        }
    }
}

fn to_json(message: &Message) -> Value {
    match (message.kind, std::str::from_utf8(&message.content)) {
        (MessageKind::Text, Ok(text)) => json!({"text": text}),
        // What claims to be text and is not goes as the bytes that it is.
        _ => json!({"binary": BASE64.encode(&message.content)}),
    }
}
