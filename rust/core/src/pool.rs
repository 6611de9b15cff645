//! The fixed pool of packet slots. A slot holds one plaintext RTP payload and, at its end, the
//! header-extension elements that are passed on unchanged.

/// Bytes of a slot.
pub const SLOT_SIZE: usize = 1536;
/// Bytes at a slot's end that hold header-extension elements.
pub const EXTENSION_AREA: usize = 32;
/// The largest payload a slot takes.
pub const MAX_PAYLOAD: usize = SLOT_SIZE - EXTENSION_AREA;

/// Index of a slot. Whoever holds one owns the slot and gives it back with [`Pool::free`].
#[derive(Debug, PartialEq, Eq)]
pub struct SlotId(u32);

/// All packet memory of one worker, allocated once.
#[derive(Debug)]
pub struct Pool {
    bytes: Vec<u8>,
    free: Vec<u32>,
}

impl Pool {
    /// A pool of `slots` slots; the memory is touched only as slots are first used.
    pub fn new(slots: usize) -> Self {
        let slots = slots.min(u32::MAX as usize);
        Self {
            bytes: vec![0; slots * SLOT_SIZE],
            // Lowest index last, so that a lightly loaded worker keeps to a few hot slots.
            free: (0..slots as u32).rev().collect(),
        }
    }

    /// Takes a slot, or `None` when all are in use.
    pub fn take(&mut self) -> Option<SlotId> {
        self.free.pop().map(SlotId)
    }

    /// Gives a slot back.
    pub fn free(&mut self, slot: SlotId) {
        self.free.push(slot.0);
    }

    /// Slots not in use.
    pub fn available(&self) -> usize {
        self.free.len()
    }

    /// Slots in all.
    pub fn capacity(&self) -> usize {
        self.bytes.len() / SLOT_SIZE
    }

    /// The payload area.
    pub fn payload(&self, slot: &SlotId, len: usize) -> &[u8] {
        let start = slot.0 as usize * SLOT_SIZE;
        &self.bytes[start..start + len]
    }

    /// The extension area's first `len` bytes.
    pub fn extensions(&self, slot: &SlotId, len: usize) -> &[u8] {
        let start = slot.0 as usize * SLOT_SIZE + MAX_PAYLOAD;
        &self.bytes[start..start + len]
    }

    /// Payload and extension areas, to be filled.
    pub fn fill(&mut self, slot: &SlotId) -> (&mut [u8], &mut [u8]) {
        let start = slot.0 as usize * SLOT_SIZE;
        self.bytes[start..start + SLOT_SIZE].split_at_mut(MAX_PAYLOAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_and_given_back() {
        let mut pool = Pool::new(2);
        let a = pool.take().unwrap();
        let b = pool.take().unwrap();
        assert_ne!(a, b);
        assert!(pool.take().is_none());
        pool.free(a);
        assert_eq!(pool.available(), 1);
        pool.free(b);
        assert_eq!(pool.available(), pool.capacity());
    }

    #[test]
    fn areas_do_not_overlap() {
        let mut pool = Pool::new(2);
        let a = pool.take().unwrap();
        let b = pool.take().unwrap();
        let (payload, extensions) = pool.fill(&a);
        payload.fill(1);
        extensions.fill(2);
        let (payload, _) = pool.fill(&b);
        payload.fill(3);
        assert!(pool.payload(&a, MAX_PAYLOAD).iter().all(|&x| x == 1));
        assert!(pool.extensions(&a, EXTENSION_AREA).iter().all(|&x| x == 2));
    }
}
