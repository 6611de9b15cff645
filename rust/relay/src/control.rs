//! What standard input asks for, and what is answered.

use std::{
    io::{self, BufRead as _, Write as _},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use mio::Waker;
use serde::{Deserialize, Serialize};
use videocall_netsim::{Link, LinkStats, Loss, RateLimit};

/// One line of input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    pub down: Option<Direction>,
    pub up: Option<Direction>,
    #[serde(default)]
    pub stats: bool,
}

/// How a direction is to be from now on. What is not named is as on a perfect link.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Direction {
    delay_ms: f64,
    jitter_ms: f64,
    /// Probability; 1 cuts the direction.
    loss: f64,
    /// How many are lost in a row on average; 0 and 1 stand for independent losses.
    burst: f64,
    duplicate: f64,
    reorder: f64,
    reorder_delay_ms: f64,
    kbit_per_second: Option<u64>,
    /// How long the queue of the bottleneck may get.
    max_queue_ms: Option<f64>,
}

/// What is written for each line of input.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Done {
        ok: bool,
    },
    Refused {
        error: String,
    },
    #[serde(rename_all = "camelCase")]
    Stats {
        down: Counters,
        up: Counters,
        /// How long what is given to the direction now would wait in front of the bottleneck.
        down_queue_ms: f64,
        up_queue_ms: f64,
    },
}

/// Datagrams on one direction since the relay's start.
#[derive(Debug, Serialize)]
pub struct Counters {
    sent: u64,
    lost: u64,
    overflowed: u64,
    duplicated: u64,
    reordered: u64,
}

/// Reads lines in a thread of its own; `None` comes at the end of the input.
pub fn read_commands(waker: Arc<Waker>) -> Receiver<Option<Result<Command, String>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || read_all(&sender, &waker));
    receiver
}

/// Writes an answer as a line. A reader that is gone is noticed at the end of the input.
pub fn answer(answer: &Answer) {
    if let Ok(line) = serde_json::to_string(answer) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// Says why the relay cannot run.
pub fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "videocall-relay: {why}");
}

impl Direction {
    /// As a link.
    ///
    /// # Errors
    /// A number that is out of range, by its name.
    pub fn link(self) -> Result<Link, String> {
        for (name, value) in [
            ("loss", self.loss),
            ("duplicate", self.duplicate),
            ("reorder", self.reorder),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name} has to be from 0 to 1, not {value}"));
            }
        }
        Ok(Link {
            delay: milliseconds("delayMs", self.delay_ms)?,
            jitter: milliseconds("jitterMs", self.jitter_ms)?,
            loss: self.losses(),
            duplicate: self.duplicate,
            reorder: self.reorder,
            reorder_delay: milliseconds("reorderDelayMs", self.reorder_delay_ms)?,
            rate: match self.kbit_per_second {
                None => None,
                Some(0) => return Err("kbitPerSecond has to be more than 0".to_owned()),
                Some(kbit) => Some(RateLimit {
                    bits_per_second: kbit.saturating_mul(1000),
                    max_queue: milliseconds("maxQueueMs", self.max_queue_ms.unwrap_or(500.0))?,
                }),
            },
        })
    }

    fn losses(self) -> Loss {
        if self.loss == 0.0 {
            Loss::None
        } else if self.loss == 1.0 {
            Loss::Everything
        } else if self.burst > 1.0 {
            let recover = 1.0 / self.burst;
            let enter = recover * self.loss / (1.0 - self.loss);
            Loss::Burst {
                enter: enter.min(1.0),
                recover,
            }
        } else {
            Loss::Random(self.loss)
        }
    }
}

impl From<LinkStats> for Counters {
    fn from(stats: LinkStats) -> Self {
        Self {
            sent: stats.sent,
            lost: stats.lost,
            overflowed: stats.overflowed,
            duplicated: stats.duplicated,
            reordered: stats.reordered,
        }
    }
}

fn read_all(sender: &Sender<Option<Result<Command, String>>>, waker: &Waker) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let command = serde_json::from_str(&line).map_err(|error| error.to_string());
        if sender.send(Some(command)).is_err() {
            return;
        }
        let _ = waker.wake();
    }
    let _ = sender.send(None);
    let _ = waker.wake();
}

fn milliseconds(name: &str, value: f64) -> Result<Duration, String> {
    if (0.0..=60_000.0).contains(&value) {
        Ok(Duration::from_secs_f64(value / 1000.0))
    } else {
        Err(format!("{name} has to be from 0 to 60000, not {value}"))
    }
}
