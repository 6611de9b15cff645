//! What the IO shell drives: the core's face, as a trait, so that the shell's own tests can put
//! something hostile in its place.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use rand::Rng;
use videocall_core::{ListenAddr, Metrics, Sfu, SfuConfig, Transmit};

/// A sans-IO media engine for one worker. `videocall_core::Sfu` is the one that is shipped.
///
/// After each batch of inputs the shell calls `flush`, then drains `poll_message`, then waits until
/// `next_timeout`. It catches a panic of any `handle_*` call or of `flush`, and then calls
/// `abandon_current`.
pub trait Engine {
    /// A JSON request; its answer appears in `poll_message`.
    fn handle_request(&mut self, now: Instant, request: &[u8]);
    /// A datagram that came to the `local`-th listen address. May be changed in place.
    fn handle_datagram(&mut self, now: Instant, local: u8, remote: SocketAddr, datagram: &mut [u8]);
    /// A TCP connection, which is told by its addresses, was closed.
    fn handle_closed(&mut self, _now: Instant, _local: u8, _remote: SocketAddr) {}
    /// To be called when `next_timeout` has passed.
    fn handle_timeout(&mut self, now: Instant);
    /// When `handle_timeout` or `flush` is next wanted.
    fn next_timeout(&self) -> Option<Instant>;
    /// Sends what is due.
    fn flush(&mut self, now: Instant, out: &mut impl Transmit);
    /// The next reply or event, JSON.
    fn poll_message(&mut self) -> Option<Vec<u8>>;
    /// Closes whatever was being worked on when a panic was caught.
    fn abandon_current(&mut self, now: Instant);
    /// The names of the counters that `metrics` yields, in their order.
    fn metric_names() -> Vec<&'static str>;
    /// The values of the counters.
    fn metrics(&self) -> impl Iterator<Item = u64>;
}

/// What an engine is made from.
#[derive(Debug)]
pub struct EngineSetup {
    /// The worker's index.
    pub index: u16,
    /// For each socket the address it is bound to and the address to announce for it.
    pub listen: Vec<(SocketAddr, IpAddr)>,
    /// [`crate::WorkerOptions::tcp`].
    pub tcp: bool,
    /// [`crate::WorkerOptions::pool_slots`].
    pub pool_slots: Option<usize>,
}

impl EngineSetup {
    /// The shipped engine.
    pub(crate) fn sfu(self) -> Result<Sfu, String> {
        let listen = self
            .listen
            .into_iter()
            .map(|(bound, announced)| ListenAddr {
                bound,
                announced,
                announced_port: bound.port(),
            });
        let now = Instant::now();
        let config = SfuConfig {
            worker_id: self.index,
            listen: listen.collect(),
            seed: rand::rng().random(),
            pool_slots: self.pool_slots.unwrap_or(DEFAULT_POOL_SLOTS),
            tcp: self.tcp,
            ntp_at_start: ntp(SystemTime::now()),
        };
        Sfu::new(config, now).map_err(|error| error.to_string())
    }
}

/// About 12 MB a worker: a second of 25 publishers at 2.5 Mbit/s for retransmission.
const DEFAULT_POOL_SLOTS: usize = 8192;

/// Seconds from 1900 (NTP, RFC 5905 section 6) to 1970.
const NTP_UNIX_OFFSET: u64 = 2_208_988_800;

/// A wall-clock time in NTP's 32.32 fixed point, era wrapping as the RFC has it.
fn ntp(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(NTP_UNIX_OFFSET);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

impl Engine for Sfu {
    fn handle_request(&mut self, now: Instant, request: &[u8]) {
        self.handle_request(now, request);
    }

    fn handle_datagram(
        &mut self,
        now: Instant,
        local: u8,
        remote: SocketAddr,
        datagram: &mut [u8],
    ) {
        self.handle_datagram(now, local, remote, datagram);
    }

    fn handle_closed(&mut self, now: Instant, local: u8, remote: SocketAddr) {
        self.handle_closed(now, local, remote);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }

    fn flush(&mut self, now: Instant, out: &mut impl Transmit) {
        self.flush(now, out);
    }

    fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.poll_message()
    }

    fn abandon_current(&mut self, now: Instant) {
        self.abandon_current(now);
    }

    fn metric_names() -> Vec<&'static str> {
        Metrics::default()
            .entries()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    fn metrics(&self) -> impl Iterator<Item = u64> {
        self.metrics().entries().into_iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ntp_counts_from_1900_in_binary_fractions() {
        let time = UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(ntp(time), ((NTP_UNIX_OFFSET + 1) << 32) | 0x8000_0000);
    }
}
