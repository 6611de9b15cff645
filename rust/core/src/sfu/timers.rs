//! One queue of timers for all transports. A transport has at most one live entry; entries that
//! were overtaken by an earlier one are skipped when they come up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::Sfu;
use crate::keys::TransportKey;

/// No transport's timers run more often than this.
const MIN_TIMER: Duration = Duration::from_millis(1);

/// Pending timers, earliest first.
#[derive(Debug)]
pub(super) struct Timers<K> {
    heap: BinaryHeap<Reverse<(Instant, K)>>,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
        }
    }
}

impl<K: Ord> Timers<K> {
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    pub(super) fn push(&mut self, at: Instant, whose: K) {
        self.heap.push(Reverse((at, whose)));
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, K)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

impl Sfu {
    /// Runs every timer that is due: consent, DTLS retransmission, feedback, reports.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, key)) = self.timers.pop_due(now) {
            let Some(transport) = self.transports.get(key) else {
                continue;
            };
            if transport.scheduled != Some(at) {
                continue;
            }
            self.current = Some(key);
            self.faults.point();
            self.run_timers(key, now);
            self.current = None;
        }
        self.run_observers(now);
    }

    /// Sees to it that a transport's timers are looked at no later than `at`.
    pub(super) fn schedule(&mut self, key: TransportKey, at: Instant) {
        if let Some(transport) = self.transports.get_mut(key)
            && transport.scheduled.is_none_or(|scheduled| at < scheduled)
        {
            transport.scheduled = Some(at);
            self.timers.push(at, key);
        }
    }

    fn run_timers(&mut self, key: TransportKey, now: Instant) {
        if let Some(transport) = self.transports.get_mut(key) {
            transport
                .ice
                .iter_mut()
                .for_each(|ice| ice.handle_timeout(now));
        }
        self.after_ice(key, now);
        self.run_dtls(key, now, |endpoint| endpoint.handle_timeout(now));
        self.tell_unwatched(key, now);
        self.run_sctp_timer(key, now);
        self.pace(key, now);
        self.send_feedback(key, now);
        self.send_reports(key, now);
        // Only now: what ran before may have asked for a timer that is due already, as one of the pacer's is until the
        // flush, and would have been looked at again and again.
        if let Some(transport) = self.transports.get_mut(key) {
            transport.scheduled = None;
        }
        if let Some(at) = self.next_timer(key) {
            // A timer that is due again at once would keep this loop from ending.
            self.schedule(key, at.max(now + MIN_TIMER));
        }
    }

    pub(super) fn next_timer(&self, key: TransportKey) -> Option<Instant> {
        let transport = self.transports.get(key)?;
        let producers = transport.producers.iter();
        let producers = producers.filter_map(|producer| self.producers.get(*producer));
        let watched = producers
            .clone()
            .map(|producer| producer.watched.next_timeout());
        let streams = producers
            .flat_map(|producer| &producer.streams)
            .flat_map(|stream| {
                let nack = stream.nack.as_ref().and_then(|nack| nack.next_timeout());
                [nack, stream.keyframe_requests.next_timeout()]
            });
        let dtls = match &transport.dtls {
            crate::transport::Dtls::Running(endpoint) => endpoint.next_timeout(),
            _ => None,
        };
        let transport_cc = transport
            .transport_cc
            .as_ref()
            .and_then(|t| t.next_timeout());
        let own = [
            transport.ice.as_ref().and_then(|ice| ice.next_timeout()),
            dtls,
            transport.sctp.as_ref().and_then(|sctp| sctp.next_timeout()),
            transport_cc,
            transport.reports_due,
            transport.pacer.next_timeout(!transport.resend.is_empty()),
        ];
        streams.chain(watched).chain(own).flatten().min()
    }
}
