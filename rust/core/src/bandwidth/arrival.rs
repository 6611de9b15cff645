//! Packets sent together, and how much more or less time than the last such group they took
//! (draft-ietf-rmcat-gcc-02, section 5.1 and 5.2).

use std::collections::VecDeque;
use std::time::Duration;

/// Packets sent within this belong together: pacers and frames make bursts.
const BURST_US: i64 = 5_000;
/// One unit of the feedback's reference time.
const REFERENCE_US: i64 = 64_000;
/// The shortest delay of this many last groups is taken for the path without queue.
const BASE_GROUPS: usize = 400;

/// How one group's delay differs from the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Growth of the delay in milliseconds.
    pub(super) delta_ms: f64,
    /// Arrival of the group in milliseconds.
    pub(super) arrival_ms: f64,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    last_arrival: i64,
}

/// Groups packets.
#[derive(Debug, Default)]
pub(super) struct Groups {
    current: Option<Group>,
    previous: Option<Group>,
    last_reference: Option<i64>,
    /// One-way delays of groups (the clocks' offset included), newest last, rising from the front:
    /// only those that can still become the shortest are kept.
    shortest: VecDeque<(u64, i64)>,
    count: u64,
    delay_us: i64,
    /// The delay of the packet that came last.
    newest_us: i64,
}

impl Groups {
    /// The feedback's reference time in microseconds, unwrapped from 24 bits.
    pub(super) fn reference(&mut self, reference_time: i32) -> i64 {
        let wrapped = i64::from(reference_time);
        let unwrapped = match self.last_reference {
            None => wrapped,
            Some(last) => {
                let ahead = (wrapped - last).rem_euclid(1 << 24);
                let signed = if ahead >= 1 << 23 {
                    ahead - (1 << 24)
                } else {
                    ahead
                };
                last + signed
            }
        };
        self.last_reference = Some(unwrapped);
        unwrapped * REFERENCE_US
    }

    /// A packet arrived. A sample comes when it ends a group that has one before it.
    pub(super) fn on_packet(&mut self, sent: i64, arrival: i64) -> Option<Sample> {
        self.newest_us = arrival - sent;
        let new = Group {
            first_sent: sent,
            last_sent: sent,
            last_arrival: arrival,
        };
        let Some(group) = &mut self.current else {
            self.current = Some(new);
            return None;
        };
        if sent < group.first_sent {
            return None;
        }
        if sent - group.first_sent <= BURST_US {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrival = group.last_arrival.max(arrival);
            return None;
        }
        let ended = *group;
        self.note_delay(ended.last_arrival - ended.last_sent);
        let sample = self.previous.map(|previous| {
            let sent = ended.last_sent - previous.last_sent;
            let arrived = ended.last_arrival - previous.last_arrival;
            Sample {
                delta_ms: (arrived - sent) as f64 / 1e3,
                arrival_ms: ended.last_arrival as f64 / 1e3,
            }
        });
        self.previous = Some(ended);
        self.current = Some(new);
        sample
    }

    /// What the last group took longer than the fastest.
    pub(super) fn queue_delay(&self) -> Duration {
        self.beyond_shortest(self.delay_us)
    }

    /// What the last packet took longer than the fastest group.
    pub(super) fn newest_delay(&self) -> Duration {
        self.beyond_shortest(self.newest_us)
    }

    /// The fastest group's delay in microseconds, the difference of the clocks included.
    pub(super) fn shortest_us(&self) -> i64 {
        self.shortest
            .front()
            .map_or(self.newest_us, |(_, delay)| *delay)
    }

    fn beyond_shortest(&self, delay_us: i64) -> Duration {
        Duration::from_micros((delay_us - self.shortest_us()).max(0) as u64)
    }

    fn note_delay(&mut self, delay_us: i64) {
        self.delay_us = delay_us;
        self.count += 1;
        while self
            .shortest
            .back()
            .is_some_and(|(_, other)| *other >= delay_us)
        {
            self.shortest.pop_back();
        }
        self.shortest.push_back((self.count, delay_us));
        while let Some((at, _)) = self.shortest.front()
            && at + BASE_GROUPS as u64 <= self.count
        {
            self.shortest.pop_front();
        }
    }
}
