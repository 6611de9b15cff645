//! How much redundant audio (RFC 2198) a receiver gets.

use std::time::{Duration, Instant};

/// How much redundancy a receiver gets, by the loss it reports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Redundancy {
    /// Fraction lost, smoothed over some reports, of 256.
    loss: f32,
    /// Until when it is not made less.
    until: Option<Instant>,
}

impl Redundancy {
    /// Below this it pays more than it mends: 1 %.
    const SOME: f32 = 0.01 * 256.0;
    /// From here on two in a row are lost often: 6 %.
    const MUCH: f32 = 0.06 * 256.0;
    /// Loss comes in spells, so that redundancy stays for some time after one.
    const HOLD: Duration = Duration::from_secs(10);

    /// Takes a report's fraction lost, and says how many earlier payloads each packet should have beside its own.
    pub fn on_report(&mut self, fraction_lost: u8, given: u8, now: Instant) -> u8 {
        let lost = f32::from(fraction_lost);
        self.loss = self.loss.max(lost) * 0.7 + lost * 0.3;
        let wanted = match self.loss {
            loss if loss >= Self::MUCH => 2,
            loss if loss >= Self::SOME => 1,
            _ => 0,
        };
        if wanted >= given {
            self.until = (wanted > 0).then(|| now + Self::HOLD);
            return wanted;
        }
        match self.until {
            Some(until) if now < until => given,
            _ => wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports once a second, and what each led to.
    fn run(reports: impl IntoIterator<Item = u8>) -> Vec<u8> {
        #[allow(clippy::disallowed_methods)]
        let start = Instant::now();
        let (mut redundancy, mut given) = (Redundancy::default(), 0);
        let levels = reports.into_iter().enumerate().map(|(second, lost)| {
            let now = start + Duration::from_secs(second as u64);
            given = redundancy.on_report(lost, given, now);
            given
        });
        levels.collect()
    }

    #[test]
    fn it_comes_with_the_first_report_of_loss_and_goes_some_time_after_the_last() {
        assert_eq!(run([0, 0, 8]), [0, 0, 1]);
        assert_eq!(run([0, 60]), [0, 2]);
        let levels = run([60].into_iter().chain([0; 40]));
        assert_eq!(levels[..10], [2; 10]);
        assert_eq!(levels[40], 0);
        assert!(levels.is_sorted_by(|before, after| before >= after));
    }

    #[test]
    fn loss_that_varies_makes_no_flapping() {
        let levels = run([20, 10, 26, 8, 15, 30, 5, 20].into_iter().cycle().take(80));
        assert_eq!(levels, [2; 80]);
    }
}
