//! Starting a worker, and the handle that others have of it.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use mio::{Poll, Registry, Waker};

use crate::{
    affinity,
    engine::{Engine, EngineSetup},
    error::{SendError, StartError},
    event_loop::{Ended, EventLoop, MAILBOX, Parts, TIMER},
    guard::panic_text,
    logging::Logging,
    mailbox::Mailbox,
    messages::MessageQueue,
    metrics::WorkerMetrics,
    options::WorkerOptions,
    socket::Sockets,
    tcp::Tcp,
    timer::DeadlineTimer,
};

/// Ports that are tried when the system chooses.
const PORT_ATTEMPTS: u32 = 16;

/// Requests that may wait for a worker.
const RING: usize = 4_096;

/// A media thread. Dropping the handle closes the worker, without waiting for it.
pub struct Worker {
    mailbox: Arc<Mailbox>,
    metrics: Arc<WorkerMetrics>,
    listen: Vec<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Binds the sockets and starts the thread. Returns when the core is ready, within some
    /// milliseconds.
    ///
    /// Replies and events go to `messages`. The last one is
    /// `{"event":"workerClosed","target":"<index>","data":{"reason":"closed"}}`, with reason
    /// `error` when the worker died; the ports are free again by then. Dropping the queue closes
    /// the worker too, and nothing is said.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(
        index: u16,
        options: &WorkerOptions,
        messages: &MessageQueue,
    ) -> Result<Self, StartError> {
        Self::start_with(index, options, messages, EngineSetup::sfu)
    }

    /// As [`Worker::start`], with an engine made by `make` on the worker's own thread.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_with<E: Engine>(
        index: u16,
        options: &WorkerOptions,
        messages: &MessageQueue,
        make: impl FnOnce(EngineSetup) -> Result<E, String> + Send + 'static,
    ) -> Result<Self, StartError> {
        let _logging = Logging::start(index, messages.outbox());
        let poll = Poll::new()?;
        let wanted = options.listen.iter().map(|listen| listen.bound(index));
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        let (sockets, tcp) = bind(poll.registry(), &wanted, options.tcp)?;
        let listen = sockets.local_addresses()?;
        let announced = options
            .listen
            .iter()
            .map(|it| it.announced.unwrap_or(it.ip));
        let setup = EngineSetup {
            index,
            listen: listen.iter().copied().zip(announced).collect(),
            tcp: options.tcp,
            pool_slots: options.pool_slots,
        };
        let mailbox = Mailbox::new(RING, Waker::new(poll.registry(), MAILBOX)?);
        let parts = Parts {
            index,
            sockets,
            tcp,
            timer: DeadlineTimer::new(poll.registry(), TIMER)?,
            poll,
            mailbox: Arc::new(mailbox),
            outbox: messages.outbox(),
            metrics: Arc::new(WorkerMetrics::new(&E::metric_names())),
        };
        parts.outbox.register(&parts.mailbox);
        let (mailbox, metrics) = (Arc::clone(&parts.mailbox), Arc::clone(&parts.metrics));
        let pinned = options.pinned;
        let (tell, told) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name(format!("videocall-{index}"))
            .spawn(move || {
                let _logging = Logging::start(index, parts.outbox.clone());
                if pinned && let Err(error) = affinity::pin_current_thread(usize::from(index)) {
                    log::warn!("worker {index} is not pinned: {error}");
                }
                parts.metrics.measure_this_thread();
                // Made here, so that its memory is first touched by the processor that will use it.
                match make(setup) {
                    Ok(engine) if tell.send(Ok(())).is_ok() => run(EventLoop::new(parts, engine)),
                    Ok(_) => {}
                    Err(error) => _ = tell.send(Err(StartError::Engine(error))),
                }
            })?;
        let gone = || {
            Err(StartError::Engine(
                "the worker's thread panicked at its start".into(),
            ))
        };
        told.recv().unwrap_or_else(|_| gone())?;
        Ok(Self {
            mailbox,
            metrics,
            listen,
            thread: Some(thread),
        })
    }

    /// The addresses that its sockets are bound to, in the order of the options.
    pub fn listen_addresses(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// Puts a JSON request into the worker's ring. Never blocks.
    ///
    /// # Errors
    ///
    /// [`SendError`]; the request was then not taken.
    pub fn send(&self, request: Vec<u8>) -> Result<(), SendError> {
        self.mailbox.post(request)
    }

    /// Names and values of its counters, and `cpu_ns`, the thread's CPU time.
    pub fn metrics(&self) -> Vec<(&'static str, u64)> {
        self.metrics.snapshot()
    }

    /// Asks the thread to end. Requests sent before are still answered. May be called again.
    pub fn close(&self) {
        self.mailbox.close();
    }

    /// Closes, and waits until the thread has ended.
    pub fn join(mut self) {
        self.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("a worker's thread ended by a panic");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.close();
    }
}

/// Binds UDP and TCP to the same ports. One that the system chose for UDP may be taken for TCP: then
/// it has to choose again.
fn bind(
    registry: &Registry,
    wanted: &[SocketAddr],
    tcp: bool,
) -> Result<(Sockets, Tcp), StartError> {
    let chosen = wanted.iter().any(|address| address.port() == 0);
    let mut attempts = if chosen { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let sockets = Sockets::bind(registry, wanted)?;
        let addresses = if tcp {
            sockets.local_addresses()?
        } else {
            Vec::new()
        };
        match Tcp::bind(registry, &addresses) {
            Err(StartError::AddressInUse { .. }) if attempts > 0 => {}
            result => return Ok((sockets, result?)),
        }
    }
}

fn run<E: Engine>(mut event_loop: EventLoop<E>) {
    // What got past the guard has left the engine in an unknown state: it is only dropped now.
    let ended = catch_unwind(AssertUnwindSafe(|| event_loop.run())).unwrap_or_else(|panic| {
        log::error!("a worker died: {}", panic_text(&*panic));
        Ended::Failed
    });
    event_loop.say_last(ended);
}
