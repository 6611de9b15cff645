//! The loudest producers of an interval.

use std::time::Duration;

use crate::keys::ProducerKey;

/// Below this many packets in an interval an average says nothing: 200 ms of speech.
const MIN_PACKETS: u32 = 10;

/// How an [`AudioLevels`] observer judges.
#[derive(Debug, Clone, Copy)]
pub struct AudioLevelOptions {
    /// Producers named at most.
    pub max_entries: usize,
    /// The average volume from which a producer is named, dBov, -127 to 0.
    pub threshold_dbov: i8,
    /// Between two judgements.
    pub interval: Duration,
}

/// Average volume of a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// Whose.
    pub producer: ProducerKey,
    /// dBov, -127 (silence) to 0 (overload).
    pub dbov: i8,
}

/// Averages levels over intervals.
#[derive(Debug)]
pub struct AudioLevels {
    options: AudioLevelOptions,
    heard: Vec<Heard>,
    silent: bool,
}

#[derive(Debug)]
struct Heard {
    producer: ProducerKey,
    sum: u32,
    packets: u32,
}

impl AudioLevels {
    /// An observer that has heard nothing.
    pub fn new(options: AudioLevelOptions) -> Self {
        Self {
            options,
            heard: Vec::new(),
            silent: true,
        }
    }

    /// Between two judgements.
    pub fn interval(&self) -> Duration {
        self.options.interval
    }

    pub(super) fn add(&mut self, producer: ProducerKey) {
        if !self.heard.iter().any(|heard| heard.producer == producer) {
            self.heard.push(Heard {
                producer,
                sum: 0,
                packets: 0,
            });
        }
    }

    pub(super) fn remove(&mut self, producer: ProducerKey) {
        self.heard.retain(|heard| heard.producer != producer);
    }

    pub(super) fn on_level(&mut self, producer: ProducerKey, level: u8) {
        if let Some(heard) = self.heard.iter_mut().find(|it| it.producer == producer) {
            heard.sum += u32::from(level);
            heard.packets += 1;
        }
    }

    /// Judges the interval that ends now: who was loud, the loudest first; an empty list when
    /// silence has begun, and nothing while it lasts.
    pub fn judge(&mut self) -> Option<Vec<Volume>> {
        let mut loud: Vec<Volume> = self
            .heard
            .iter()
            .filter(|heard| heard.packets >= MIN_PACKETS)
            .map(|heard| Volume {
                producer: heard.producer,
                // At most 127: levels are 7 bits.
                dbov: -((heard.sum as f64 / f64::from(heard.packets)).round() as i8),
            })
            .filter(|volume| volume.dbov >= self.options.threshold_dbov)
            .collect();
        for heard in &mut self.heard {
            (heard.sum, heard.packets) = (0, 0);
        }
        loud.sort_by_key(|volume| std::cmp::Reverse(volume.dbov));
        loud.truncate(self.options.max_entries);
        let was_silent = std::mem::replace(&mut self.silent, loud.is_empty());
        (!loud.is_empty() || !was_silent).then_some(loud)
    }

    /// Whoever was named is no more: silence need not be told.
    pub fn reset(&mut self) -> bool {
        for heard in &mut self.heard {
            (heard.sum, heard.packets) = (0, 0);
        }
        !std::mem::replace(&mut self.silent, true)
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    fn rig(max_entries: usize, threshold_dbov: i8) -> (AudioLevels, [ProducerKey; 3]) {
        let mut keys = SlotMap::<ProducerKey, ()>::with_key();
        let mut levels = AudioLevels::new(AudioLevelOptions {
            max_entries,
            threshold_dbov,
            interval: Duration::from_secs(1),
        });
        let producers = [(); 3].map(|()| keys.insert(()));
        producers.iter().for_each(|key| levels.add(*key));
        (levels, producers)
    }

    fn speak(levels: &mut AudioLevels, producer: ProducerKey, level: u8, packets: usize) {
        for _ in 0..packets {
            levels.on_level(producer, level);
        }
    }

    #[test]
    fn the_loudest_come_first_and_the_quiet_and_the_few_are_left_out() {
        let (mut levels, [a, b, c]) = rig(2, -60);
        speak(&mut levels, a, 40, 50);
        speak(&mut levels, b, 20, 50);
        speak(&mut levels, c, 61, 50);
        let want = [(b, -20), (a, -40)].map(|(producer, dbov)| Volume { producer, dbov });
        assert_eq!(levels.judge(), Some(want.to_vec()));
        speak(&mut levels, a, 30, 9);
        speak(&mut levels, b, 30, 10);
        let one = Volume {
            producer: b,
            dbov: -30,
        };
        assert_eq!(levels.judge(), Some(vec![one]));
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let (mut levels, producers) = rig(1, -127);
        for (index, producer) in producers.into_iter().enumerate() {
            speak(&mut levels, producer, 30 - index as u8, 20);
        }
        let loud = levels.judge().unwrap();
        assert_eq!(loud.len(), 1);
        assert_eq!(loud[0].producer, producers[2]);
    }

    #[test]
    fn silence_is_told_once() {
        let (mut levels, [a, ..]) = rig(1, -60);
        assert_eq!(levels.judge(), None);
        speak(&mut levels, a, 127, 50);
        assert_eq!(levels.judge(), None, "digital silence is silence");
        speak(&mut levels, a, 10, 50);
        assert!(levels.judge().is_some_and(|loud| loud.len() == 1));
        assert_eq!(levels.judge(), Some(Vec::new()));
        assert_eq!(levels.judge(), None);
        speak(&mut levels, a, 10, 50);
        levels.remove(a);
        assert_eq!(levels.judge(), None, "who is gone is not heard");
    }
}
