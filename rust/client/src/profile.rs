//! The sizes and times of what Chromium sends.
//!
//! Captured from Chromium 156 on loopback: a VP8 frame leaves as one burst, in packets that differ
//! by one byte at most, the longer ones last (1,082 once and 1,083 twelve times); 1.5 Mbit/s at 30 frames a
//! second are 180 packets a second in frames of six. Opus comes alone, every 20 ms, in packets of about 100
//! bytes.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::config::StreamKind;

/// The largest video payload: Chromium leaves room for headers, SRTP and TURN in 1,200 bytes.
const MAX_VIDEO_PAYLOAD: usize = 1_100;
/// How much larger than the others a key frame is.
const KEY_FRAME_FACTOR: usize = 4;
/// Frame sizes vary by this much of the mean, in percent, either way.
const SIZE_SPREAD_PERCENT: usize = 4;

/// One frame to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFrame {
    /// When it leaves.
    pub due: Instant,
    /// Its RTP timestamp, starting at zero.
    pub timestamp: u32,
    /// Whether it is a key frame.
    pub key: bool,
    /// The payload bytes of its packets.
    pub payload_sizes: Vec<usize>,
}

/// What a camera or microphone sends.
#[derive(Debug, Clone)]
pub struct Source {
    kind: StreamKind,
    interval: Duration,
    mean_len: usize,
    start: Instant,
    frames: u32,
    key_wanted: bool,
    rng: StdRng,
}

impl Source {
    /// A camera at `bitrate_bps` of payload and `frames_per_second`, from `start` on.
    pub fn video(bitrate_bps: u64, frames_per_second: u32, start: Instant, seed: u64) -> Self {
        let frames_per_second = frames_per_second.max(1);
        let mean_len = (bitrate_bps / 8) as usize / frames_per_second as usize;
        let interval = Duration::from_secs(1) / frames_per_second;
        Self::new(StreamKind::Video, interval, mean_len, start, seed)
    }

    /// The video of the benchmarks: 1.5 Mbit/s, 30 frames a second, six packets a frame.
    pub fn chromium_video(start: Instant, seed: u64) -> Self {
        Self::video(1_500_000, 30, start, seed)
    }

    /// A microphone: an Opus packet of about 72 bytes of payload every 20 ms.
    pub fn chromium_audio(start: Instant, seed: u64) -> Self {
        Self::new(
            StreamKind::Audio,
            Duration::from_millis(20),
            72,
            start,
            seed,
        )
    }

    fn new(
        kind: StreamKind,
        interval: Duration,
        mean_len: usize,
        start: Instant,
        seed: u64,
    ) -> Self {
        Self {
            kind,
            interval,
            mean_len,
            start,
            frames: 0,
            key_wanted: true,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// What it sends.
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// When the next frame leaves.
    pub fn next_due(&self) -> Instant {
        self.start + self.interval * self.frames
    }

    /// Makes the next frame a key frame.
    pub fn want_key_frame(&mut self) {
        self.key_wanted = true;
    }

    /// Starts the clock anew: the next frame leaves at `start`.
    pub fn restart_at(&mut self, start: Instant) {
        self.start = start;
        self.frames = 0;
    }

    /// The next frame. The first one is a key frame.
    pub fn next_frame(&mut self) -> PlannedFrame {
        let due = self.next_due();
        let elapsed = (self.interval * self.frames).as_nanos();
        let timestamp = (elapsed * u128::from(self.kind.clock_rate()) / 1_000_000_000) as u32;
        self.frames += 1;
        let spread = self.mean_len * SIZE_SPREAD_PERCENT / 100;
        let mut len = self
            .rng
            .random_range(self.mean_len - spread..=self.mean_len + spread);
        let key = self.kind == StreamKind::Video && std::mem::take(&mut self.key_wanted);
        let payload_sizes = match self.kind {
            StreamKind::Audio => vec![len],
            StreamKind::Video => {
                if key {
                    len *= KEY_FRAME_FACTOR;
                }
                split_about_equally(len, MAX_VIDEO_PAYLOAD)
            }
        };
        PlannedFrame {
            due,
            timestamp,
            key,
            payload_sizes,
        }
    }
}

/// Cuts `len` bytes into the fewest pieces of at most `max`, which differ by one byte at most, the
/// longer ones last: libwebrtc's `SplitAboutEqually`.
pub fn split_about_equally(len: usize, max: usize) -> Vec<usize> {
    let pieces = len.div_ceil(max).max(1);
    let longer = len % pieces;
    (0..pieces)
        .map(|i| len / pieces + usize::from(i >= pieces - longer))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_about_equal_and_the_longer_ones_last(len in 1usize..100_000, max in 1usize..2000) {
            let pieces = split_about_equally(len, max);
            prop_assert_eq!(pieces.iter().sum::<usize>(), len);
            prop_assert!(pieces.iter().all(|piece| *piece <= max));
            prop_assert!(pieces.is_sorted());
            prop_assert!(pieces[pieces.len() - 1] - pieces[0] <= 1);
        }
    }

    #[test]
    fn the_benchmarks_video_has_six_packets_a_frame_and_1_5_megabit() {
        let mut source = Source::chromium_video(Instant::now(), 1);
        assert!(source.next_frame().key);
        let frames: Vec<PlannedFrame> = (0..300).map(|_| source.next_frame()).collect();
        assert!(
            frames
                .iter()
                .all(|frame| !frame.key && frame.payload_sizes.len() == 6)
        );
        let bytes: usize = frames.iter().flat_map(|frame| &frame.payload_sizes).sum();
        assert!(
            (bytes * 8).abs_diff(15_000_000) < 150_000,
            "{bytes} bytes in ten seconds"
        );
        assert_eq!(frames[1].timestamp - frames[0].timestamp, 3_000);
    }

    #[test]
    fn audio_comes_every_twenty_milliseconds() {
        let start = Instant::now();
        let mut source = Source::chromium_audio(start, 1);
        for i in 0..100 {
            let frame = source.next_frame();
            assert_eq!(frame.due, start + Duration::from_millis(20) * i);
            assert_eq!(frame.timestamp, 960 * i);
            assert_eq!(frame.payload_sizes.len(), 1);
        }
    }
}
