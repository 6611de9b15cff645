//! Which frames a receiver could have decoded, and when: all packets there, and nothing missing since the last key frame.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Seen;
use crate::rig::{Got, ms};

/// Gaps longer than this are freezes: at 30 frames a second 33 ms and 150 more.
const FREEZE: Duration = ms(183);

/// By sender: frame number to (when it was sent, number of packets, key frame or not).
type Sent = [BTreeMap<u32, (Instant, usize, bool)>];

#[derive(Debug, Default)]
struct Gathered {
    sequences: BTreeSet<u64>,
}

/// One subscriber's decoder.
#[derive(Debug, Default)]
pub struct Viewer {
    taken: usize,
    seen: BTreeSet<u64>,
    frames: BTreeMap<(usize, u32), Gathered>,
    /// By their first sequence number: frames that are whole and not decoded: last number, key or not, layer.
    whole: BTreeMap<u64, (u64, bool, usize)>,
    last: Option<u64>,
    /// When each frame was decoded, and of which layer.
    decoded: Vec<(Instant, usize)>,
    /// Payload bytes that came.
    bytes: Vec<(Instant, usize)>,
}

impl Viewer {
    /// Takes what came since the last time.
    pub fn take(&mut self, got: &[Got], sent: &Sent) {
        for packet in &got[self.taken..] {
            // The first consumer's; other streams have numbers of their own.
            if packet.stream != 0 || !self.seen.insert(packet.sequence) {
                continue;
            }
            self.bytes.push((packet.at, packet.payload_len));
            let frame = self
                .frames
                .entry((packet.sender, packet.frame))
                .or_default();
            frame.sequences.insert(packet.sequence);
            let (_, packets, key) = sent[packet.sender][&packet.frame];
            if frame.sequences.len() == packets {
                let numbers = &frame.sequences;
                if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
                    self.whole.insert(*first, (*last, key, packet.sender));
                }
                self.decode(packet.at);
            }
        }
        self.taken = got.len();
    }

    /// The layer of the newest decoded frame.
    pub fn layer(&self) -> Option<usize> {
        self.decoded.last().map(|(_, layer)| *layer)
    }

    /// What was seen between two times.
    pub fn report(&self, from: Instant, end: Instant, seen: &mut Seen) {
        let before = self.decoded.iter().rev().find(|(at, _)| *at < from);
        let mut last = before.map_or(from, |(at, _)| *at);
        let within = self
            .decoded
            .iter()
            .filter(|(at, _)| (from..end).contains(at));
        for at in within.map(|(at, _)| *at).chain([end]) {
            let gap = at.saturating_duration_since(last.max(from));
            seen.longest_gap = seen.longest_gap.max(gap);
            if at.saturating_duration_since(last) > FREEZE {
                seen.frozen += gap;
            }
            seen.frames += usize::from(at != end);
            last = at;
        }
        seen.layer = self.layer();
        let bytes = self.bytes.iter().filter(|(at, _)| (from..end).contains(at));
        let bits: usize = bytes.map(|(_, bytes)| bytes * 8).sum();
        seen.goodput_bps = (bits as f64 / (end - from).as_secs_f64()) as u64;
    }

    fn decode(&mut self, now: Instant) {
        loop {
            let next = self.last.map_or(0, |last| last + 1);
            self.whole = self.whole.split_off(&next);
            let goes_on = self.whole.get(&next).map(|it| (next, *it));
            let begins = || {
                self.whole
                    .iter()
                    .find(|(_, (_, key, _))| *key)
                    .map(|(first, it)| (*first, *it))
            };
            let Some((first, (last, _, layer))) = goes_on.or_else(begins) else {
                return;
            };
            self.whole.remove(&first);
            self.last = Some(last);
            self.decoded.push((now, layer));
        }
    }
}
