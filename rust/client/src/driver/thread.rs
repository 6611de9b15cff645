//! One thread's loop: epoll over its clients' sockets, and their timers.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use videocall_core::dtls::Certificate;

use super::client::{Client, Counters};
use super::histogram::Histogram;
use super::plan::{ClientPlan, SendPlan};
use super::sys::ReceiveBatch;
use super::{LoadEvent, pin_to, thread_cpu_time};
use crate::config::ReceiveStream;
use crate::peer::Peer;
use crate::stats::PeerStats;

/// Commands are looked for at least this often.
const COMMAND_INTERVAL: Duration = Duration::from_millis(10);
/// Sockets per epoll call.
const MAX_EVENTS: usize = 256;

pub(super) enum Command {
    Add(usize, Box<ClientPlan>),
    Receive(usize, ReceiveStream),
    Send(usize, SendPlan),
    Close(usize),
    Begin,
    Report(Sender<ThreadReport>),
    Stats(Sender<Vec<(usize, PeerStats)>>),
    Stop,
}

/// One thread's part of a report.
pub(super) struct ThreadReport {
    pub(super) seconds: f64,
    pub(super) packets_received: u64,
    pub(super) packets_sent: u64,
    pub(super) packets_refused: u64,
    pub(super) packets_lost: i64,
    pub(super) cpu_seconds: f64,
    pub(super) connected: usize,
    pub(super) video: Histogram,
    pub(super) audio: Histogram,
}

pub(super) struct Setup {
    pub(super) gro: bool,
    pub(super) cpu: Option<usize>,
    pub(super) certificate: Certificate,
    pub(super) epoch: Instant,
    pub(super) ntp_at_epoch: u64,
    pub(super) commands: Receiver<Command>,
    pub(super) events: Sender<LoadEvent>,
}

/// Runs until told to stop, or until the driver is gone.
pub(super) fn run(setup: Setup) {
    let Ok(epoll) = epoll::create(epoll::CreateFlags::CLOEXEC) else {
        return;
    };
    if let Some(cpu) = setup.cpu {
        // Without the processor the load still runs, less evenly.
        let _ = pin_to(cpu);
    }
    let mut thread = Thread {
        batch: ReceiveBatch::new(setup.gro),
        epoll,
        clients: Vec::new(),
        places: HashMap::new(),
        timers: Timers::default(),
        counters: Counters::default(),
        began: (Instant::now(), thread_cpu_time()),
        refused_before: 0,
        setup,
    };
    let mut events = Vec::with_capacity(MAX_EVENTS);
    while thread.take_commands() {
        thread.turn(&mut events);
    }
}

struct Thread {
    setup: Setup,
    batch: ReceiveBatch,
    epoll: OwnedFd,
    clients: Vec<Client>,
    /// From a client's number to its place in `clients`.
    places: HashMap<usize, usize>,
    timers: Timers,
    counters: Counters,
    began: (Instant, Duration),
    refused_before: u64,
}

impl Thread {
    /// False when it is time to stop.
    fn take_commands(&mut self) -> bool {
        loop {
            match self.setup.commands.try_recv() {
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
                Ok(command) => self.execute(command),
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Add(number, plan) => {
                if let Err(error) = self.add(number, &plan) {
                    let reason = error.to_string();
                    let _ = self.setup.events.send(LoadEvent::Failed {
                        client: number,
                        reason,
                    });
                }
            }
            Command::Receive(number, stream) => {
                self.with(number, |client, _| client.add_receiver(stream));
            }
            Command::Send(number, plan) => {
                self.with(number, |client, _| client.add_sender(&plan, Instant::now()));
            }
            Command::Close(number) => self.with(number, |client, events| client.close(events)),
            Command::Begin => {
                self.counters = Counters::default();
                self.refused_before = self.refused();
                self.began = (Instant::now(), thread_cpu_time());
            }
            Command::Report(answer) => {
                let _ = answer.send(self.report());
            }
            Command::Stats(answer) => {
                let all = self
                    .clients
                    .iter()
                    .map(|client| (client.number(), client.stats()));
                let _ = answer.send(all.collect());
            }
            Command::Stop => {}
        }
    }

    fn add(&mut self, number: usize, plan: &ClientPlan) -> io::Result<()> {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.setup.epoch).as_nanos();
        let ntp = self.setup.ntp_at_epoch + ((since << 32) / 1_000_000_000) as u64;
        let config = plan.peer_config(&self.setup.certificate, number as u64, ntp);
        let peer = Peer::new(config, now).map_err(io::Error::other)?;
        let bind = SocketAddr::new(plan.bind, 0);
        // Peer::new has refused an empty list.
        let remote = plan.ice_candidates[0];
        let (gro, epoch) = (self.setup.gro, self.setup.epoch);
        let mut client = Client::new(number, peer, bind, remote, gro, epoch)?;
        for stream in &plan.receive {
            client.add_receiver(*stream);
        }
        for send in &plan.send {
            client.add_sender(send, now);
        }
        let place = self.clients.len();
        let data = epoll::EventData::new_u64(place as u64);
        epoll::add(&self.epoll, client.socket(), data, epoll::EventFlags::IN)?;
        self.timers.set(place, Some(now));
        self.clients.push(client);
        self.places.insert(number, place);
        Ok(())
    }

    fn with(&mut self, number: usize, act: impl FnOnce(&mut Client, &Sender<LoadEvent>)) {
        if let Some(&place) = self.places.get(&number) {
            act(&mut self.clients[place], &self.setup.events);
            self.timers.set(place, self.clients[place].next_timeout());
        }
    }

    fn turn(&mut self, events: &mut Vec<epoll::Event>) {
        let now = Instant::now();
        let wait = self
            .timers
            .next()
            .map_or(COMMAND_INTERVAL, |at| at.saturating_duration_since(now))
            .min(COMMAND_INTERVAL);
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: wait.subsec_nanos().into(),
        };
        events.clear();
        // Interrupted: the next turn waits again.
        let _ = epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(events),
            Some(&wait),
        );
        for event in events.iter() {
            let place = event.data.u64() as usize;
            let client = &mut self.clients[place];
            client.receive(&mut self.batch, &mut self.counters, &self.setup.events);
            self.timers.set(place, client.next_timeout());
        }
        let now = Instant::now();
        while let Some(place) = self.timers.pop_due(now) {
            let client = &mut self.clients[place];
            client.on_timer(now, &mut self.counters, &self.setup.events);
            self.timers.set(place, client.next_timeout());
        }
    }

    fn refused(&self) -> u64 {
        let stats = self.clients.iter().map(Client::stats);
        stats
            .map(|s| s.rejected + s.unknown_ssrc + s.malformed)
            .sum()
    }

    fn report(&self) -> ThreadReport {
        let lost = |stats: PeerStats| stats.receive.iter().map(|r| r.lost).sum::<i64>();
        ThreadReport {
            seconds: self.began.0.elapsed().as_secs_f64(),
            packets_received: self.counters.packets_received,
            packets_sent: self.counters.packets_sent,
            packets_refused: self.refused() - self.refused_before,
            packets_lost: self.clients.iter().map(|client| lost(client.stats())).sum(),
            cpu_seconds: (thread_cpu_time() - self.began.1).as_secs_f64(),
            connected: self
                .clients
                .iter()
                .filter(|client| client.is_connected())
                .count(),
            video: self.counters.video.clone(),
            audio: self.counters.audio.clone(),
        }
    }
}

/// Deadlines by place. An entry of the heap counts only while it is the place's current one.
#[derive(Default)]
struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    current: Vec<Option<Instant>>,
}

impl Timers {
    fn set(&mut self, place: usize, at: Option<Instant>) {
        if place >= self.current.len() {
            self.current.resize(place + 1, None);
        }
        // A later deadline waits until the earlier entry comes up.
        let earlier = at.filter(|at| self.current[place].is_none_or(|current| *at < current));
        if let Some(at) = earlier {
            self.current[place] = Some(at);
            self.heap.push(Reverse((at, place)));
        }
    }

    fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    fn pop_due(&mut self, now: Instant) -> Option<usize> {
        loop {
            let Reverse((at, place)) = *self.heap.peek().filter(|entry| entry.0.0 <= now)?;
            self.heap.pop();
            if self.current[place] == Some(at) {
                self.current[place] = None;
                return Some(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_once_and_the_earliest_counts() {
        let now = Instant::now();
        let after = |ms| now + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.set(3, Some(after(30)));
        timers.set(3, Some(after(10)));
        timers.set(3, Some(after(20)));
        timers.set(1, Some(after(15)));
        timers.set(2, None);
        assert_eq!(timers.next(), Some(after(10)));
        assert_eq!(timers.pop_due(after(9)), None);
        assert_eq!(timers.pop_due(after(20)), Some(3));
        assert_eq!(timers.pop_due(after(20)), Some(1));
        assert_eq!(
            timers.pop_due(after(100)),
            None,
            "the entry for 30 is stale"
        );
    }
}
