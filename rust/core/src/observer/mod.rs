//! Who speaks, and how loud: observers of a router's audio producers, by the level that senders put
//! into a header extension (RFC 6464).

mod active_speaker;
mod audio_level;

use std::time::Instant;

use crate::keys::{ProducerKey, RouterKey};

pub use active_speaker::{ActiveSpeaker, ActiveSpeakerOptions};
pub use audio_level::{AudioLevelOptions, AudioLevels};

/// An observer of a router.
#[derive(Debug)]
pub struct Observer {
    /// Id given by Python.
    pub id: String,
    /// Whose producers it observes.
    pub router: RouterKey,
    /// Whether it says nothing for now.
    pub paused: bool,
    /// What it looks for.
    pub kind: ObserverKind,
}

/// What an observer looks for.
#[derive(Debug)]
pub enum ObserverKind {
    /// The loudest, and how loud they are.
    AudioLevel(AudioLevels),
    /// Who has the floor.
    ActiveSpeaker(ActiveSpeaker),
}

impl Observer {
    /// Takes a producer in.
    pub fn add(&mut self, producer: ProducerKey) {
        match &mut self.kind {
            ObserverKind::AudioLevel(levels) => levels.add(producer),
            ObserverKind::ActiveSpeaker(speaker) => speaker.add(producer),
        }
    }

    /// Leaves a producer out from now on.
    pub fn remove(&mut self, producer: ProducerKey) {
        match &mut self.kind {
            ObserverKind::AudioLevel(levels) => levels.remove(producer),
            ObserverKind::ActiveSpeaker(speaker) => speaker.remove(producer),
        }
    }

    /// A packet of a producer came with this level: 0 to 127, dB below overload.
    pub fn on_level(&mut self, producer: ProducerKey, level: u8, now: Instant) {
        match &mut self.kind {
            ObserverKind::AudioLevel(levels) => levels.on_level(producer, level),
            ObserverKind::ActiveSpeaker(speaker) => speaker.on_level(producer, level, now),
        }
    }
}
