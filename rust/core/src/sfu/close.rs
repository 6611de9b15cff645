//! Closing in cascade: children first, each announced once with its reason.

use std::time::Instant;

use serde_json::json;

use super::Sfu;
use crate::data::DataKind;
use crate::keys::{
    ConsumerKey, DataConsumerKey, DataProducerKey, ObserverKey, ProducerKey, RouterKey,
    TransportKey,
};
use crate::transport::Dtls;

impl Sfu {
    pub(super) fn close_router(&mut self, key: RouterKey, reason: &str, now: Instant) {
        let Some(router) = self.routers.get_mut(key) else {
            return;
        };
        for transport in std::mem::take(&mut router.transports) {
            self.close_transport(transport, "routerClosed", now);
        }
        let observers = self.routers[key].observers.clone();
        for observer in observers {
            self.close_observer(observer, "routerClosed");
        }
        if let Some(router) = self.routers.remove(key) {
            self.ids.routers.remove(&router.id);
            self.announce("router", &router.id, reason);
        }
    }

    pub(super) fn close_transport(&mut self, key: TransportKey, reason: &str, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let producers = std::mem::take(&mut transport.producers);
        let consumers = std::mem::take(&mut transport.consumers);
        let data_producers = std::mem::take(&mut transport.data_producers);
        let data_consumers = std::mem::take(&mut transport.data_consumers);
        for producer in data_producers {
            self.close_data_producer(producer, "transportClosed", now);
        }
        for consumer in data_consumers {
            self.close_data_consumer(consumer, "transportClosed", now);
        }
        for producer in producers {
            self.close_producer(producer, "transportClosed");
        }
        for consumer in consumers {
            self.close_consumer(consumer, "transportClosed");
        }
        if let Some(sctp) = self.transports[key].sctp.as_mut() {
            sctp.close(now);
            self.run_sctp(key, now);
        }
        // The peer learns of it by close_notify, so that it need not wait for its own timeout.
        self.run_dtls_closing(key, now);
        let Some(mut transport) = self.transports.remove(key) else {
            return;
        };
        transport.dtls = Dtls::Ended;
        self.ids.transports.remove(&transport.id);
        self.ufrags.retain(|_, owner| *owner != key);
        self.addresses.retain(|_, claim| claim.owner != key);
        self.last_address = self.last_address.filter(|(.., owner)| *owner != key);
        if let Some(router) = self.routers.get_mut(transport.router) {
            router.transports.retain(|other| *other != key);
        }
        self.announce("transport", &transport.id, reason);
    }

    pub(super) fn close_producer(&mut self, key: ProducerKey, reason: &str) {
        let Some(producer) = self.producers.get_mut(key) else {
            return;
        };
        let consumers: Vec<ConsumerKey> = producer.mungers.iter().map(|m| m.consumer).collect();
        for consumer in consumers {
            self.close_consumer(consumer, "producerClosed");
        }
        let Some(mut producer) = self.producers.remove(key) else {
            return;
        };
        producer.release(&mut self.pool);
        for observer in &producer.observers {
            if let Some(observer) = self.observers.get_mut(*observer) {
                observer.remove(key);
            }
        }
        self.forwarder.forget(key);
        self.ids.producers.remove(&producer.id);
        if let Some(transport) = self.transports.get_mut(producer.transport) {
            transport.producers.retain(|other| *other != key);
            transport.routes.retain(|(_, route)| route.producer != key);
        }
        self.announce("producer", &producer.id, reason);
    }

    pub(super) fn close_consumer(&mut self, key: ConsumerKey, reason: &str) {
        let Some(consumer) = self.consumers.remove(key) else {
            return;
        };
        self.rewatch(consumer.producer);
        if let Some(producer) = self.producers.get_mut(consumer.producer) {
            producer.mungers.swap_remove(consumer.munger);
            if let Some(moved) = producer.mungers.get(consumer.munger) {
                self.consumers[moved.consumer].munger = consumer.munger;
            }
        }
        if let Some(transport) = self.transports.get_mut(consumer.transport) {
            transport.consumers.retain(|other| *other != key);
            transport.outgoing.retain(|_, owner| *owner != key);
            transport.resend.retain(|(owner, _)| *owner != key);
        }
        self.ids.consumers.remove(&consumer.id);
        self.announce("consumer", &consumer.id, reason);
    }

    pub(super) fn close_observer(&mut self, key: ObserverKey, reason: &str) {
        let Some(observer) = self.observers.remove(key) else {
            return;
        };
        if let Some(router) = self.routers.get_mut(observer.router) {
            router.observers.retain(|other| *other != key);
        }
        for producer in self.producers.values_mut() {
            producer.observers.retain(|other| *other != key);
        }
        self.ids.observers.remove(&observer.id);
        self.announce("observer", &observer.id, reason);
    }

    /// Closes the transport of a peer that broke the rules, saying which.
    pub(super) fn close_offender(&mut self, key: TransportKey, offence: &str, now: Instant) {
        self.offence = Some(offence.to_owned());
        self.close_transport(key, "error", now);
        self.offence = None;
    }

    pub(super) fn close_data_producer(&mut self, key: DataProducerKey, reason: &str, now: Instant) {
        let Some(producer) = self.data_producers.get_mut(key) else {
            return;
        };
        for consumer in std::mem::take(&mut producer.consumers) {
            self.close_data_consumer(consumer, "dataProducerClosed", now);
        }
        let Some(producer) = self.data_producers.remove(key) else {
            return;
        };
        self.ids.data_producers.remove(&producer.id);
        self.close_stream(producer.transport, producer.kind, now);
        if let Some(transport) = self.transports.get_mut(producer.transport) {
            transport.data_producers.retain(|other| *other != key);
        }
        self.announce("dataProducer", &producer.id, reason);
    }

    pub(super) fn close_data_consumer(&mut self, key: DataConsumerKey, reason: &str, now: Instant) {
        let Some(consumer) = self.data_consumers.remove(key) else {
            return;
        };
        self.ids.data_consumers.remove(&consumer.id);
        if let Some(producer) = self.data_producers.get_mut(consumer.producer) {
            producer.consumers.retain(|other| *other != key);
        }
        self.close_stream(consumer.transport, consumer.kind, now);
        if let Some(transport) = self.transports.get_mut(consumer.transport) {
            transport.data_consumers.retain(|other| *other != key);
        }
        self.announce("dataConsumer", &consumer.id, reason);
    }

    fn close_stream(&mut self, key: TransportKey, kind: DataKind, now: Instant) {
        if let Some(transport) = self.transports.get_mut(key)
            && let (Some(sctp), Some(stream)) = (&mut transport.sctp, kind.stream())
        {
            sctp.close_stream(now, stream);
            self.run_sctp(key, now);
        }
    }

    fn announce(&mut self, kind: &str, id: &str, reason: &str) {
        let mut data = json!({"kind": kind, "reason": reason});
        if let Some(offence) = &self.offence {
            data["detail"] = json!(offence);
        }
        self.messages.event("closed", id, data);
    }
}
