//! Requests on their way to one worker, and its wake-up.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crossbeam_queue::ArrayQueue;
use mio::Waker;

use crate::error::SendError;

/// A bounded lock-free ring and a waker.
///
/// `ArrayQueue` rather than an SPSC ring: any Python thread may send, and its cost (one
/// compare-and-swap) is paid per request, never per packet.
pub(crate) struct Mailbox {
    requests: ArrayQueue<Vec<u8>>,
    waker: Waker,
    /// Set by the first sender after the worker last looked, so that a burst costs one wake-up.
    rung: AtomicBool,
    closing: AtomicBool,
}

impl Mailbox {
    pub(crate) fn new(capacity: usize, waker: Waker) -> Self {
        Self {
            requests: ArrayQueue::new(capacity),
            waker,
            rung: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Never blocks. The request is given up when it cannot be taken.
    pub(crate) fn post(&self, request: Vec<u8>) -> Result<(), SendError> {
        if self.is_closing() {
            return Err(SendError::Closed);
        }
        self.requests.push(request).map_err(|_| SendError::Full)?;
        self.ring();
        Ok(())
    }

    /// Asks the worker to end. Requests posted before are still answered.
    pub(crate) fn close(&self) {
        self.closing.store(true, SeqCst);
        self.ring();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Wakes the worker.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, SeqCst)
            && let Err(error) = self.waker.wake()
        {
            log::error!("cannot wake a worker: {error}");
        }
    }

    /// The worker's side: to be called before it pops, so that what is posted afterwards rings.
    pub(crate) fn heard(&self) {
        self.rung.store(false, SeqCst);
    }

    pub(crate) fn pop(&self) -> Option<Vec<u8>> {
        self.requests.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll, Token};
    use std::time::Duration;

    #[test]
    fn a_full_ring_refuses_and_a_burst_wakes_once() {
        let mut poll = Poll::new().unwrap();
        let mailbox = Mailbox::new(2, Waker::new(poll.registry(), Token(0)).unwrap());
        assert_eq!(mailbox.post(b"1".to_vec()), Ok(()));
        assert_eq!(mailbox.post(b"2".to_vec()), Ok(()));
        assert_eq!(mailbox.post(b"3".to_vec()), Err(SendError::Full));
        let mut events = Events::with_capacity(4);
        poll.poll(&mut events, Some(Duration::from_secs(5)))
            .unwrap();
        assert_eq!(events.iter().count(), 1);
        mailbox.heard();
        assert_eq!(mailbox.pop().as_deref(), Some(&b"1"[..]));
        assert_eq!(mailbox.post(b"3".to_vec()), Ok(()));
        poll.poll(&mut events, Some(Duration::from_secs(5)))
            .unwrap();
        assert_eq!(events.iter().count(), 1, "rings again after it was heard");
        mailbox.close();
        assert_eq!(mailbox.post(b"4".to_vec()), Err(SendError::Closed));
    }
}
