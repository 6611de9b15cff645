//! Who has the floor: dominant speaker identification after Volfin and Cohen, "Dominant speaker
//! identification for multipoint videoconferencing" (Computer Speech & Language 27, 2013).
//!
//! Speech activity is judged over three spans of time: immediate (tens of milliseconds), medium (a
//! third of a second) and long (a second). A speaker takes the floor when all three say that he
//! speaks far more than who has it, so that a cough does not and a short "yes" hardly.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::keys::ProducerKey;

/// Levels are sampled at this interval; packets of speech come as often.
const STEP: Duration = Duration::from_millis(20);
/// Sub-bands of one immediate step, steps of a medium one, mediums of a long one (the paper's N).
const IMMEDIATE_BANDS: u32 = 13;
const MEDIUM_STEPS: usize = 5;
const LONG_MEDIUMS: usize = 10;
const STEPS: usize = MEDIUM_STEPS * LONG_MEDIUMS;
/// From which part of the step below a step counts as active.
const MEDIUM_ACTIVE: u32 = 7;
const LONG_ACTIVE: u32 = 4;
/// Rates of the exponential prior of "does not speak" on each span (the paper's lambda).
const LAMBDA: [f64; 3] = [0.78, 24.0, 47.0];
/// What the logarithm of the ratio of scores must exceed on each span for a change of speaker.
const CHANGE: [f64; 3] = [3.0, 2.0, 0.0];
const MIN_SCORE: f64 = 1e-10;
/// Levels are relative to the speaker's own noise: the quietest of this long.
const NOISE_WINDOW: Duration = Duration::from_secs(15);
/// Louder than a speaker's noise by less than this is noise, in dB.
const MIN_OVER_NOISE: u8 = 6;
/// What is below -77 dBov is noise until more is known; what is louder than -50 dBov all the time is
/// meant to be heard.
const NOISE: RangeInclusive<u8> = 50..=77;
/// Loudness is 127 less the level, which counts down from overload.
const LOUDEST: u8 = 127;

/// How an [`ActiveSpeaker`] observer judges.
#[derive(Debug, Clone, Copy)]
pub struct ActiveSpeakerOptions {
    /// Between two judgements.
    pub interval: Duration,
}

/// Finds the dominant speaker.
#[derive(Debug)]
pub struct ActiveSpeaker {
    options: ActiveSpeakerOptions,
    speakers: Vec<Speaker>,
    dominant: Option<ProducerKey>,
}

#[derive(Debug)]
struct Speaker {
    producer: ProducerKey,
    /// Loudness of the last [`STEPS`] steps, 0 to 127, newest at `at`.
    steps: [u8; STEPS],
    at: usize,
    last: Option<Instant>,
    noise: u8,
    next_noise: u8,
    noise_since: Option<Instant>,
}

impl ActiveSpeaker {
    /// An observer that has heard nothing.
    pub fn new(options: ActiveSpeakerOptions) -> Self {
        Self {
            options,
            speakers: Vec::new(),
            dominant: None,
        }
    }

    /// Between two judgements.
    pub fn interval(&self) -> Duration {
        self.options.interval
    }

    pub(super) fn add(&mut self, producer: ProducerKey) {
        if !self.speakers.iter().any(|it| it.producer == producer) {
            self.speakers.push(Speaker::new(producer));
        }
    }

    pub(super) fn remove(&mut self, producer: ProducerKey) {
        self.speakers.retain(|it| it.producer != producer);
        self.dominant = self.dominant.filter(|dominant| *dominant != producer);
    }

    pub(super) fn on_level(&mut self, producer: ProducerKey, level: u8, now: Instant) {
        if let Some(speaker) = self.speakers.iter_mut().find(|it| it.producer == producer) {
            speaker.hear(LOUDEST.saturating_sub(level), now);
        }
    }

    /// Judges; tells the speaker when it is another one than before.
    pub fn judge(&mut self, now: Instant) -> Option<ProducerKey> {
        for speaker in &mut self.speakers {
            speaker.fall_silent(now);
        }
        let scored = |it: &Speaker| (it.producer, it.scores());
        let holder = self
            .speakers
            .iter()
            .find(|it| Some(it.producer) == self.dominant);
        let floor = holder.map_or([MIN_SCORE; 3], Speaker::scores);
        let mut best: Option<(ProducerKey, f64)> = None;
        for (producer, scores) in self.speakers.iter().map(scored) {
            if Some(producer) == self.dominant {
                continue;
            }
            let mut ratios = [0.0; 3];
            for span in 0..3 {
                ratios[span] = (scores[span] / floor[span]).ln();
            }
            let takes = ratios
                .iter()
                .zip(CHANGE)
                .all(|(ratio, least)| *ratio > least);
            if takes && best.is_none_or(|(_, other)| ratios[1] > other) {
                best = Some((producer, ratios[1]));
            }
        }
        let (producer, _) = best?;
        self.dominant = Some(producer);
        Some(producer)
    }
}

impl Speaker {
    fn new(producer: ProducerKey) -> Self {
        Self {
            producer,
            steps: [0; STEPS],
            at: 0,
            last: None,
            noise: *NOISE.start(),
            next_noise: LOUDEST,
            noise_since: None,
        }
    }

    fn hear(&mut self, loudness: u8, now: Instant) {
        self.fall_silent(now);
        self.last = Some(now);
        self.follow_noise(loudness, now);
        self.push(loudness);
    }

    /// Steps without a packet were silent.
    fn fall_silent(&mut self, now: Instant) {
        let Some(last) = self.last else { return };
        // One packet late is jitter.
        let missed = now.saturating_duration_since(last).as_micros() / STEP.as_micros();
        for _ in 2..missed.min(STEPS as u128 + 2) {
            self.push(0);
        }
        if missed > 2 {
            self.last = Some(now - STEP);
        }
    }

    fn push(&mut self, loudness: u8) {
        self.at = (self.at + 1) % STEPS;
        self.steps[self.at] = loudness;
    }

    fn follow_noise(&mut self, loudness: u8, now: Instant) {
        if loudness == 0 {
            return;
        }
        let since = *self.noise_since.get_or_insert(now);
        self.next_noise = self.next_noise.min(loudness);
        if now.saturating_duration_since(since) >= NOISE_WINDOW {
            self.noise = self.next_noise.clamp(*NOISE.start(), *NOISE.end());
            (self.next_noise, self.noise_since) = (LOUDEST, Some(now));
        }
    }

    /// Speech activity on the three spans.
    fn scores(&self) -> [f64; 3] {
        let newest_first = (0..STEPS).map(|back| self.steps[(self.at + STEPS - back) % STEPS]);
        let mut immediates = [0u32; STEPS];
        for (immediate, loudness) in immediates.iter_mut().zip(newest_first) {
            *immediate = self.bands(loudness);
        }
        let mut mediums = [0u32; LONG_MEDIUMS];
        for (medium, steps) in mediums.iter_mut().zip(immediates.chunks(MEDIUM_STEPS)) {
            *medium = steps.iter().filter(|step| **step > MEDIUM_ACTIVE).count() as u32;
        }
        let long = mediums.iter().filter(|it| **it >= LONG_ACTIVE).count() as u32;
        [
            score(IMMEDIATE_BANDS, immediates[0], LAMBDA[0]),
            score(MEDIUM_STEPS as u32, mediums[0], LAMBDA[1]),
            score(LONG_MEDIUMS as u32, long, LAMBDA[2]),
        ]
    }

    /// Sub-bands of the scale that a loudness fills.
    fn bands(&self, loudness: u8) -> u32 {
        if loudness < self.noise.saturating_add(MIN_OVER_NOISE) {
            return 0;
        }
        (u32::from(loudness) * IMMEDIATE_BANDS).div_ceil(u32::from(LOUDEST))
    }
}

/// The paper's likelihood ratio of "speaks" (binomial, p = 1/2) against "does not" (exponential).
fn score(bands: u32, active: u32, lambda: f64) -> f64 {
    let (n, k) = (f64::from(bands), active);
    let choose = (1..=k)
        .map(|i| (f64::from(bands - k + i) / f64::from(i)).ln())
        .sum::<f64>();
    let speaks = choose + n * 0.5f64.ln();
    let silent = lambda.ln() - lambda * f64::from(k);
    (speaks - silent).max(MIN_SCORE)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(300);

    struct Rig {
        observer: ActiveSpeaker,
        now: Instant,
        producers: [ProducerKey; 3],
    }

    impl Rig {
        fn new() -> Self {
            let mut keys = SlotMap::<ProducerKey, ()>::with_key();
            let mut observer = ActiveSpeaker::new(ActiveSpeakerOptions { interval: INTERVAL });
            let producers = [(); 3].map(|()| keys.insert(()));
            producers.iter().for_each(|key| observer.add(*key));
            let now = Instant::now();
            Self {
                observer,
                now,
                producers,
            }
        }

        /// Everyone sends at these levels (dB below overload) for so long; the changes of speaker.
        fn talk(&mut self, millis: u64, levels: [u8; 3]) -> Vec<usize> {
            let mut changes = Vec::new();
            for step in 0..millis / 20 {
                for (producer, level) in self.producers.into_iter().zip(levels) {
                    self.observer.on_level(producer, level, self.now);
                }
                self.now += STEP;
                if step % 15 == 14
                    && let Some(speaker) = self.observer.judge(self.now)
                {
                    let index = self.producers.iter().position(|it| *it == speaker);
                    changes.extend(index);
                }
            }
            changes
        }
    }

    #[test]
    fn who_speaks_gets_the_floor_and_keeps_it() {
        let mut rig = Rig::new();
        assert_eq!(
            rig.talk(2000, [127, 127, 127]),
            [0usize; 0],
            "nobody speaks"
        );
        assert_eq!(rig.talk(5000, [127, 25, 90]), [1]);
        assert_eq!(
            rig.talk(3000, [127, 127, 127]),
            [0usize; 0],
            "a pause is no change"
        );
        assert_eq!(rig.talk(3000, [30, 127, 90]), [0]);
    }

    #[test]
    fn a_cough_does_not_take_it() {
        let mut rig = Rig::new();
        assert_eq!(rig.talk(3000, [25, 127, 127]), [0]);
        assert_eq!(rig.talk(60, [25, 5, 127]), [0usize; 0]);
        assert_eq!(rig.talk(3000, [25, 127, 127]), [0usize; 0]);
    }

    #[test]
    fn who_is_gone_has_no_floor() {
        let mut rig = Rig::new();
        assert_eq!(rig.talk(3000, [25, 127, 127]), [0]);
        rig.observer.remove(rig.producers[0]);
        assert_eq!(rig.talk(3000, [25, 127, 30]), [2]);
    }

    #[test]
    fn scores_rise_with_activity() {
        for lambda in LAMBDA {
            for active in 1..5 {
                assert!(score(5, active, lambda) >= score(5, active - 1, lambda));
            }
        }
    }
}
