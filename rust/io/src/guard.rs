//! Keeps a panic in the core from ending more than the transport that it was about.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use crate::engine::Engine;

/// An engine whose panics are caught and counted.
pub(crate) struct Guarded<E> {
    engine: E,
    panics: u64,
    panicked_this_turn: bool,
    panicking_turns: u32,
}

impl<E: Engine> Guarded<E> {
    pub(crate) fn new(engine: E) -> Self {
        Self {
            engine,
            panics: 0,
            panicked_this_turn: false,
            panicking_turns: 0,
        }
    }

    /// Calls the engine. After a panic it abandons what it was working on; a panic in that very
    /// call goes up and ends the worker.
    pub(crate) fn call(&mut self, now: Instant, call: impl FnOnce(&mut E)) {
        let engine = &mut self.engine;
        // Unwind safety is the engine's: `abandon_current` restores its invariants or panics.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(engine))) {
            self.panics += 1;
            self.panicked_this_turn = true;
            let text = panic_text(&*panic);
            log::error!("the media core panicked; closing what it was working on: {text}");
            self.engine.abandon_current(now);
        }
    }

    pub(crate) fn begin_turn(&mut self) {
        self.panicking_turns = if self.panicked_this_turn {
            self.panicking_turns + 1
        } else {
            0
        };
        self.panicked_this_turn = false;
    }

    /// How many of the latest turns before this one had a panic, without a break.
    pub(crate) fn panicking_turns(&self) -> u32 {
        self.panicking_turns
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.engine.next_timeout()
    }

    pub(crate) fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.engine.poll_message()
    }

    pub(crate) fn metrics(&self) -> impl Iterator<Item = u64> {
        self.engine.metrics()
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text")
}
