//! Which of a simulcast producer's streams each consumer is given.

use std::time::Instant;

use super::Sfu;
use super::allocate::layers;
use crate::allocation::Step;
use crate::cache::Packet;
use crate::keys::ProducerKey;
use crate::munger::Munger;
use crate::producer::{Stream, best_stream};
use crate::time::to_ticks;

/// Seconds that timestamps may jump at a switch between streams; more is a sender's broken clock.
const MAX_STEP: u32 = 5;

impl Sfu {
    /// Moves consumers of a simulcast producer towards the stream they are to be given, if that
    /// is this one; at its keyframes only.
    pub(super) fn steer(&mut self, key: ProducerKey, stream_index: u8, now: Instant) {
        let producer = &mut self.producers[key];
        let flowing = producer.flowing(now);
        let stream = &producer.streams[stream_index as usize];
        let mut pending = stream
            .pending
            .iter()
            .filter_map(|seq| stream.cache.get(*seq));
        let keyframe = pending.find(|packet| packet.keyframe);
        let mut wanted = false;
        for munger in producer.mungers.iter_mut().filter(|munger| munger.active) {
            let right = best_stream(flowing, munger.target_stream) == Some(stream_index);
            if !right || munger.stream() == stream_index {
                continue;
            }
            let Some(keyframe) = keyframe else {
                wanted = true;
                continue;
            };
            if munger.packets > 0 {
                let from = &producer.streams[munger.stream() as usize];
                munger.shift_timestamps(timestamp_shift(munger, from, stream, keyframe));
            }
            munger.restart(stream_index);
            if let Some(consumer) = self.consumers.get(munger.consumer) {
                munger.target_temporal = match consumer.granted {
                    Some(step) if step.spatial == stream_index => step.temporal,
                    _ => consumer.preferred.1,
                };
                let top = producer.streams[stream_index as usize]
                    .layer_rates
                    .top_temporal(0);
                let step = Step {
                    spatial: stream_index,
                    temporal: munger.target_temporal.min(top.unwrap_or(0) as u8),
                    bps: 0,
                };
                self.messages
                    .event("layersChange", &consumer.id, layers(Some(step)));
            }
        }
        let requests = &mut producer.streams[stream_index as usize].keyframe_requests;
        if wanted && requests.next_timeout().is_none() {
            let due = requests.request(now);
            let transport = producer.transport;
            self.schedule(transport, due);
        }
    }
}

/// What to add to the timestamps of `to`, so that they go on where those of `from` are.
fn timestamp_shift(munger: &Munger, from: &Stream, to: &Stream, keyframe: &Packet) -> u32 {
    let by_reports = || {
        let (_, from_info) = from.reports.last_sender_report()?;
        let (_, to_info) = to.reports.last_sender_report()?;
        let apart = to_info.ntp.wrapping_sub(from_info.ntp) as i64;
        let ticks = (i128::from(apart) * i128::from(to.clock_rate)) >> 32;
        let same = from_info.rtp_timestamp.wrapping_add(ticks as u32);
        Some(munger.timestamp(same).wrapping_sub(to_info.rtp_timestamp))
    };
    let last = munger.last_timestamp;
    let rises = |shift: u32| {
        let step = keyframe.timestamp.wrapping_add(shift).wrapping_sub(last);
        (1..MAX_STEP * to.clock_rate).contains(&step)
    };
    by_reports()
        .filter(|shift| rises(*shift))
        .unwrap_or_else(|| {
            let before = from.stats.last_packet.unwrap_or(keyframe.arrival);
            let elapsed = keyframe.arrival.saturating_duration_since(before);
            let step = to_ticks(elapsed, to.clock_rate).max(1);
            last.wrapping_add(step).wrapping_sub(keyframe.timestamp)
        })
}
