//! The worker's deadline, kept to the microsecond.
//!
//! epoll's timeout counts in milliseconds and mio rounds up, but the core coalesces packets over a
//! window of less than one. Near deadlines therefore go to a timerfd, which hrtimers drive.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    time::{Duration, Instant},
};

use mio::{Interest, Registry, Token, unix::SourceFd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Further away than this, a millisecond late is nothing and the timerfd's system call is saved.
const PRECISE_BELOW: Duration = Duration::from_millis(20);

pub(crate) struct DeadlineTimer {
    fd: OwnedFd,
    armed_for: Option<Instant>,
}

impl DeadlineTimer {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        registry.register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self {
            fd,
            armed_for: None,
        })
    }

    /// Prepares to wait until `deadline`; returns the timeout to poll with.
    ///
    /// The fd is never read: mio's registration is edge-triggered, so each expiry is one event.
    pub(crate) fn arm(&mut self, now: Instant, deadline: Option<Instant>) -> Option<Duration> {
        let deadline = deadline?;
        let wait = deadline.saturating_duration_since(now);
        if wait.is_zero() || wait > PRECISE_BELOW {
            return Some(wait);
        }
        if self.armed_for != Some(deadline) {
            if let Err(error) = self.set(wait) {
                log::error!("timerfd_settime: {error}");
                return Some(wait);
            }
            self.armed_for = Some(deadline);
        }
        // A backstop, for a deadline that was armed before and has fired in between.
        Some(wait + PRECISE_BELOW)
    }

    /// Forgets the armed deadline; to be called when the timer's event has come.
    pub(crate) fn fired(&mut self) {
        self.armed_for = None;
    }

    fn set(&self, wait: Duration) -> rustix::io::Result<()> {
        let value = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: 0,
                tv_nsec: i64::from(wait.subsec_nanos()),
            },
        };
        timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &value).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll};

    #[test]
    fn a_sub_millisecond_deadline_wakes_the_poll_in_time_and_again() {
        let mut poll = Poll::new().unwrap();
        let mut timer = DeadlineTimer::new(poll.registry(), Token(7)).unwrap();
        let mut events = Events::with_capacity(4);
        for _ in 0..3 {
            let start = Instant::now();
            let deadline = start + Duration::from_micros(300);
            let timeout = timer.arm(start, Some(deadline)).unwrap();
            assert!(
                timeout > Duration::from_millis(1),
                "the timerfd is what wakes it"
            );
            poll.poll(&mut events, Some(Duration::from_secs(10)))
                .unwrap();
            assert_eq!(
                events.iter().next().map(|event| event.token()),
                Some(Token(7))
            );
            assert!(Instant::now() >= deadline);
            timer.fired();
        }
    }

    #[test]
    fn due_and_distant_deadlines_need_no_timer() {
        let poll = Poll::new().unwrap();
        let mut timer = DeadlineTimer::new(poll.registry(), Token(0)).unwrap();
        let now = Instant::now();
        assert_eq!(timer.arm(now, None), None);
        assert_eq!(timer.arm(now, Some(now)), Some(Duration::ZERO));
        let distant = Duration::from_secs(2);
        assert_eq!(timer.arm(now, Some(now + distant)), Some(distant));
        assert_eq!(timer.armed_for, None);
    }
}
