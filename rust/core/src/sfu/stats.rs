//! Statistics and dump, in the shapes and names of mediasoup and webrtc-stats.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Sfu;
use super::allocate::layers;
use super::demux::ice_state_name;
use crate::error::Error;
use crate::keys::{ConsumerKey, DataConsumerKey, DataProducerKey, ProducerKey, TransportKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    #[serde(default)]
    transport_id: Option<String>,
    #[serde(default)]
    producer_id: Option<String>,
    #[serde(default)]
    consumer_id: Option<String>,
    #[serde(default)]
    data_producer_id: Option<String>,
    #[serde(default)]
    data_consumer_id: Option<String>,
}

impl Sfu {
    pub(super) fn get_stats(&mut self, data: &str, now: Instant) -> Result<Value, Error> {
        let target: Target =
            serde_json::from_str(data).map_err(|error| Error::bad_request(error.to_string()))?;
        let ids = [
            target.transport_id,
            target.producer_id,
            target.consumer_id,
            target.data_producer_id,
            target.data_consumer_id,
        ];
        let stats = match ids {
            [Some(id), None, None, None, None] => {
                vec![self.transport_stats(self.transport(&id)?, now)]
            }
            [None, Some(id), None, None, None] => self.producer_stats(self.producer(&id)?, now),
            [None, None, Some(id), None, None] => {
                let key = self.consumer(&id)?;
                let producer = self.consumers[key].producer;
                let mut stats = vec![self.consumer_stats(key)];
                stats.extend(self.producer_stats(producer, now));
                stats
            }
            [None, None, None, Some(id), None] => {
                vec![self.data_producer_stats(self.data_producer(&id)?)]
            }
            [None, None, None, None, Some(id)] => {
                vec![self.data_consumer_stats(self.data_consumer(&id)?)]
            }
            _ => {
                return Err(Error::bad_request(
                    "getStats takes one of transportId, producerId, consumerId, dataProducerId, dataConsumerId",
                ));
            }
        };
        Ok(json!({"stats": stats}))
    }

    fn transport_stats(&mut self, key: TransportKey, now: Instant) -> Value {
        let transport = &mut self.transports[key];
        let estimate = transport.available_outgoing_bps(now);
        let stats = &mut transport.stats;
        let bandwidth = transport.bandwidth.as_mut().filter(|b| b.is_alive(now));
        json!({
            "type": "webrtc-transport",
            "transportId": transport.id,
            "iceState": ice_state_name(transport.ice_state),
            "dtlsState": transport.dtls_state,
            "sctpState": transport.sctp.as_ref().map(|sctp| sctp.state()),
            "sctpBufferedAmount": transport.sctp.as_ref().map(|sctp| sctp.buffered()),
            "bytesReceived": stats.bytes_received,
            "bytesSent": stats.bytes_sent,
            "recvBitrate": stats.receive_rate.bitrate_bps(now),
            "rtpPacketsReceived": stats.rtp_received,
            "rtpPacketsSent": stats.rtp_sent,
            "rtxPacketsSent": stats.rtx_sent,
            "srtpErrors": stats.srtp_errors,
            "unknownSsrcPackets": stats.unknown_ssrc,
            "availableOutgoingBitrate": estimate,
            "outgoingLossFraction": bandwidth.as_ref().map(|b| b.loss_fraction),
            "outgoingQueueDelay": bandwidth.as_ref().map(|b| b.queue_delay().as_secs_f64() * 1e3),
            "ackedBitrate": bandwidth.map(|b| b.acked_bps(now)),
            "probesSent": stats.probes_sent,
            "maxOutgoingBitrate": transport.max_outgoing_bitrate,
            "maxIncomingBitrate": transport.max_incoming_bitrate,
            "roundTripTime": stats.round_trip_time.map(|time| time.as_secs_f64() * 1e3),
            "remote": transport.selected.map(|(_, remote)| remote.to_string()),
        })
    }

    fn producer_stats(&mut self, key: ProducerKey, now: Instant) -> Vec<Value> {
        let producer = &mut self.producers[key];
        let mut all = Vec::with_capacity(producer.streams.len());
        for stream in &mut producer.streams {
            let milliseconds = 1e3 / f64::from(stream.clock_rate);
            all.push(json!({
                "type": "inbound-rtp",
                "producerId": producer.id,
                "kind": producer.kind,
                "ssrc": stream.ssrc,
                "rtxSsrc": stream.rtx_ssrc,
                "rid": stream.rid.map(|rid| rid.as_str().to_owned()),
                "packetCount": stream.stats.packets,
                "byteCount": stream.stats.bytes,
                "bitrate": stream.rate.bitrate_bps(now),
                "packetsLost": stream.reports.packets_lost(),
                "packetsRecovered": stream.stats.recovered,
                "packetsDuplicated": stream.stats.duplicates,
                "jitter": f64::from(stream.reports.jitter()) * milliseconds,
                "nackPacketCount": stream.stats.nacked,
                "pliCount": stream.stats.plis,
                "keyFrameCount": stream.stats.keyframes,
                "score": stream.score.value(),
            }));
        }
        all
    }

    fn consumer_stats(&self, key: ConsumerKey) -> Value {
        let consumer = &self.consumers[key];
        let munger = &self.producers[consumer.producer].mungers[consumer.munger];
        let stats = &consumer.stats;
        json!({
            "type": "outbound-rtp",
            "consumerId": consumer.id,
            "kind": consumer.kind,
            "ssrc": consumer.ssrc,
            "rtxSsrc": consumer.rtx.as_ref().map(|rtx| rtx.ssrc),
            "packetCount": munger.packets,
            "byteCount": munger.bytes,
            "packetsLost": stats.packets_lost,
            "fractionLost": f64::from(stats.fraction_lost) / 256.0,
            "packetsRetransmitted": stats.retransmitted,
            "nackPacketCount": stats.nacked,
            "pliCount": stats.plis,
            "score": consumer.score.value(),
            "roundTripTime": stats.round_trip_time.map(|time| time.as_secs_f64() * 1e3),
            "priority": consumer.priority,
            "currentLayers": consumer.granted.map(|step| layers(Some(step))),
        })
    }

    fn data_producer_stats(&self, key: DataProducerKey) -> Value {
        let producer = &self.data_producers[key];
        json!({
            "type": "data-producer",
            "dataProducerId": producer.id,
            "label": producer.label,
            "protocol": producer.protocol,
            "messagesReceived": producer.stats.messages,
            "bytesReceived": producer.stats.bytes,
        })
    }

    fn data_consumer_stats(&self, key: DataConsumerKey) -> Value {
        let consumer = &self.data_consumers[key];
        json!({
            "type": "data-consumer",
            "dataConsumerId": consumer.id,
            "label": consumer.label,
            "protocol": consumer.protocol,
            "messagesSent": consumer.stats.messages,
            "bytesSent": consumer.stats.bytes,
            "messagesDropped": consumer.stats.dropped,
            "bufferedAmount": self.buffered_amount_of(key),
        })
    }

    pub(super) fn dump(&self, now: Instant) -> Value {
        let (pool_used, pool_slots) = self.pool_usage();
        let counters: serde_json::Map<String, Value> = self
            .metrics
            .entries()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        json!({
            "workerId": self.config.worker_id,
            "routers": self.ids.routers.keys().collect::<Vec<_>>(),
            "transports": self.ids.transports.keys().collect::<Vec<_>>(),
            "producers": self.ids.producers.keys().collect::<Vec<_>>(),
            "consumers": self.ids.consumers.keys().collect::<Vec<_>>(),
            "dataProducers": self.ids.data_producers.keys().collect::<Vec<_>>(),
            "dataConsumers": self.ids.data_consumers.keys().collect::<Vec<_>>(),
            "observers": self.ids.observers.keys().collect::<Vec<_>>(),
            "poolUsed": pool_used,
            "poolSlots": pool_slots,
            "metrics": counters,
            "paths": self.paths(now),
        })
    }

    /// The paths to receivers that are estimated now: how many, what they carry together and the least of them, in bits
    /// per second, and the mean of their losses.
    fn paths(&self, now: Instant) -> Value {
        let alive = self.transports.values().filter_map(|transport| {
            let bandwidth = transport.bandwidth.as_ref();
            bandwidth.filter(|bandwidth| bandwidth.is_alive(now))
        });
        let (mut count, mut sum, mut least, mut loss) = (0_u32, 0_u64, None::<u64>, 0.0);
        for bandwidth in alive {
            let estimate = bandwidth.estimate_bps();
            count += 1;
            sum += estimate;
            least = Some(least.map_or(estimate, |other| other.min(estimate)));
            loss += bandwidth.loss_fraction;
        }
        json!({
            "count": count,
            "estimateSum": sum,
            "leastEstimate": least,
            "meanLossFraction": loss / f64::from(count.max(1)),
        })
    }
}
