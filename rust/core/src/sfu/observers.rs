//! Observers: requests about them, what they hear, and what they say.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sfu;
use super::control::vacant;
use super::requests::{CreateActiveSpeakerObserver, CreateAudioLevelObserver, Observe, ObserverId};
use crate::error::Error;
use crate::keys::{ObserverKey, ProducerKey};
use crate::observer::{
    ActiveSpeaker, ActiveSpeakerOptions, AudioLevelOptions, AudioLevels, Observer, ObserverKind,
};
use crate::params::MediaKind;

/// Milliseconds between two judgements.
const INTERVALS: std::ops::RangeInclusive<u64> = 100..=60_000;

impl Sfu {
    pub(super) fn create_audio_level_observer(
        &mut self,
        request: CreateAudioLevelObserver,
        now: Instant,
    ) -> Result<Value, Error> {
        if !(-127..=0).contains(&request.threshold) {
            return Err(Error::bad_request("threshold: not from -127 to 0 dBov"));
        }
        if request.max_entries == 0 {
            return Err(Error::bad_request("maxEntries: must be at least 1"));
        }
        let kind = ObserverKind::AudioLevel(AudioLevels::new(AudioLevelOptions {
            max_entries: request.max_entries,
            threshold_dbov: request.threshold,
            interval: interval(request.interval)?,
        }));
        self.add_observer(&request.router_id, request.observer_id, kind, now)
    }

    pub(super) fn create_active_speaker_observer(
        &mut self,
        request: CreateActiveSpeakerObserver,
        now: Instant,
    ) -> Result<Value, Error> {
        let interval = interval(request.interval)?;
        let options = ActiveSpeakerOptions { interval };
        let kind = ObserverKind::ActiveSpeaker(ActiveSpeaker::new(options));
        self.add_observer(&request.router_id, request.observer_id, kind, now)
    }

    /// Lets an observer hear an audio producer of its router, or no more.
    pub(super) fn observe(&mut self, request: Observe, observe: bool) -> Result<Value, Error> {
        let key = self.observer(&request.observer_id)?;
        let producer_key = self.producer(&request.producer_id)?;
        let observer = &mut self.observers[key];
        let producer = &mut self.producers[producer_key];
        if producer.router != observer.router {
            return Err(Error::not_found("producer", &request.producer_id));
        }
        if producer.kind != MediaKind::Audio {
            return Err(Error::bad_request("producerId: the producer is not audio"));
        }
        producer.observers.retain(|other| *other != key);
        if observe {
            producer.observers.push(key);
            observer.add(producer_key);
        } else {
            observer.remove(producer_key);
        }
        Ok(json!({}))
    }

    pub(super) fn pause_observer(
        &mut self,
        request: ObserverId,
        pause: bool,
    ) -> Result<Value, Error> {
        let key = self.observer(&request.observer_id)?;
        let observer = &mut self.observers[key];
        observer.paused = pause;
        if pause
            && let ObserverKind::AudioLevel(levels) = &mut observer.kind
            && levels.reset()
        {
            self.messages.event("silence", &observer.id, json!({}));
        }
        Ok(json!({}))
    }

    /// A packet of a producer said how loud it is.
    pub(super) fn tell_observers(&mut self, key: ProducerKey, level: u8, now: Instant) {
        let Some(producer) = self.producers.get(key) else {
            return;
        };
        if producer.paused {
            return;
        }
        for observer in &producer.observers {
            if let Some(observer) = self.observers.get_mut(*observer) {
                observer.on_level(key, level, now);
            }
        }
    }

    /// Lets the observers whose interval is over judge it.
    pub(super) fn run_observers(&mut self, now: Instant) {
        while let Some((_, key)) = self.observer_timers.pop_due(now) {
            let Some(observer) = self.observers.get_mut(key) else {
                continue;
            };
            let interval = match &observer.kind {
                ObserverKind::AudioLevel(levels) => levels.interval(),
                ObserverKind::ActiveSpeaker(speaker) => speaker.interval(),
            };
            self.observer_timers.push(now + interval, key);
            if !observer.paused {
                self.judge(key, now);
            }
        }
    }

    fn judge(&mut self, key: ObserverKey, now: Instant) {
        let observer = &mut self.observers[key];
        let producers = &self.producers;
        match &mut observer.kind {
            ObserverKind::AudioLevel(levels) => {
                let Some(loud) = levels.judge() else { return };
                if loud.is_empty() {
                    self.messages.event("silence", &observer.id, json!({}));
                    return;
                }
                let volumes = loud.iter().filter_map(|volume| {
                    let producer = producers.get(volume.producer)?;
                    Some(json!({"producerId": producer.id, "volume": volume.dbov}))
                });
                let data = json!({"volumes": volumes.collect::<Vec<_>>()});
                self.messages.event("volumes", &observer.id, data);
            }
            ObserverKind::ActiveSpeaker(speaker) => {
                if let Some(producer) = speaker.judge(now).and_then(|key| producers.get(key)) {
                    let data = json!({"producerId": producer.id});
                    self.messages.event("dominantSpeaker", &observer.id, data);
                }
            }
        }
    }

    fn add_observer(
        &mut self,
        router_id: &str,
        id: String,
        kind: ObserverKind,
        now: Instant,
    ) -> Result<Value, Error> {
        let router = self.router(router_id)?;
        vacant(&self.ids.observers, "observer", &id)?;
        let interval = match &kind {
            ObserverKind::AudioLevel(levels) => levels.interval(),
            ObserverKind::ActiveSpeaker(speaker) => speaker.interval(),
        };
        let observer = Observer {
            id: id.clone(),
            router,
            paused: false,
            kind,
        };
        let key = self.observers.insert(observer);
        self.routers[router].observers.push(key);
        self.ids.observers.insert(id, key);
        self.observer_timers.push(now + interval, key);
        Ok(json!({}))
    }
}

fn interval(milliseconds: u64) -> Result<Duration, Error> {
    match INTERVALS.contains(&milliseconds) {
        true => Ok(Duration::from_millis(milliseconds)),
        false => Err(Error::bad_request(
            "interval: not from 100 to 60000 milliseconds",
        )),
    }
}
