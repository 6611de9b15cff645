//! A worker's counters, readable from any thread.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::sys::ThreadClock;

macro_rules! counters {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $field:ident => $wire:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $name { $($(#[$doc])* pub(crate) $field: u64,)+ }

        impl $name {
            pub(crate) const NAMES: &[&str] = &[$($wire),+];

            pub(crate) fn values(&self) -> [u64; Self::NAMES.len()] {
                [$(self.$field),+]
            }
        }
    };
}

counters! {
    /// What the IO shell counts, in plain integers: one thread writes them.
    IoCounters {
        /// Rounds of the event loop.
        turns => "io_turns",
        /// UDP datagrams received, GRO batches counted by their parts.
        datagrams_received => "io_datagrams_received",
        /// Messages of `recvmmsg`; datagrams per message is GRO's gain.
        messages_received => "io_messages_received",
        bytes_received => "io_bytes_received",
        receive_errors => "io_receive_errors",
        /// `sendmsg` calls that succeeded; datagrams per send is GSO's gain.
        sends => "io_sends",
        datagrams_sent => "io_datagrams_sent",
        bytes_sent => "io_bytes_sent",
        /// Batches that a path refused to segment, sent one by one instead.
        gso_refused => "io_gso_refused",
        /// Datagrams dropped because the socket's send buffer was full.
        send_would_block => "io_send_would_block",
        /// Datagrams dropped for any other reason.
        send_errors => "io_send_errors",
        requests => "io_requests",
        messages => "io_messages",
        /// Panics caught in the core, each of which ended one transport.
        panics => "io_panics",
    }
}

/// Counters published once per turn, by relaxed stores to lines that nobody else writes.
pub(crate) struct WorkerMetrics {
    names: Vec<&'static str>,
    values: Vec<AtomicU64>,
    clock: OnceLock<ThreadClock>,
}

impl WorkerMetrics {
    pub(crate) fn new(engine_names: &[&'static str]) -> Self {
        let names: Vec<_> = IoCounters::NAMES
            .iter()
            .chain(engine_names)
            .copied()
            .collect();
        let values = names.iter().map(|_| AtomicU64::new(0)).collect();
        Self {
            names,
            values,
            clock: OnceLock::new(),
        }
    }

    /// Names the thread whose CPU time is reported; to be called on it.
    pub(crate) fn measure_this_thread(&self) {
        match ThreadClock::current() {
            Ok(clock) => _ = self.clock.set(clock),
            Err(error) => log::warn!("no CPU clock for a worker: {error}"),
        }
    }

    pub(crate) fn publish(&self, io: &IoCounters, engine: impl Iterator<Item = u64>) {
        for (slot, value) in self
            .values
            .iter()
            .zip(io.values().into_iter().chain(engine))
        {
            slot.store(value, Relaxed);
        }
    }

    /// Names and values; `cpu_ns` is the thread's user and system time, 0 once it ended.
    pub(crate) fn snapshot(&self) -> Vec<(&'static str, u64)> {
        let cpu = self.clock.get().and_then(|clock| clock.elapsed());
        let cpu = cpu.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        let values = self.values.iter().map(|value| value.load(Relaxed));
        let published = self.names.iter().copied().zip(values);
        published.chain([("cpu_ns", cpu)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_appear_under_their_names() {
        let metrics = WorkerMetrics::new(&["rtp_sent"]);
        let io = IoCounters {
            sends: 3,
            panics: 1,
            ..IoCounters::default()
        };
        metrics.publish(&io, [9].into_iter());
        let snapshot = metrics.snapshot();
        let value = |name| snapshot.iter().find(|(other, _)| *other == name).unwrap().1;
        assert_eq!(
            (value("io_sends"), value("io_panics"), value("rtp_sent")),
            (3, 1, 9)
        );
        assert_eq!(value("cpu_ns"), 0, "no thread measured yet");
    }
}
