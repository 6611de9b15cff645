//! What waits to leave: JSON messages to Python, and datagrams that are not media.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;

use serde::Serialize;
use serde_json::{Value, json};

use super::Transmit;
use crate::error::Error;

/// Answers and events, in order.
#[derive(Debug, Default)]
pub(super) struct Messages {
    queue: VecDeque<Vec<u8>>,
}

impl Messages {
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.queue.pop_front()
    }

    pub(super) fn reply(&mut self, id: u64, result: Result<Value, Error>) {
        let message = match result {
            Ok(value) => json!({"id": id, "ok": value}),
            Err(error) => {
                json!({"id": id, "error": {"code": error.code, "message": error.message}})
            }
        };
        self.push(&message);
    }

    pub(super) fn event(&mut self, event: &str, target: &str, data: impl Serialize) {
        self.push(&json!({"event": event, "target": target, "data": data}));
    }

    fn push(&mut self, message: &Value) {
        self.queue.push_back(message.to_string().into_bytes());
    }
}

/// STUN, DTLS and SRTCP datagrams until the next flush. The buffers are kept.
#[derive(Debug, Default)]
pub(super) struct ControlOut {
    bytes: Vec<u8>,
    items: Vec<(u8, SocketAddr, Range<usize>)>,
}

impl ControlOut {
    pub(super) fn push(&mut self, local: u8, remote: SocketAddr, datagram: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.items.push((local, remote, start..self.bytes.len()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn drain(&mut self, out: &mut impl Transmit) -> u64 {
        let total = self.bytes.len() as u64;
        for (local, remote, range) in self.items.drain(..) {
            let len = range.len();
            out.transmit(local, remote, &self.bytes[range], len);
        }
        self.bytes.clear();
        total
    }
}
