//! Replies and events of all workers, on their way to Python.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use crossbeam_queue::ArrayQueue;
use rustix::{
    event::{EventfdFlags, eventfd},
    io::Errno,
};

use crate::mailbox::Mailbox;

/// One message: the worker's index, and JSON.
pub type Message = (u16, Vec<u8>);

/// The reading end. Dropping it ends every worker that writes to it.
pub struct MessageQueue {
    shared: Arc<Shared>,
}

/// The writing end, one per worker.
#[derive(Clone)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    queue: ArrayQueue<Message>,
    /// Readable while there may be messages. Owned by both ends: it stays open while either lives,
    /// so a reader that waits on it never meets a number that was given to another file.
    ready: OwnedFd,
    /// Whether `ready` was written since the reader last cleared it.
    signalled: AtomicBool,
    /// Whether a worker waits for room.
    stalled: AtomicBool,
    abandoned: AtomicBool,
    /// Who to wake when there is room again, or when the reader goes. Never on the packet path.
    workers: Mutex<Vec<Weak<Mailbox>>>,
}

impl MessageQueue {
    /// Holds at most `capacity` messages; a worker that finds it full keeps its own and goes on.
    ///
    /// # Errors
    ///
    /// The system's, when it has no file descriptor left.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0.
    pub fn new(capacity: usize) -> io::Result<Self> {
        let ready = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let shared = Shared {
            queue: ArrayQueue::new(capacity),
            ready,
            signalled: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            workers: Mutex::new(Vec::new()),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A writing end.
    pub(crate) fn outbox(&self) -> Outbox {
        Outbox {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The eventfd to wait on, open as long as this queue lives.
    pub fn fd(&self) -> RawFd {
        self.shared.ready.as_raw_fd()
    }

    /// Takes up to `limit` messages, oldest first, and never blocks. When more are left the fd
    /// stays readable.
    pub fn drain(&self, limit: usize) -> Vec<Message> {
        let shared = &*self.shared;
        shared.clear();
        let mut taken = Vec::with_capacity(limit.min(shared.queue.len()));
        while taken.len() < limit {
            let Some(message) = shared.queue.pop() else {
                break;
            };
            taken.push(message);
        }
        if !shared.queue.is_empty() {
            shared.signal();
        }
        if !taken.is_empty() && shared.stalled.swap(false, SeqCst) {
            shared.wake_workers();
        }
        taken
    }
}

impl Drop for MessageQueue {
    fn drop(&mut self) {
        self.shared.abandoned.store(true, SeqCst);
        self.shared.wake_workers();
    }
}

impl Outbox {
    /// Gives the message back when there is no room; the mailbox registered with
    /// [`Outbox::register`] is then rung as soon as there is.
    pub(crate) fn push(&self, message: Message) -> Result<(), Message> {
        let Err(message) = self.shared.queue.push(message) else {
            return Ok(());
        };
        self.shared.stalled.store(true, SeqCst);
        // The reader may have made room before it could see `stalled`.
        self.shared.queue.push(message)
    }

    /// Makes the fd readable; once after a batch of pushes.
    pub(crate) fn signal(&self) {
        self.shared.signal();
    }

    /// Whether nobody will read any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.shared.abandoned.load(SeqCst)
    }

    pub(crate) fn register(&self, mailbox: &Arc<Mailbox>) {
        let mut workers = self
            .shared
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| worker.strong_count() > 0);
        workers.push(Arc::downgrade(mailbox));
    }
}

impl Shared {
    fn signal(&self) {
        if !self.signalled.swap(true, SeqCst)
            && let Err(error) = rustix::io::write(self.ready.as_fd(), &1u64.to_ne_bytes())
        {
            log::error!("cannot signal messages: {error}");
        }
    }

    /// The eventfd first, then the flag: a writer in between writes again at worst.
    fn clear(&self) {
        let mut count = [0; 8];
        match rustix::io::read(self.ready.as_fd(), &mut count) {
            Ok(_) | Err(Errno::AGAIN) => {}
            Err(error) => log::error!("cannot clear the message signal: {error}"),
        }
        self.signalled.store(false, SeqCst);
    }

    fn wake_workers(&self) {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in workers.iter().filter_map(Weak::upgrade) {
            mailbox.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};

    fn is_readable(queue: &MessageQueue) -> bool {
        let mut fds = [PollFd::new(&queue.shared.ready, PollFlags::IN)];
        poll(
            &mut fds,
            Some(&rustix::time::Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
        .unwrap()
            == 1
    }

    #[test]
    fn readable_exactly_while_messages_are_left() {
        let queue = MessageQueue::new(8).unwrap();
        assert!(!is_readable(&queue));
        let outbox = queue.outbox();
        for at in 0..3u8 {
            outbox.push((1, vec![at])).unwrap();
        }
        outbox.signal();
        assert!(is_readable(&queue));
        assert_eq!(queue.drain(2), [(1, vec![0]), (1, vec![1])]);
        assert!(is_readable(&queue));
        assert_eq!(queue.drain(2), [(1, vec![2])]);
        assert!(!is_readable(&queue));
        assert!(queue.drain(2).is_empty());
    }

    #[test]
    fn a_full_queue_gives_the_message_back() {
        let queue = MessageQueue::new(1).unwrap();
        let outbox = queue.outbox();
        outbox.push((0, b"kept".to_vec())).unwrap();
        assert_eq!(
            outbox.push((0, b"back".to_vec())),
            Err((0, b"back".to_vec()))
        );
        assert_eq!(queue.drain(8).len(), 1);
        assert_eq!(outbox.push((0, b"back".to_vec())), Ok(()));
    }

    #[test]
    fn every_message_of_many_threads_arrives_in_its_threads_order() {
        let queue = MessageQueue::new(16).unwrap();
        std::thread::scope(|scope| {
            for worker in 0..4u16 {
                let outbox = queue.outbox();
                scope.spawn(move || {
                    for count in 0..1000u32 {
                        let mut message = (worker, count.to_ne_bytes().to_vec());
                        while let Err(back) = outbox.push(message) {
                            message = back;
                            std::thread::yield_now();
                        }
                        outbox.signal();
                    }
                });
            }
            let mut next = [0u32; 4];
            while next.iter().sum::<u32>() < 4000 {
                let mut fds = [PollFd::new(&queue.shared.ready, PollFlags::IN)];
                let limit = rustix::time::Timespec {
                    tv_sec: 10,
                    tv_nsec: 0,
                };
                assert_eq!(
                    poll(&mut fds, Some(&limit)).unwrap(),
                    1,
                    "a signal was lost"
                );
                for (worker, message) in queue.drain(5) {
                    let count = u32::from_ne_bytes(message.try_into().unwrap());
                    assert_eq!(count, next[usize::from(worker)]);
                    next[usize::from(worker)] += 1;
                }
            }
        });
    }
}
