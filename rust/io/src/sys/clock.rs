//! How much processor time a thread has used, asked from any thread.

use std::{io, mem::MaybeUninit, time::Duration};

/// The CPU clock of one thread; pthread_getcpuclockid(3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadClock(libc::clockid_t);

impl ThreadClock {
    /// The calling thread's.
    pub(crate) fn current() -> io::Result<Self> {
        let mut id = MaybeUninit::uninit();
        // SAFETY: pthread_self is always a live thread, and `id` is written when 0 is returned.
        match unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), id.as_mut_ptr()) } {
            // SAFETY: success, so `id` was written.
            0 => Ok(Self(unsafe { id.assume_init() })),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// User and system time so far; `None` once the thread has ended.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: `time` is a valid timespec to write to; an id whose thread ended is an error.
        if unsafe { libc::clock_gettime(self.0, time.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: success, so `time` was written.
        let time = unsafe { time.assume_init() };
        Some(Duration::new(
            time.tv_sec.try_into().ok()?,
            time.tv_nsec.try_into().ok()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_threads_clock_advances_until_it_ends() {
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let before = ThreadClock::current().unwrap();
            while before.elapsed().unwrap() < Duration::from_millis(2) {}
            tell.send(before).unwrap();
            ended.recv().unwrap_err();
        });
        let clock = told.recv().unwrap();
        assert!(clock.elapsed().unwrap() >= Duration::from_millis(2));
        drop(end);
        thread.join().unwrap();
        assert_eq!(clock.elapsed(), None);
    }
}
