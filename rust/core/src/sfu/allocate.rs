//! Sharing out a receiver's path among its consumers, and making them follow.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sfu;
use crate::allocation::{Demand, Ladder, Step, allocate};
use crate::keys::{ConsumerKey, TransportKey};
use crate::params::MediaKind;
use crate::producer::{Producer, ProducerType, best_stream};

/// As long as somebody gets less than they want, a path is explored to somewhat more than all of that, so that the headroom
/// for going up is found.
const EXPLORE_PERCENT: u64 = 125;

impl Sfu {
    /// The same, if it is time.
    pub(super) fn allocate_if_due(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get(key) else {
            return;
        };
        let budget = transport.available_outgoing_bps(now);
        if budget.is_some_and(|budget| transport.sharing.is_due(now, budget)) {
            self.allocate(key, now);
        }
    }

    /// Gives every video consumer of a transport the layers that the path carries, the preferred ones at most. Without
    /// an estimate of the path all get what they prefer.
    pub(super) fn allocate(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let consumers = std::mem::take(&mut transport.consumers);
        let mut demands = std::mem::take(&mut self.demands);
        demands.clear();
        let audio_bps = self.collect(&consumers, now, &mut demands);
        let transport = &mut self.transports[key];
        transport.consumers = consumers;
        match transport.available_outgoing_bps(now) {
            Some(available) => {
                let bandwidth = transport.bandwidth.as_ref();
                let queue = bandwidth.map_or(Duration::ZERO, |bandwidth| bandwidth.queue_delay());
                let lost = bandwidth.map_or(0.0, |bandwidth| bandwidth.loss_fraction);
                let known = bandwidth.is_some_and(|bandwidth| bandwidth.met_limit())
                    || transport.max_outgoing_bitrate.is_some();
                let caution = transport.sharing.begin(now, available, queue, known);
                // What is lost is sent again, which takes its part; a queue drains only when less is sent.
                let usable = (1.0 - transport.sharing.drain(now, queue)) / (1.0 + lost);
                let budget = (available as f64 * usable) as u64;
                allocate(budget.saturating_sub(audio_bps), caution, &mut demands);
            }
            None => demands.iter_mut().for_each(Demand::satisfy),
        }
        self.set_pace(key, audio_bps, &demands, now);
        let transport = &self.transports[key];
        let limited = transport.available_outgoing_bps(now).is_some();
        let unmet = demands
            .iter()
            .any(|demand| demand.step() != demand.ladder.last());
        let best = demands.iter().filter_map(|demand| demand.ladder.last());
        let best_bps = best.map(|step| step.bps).sum::<u64>() + audio_bps;
        for demand in &demands {
            self.follow(key, demand, limited, now);
        }
        if unmet {
            self.explore(key, best_bps * EXPLORE_PERCENT / 100, now);
        }
        demands.clear();
        self.demands = demands;
    }

    /// Adds up what the active consumers want. Returns what audio takes, in bits per second.
    fn collect(
        &mut self,
        consumers: &[ConsumerKey],
        now: Instant,
        demands: &mut Vec<Demand>,
    ) -> u64 {
        let mut audio_bps = 0;
        for &key in consumers {
            let Some(consumer) = self.consumers.get(key) else {
                continue;
            };
            let Some(producer) = self.producers.get_mut(consumer.producer) else {
                continue;
            };
            if consumer.paused || producer.paused {
                continue;
            }
            if consumer.kind == MediaKind::Audio {
                audio_bps += producer.streams[0].rate.bitrate_bps(now);
                continue;
            }
            let ladder = ladder(producer, consumer.preferred, now);
            demands.push(Demand::new(
                key,
                consumer.priority,
                ladder,
                consumer.granted,
            ));
        }
        audio_bps
    }

    /// Makes a consumer's hot state follow what it was granted.
    fn follow(&mut self, transport: TransportKey, demand: &Demand, limited: bool, now: Instant) {
        let Some(consumer) = self.consumers.get_mut(demand.consumer) else {
            return;
        };
        let Some(producer) = self.producers.get_mut(consumer.producer) else {
            return;
        };
        let simulcast = producer.producer_type == ProducerType::Simulcast;
        let munger = &mut producer.mungers[consumer.munger];
        let (before, after) = (consumer.granted, demand.step());
        if demand.ladder.steps().is_empty() {
            // Nothing is known of the producer: small first, where there may be little room.
            if before.is_none() {
                let small = limited && simulcast;
                munger.target_stream = if small { 0 } else { consumer.preferred.0 };
                munger.target_temporal = consumer.preferred.1;
            }
            return;
        }
        consumer.granted = after;
        let starves = after.is_none();
        let changed = std::mem::replace(&mut consumer.starved, starves) != starves;
        let here = munger.stream();
        let mut keyframe = false;
        if let Some(step) = after {
            keyframe = !simulcast && step.spatial > munger.target_stream;
            munger.target_stream = step.spatial;
            if !simulcast || here == step.spatial || !munger.active {
                munger.target_temporal = step.temporal;
                if munger.halted {
                    munger.restart(here);
                    keyframe = true;
                }
            } else if step.spatial < here {
                // Until the smaller stream's keyframe comes: as much of the present one as fits, or nothing.
                let rates = &producer.streams[here as usize].layer_rates;
                let top = rates.top_temporal(0).unwrap_or(0);
                match (0..=top).rfind(|&temporal| rates.up_to(0, temporal) <= step.bps) {
                    Some(temporal) => munger.target_temporal = temporal as u8,
                    None => munger.halted = true,
                }
            }
        }
        let place = |step: Step| (step.spatial, step.temporal);
        let switching =
            simulcast && munger.active && after.is_some_and(|step| step.spatial != here);
        let told =
            producer.producer_type != ProducerType::Simple || demand.ladder.steps().len() > 1;
        if changed || (told && !switching && before.map(place) != after.map(place)) {
            self.messages
                .event("layersChange", &consumer.id, layers(after));
        }
        let transport = &mut self.transports[transport];
        match demand.granted.cmp(&demand.current) {
            Ordering::Greater if before.is_some() => {
                transport.sharing.on_rise(now);
                if let Some(bandwidth) = &mut transport.bandwidth {
                    bandwidth.postpone_probes(now);
                }
            }
            Ordering::Less => transport.sharing.on_fall(now),
            _ => {}
        }
        if changed {
            self.update_munger(demand.consumer, now);
        } else if keyframe {
            self.request_keyframe_for(demand.consumer, now);
        }
    }
}

/// Layers as events tell them: `null` for none.
pub(super) fn layers(step: Option<Step>) -> Value {
    json!({
        "spatialLayer": step.map(|step| step.spatial),
        "temporalLayer": step.map(|step| step.temporal),
    })
}

/// What can be given of a producer, up to the preferred layers. Empty while its rates are not known.
fn ladder(producer: &mut Producer, preferred: (u8, u8), now: Instant) -> Ladder {
    let mut ladder = Ladder::default();
    let flowing = producer.flowing(now);
    let simulcast = producer.streams.len() > 1;
    for (index, stream) in producer.streams.iter_mut().enumerate() {
        stream.layer_rates.look(now);
        let rates = &stream.layer_rates;
        // Of a preferred stream that does not flow, the next best is taken.
        let wanted = match simulcast {
            true => {
                index <= usize::from(preferred.0)
                    || best_stream(flowing, preferred.0) == Some(index as u8)
            }
            false => true,
        };
        if flowing >> index & 1 == 0 || !wanted {
            continue;
        }
        let spatial = (0..).map_while(|spatial| Some((spatial, rates.top_temporal(spatial)?)));
        for (spatial, top) in spatial.take(if simulcast {
            1
        } else {
            1 + usize::from(preferred.0)
        }) {
            let top = top.min(usize::from(preferred.1));
            // A larger picture at a quarter of the frames is no gain: the lowest picture alone goes down to that.
            let lowest = if ladder.steps().is_empty() {
                0
            } else {
                top.saturating_sub(1)
            };
            for temporal in lowest..=top {
                ladder.push(Step {
                    spatial: (index + spatial) as u8,
                    temporal: temporal as u8,
                    bps: rates.up_to(spatial, temporal),
                });
            }
        }
    }
    ladder
}
