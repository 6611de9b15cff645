//! Bounds on what a peer can make the SCTP association do.
//!
//! A peer may be authenticated and hostile all the same. The association itself bounds the bytes
//! it reassembles, but has to take what fills a gap, and counts neither chunks nor messages.

use std::time::{Duration, Instant};

use super::chunks::{Chunk, chunks};

/// Bytes that may wait for the rest of their messages; what is advertised as the receiver window.
pub const RECEIVE_BUFFER: u32 = 1 << 20;
/// Chunks that may wait. Each costs a few hundred bytes, and every acknowledgement looks at all.
const MAX_WAITING_CHUNKS: u64 = 1 << 13;
/// Messages a peer may send in a second; a file in pieces of 16 KiB needs 800 for 100 Mbit/s.
const MAX_MESSAGES_PER_SECOND: u32 = 10_000;
/// How many chunks ahead of what was acknowledged a peer may be; gaps are named by 16 bits.
const MAX_AHEAD: u32 = 1 << 14;
const SECOND: Duration = Duration::from_secs(1);

/// What the peer did since things were last in order.
#[derive(Debug)]
pub struct Guard {
    max_streams: u16,
    max_message: usize,
    /// Chunks received and not delivered, duplicates included, since nothing waited.
    waiting: u64,
    /// Bytes received since the window was advertised as closed.
    over_window: u64,
    window: u32,
    /// What was acknowledged, once something was.
    acknowledged: Option<u32>,
    messages: u32,
    since: Option<Instant>,
}

impl Guard {
    /// A guard of an association that takes messages of `max_message` bytes on `max_streams`.
    pub fn new(max_streams: u16, max_message: usize) -> Self {
        Self {
            max_streams,
            max_message,
            waiting: 0,
            over_window: 0,
            window: RECEIVE_BUFFER,
            acknowledged: None,
            messages: 0,
            since: None,
        }
    }

    /// Looks at a packet before the association does; the offence, if it is one.
    pub fn on_received(&mut self, packet: &[u8]) -> Result<(), &'static str> {
        for chunk in chunks(packet) {
            let (tsn, stream, len) = match chunk {
                Chunk::Data { tsn, stream, len } => (tsn, stream, len),
                Chunk::Init { tsn } => {
                    self.acknowledged.get_or_insert(tsn.wrapping_sub(1));
                    continue;
                }
                _ => continue,
            };
            let ahead = self
                .acknowledged
                .map_or(0, |acknowledged| tsn.wrapping_sub(acknowledged));
            // Those behind are repetitions.
            if (MAX_AHEAD..1 << 31).contains(&ahead) {
                return Err("SCTP data far ahead of what was acknowledged");
            }
            if stream >= self.max_streams {
                return Err("SCTP data on a stream that was not negotiated");
            }
            self.waiting += 1;
            if self.window == 0 {
                self.over_window += len as u64;
            }
        }
        if self.waiting > MAX_WAITING_CHUNKS {
            return Err("too many SCTP chunks of incomplete messages");
        }
        if self.over_window > u64::from(RECEIVE_BUFFER) {
            return Err("SCTP data beyond the receiver window");
        }
        Ok(())
    }

    /// Looks at a packet that the association sends.
    pub fn on_sent(&mut self, packet: &[u8]) {
        for chunk in chunks(packet) {
            let Chunk::Sack { cumulative, window } = chunk else {
                continue;
            };
            (self.acknowledged, self.window) = (Some(cumulative), window);
            if window > 0 {
                self.over_window = 0;
            }
            if window >= RECEIVE_BUFFER {
                self.waiting = 0;
            }
        }
    }

    /// Looks at a whole message of `chunks` chunks.
    pub fn on_message(
        &mut self,
        now: Instant,
        len: usize,
        chunks: usize,
    ) -> Result<(), &'static str> {
        self.waiting = self.waiting.saturating_sub(chunks as u64);
        if len > self.max_message {
            return Err("SCTP message larger than was negotiated");
        }
        if self
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= SECOND)
        {
            (self.since, self.messages) = (Some(now), 0);
        }
        self.messages += 1;
        match self.messages > MAX_MESSAGES_PER_SECOND {
            true => Err("flood of SCTP messages"),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts the clock")]
mod tests {
    use super::*;

    fn data(stream: u16, len: u16) -> Vec<u8> {
        let mut packet = vec![0; 12];
        packet.extend([0, 0]);
        packet.extend((16 + len).to_be_bytes());
        packet.extend([0, 0, 0, 1]);
        packet.extend(stream.to_be_bytes());
        packet.extend(vec![0; 6 + usize::from(len)]);
        packet
    }

    fn sack(window: u32) -> Vec<u8> {
        let mut packet = vec![0; 12];
        packet.extend([3, 0, 0, 16, 0, 0, 0, 1]);
        packet.extend(window.to_be_bytes());
        packet.extend([0; 4]);
        packet
    }

    #[test]
    fn what_was_negotiated_is_kept() {
        let mut guard = Guard::new(8, 100);
        let now = Instant::now();
        assert_eq!(guard.on_received(&data(7, 1000)), Ok(()));
        assert!(guard.on_received(&data(8, 1000)).is_err());
        assert_eq!(guard.on_message(now, 100, 1), Ok(()));
        assert!(guard.on_message(now, 101, 1).is_err());
    }

    #[test]
    fn a_closed_window_bounds_the_bytes() {
        let mut guard = Guard::new(8, 100);
        guard.on_sent(&sack(0));
        let packets = (0..2000).take_while(|_| guard.on_received(&data(0, 1000)).is_ok());
        assert_eq!(packets.count(), RECEIVE_BUFFER as usize / 1000);
        let mut honest = Guard::new(8, 100);
        for _ in 0..5000 {
            honest.on_sent(&sack(0));
            assert!(honest.on_received(&data(0, 1000)).is_ok());
            honest.on_sent(&sack(1000));
        }
    }

    #[test]
    fn chunks_that_wait_are_bounded_and_those_delivered_do_not_count() {
        let mut guard = Guard::new(8, 100);
        let now = Instant::now();
        for second in 0..20 {
            for _ in 0..9_000 {
                let at = now + SECOND * second;
                assert!(guard.on_received(&data(0, 1)).is_ok());
                assert!(guard.on_message(at, 1, 1).is_ok());
            }
        }
        let waiting = (0..100_000).take_while(|_| guard.on_received(&data(0, 1)).is_ok());
        assert_eq!(waiting.count() as u64, MAX_WAITING_CHUNKS);
        guard.on_sent(&sack(RECEIVE_BUFFER));
        assert!(
            guard.on_received(&data(0, 1)).is_ok(),
            "nothing waits any more"
        );
    }

    #[test]
    fn numbers_far_ahead_are_an_offence_and_those_behind_are_not() {
        let mut guard = Guard::new(8, 100);
        let init = [vec![0; 12], vec![1, 0, 0, 20], vec![0; 12], vec![0xFF; 4]].concat();
        assert_eq!(guard.on_received(&init), Ok(()));
        let numbered = |tsn: u32| {
            let mut packet = data(0, 1);
            packet[16..20].copy_from_slice(&tsn.to_be_bytes());
            packet
        };
        for (tsn, passes) in [
            (u32::MAX, true),
            (16_000, true),
            (u32::MAX - 9, true),
            (17_000, false),
        ] {
            assert_eq!(guard.on_received(&numbered(tsn)).is_ok(), passes, "{tsn}");
        }
    }

    #[test]
    fn a_flood_is_one() {
        let mut guard = Guard::new(8, 100);
        let now = Instant::now();
        let passed = (0..20_000).take_while(|_| guard.on_message(now, 1, 1).is_ok());
        assert_eq!(passed.count() as u32, MAX_MESSAGES_PER_SECOND);
        assert!(guard.on_message(now + SECOND, 1, 1).is_ok());
    }
}
