//! Telling a publisher which of its layers anybody watches, so that it can stop encoding the others.
//!
//! A layer is wanted when some consumer that is not paused prefers it or a higher one: which of them it is given at the
//! moment is a matter of its path, which can change at any time. What comes to be wanted is told at once, and a keyframe of
//! it asked for; that something is not wanted any more is told when it stays so for a while.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sfu;
use crate::keys::{ProducerKey, TransportKey};
use crate::params::MediaKind;

/// People leaf through pages and change layouts: a layer is given up when nobody came back for this long.
const PATIENCE: Duration = Duration::from_millis(2000);

/// What a publisher was told.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// Layers told as wanted, one bit each. At first a publisher sends everything.
    told: u8,
    /// When those that are not wanted any more are told.
    due: Option<Instant>,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            told: u8::MAX,
            due: None,
        }
    }
}

impl Watched {
    /// When there is something to tell.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due
    }
}

impl Sfu {
    /// Notes that somebody started or stopped watching a producer, or watches otherwise.
    pub(super) fn rewatch(&mut self, producer: ProducerKey) {
        if self.rewatched.last() != Some(&producer) {
            self.rewatched.push(producer);
        }
    }

    /// Looks at the producers noted.
    pub(super) fn tell_watched(&mut self, now: Instant) {
        while let Some(key) = self.rewatched.pop() {
            self.look_who_watches(key, now);
        }
    }

    /// Tells of those producers of a transport whose time has come.
    pub(super) fn tell_unwatched(&mut self, transport: TransportKey, now: Instant) {
        let producers = self
            .transports
            .get(transport)
            .map(|transport| &transport.producers);
        let due = |key: &&ProducerKey| {
            let producer = self.producers.get(**key);
            producer
                .and_then(|producer| producer.watched.due)
                .is_some_and(|due| due <= now)
        };
        let due: Vec<ProducerKey> = producers
            .into_iter()
            .flatten()
            .filter(due)
            .copied()
            .collect();
        for key in due {
            let wanted = self.wanted_layers(key);
            self.tell_layers(key, wanted);
        }
    }

    fn look_who_watches(&mut self, key: ProducerKey, now: Instant) {
        let wanted = self.wanted_layers(key);
        let Some(producer) = self.producers.get_mut(key) else {
            return;
        };
        if producer.kind != MediaKind::Video {
            return;
        }
        let all = producer.all_layers();
        let told = producer.watched.told & all;
        let (transport, added) = (producer.transport, wanted & !told);
        if told & !wanted == 0 {
            producer.watched.due = None;
        } else if producer.watched.due.is_none() {
            producer.watched.due = Some(now + PATIENCE);
            self.schedule(transport, now + PATIENCE);
        }
        if added != 0 {
            self.tell_layers(key, told | wanted);
            self.ask_for(key, added, now);
        }
    }

    /// One bit for each layer that is wanted: those up to the highest that a consumer prefers.
    fn wanted_layers(&self, key: ProducerKey) -> u8 {
        let Some(producer) = self.producers.get(key) else {
            return 0;
        };
        let consumers = producer
            .mungers
            .iter()
            .filter_map(|munger| self.consumers.get(munger.consumer));
        let preferred = consumers
            .filter(|consumer| !consumer.paused)
            .map(|consumer| consumer.preferred.0);
        let up_to = |top: u8| u8::MAX >> 7u8.saturating_sub(top);
        preferred.max().map_or(0, up_to) & producer.all_layers()
    }

    fn tell_layers(&mut self, key: ProducerKey, wanted: u8) {
        let Some(producer) = self.producers.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut producer.watched.told, wanted);
        if wanted & !before == 0 {
            producer.watched.due = None;
        }
        if before & producer.all_layers() == wanted {
            return;
        }
        let layer = |layer: u8| {
            let rid = producer
                .streams
                .get(usize::from(layer))
                .and_then(|stream| stream.rid);
            json!({
                "rid": rid.map(|rid| rid.as_str().to_owned()),
                "spatialLayer": layer,
                "wanted": wanted >> layer & 1 == 1,
            })
        };
        let layers: Value = (0..8)
            .filter(|at| producer.all_layers() >> at & 1 == 1)
            .map(layer)
            .collect();
        self.messages
            .event("layersWanted", &producer.id, json!({"layers": layers}));
    }

    /// Asks for a keyframe of each stream that somebody wants now.
    fn ask_for(&mut self, key: ProducerKey, added: u8, now: Instant) {
        let Some(producer) = self.producers.get_mut(key) else {
            return;
        };
        let transport = producer.transport;
        let last = producer.streams.len() - 1;
        let wanted = (0..8).filter(|at| added >> at & 1 == 1);
        let due = wanted
            .map(|at| {
                producer.streams[last.min(at)]
                    .keyframe_requests
                    .request(now)
            })
            .min();
        if let Some(due) = due {
            self.schedule(transport, due);
        }
    }
}
