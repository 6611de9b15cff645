//! The façade of one worker: requests, datagrams and time go in, messages and datagrams come out.
//!
//! One mutation, then drain: after any `handle_*`, call [`Sfu::flush`] and then
//! [`Sfu::poll_message`] until it is empty.

mod allocate;
mod close;
mod control;
mod data;
mod demux;
mod dynacast;
mod faults;
mod feedback_in;
mod forward;
mod ingest;
mod media;
mod messages;
mod observers;
mod outbox;
mod pace;
mod plan;
mod probe;
mod redundancy;
mod reports;
mod requests;
mod resend;
mod run;
mod scores;
mod stats;
mod steer;
mod timers;
mod transports;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use slotmap::SlotMap;

use crate::allocation::Demand;
use crate::consumer::Consumer;
use crate::data::{DataConsumer, DataProducer};
use crate::dtls::Certificate;
use crate::error::Error;
use crate::keys::{
    ConsumerKey, DataConsumerKey, DataProducerKey, ObserverKey, ProducerKey, RouterKey,
    TransportKey,
};
use crate::metrics::Metrics;
use crate::observer::Observer;
use crate::pool::Pool;
use crate::producer::Producer;
use crate::router::Router;
use crate::transport::Transport;

pub(crate) use dynacast::Watched;
use forward::Forwarder;
use outbox::{ControlOut, Messages};
use timers::Timers;

type AddressMap = HashMap<(u8, SocketAddr), Claim, foldhash::fast::RandomState>;

/// Whose an address is.
#[derive(Debug, Clone, Copy)]
struct Claim {
    owner: TransportKey,
    /// When it last sent a request from there with the right MESSAGE-INTEGRITY.
    proved: Instant,
}

/// One address media is received on.
#[derive(Debug, Clone)]
pub struct ListenAddr {
    /// The socket's own address.
    pub bound: SocketAddr,
    /// The address told to peers.
    pub announced: IpAddr,
    /// The port told to peers.
    pub announced_port: u16,
}

/// What a worker's core is made with.
#[derive(Debug, Clone)]
pub struct SfuConfig {
    /// Its number; it is part of every ICE ufrag.
    pub worker_id: u16,
    /// Its sockets. `local` arguments are indices into this; with `tcp`, those beyond are of TCP
    /// connections (RFC 6544), in the same order.
    pub listen: Vec<ListenAddr>,
    /// Whether it listens for TCP connections on the same addresses and ports.
    pub tcp: bool,
    /// Seed of everything random but keys and certificates.
    pub seed: [u8; 32],
    /// Packets it can hold, see [`Pool`].
    pub pool_slots: usize,
    /// NTP time (RFC 5905, 32.32 fixed point) at the `now` given to [`Sfu::new`].
    pub ntp_at_start: u64,
}

/// Takes datagrams to the network.
pub trait Transmit {
    /// Sends `bytes`, datagrams of `segment_size` bytes each of which the last may be shorter
    /// (UDP generic segmentation offload), from listen address `local` to `remote`.
    fn transmit(&mut self, local: u8, remote: SocketAddr, bytes: &[u8], segment_size: usize);
}

/// The selective forwarding unit of one worker.
#[derive(Debug)]
pub struct Sfu {
    config: SfuConfig,
    started: Instant,
    rng: StdRng,
    certificate: Certificate,
    ids: Ids,
    routers: SlotMap<RouterKey, Router>,
    transports: SlotMap<TransportKey, Transport>,
    producers: SlotMap<ProducerKey, Producer>,
    consumers: SlotMap<ConsumerKey, Consumer>,
    data_producers: SlotMap<DataProducerKey, DataProducer>,
    data_consumers: SlotMap<DataConsumerKey, DataConsumer>,
    observers: SlotMap<ObserverKey, Observer>,
    ufrags: HashMap<String, TransportKey>,
    addresses: AddressMap,
    /// The address pair found last: datagrams come in runs.
    last_address: Option<(u8, SocketAddr, TransportKey)>,
    pool: Pool,
    forwarder: Forwarder,
    timers: Timers<TransportKey>,
    observer_timers: Timers<ObserverKey>,
    control_out: ControlOut,
    rtcp: Vec<u8>,
    nacks: Vec<u16>,
    /// Transports with requests to answer at the next flush.
    resending: Vec<TransportKey>,
    /// Transports whose path is to be explored at the next flush, and by how many packets.
    probing: Vec<(TransportKey, usize)>,
    /// Producers that somebody watches otherwise than before.
    rewatched: Vec<ProducerKey>,
    /// Room for sharing out a path.
    demands: Vec<Demand>,
    messages: Messages,
    metrics: Metrics,
    /// Why the transport that is being closed is, when its peer broke the rules.
    offence: Option<String>,
    /// The transport that is being worked on, for [`Sfu::abandon_current`].
    current: Option<TransportKey>,
    faults: faults::Faults,
}

/// From Python's ids to keys. Only requests look here.
#[derive(Debug, Default)]
struct Ids {
    routers: HashMap<String, RouterKey>,
    transports: HashMap<String, TransportKey>,
    producers: HashMap<String, ProducerKey>,
    consumers: HashMap<String, ConsumerKey>,
    data_producers: HashMap<String, DataProducerKey>,
    data_consumers: HashMap<String, DataConsumerKey>,
    observers: HashMap<String, ObserverKey>,
}

impl Sfu {
    /// A core without objects. Makes a certificate, which takes a millisecond.
    pub fn new(config: SfuConfig, now: Instant) -> Result<Self, Error> {
        let most = usize::from(u8::MAX) / if config.tcp { 2 } else { 1 };
        if config.listen.is_empty() || config.listen.len() > most {
            return Err(Error::bad_request(format!(
                "listen: takes 1 to {most} addresses"
            )));
        }
        let certificate = Certificate::generate()
            .map_err(|error| Error::internal(format!("no DTLS certificate: {error}")))?;
        Ok(Self {
            rng: StdRng::from_seed(config.seed),
            pool: Pool::new(config.pool_slots),
            config,
            started: now,
            certificate,
            ids: Ids::default(),
            routers: SlotMap::with_key(),
            transports: SlotMap::with_key(),
            producers: SlotMap::with_key(),
            consumers: SlotMap::with_key(),
            data_producers: SlotMap::with_key(),
            data_consumers: SlotMap::with_key(),
            observers: SlotMap::with_key(),
            ufrags: HashMap::new(),
            addresses: AddressMap::default(),
            last_address: None,
            forwarder: Forwarder::new(),
            timers: Timers::default(),
            observer_timers: Timers::default(),
            control_out: ControlOut::default(),
            rtcp: Vec::with_capacity(2048),
            nacks: Vec::with_capacity(256),
            resending: Vec::new(),
            probing: Vec::new(),
            rewatched: Vec::new(),
            demands: Vec::new(),
            messages: Messages::default(),
            metrics: Metrics::default(),
            offence: None,
            current: None,
            faults: faults::Faults::default(),
        })
    }

    /// The next answer or event for Python: JSON, in order.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop()
    }

    /// Counters since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Pool slots in use and in all.
    pub fn pool_usage(&self) -> (usize, usize) {
        (
            self.pool.capacity() - self.pool.available(),
            self.pool.capacity(),
        )
    }

    /// Number of routers, transports, producers and consumers.
    pub fn object_counts(&self) -> [usize; 4] {
        [
            self.routers.len(),
            self.transports.len(),
            self.producers.len(),
            self.consumers.len(),
        ]
    }

    /// When [`Sfu::handle_timeout`] or [`Sfu::flush`] has something to do.
    pub fn next_timeout(&self) -> Option<Instant> {
        let due = [
            self.timers.next(),
            self.observer_timers.next(),
            self.forwarder.due(),
        ];
        due.into_iter().flatten().min()
    }

    /// Closes the transport that was being worked on when a panic was caught, with reason
    /// `error`. Everything else goes on.
    pub fn abandon_current(&mut self, now: Instant) {
        self.metrics.panics += 1;
        self.keep_interrupted(now);
        if let Some(key) = self.current.take() {
            self.close_transport(key, "error", now);
        }
    }

    /// NTP time at `now`.
    fn ntp(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.started);
        self.config
            .ntp_at_start
            .wrapping_add(crate::time::to_ntp(elapsed))
    }
}
