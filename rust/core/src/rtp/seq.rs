//! From wrapping wire counters to 64-bit counters that only grow (RFC 3550 appendix A.1).

use super::SeqNo;

/// Unwraps 16-bit sequence numbers.
///
/// The first number maps to `2^16 + seq`, so that packets sent before it and arriving after it never underflow.
/// A number is taken for the nearest one to the highest seen: up to 32,767 ahead or 32,768 behind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrapper {
    highest: Option<u64>,
}

impl Unwrapper {
    /// The extended number of `seq`, which from now on counts as seen.
    pub fn unwrap(&mut self, seq: SeqNo) -> u64 {
        let extended = self.peek(seq);
        self.highest = Some(
            self.highest
                .map_or(extended, |highest| highest.max(extended)),
        );
        extended
    }

    /// The extended number that `seq` would get, without a change of state.
    #[must_use]
    pub fn peek(&self, seq: SeqNo) -> u64 {
        match self.highest {
            None => (1 << 16) + u64::from(seq.0),
            Some(highest) => {
                let distance = seq.0.wrapping_sub(highest as u16) as i16;
                highest.saturating_add_signed(i64::from(distance))
            }
        }
    }

    /// The highest extended number seen so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// Unwraps 32-bit RTP timestamps in the same manner: the first maps to `2^32 + timestamp`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimestampUnwrapper {
    highest: Option<u64>,
}

impl TimestampUnwrapper {
    /// The extended timestamp, in units of the stream's clock; from now on it counts as seen.
    pub fn unwrap(&mut self, timestamp: u32) -> u64 {
        let extended = self.peek(timestamp);
        self.highest = Some(
            self.highest
                .map_or(extended, |highest| highest.max(extended)),
        );
        extended
    }

    /// The extended timestamp, without a change of state.
    #[must_use]
    pub fn peek(&self, timestamp: u32) -> u64 {
        match self.highest {
            None => (1 << 32) + u64::from(timestamp),
            Some(highest) => {
                let distance = timestamp.wrapping_sub(highest as u32) as i32;
                highest.saturating_add_signed(i64::from(distance))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_on_across_the_wrap_and_back() {
        let mut unwrapper = Unwrapper::default();
        assert_eq!(unwrapper.unwrap(SeqNo(65_535)), 131_071);
        assert_eq!(unwrapper.unwrap(SeqNo(0)), 131_072);
        assert_eq!(unwrapper.unwrap(SeqNo(65_534)), 131_070);
        assert_eq!(unwrapper.highest(), Some(131_072));
    }

    #[test]
    fn a_packet_from_before_the_first_does_not_underflow() {
        let mut unwrapper = Unwrapper::default();
        assert_eq!(unwrapper.unwrap(SeqNo(0)), 65_536);
        assert_eq!(unwrapper.unwrap(SeqNo(65_535)), 65_535);
        let mut timestamps = TimestampUnwrapper::default();
        assert_eq!(timestamps.unwrap(5), (1 << 32) + 5);
        assert_eq!(timestamps.unwrap(u32::MAX), (1 << 32) - 1);
    }

    proptest! {
        #[test]
        fn follows_any_walk_of_small_steps(start in any::<u16>(), steps in prop::collection::vec(-32_768i64..32_768, 1..200)) {
            let mut unwrapper = Unwrapper::default();
            let first = unwrapper.unwrap(SeqNo(start));
            let mut highest = first;
            for step in steps {
                let truth = highest.saturating_add_signed(step);
                prop_assert_eq!(unwrapper.peek(SeqNo(truth as u16)), truth);
                prop_assert_eq!(unwrapper.unwrap(SeqNo(truth as u16)), truth);
                highest = highest.max(truth);
            }
        }

        #[test]
        fn timestamps_follow_too(start in any::<u32>(), steps in prop::collection::vec(-2_147_483_648i64..2_147_483_648, 1..100)) {
            let mut unwrapper = TimestampUnwrapper::default();
            let mut highest = unwrapper.unwrap(start);
            for step in steps {
                let truth = highest.saturating_add_signed(step);
                prop_assert_eq!(unwrapper.unwrap(truth as u32), truth);
                highest = highest.max(truth);
            }
        }
    }
}
