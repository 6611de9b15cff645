//! Scores of producers and consumers, told when they change.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sfu;
use crate::keys::{ConsumerKey, ProducerKey};
use crate::params::MediaKind;
use crate::score::{AUDIO_SILENCE, Totals, VIDEO_SILENCE};

/// Browsers report every second, or somewhat more often.
const MIN_INTERVAL: Duration = Duration::from_millis(500);

impl Sfu {
    /// Scores the interval that ends now of everything one producer receives.
    pub(super) fn score_producer(&mut self, key: ProducerKey, now: Instant) {
        let Some(producer) = self.producers.get_mut(key) else {
            return;
        };
        let silence = match producer.kind {
            MediaKind::Video => VIDEO_SILENCE,
            MediaKind::Audio => AUDIO_SILENCE,
        };
        let mut changed = false;
        for stream in &mut producer.streams {
            let flows = |at| now.saturating_duration_since(at) < silence;
            changed |= match stream.stats.last_packet.is_some_and(flows) {
                true => stream.score.update(Totals {
                    expected: stream.reports.expected(),
                    lost: stream.reports.packets_lost(),
                    repaired: stream.stats.recovered,
                }),
                false => stream.score.fall_silent(),
            };
        }
        if !changed {
            return;
        }
        let scores = producer.streams.iter().enumerate().map(|(index, stream)| {
            json!({
                "encodingIdx": index,
                "ssrc": stream.ssrc,
                "rid": stream.rid.map(|rid| rid.as_str().to_owned()),
                "score": stream.score.value(),
            })
        });
        let data = json!({"scores": scores.collect::<Vec<_>>()});
        self.messages.event("score", &producer.id, data);
        let consumers: Vec<ConsumerKey> = producer.mungers.iter().map(|m| m.consumer).collect();
        for consumer in consumers {
            self.tell_consumer_score(consumer);
        }
    }

    /// A receiver has reported on what it got.
    pub(super) fn score_consumer(&mut self, key: ConsumerKey, now: Instant) {
        let Some(consumer) = self.consumers.get_mut(key) else {
            return;
        };
        let Some(producer) = self.producers.get(consumer.producer) else {
            return;
        };
        // A peer that reports all the time does not make the application hear of it all the time.
        if consumer
            .scored
            .is_some_and(|at| now.saturating_duration_since(at) < MIN_INTERVAL)
        {
            return;
        }
        consumer.scored = Some(now);
        let changed = consumer.score.update(Totals {
            expected: producer.mungers[consumer.munger].packets,
            lost: i64::from(consumer.stats.packets_lost),
            repaired: consumer.stats.retransmitted,
        });
        if changed {
            self.tell_consumer_score(key);
        }
    }

    pub(super) fn consumer_score(&self, key: ConsumerKey) -> Value {
        let consumer = &self.consumers[key];
        let producer = &self.producers[consumer.producer];
        let given = producer.mungers[consumer.munger].stream() as usize;
        let scores: Vec<u8> = producer.streams.iter().map(|s| s.score.value()).collect();
        json!({
            "score": consumer.score.value(),
            "producerScore": scores.get(given),
            "producerScores": scores,
        })
    }

    fn tell_consumer_score(&mut self, key: ConsumerKey) {
        let data = self.consumer_score(key);
        let data = json!({"consumerScore": data});
        self.messages.event("score", &self.consumers[key].id, data);
    }
}
