//! Many peers with real sockets on a few threads.
//!
//! Each client has a socket of its own, connected to the server's first candidate. The publishers' packets
//! leave one by one, as a browser's do; subscribers receive with `recvmmsg`, with `UDP_GRO` or without.

mod client;
mod histogram;
mod plan;
pub(crate) mod sys;
mod thread;

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::thread::{CpuSet, sched_setaffinity};
use serde::Serialize;
use videocall_core::dtls::Certificate;

pub use histogram::{Histogram, Latency};
pub use plan::{ClientPlan, Role, SendPlan};

use crate::config::ReceiveStream;
use crate::stats::PeerStats;
use thread::Command;

/// Seconds between the epochs of NTP and Unix.
const NTP_UNIX: u64 = 2_208_988_800;

/// How the threads work.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// How many.
    pub threads: usize,
    /// Whether sockets set `UDP_GRO`. Without, loopback's re-segmentation is charged to the server.
    pub gro: bool,
    /// Processors to pin the threads to, in turn; empty for none.
    pub cpus: Vec<usize>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            threads: 1,
            gro: true,
            cpus: Vec::new(),
        }
    }
}

/// What a client ran into.
#[derive(Debug, Clone, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum LoadEvent {
    /// The handshake is done.
    Connected {
        /// Which client.
        client: usize,
        /// The SRTP profile.
        profile: String,
        /// When the server first answered an ICE check, since the client was added.
        path_after_ms: f64,
        /// Since the client was added.
        after_ms: f64,
    },
    /// It failed, or the server closed it.
    Failed {
        /// Which client.
        client: usize,
        /// Why.
        reason: String,
    },
    /// It received its first packet of media.
    FirstMedia {
        /// Which client.
        client: usize,
        /// Since the client was added.
        after_ms: f64,
    },
}

/// What was measured since [`Load::begin`].
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// Time since then, in seconds.
    pub seconds: f64,
    /// RTP packets received by all clients.
    pub packets_received: u64,
    /// RTP packets sent by all clients.
    pub packets_sent: u64,
    /// Packets that did not authenticate, were unreadable or belonged to no stream.
    pub packets_refused: u64,
    /// Packets lost on the way to the clients, before repair, since they were added.
    pub packets_lost: i64,
    /// Processor time of the driver's threads, in seconds.
    pub cpu_seconds: f64,
    /// From a publisher's send to a subscriber's receive, video.
    pub video: Option<Latency>,
    /// The same, audio.
    pub audio: Option<Latency>,
    /// Clients that are connected.
    pub connected: usize,
}

/// The driver. Dropping it ends the threads.
pub struct Load {
    threads: Vec<(Sender<Command>, Option<JoinHandle<()>>)>,
    certificate: Certificate,
    events: Receiver<LoadEvent>,
    clients: usize,
    epoch: Instant,
}

impl Load {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, or a failure to make the certificate.
    pub fn start(options: &LoadOptions) -> io::Result<Self> {
        let certificate = Certificate::generate().map_err(io::Error::other)?;
        let (event_sender, events) = channel();
        let epoch = Instant::now();
        let threads = (0..options.threads.max(1))
            .map(|at| {
                let (sender, commands) = channel();
                let cpu = (!options.cpus.is_empty()).then(|| options.cpus[at % options.cpus.len()]);
                let setup = thread::Setup {
                    gro: options.gro,
                    cpu,
                    certificate: certificate.clone(),
                    epoch,
                    ntp_at_epoch: ntp_now(),
                    commands,
                    events: event_sender.clone(),
                };
                let handle = std::thread::Builder::new()
                    .name(format!("load-{at}"))
                    .spawn(move || thread::run(setup))?;
                Ok((sender, Some(handle)))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            threads,
            certificate,
            events,
            clients: 0,
            epoch,
        })
    }

    /// The certificate of all clients.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Adds a client, which starts to connect at once. Returns its number.
    pub fn add(&mut self, plan: ClientPlan) -> usize {
        let client = self.clients;
        self.clients += 1;
        self.tell(client, Command::Add(client, Box::new(plan)));
        client
    }

    /// Adds a stream to receive.
    pub fn receive(&self, client: usize, stream: ReceiveStream) {
        self.tell(client, Command::Receive(client, stream));
    }

    /// Adds a stream to send.
    pub fn send(&self, client: usize, plan: SendPlan) {
        self.tell(client, Command::Send(client, plan));
    }

    /// Closes a client, telling the server.
    pub fn close(&self, client: usize) {
        self.tell(client, Command::Close(client));
    }

    /// What happened next, waiting for it; `None` after `timeout`.
    pub fn wait_event(&self, timeout: Duration) -> Option<LoadEvent> {
        self.events.recv_timeout(timeout).ok()
    }

    /// Starts to measure.
    pub fn begin(&self) {
        for (thread, _) in &self.threads {
            let _ = thread.send(Command::Begin);
        }
    }

    /// What was measured so far.
    pub fn report(&self) -> LoadReport {
        let mut report = LoadReport::default();
        let (mut video, mut audio) = (Histogram::default(), Histogram::default());
        for part in self.ask(Command::Report) {
            report.seconds = report.seconds.max(part.seconds);
            report.packets_received += part.packets_received;
            report.packets_sent += part.packets_sent;
            report.packets_refused += part.packets_refused;
            report.packets_lost += part.packets_lost;
            report.cpu_seconds += part.cpu_seconds;
            report.connected += part.connected;
            video.merge(&part.video);
            audio.merge(&part.audio);
        }
        report.video = video.latency();
        report.audio = audio.latency();
        report
    }

    /// The counters of every client, by its number.
    pub fn client_stats(&self) -> Vec<PeerStats> {
        let mut all: Vec<(usize, PeerStats)> =
            self.ask(Command::Stats).into_iter().flatten().collect();
        all.sort_by_key(|(client, _)| *client);
        all.into_iter().map(|(_, stats)| stats).collect()
    }

    /// When the driver was started: the zero of its payload stamps.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    fn tell(&self, client: usize, command: Command) {
        // A thread ends only with the driver.
        let _ = self.threads[client % self.threads.len()].0.send(command);
    }

    fn ask<T>(&self, command: impl Fn(Sender<T>) -> Command) -> Vec<T> {
        let answers: Vec<Receiver<T>> = self
            .threads
            .iter()
            .map(|(thread, _)| {
                let (sender, answer) = channel();
                let _ = thread.send(command(sender));
                answer
            })
            .collect();
        answers
            .into_iter()
            .filter_map(|answer| answer.recv().ok())
            .collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for (thread, _) in &self.threads {
            let _ = thread.send(Command::Stop);
        }
        for (_, handle) in &mut self.threads {
            if let Some(handle) = handle.take() {
                let _ = handle.join();
            }
        }
    }
}

/// Pins the calling thread to one processor.
pub(crate) fn pin_to(cpu: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu);
    Ok(sched_setaffinity(None, &only)?)
}

/// User and system time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn ntp_now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    ((since.as_secs() + NTP_UNIX) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}
