//! One worker's loop: receive, handle, flush, answer, wait.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};
use serde_json::json;

use crate::{
    engine::Engine,
    guard::Guarded,
    mailbox::Mailbox,
    messages::{Message, Outbox},
    metrics::{IoCounters, WorkerMetrics},
    outgoing::{Outgoing, Refusals},
    socket::Sockets,
    sys::ReceiveBatch,
    tcp::Tcp,
    timer::DeadlineTimer,
};

/// The mailbox's token; sockets have the tokens below it.
pub(crate) const MAILBOX: Token = Token(1_000);
/// The timer's token.
pub(crate) const TIMER: Token = Token(1_001);

/// Requests per turn. One may cost 100 us, and media must not wait for many of them.
const REQUESTS_PER_TURN: usize = 16;

/// A core that panics this many turns in a row has not been cured by closing transports.
const PANICKING_TURNS: u32 = 64;

/// What a worker's thread is started with; made where errors can still be raised.
pub(crate) struct Parts {
    pub(crate) index: u16,
    pub(crate) poll: Poll,
    pub(crate) sockets: Sockets,
    pub(crate) tcp: Tcp,
    pub(crate) timer: DeadlineTimer,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) outbox: Outbox,
    pub(crate) metrics: Arc<WorkerMetrics>,
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to, or nobody reads its messages any more.
    Closed,
    /// The poll failed, or the core panics over and over.
    Failed,
}

impl Ended {
    /// The `workerClosed` event.
    fn message(self, index: u16) -> Vec<u8> {
        let reason = match self {
            Self::Closed => "closed",
            Self::Failed => "error",
        };
        let target = index.to_string();
        let data = json!({"reason": reason});
        json!({"event": "workerClosed", "target": target, "data": data})
            .to_string()
            .into_bytes()
    }
}

/// Everything that a worker's thread owns.
pub(crate) struct EventLoop<E> {
    parts: Parts,
    engine: Guarded<E>,
    batch: ReceiveBatch,
    refusals: Refusals,
    counters: IoCounters,
    /// A message that found the queue full. While it waits nothing else is taken from the core,
    /// so order holds; and no request is taken from the ring, so whoever sends more feels it.
    held_back: Option<Message>,
}

impl<E: Engine> EventLoop<E> {
    pub(crate) fn new(parts: Parts, engine: E) -> Self {
        Self {
            parts,
            engine: Guarded::new(engine),
            batch: ReceiveBatch::new(),
            refusals: Refusals::new(),
            counters: IoCounters::default(),
            held_back: None,
        }
    }

    /// Runs until the worker is closed, then answers what was asked before and sends what is due.
    pub(crate) fn run(&mut self) -> Ended {
        let mut events = Events::with_capacity(64);
        loop {
            // Looked at before the turn: whatever was posted before the closing is then seen.
            let closing = self.parts.mailbox.is_closing();
            let more = self.turn();
            if self.engine.panicking_turns() >= PANICKING_TURNS {
                log::error!("worker {} gives up after repeated panics", self.parts.index);
                return Ended::Failed;
            }
            if self.parts.outbox.is_abandoned() || (closing && self.is_done()) {
                return Ended::Closed;
            }
            if let Err(error) = self.wait(&mut events, more) {
                log::error!("worker {} cannot wait: {error}", self.parts.index);
                return Ended::Failed;
            }
        }
    }

    /// Puts the worker's last message where the others went, waiting for room if it must.
    /// The sockets are closed by now, so that whoever reads it may bind the same ports.
    pub(crate) fn say_last(self, ended: Ended) {
        let Self {
            parts, held_back, ..
        } = self;
        let Parts {
            index,
            mut poll,
            sockets,
            tcp,
            mailbox,
            outbox,
            ..
        } = parts;
        drop((sockets, tcp));
        // So that whoever sends from now on is told.
        mailbox.close();
        let message = ended.message(index);
        let mut events = Events::with_capacity(64);
        for mut message in held_back.into_iter().chain([(index, message)]) {
            while let Err(back) = outbox.push(message) {
                message = back;
                mailbox.heard();
                outbox.signal();
                let waited = poll.poll(&mut events, None);
                if outbox.is_abandoned() || waited.is_err_and(|it| !is_interrupted(&it)) {
                    return;
                }
            }
        }
        outbox.signal();
    }

    /// One round. Returns whether input is left, so that there is no waiting.
    fn turn(&mut self) -> bool {
        self.engine.begin_turn();
        let mut now = Instant::now();
        let (engine, sockets) = (&mut self.engine, &mut self.parts.sockets);
        let (batch, counters) = (&mut self.batch, &mut self.counters);
        let more_datagrams = sockets.receive(batch, counters, |local, remote, datagram| {
            engine.call(now, |engine| {
                engine.handle_datagram(now, local, remote, datagram)
            });
        });
        let (engine, tcp) = (&mut self.engine, &mut self.parts.tcp);
        let more_frames = tcp.receive(now, &mut self.counters, |local, remote, datagram| {
            engine.call(now, |engine| {
                engine.handle_datagram(now, local, remote, datagram)
            });
        });
        tcp.handle_timeout(now);
        self.tell_closed(now);
        self.handle_requests(now);

        now = Instant::now();
        if self
            .engine
            .next_timeout()
            .is_some_and(|deadline| deadline <= now)
        {
            self.engine.call(now, |engine| engine.handle_timeout(now));
        }
        let sockets = self.parts.sockets.as_slice();
        let (refusals, counters) = (&mut self.refusals, &mut self.counters);
        let mut out = Outgoing {
            sockets,
            tcp: &mut self.parts.tcp,
            refusals,
            counters,
            now,
        };
        self.engine.call(now, |engine| engine.flush(now, &mut out));
        // Sending finds out as well which connections are broken.
        self.tell_closed(now);

        self.hand_over_messages();
        self.counters.turns += 1;
        self.counters.panics = self.engine.panics();
        self.parts
            .metrics
            .publish(&self.counters, self.engine.metrics());
        more_datagrams
            || more_frames
            || (self.held_back.is_none() && !self.parts.mailbox.is_empty())
    }

    fn tell_closed(&mut self, now: Instant) {
        while let Some((local, remote)) = self.parts.tcp.poll_closed() {
            let engine = &mut self.engine;
            engine.call(now, |engine| engine.handle_closed(now, local, remote));
        }
    }

    fn handle_requests(&mut self, now: Instant) {
        let mailbox = &self.parts.mailbox;
        mailbox.heard();
        if self.held_back.is_some() {
            return;
        }
        for _ in 0..REQUESTS_PER_TURN {
            let Some(request) = mailbox.pop() else { return };
            self.counters.requests += 1;
            self.engine
                .call(now, |engine| engine.handle_request(now, &request));
        }
    }

    fn hand_over_messages(&mut self) {
        let (outbox, index) = (&self.parts.outbox, self.parts.index);
        let mut any = false;
        while let Some(message) = self
            .held_back
            .take()
            .or_else(|| Some((index, self.engine.poll_message()?)))
        {
            if let Err(back) = outbox.push(message) {
                self.held_back = Some(back);
                break;
            }
            any = true;
            self.counters.messages += 1;
        }
        if any || self.held_back.is_some() {
            outbox.signal();
        }
    }

    fn is_done(&self) -> bool {
        self.parts.mailbox.is_empty() && self.held_back.is_none()
    }

    fn wait(&mut self, events: &mut Events, more: bool) -> io::Result<()> {
        let due = [self.engine.next_timeout(), self.parts.tcp.next_timeout()];
        let deadline = due.into_iter().flatten().min();
        let timeout = if more {
            Some(Duration::ZERO)
        } else {
            self.parts.timer.arm(Instant::now(), deadline)
        };
        match self.parts.poll.poll(events, timeout) {
            Err(error) if !is_interrupted(&error) => return Err(error),
            _ => {}
        }
        let now = Instant::now();
        for event in events.iter() {
            match event.token() {
                MAILBOX => {}
                TIMER => self.parts.timer.fired(),
                token if self.parts.tcp.on_event(token, now) => {}
                Token(local) => self.parts.sockets.has_input(local),
            }
        }
        Ok(())
    }
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
