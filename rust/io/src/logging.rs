//! What the core and this crate log, as messages beside the others: Python decides where it goes.

use std::cell::RefCell;

use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::json;

use crate::messages::Outbox;

/// Makes everything that is logged on a worker's thread, or while one is started, an event
/// `{"event":"log","target":"<index>","data":{"level":30,"logger":"...","message":"..."}}`, the
/// level being Python's. What finds the queue full is dropped. Once per process; a logger that was
/// installed before stays.
pub fn log_to_messages() {
    if log::set_logger(&ToMessages).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// Where this thread's records go, until it is dropped.
pub(crate) struct Logging {
    before: Option<(u16, Outbox)>,
}

thread_local! {
    static SINK: RefCell<Option<(u16, Outbox)>> = const { RefCell::new(None) };
}

struct ToMessages;

impl Logging {
    pub(crate) fn start(index: u16, outbox: Outbox) -> Self {
        Self {
            before: SINK.replace(Some((index, outbox))),
        }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        SINK.set(self.before.take());
    }
}

impl Log for ToMessages {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        // Not while another record of this thread is under way, nor at the thread's very end.
        _ = SINK.try_with(|sink| {
            if let Ok(sink) = sink.try_borrow()
                && let Some((index, outbox)) = &*sink
                && outbox.push((*index, message(*index, record))).is_ok()
            {
                outbox.signal();
            }
        });
    }

    fn flush(&self) {}
}

fn message(index: u16, record: &Record<'_>) -> Vec<u8> {
    let level = match record.level() {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug | Level::Trace => 10,
    };
    let text = record.args().to_string();
    let data = json!({"level": level, "logger": record.target(), "message": text});
    json!({"event": "log", "target": index.to_string(), "data": data})
        .to_string()
        .into_bytes()
}
