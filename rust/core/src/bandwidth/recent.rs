//! The packets that arrived last, by the receiver's clock: how fast they came, and whether a queue grows under them.

use std::collections::VecDeque;

/// Arrivals within this of the newest count.
const WINDOW_US: i64 = 100_000;
/// But so many count in any case: at 300 kbit/s four packets take longer.
const FEW: usize = 6;
const MAX: usize = 256;
/// A delay that grows by this much within the window is no jitter.
const GROWTH_US: i64 = 25_000;
/// A packet that took this much longer than the fastest had to wait.
const WAITED_US: i64 = 15_000;
/// So many packets that waited tell the bottleneck's rate.
const MEASURABLE: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Arrival {
    sent_us: i64,
    arrival_us: i64,
    size: u32,
}

/// The last arrivals.
#[derive(Debug)]
pub(super) struct Recent {
    packets: VecDeque<Arrival>,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            packets: VecDeque::with_capacity(MAX),
        }
    }
}

impl Recent {
    pub(super) fn on_packet(&mut self, sent_us: i64, arrival_us: i64, size: u16) {
        // One that others overtook says nothing about the queue.
        if self
            .packets
            .back()
            .is_some_and(|last| arrival_us < last.arrival_us)
        {
            return;
        }
        while self.packets.len() >= FEW
            && (self.packets.len() == MAX
                || self
                    .packets
                    .front()
                    .is_some_and(|first| first.arrival_us < arrival_us - WINDOW_US))
        {
            self.packets.pop_front();
        }
        self.packets.push_back(Arrival {
            sent_us,
            arrival_us,
            size: u32::from(size),
        });
    }

    /// Bits per second at which the last ones came that had to wait, `shortest_us` being the delay of one that had not: what
    /// the bottleneck carries. The delays include the difference of the clocks.
    pub(super) fn bottleneck_bps(&self, shortest_us: i64) -> Option<u64> {
        let waited =
            |packet: &&Arrival| packet.arrival_us - packet.sent_us - shortest_us > WAITED_US;
        let queued = self.packets.iter().rev().take_while(waited);
        let (bytes, packets) = queued.fold((0, 0), |(bytes, packets), packet| {
            (bytes + u64::from(packet.size), packets + 1)
        });
        if packets < MEASURABLE {
            return None;
        }
        // The first may have found the bottleneck idle: it marks the begin and does not count.
        let (first, last) = (
            self.packets.get(self.packets.len() - packets)?,
            self.packets.back()?,
        );
        let span_us = last.arrival_us - first.arrival_us;
        let counted = bytes - u64::from(first.size);
        (span_us >= GROWTH_US).then(|| counted * 8_000_000 / span_us as u64)
    }

    /// Whether the delay grew over several packets. A radio that was silent for a moment makes one large gap, and then
    /// delivers all at once; a bottleneck spreads the packets.
    pub(super) fn queue_grows(&self) -> bool {
        let growth = |(before, after): (&Arrival, &Arrival)| {
            (after.arrival_us - before.arrival_us) - (after.sent_us - before.sent_us)
        };
        let pairs = self
            .packets
            .iter()
            .zip(self.packets.iter().skip(1))
            .map(growth);
        let (total, largest) = pairs.fold((0, 0), |(total, largest), grown| {
            (total + grown, largest.max(grown))
        });
        total - largest >= GROWTH_US
    }
}
