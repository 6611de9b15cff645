//! Durations as RTP and NTP write them.

use std::time::Duration;

/// 32.32 fixed point seconds (RFC 5905, section 6).
pub fn to_ntp(duration: Duration) -> u64 {
    let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
    (duration.as_secs() << 32).wrapping_add(fraction)
}

/// The middle 32 bits, as in LSR and DLSR (RFC 3550, 6.4.1).
pub fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// RTP clock ticks in a duration.
pub fn to_ticks(duration: Duration, clock_rate: u32) -> u32 {
    let nanos = duration.as_nanos() * u128::from(clock_rate) / 1_000_000_000;
    nanos as u32
}

/// 24-bit absolute send time, 6.18 fixed point seconds.
pub fn to_abs_send_time(ntp: u64) -> [u8; 3] {
    let [_, high, middle, low] = ((ntp >> 14) as u32 & 0x00FF_FFFF).to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second() {
        let half = Duration::from_millis(500);
        assert_eq!(to_ntp(half), 1 << 31);
        assert_eq!(ntp_middle(to_ntp(half)), 1 << 15);
        assert_eq!(to_ticks(half, 90_000), 45_000);
        assert_eq!(to_abs_send_time(to_ntp(half)), [2, 0, 0]);
    }
}
