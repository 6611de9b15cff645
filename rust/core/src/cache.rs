//! The packets of one received stream that can still be asked for (RFC 4585 generic NACK).

use std::time::{Duration, Instant};

use crate::pool::{Pool, SlotId};
use crate::rtp::{PayloadType, PictureLayers};

/// How long a packet can be retransmitted. Receivers give up on a gap after about a second.
const MAX_AGE: Duration = Duration::from_millis(1500);

/// Packets from before the first one that may still come in.
const EARLY_REORDERING: u64 = 64;

/// One packet: its place in the pool and what the forward path needs of its header.
#[derive(Debug)]
pub struct Packet {
    /// Extended sequence number as the producer counts.
    pub seq: u64,
    /// RTP timestamp as the producer counts.
    pub timestamp: u32,
    /// When it arrived.
    pub arrival: Instant,
    /// The pool slot, owned by this packet.
    pub slot: SlotId,
    /// Payload bytes, padding removed.
    pub payload_len: u16,
    /// Bytes of one-byte-form extension elements, ids being the router's.
    pub extension_len: u8,
    /// Payload type as the router counts.
    pub payload_type: PayloadType,
    /// The marker bit.
    pub marker: bool,
    /// Whether a decoder can start here.
    pub keyframe: bool,
    /// Layers and picture ids, where the codec has them in a descriptor that is understood.
    pub layer: Option<PictureLayers>,
}

/// A ring of the newest packets, indexed by sequence number.
#[derive(Debug)]
pub struct PacketCache {
    ring: Box<[Option<Packet>]>,
    /// Everything below was held once or came too late. It never enters again: its number was
    /// used for sending, and with it a nonce (RFC 7714, 11.1).
    oldest: u64,
    newest: u64,
    held: usize,
}

impl PacketCache {
    /// A cache of `capacity` packets, a power of two.
    pub fn new(capacity: usize) -> Self {
        debug_assert!(capacity.is_power_of_two());
        Self {
            ring: (0..capacity).map(|_| None).collect(),
            oldest: 0,
            newest: 0,
            held: 0,
        }
    }

    /// Packets held.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether a packet of this number is held.
    pub fn contains(&self, seq: u64) -> bool {
        self.get(seq).is_some()
    }

    /// The packet of this number.
    pub fn get(&self, seq: u64) -> Option<&Packet> {
        self.ring[self.index(seq)]
            .as_ref()
            .filter(|packet| packet.seq == seq)
    }

    /// Whether the number lies so far behind that it is not taken any more.
    pub fn is_too_old(&self, seq: u64) -> bool {
        seq < self.oldest
    }

    /// Holds a packet, and gives back the slots of those that fall out.
    pub fn insert(&mut self, packet: Packet, pool: &mut Pool) {
        debug_assert!(!self.is_too_old(packet.seq) && !self.contains(packet.seq));
        if self.newest == 0 {
            self.oldest = packet.seq.saturating_sub(EARLY_REORDERING);
        }
        self.newest = self.newest.max(packet.seq);
        let (arrival, index) = (packet.arrival, self.index(packet.seq));
        self.held += 1;
        if let Some(previous) = self.ring[index].replace(packet) {
            self.held -= 1;
            pool.free(previous.slot);
        }
        self.expire(arrival, pool);
    }

    /// Gives back the oldest packet's slot. False when the cache is empty.
    pub fn evict_oldest(&mut self, pool: &mut Pool) -> bool {
        while self.oldest <= self.newest {
            let index = self.index(self.oldest);
            let held = self.ring[index].take_if(|packet| packet.seq <= self.oldest);
            self.oldest += 1;
            if let Some(packet) = held {
                self.held -= 1;
                pool.free(packet.slot);
                return true;
            }
        }
        false
    }

    /// Gives back every slot.
    pub fn clear(&mut self, pool: &mut Pool) {
        for packet in self.ring.iter_mut().filter_map(Option::take) {
            pool.free(packet.slot);
        }
        self.held = 0;
        self.oldest = self.newest + 1;
    }

    fn expire(&mut self, now: Instant, pool: &mut Pool) {
        let floor = self.newest.saturating_sub(self.ring.len() as u64 - 1);
        if self.oldest + self.ring.len() as u64 <= floor {
            // The numbers jumped by more than the ring: look at each place once, not at each number.
            for place in self.ring.iter_mut() {
                if let Some(packet) = place.take_if(|packet| packet.seq < floor) {
                    self.held -= 1;
                    pool.free(packet.slot);
                }
            }
            self.oldest = floor;
        }
        while self.oldest < self.newest {
            let index = self.index(self.oldest);
            let (oldest, place) = (self.oldest, &mut self.ring[index]);
            if let Some(packet) = place.as_ref().filter(|packet| packet.seq == oldest) {
                let age = now.saturating_duration_since(packet.arrival);
                if oldest >= floor && age <= MAX_AGE {
                    break;
                }
                if let Some(packet) = place.take() {
                    self.held -= 1;
                    pool.free(packet.slot);
                }
            }
            self.oldest += 1;
        }
    }

    fn index(&self, seq: u64) -> usize {
        (seq & (self.ring.len() as u64 - 1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u64, arrival: Instant, pool: &mut Pool) -> Packet {
        Packet {
            seq,
            timestamp: 0,
            arrival,
            slot: pool.take().unwrap(),
            payload_len: 0,
            extension_len: 0,
            payload_type: PayloadType(96),
            marker: false,
            keyframe: false,
            layer: None,
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn a_full_ring_gives_back_the_slots_it_drops() {
        let now = Instant::now();
        let mut pool = Pool::new(16);
        let mut cache = PacketCache::new(8);
        for seq in 100..150 {
            let new = packet(seq, now, &mut pool);
            cache.insert(new, &mut pool);
        }
        assert_eq!((pool.available(), cache.len()), (8, 8));
        assert!(cache.contains(149) && cache.contains(142) && !cache.contains(141));
        assert!(cache.is_too_old(141) && !cache.is_too_old(142));
        cache.clear(&mut pool);
        assert_eq!(pool.available(), 16);
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn old_packets_leave_by_age() {
        let start = Instant::now();
        let mut pool = Pool::new(16);
        let mut cache = PacketCache::new(8);
        let first = packet(10, start, &mut pool);
        cache.insert(first, &mut pool);
        let second = packet(11, start + MAX_AGE * 2, &mut pool);
        cache.insert(second, &mut pool);
        assert!(!cache.contains(10) && cache.contains(11) && cache.is_too_old(10));
        assert_eq!(pool.available(), 15);
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn the_oldest_can_be_evicted() {
        let now = Instant::now();
        let mut pool = Pool::new(4);
        let mut cache = PacketCache::new(8);
        for seq in [20, 22] {
            let new = packet(seq, now, &mut pool);
            cache.insert(new, &mut pool);
        }
        assert!(cache.evict_oldest(&mut pool) && !cache.contains(20));
        assert_eq!(cache.len(), 1);
        assert!(cache.evict_oldest(&mut pool) && !cache.evict_oldest(&mut pool));
        assert_eq!(cache.len(), 0);
        assert_eq!(pool.available(), 4);
    }
}
