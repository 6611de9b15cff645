//! Replay windows (RFC 3711 section 3.3.2) and a bounded table of them by SSRC.

/// A window over the `WORDS * 64` newest indices.
#[derive(Debug, Clone)]
pub(super) struct ReplayWindow<const WORDS: usize> {
    /// The highest index seen.
    top: u64,
    /// Bit `index % size`: seen. Bits of indices older than the window were overwritten.
    seen: [u64; WORDS],
}

impl<const WORDS: usize> ReplayWindow<WORDS> {
    const SIZE: u64 = (WORDS * 64) as u64;

    /// A window that has seen `first` only.
    pub(super) fn new(first: u64) -> Self {
        let mut window = Self {
            top: first,
            seen: [0; WORDS],
        };
        window.set(first);
        window
    }

    /// The highest index seen.
    pub(super) fn top(&self) -> u64 {
        self.top
    }

    /// Whether `index` is new and not too old.
    #[inline]
    pub(super) fn accepts(&self, index: u64) -> bool {
        if index > self.top {
            return true;
        }
        let (word, bit) = Self::position(index);
        self.top - index < Self::SIZE && self.seen[word] & bit == 0
    }

    /// Marks an index that [`accepts`](Self::accepts) took.
    #[inline]
    pub(super) fn commit(&mut self, index: u64) {
        if index > self.top {
            if index - self.top >= Self::SIZE {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.top + 1..index {
                    let (word, bit) = Self::position(skipped);
                    self.seen[word] &= !bit;
                }
            }
            self.top = index;
        }
        self.set(index);
    }

    #[inline]
    fn set(&mut self, index: u64) {
        let (word, bit) = Self::position(index);
        self.seen[word] |= bit;
    }

    #[inline]
    fn position(index: u64) -> (usize, u64) {
        let at = index % Self::SIZE;
        ((at / 64) as usize, 1 << (at % 64))
    }
}

/// Windows by SSRC. At `LIMIT` the least recently used one makes room, so that a peer that cycles
/// through SSRCs cannot make it grow.
#[derive(Debug, Default)]
pub(super) struct ReplayTable<const WORDS: usize> {
    /// Apart from `windows`, so that the search touches little memory.
    ssrcs: Vec<u32>,
    windows: Vec<(ReplayWindow<WORDS>, u64)>,
    clock: u64,
}

/// SSRCs whose state one peer can hold.
pub(super) const LIMIT: usize = 256;

impl<const WORDS: usize> ReplayTable<WORDS> {
    /// The window of `ssrc`.
    #[inline]
    pub(super) fn get(&self, ssrc: u32) -> Option<&ReplayWindow<WORDS>> {
        let at = self.ssrcs.iter().position(|known| *known == ssrc)?;
        Some(&self.windows[at].0)
    }

    /// Marks an authenticated packet's index.
    #[inline]
    pub(super) fn commit(&mut self, ssrc: u32, index: u64) {
        self.clock += 1;
        if let Some(at) = self.ssrcs.iter().position(|known| *known == ssrc) {
            let (window, used) = &mut self.windows[at];
            window.commit(index);
            *used = self.clock;
            return;
        }
        let entry = (ReplayWindow::new(index), self.clock);
        if self.ssrcs.len() < LIMIT {
            self.ssrcs.push(ssrc);
            self.windows.push(entry);
            return;
        }
        let oldest = (0..LIMIT).min_by_key(|at| self.windows[*at].1).unwrap_or(0);
        self.ssrcs[oldest] = ssrc;
        self.windows[oldest] = entry;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.ssrcs.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a set of everything seen: nothing twice, nothing older than the window.
        #[test]
        fn agrees_with_a_set(steps in proptest::collection::vec(-300i64..300, 1..400), first in 1000u64..1 << 40) {
            let mut window = ReplayWindow::<2>::new(first);
            let mut seen = BTreeSet::from([first]);
            let mut top = first;
            for step in steps {
                let index = top.saturating_add_signed(step);
                let expected = !seen.contains(&index) && (index > top || top - index < 128);
                prop_assert_eq!(window.accepts(index), expected);
                if expected {
                    window.commit(index);
                    seen.insert(index);
                    top = top.max(index);
                }
                prop_assert_eq!(window.top(), top);
            }
        }
    }

    #[test]
    fn the_least_recently_used_window_makes_room() {
        let mut table = ReplayTable::<1>::default();
        for ssrc in 0..LIMIT as u32 {
            table.commit(ssrc, 7);
        }
        table.commit(0, 8);
        table.commit(9999, 1);
        assert_eq!(table.len(), LIMIT);
        assert!(table.get(0).is_some(), "used again after the others");
        assert!(table.get(1).is_none(), "the least recently used");
        assert!(table.get(9999).is_some());
    }
}
