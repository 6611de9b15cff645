//! A WebRtcTransport: ICE-lite, DTLS and SRTP towards one peer, and who sends and receives on it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::bandwidth::{BandwidthEstimator, START_BPS};
use crate::dtls::{DtlsEndpoint, Fingerprint};
use crate::extension::IncomingExtensions;
use crate::feedback::{RateMeter, RembEstimator, TwccFeedback};
use crate::ice::{IceLite, IceState};
use crate::keys::{ConsumerKey, DataConsumerKey, DataProducerKey, ProducerKey, RouterKey};
use crate::pacer::Pacer;
use crate::rtp::Ssrc;
use crate::sctp::Sctp;
use crate::sharing::Sharing;
use crate::srtp::{SrtpRx, SrtpTx};

/// DTLS datagrams kept while the application has not yet told the peer's fingerprint: a
/// ClientHello of today's browsers is two.
const EARLY_DATAGRAMS: usize = 4;
/// A receiver that tells more than this (REMB goes up to 2^81) means that nothing limits it.
const MAX_TOLD_BPS: u64 = 1_000_000_000;
/// SSRCs one transport may send, known or learned.
const MAX_ROUTES: usize = 1024;

/// What an incoming SSRC belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The producer.
    pub producer: ProducerKey,
    /// Index of its stream.
    pub stream: u8,
    /// Whether this is the stream's RTX.
    pub rtx: bool,
}

/// Where the DTLS handshake stands.
#[derive(Debug)]
pub enum Dtls {
    /// `connectWebRtcTransport` has not been called; early datagrams are kept.
    New(Vec<Vec<u8>>),
    /// It was, as the client: the handshake starts when ICE has an address.
    Waiting(Vec<Fingerprint>),
    /// The handshake or the session is under way.
    Running(Box<DtlsEndpoint>),
    /// It failed or was closed by the peer.
    Ended,
}

/// `dtlsState` as mediasoup names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DtlsState {
    /// Nothing happened.
    New,
    /// Handshake under way.
    Connecting,
    /// SRTP keys are there.
    Connected,
    /// The handshake failed.
    Failed,
    /// The peer said goodbye.
    Closed,
}

/// SRTP contexts of both directions.
#[derive(Debug)]
pub struct Srtp {
    /// Ours to the peer.
    pub tx: SrtpTx,
    /// The peer's to us.
    pub rx: SrtpRx,
}

/// A WebRtcTransport.
#[derive(Debug)]
pub struct Transport {
    /// Id given by Python.
    pub id: String,
    /// Its router.
    pub router: RouterKey,
    /// ICE agent; a direct transport has none.
    pub ice: Option<IceLite>,
    /// Last announced ICE state.
    pub ice_state: IceState,
    /// The address pair in use.
    pub selected: Option<(u8, SocketAddr)>,
    /// DTLS.
    pub dtls: Dtls,
    /// Last announced DTLS state.
    pub dtls_state: DtlsState,
    /// SRTP, once DTLS is connected.
    pub srtp: Option<Srtp>,
    /// Who sends here.
    pub producers: Vec<ProducerKey>,
    /// Who receives here.
    pub consumers: Vec<ConsumerKey>,
    /// SCTP, when it was asked for.
    pub sctp: Option<Box<Sctp>>,
    /// Who sends messages here.
    pub data_producers: Vec<DataProducerKey>,
    /// Who receives messages here.
    pub data_consumers: Vec<DataConsumerKey>,
    /// Where to look for a free SCTP stream.
    pub next_data_stream: u16,
    /// Incoming SSRCs.
    pub routes: Vec<(Ssrc, Route)>,
    /// Outgoing SSRCs.
    pub outgoing: HashMap<u32, ConsumerKey, foldhash::fast::RandomState>,
    /// Incoming header extensions.
    pub extensions: IncomingExtensions,
    /// Transport-wide feedback to the peer, when it sends the sequence numbers.
    pub transport_cc: Option<TwccFeedback>,
    /// Estimate for a peer without transport-cc.
    pub remb: Option<RembEstimator>,
    /// What the path to the peer carries, when it takes transport-wide sequence numbers.
    pub bandwidth: Option<Box<BandwidthEstimator>>,
    /// When its path was last shared out, and how careful to be.
    pub sharing: Sharing,
    /// How fast the path is fed.
    pub pacer: Pacer,
    /// Assumed of the path until more is known, bits per second.
    pub initial_outgoing_bitrate: u64,
    /// Bitrate the application allows towards the peer, bits per second.
    pub max_outgoing_bitrate: Option<u64>,
    /// Bitrate the application allows the peer to send, bits per second.
    pub max_incoming_bitrate: Option<u64>,
    /// Whether the peer was ever told such a limit: it holds until another is told.
    pub limit_told: bool,
    /// Next transport-wide sequence number of ours.
    pub transport_cc_seq: u16,
    /// Requests to answer at the next flush: who, and which number.
    pub resend: Vec<(ConsumerKey, u64)>,
    /// When the next reports are due.
    pub reports_due: Option<Instant>,
    /// The earliest timer that is queued for this transport.
    pub scheduled: Option<Instant>,
    /// Counters.
    pub stats: TransportStats,
}

/// Counters of a [`Transport`].
#[derive(Debug, Default)]
pub struct TransportStats {
    /// Datagram bytes received.
    pub bytes_received: u64,
    /// Datagram bytes sent.
    pub bytes_sent: u64,
    /// RTP packets received.
    pub rtp_received: u64,
    /// RTP packets sent.
    pub rtp_sent: u64,
    /// RTX packets sent.
    pub rtx_sent: u64,
    /// Padding packets sent to explore the path.
    pub probes_sent: u64,
    /// Packets whose SRTP did not authenticate, or was a replay.
    pub srtp_errors: u64,
    /// Packets of SSRCs that no producer has.
    pub unknown_ssrc: u64,
    /// Receiver-side estimate the peer told (REMB), bits per second.
    pub remb_bps: Option<u64>,
    /// Incoming rate.
    pub receive_rate: RateMeter,
    /// Round trip, from receiver reports.
    pub round_trip_time: Option<Duration>,
}

impl Transport {
    /// A transport that waits for its peer.
    pub fn new(id: String, router: RouterKey, ice: Option<IceLite>) -> Self {
        Self {
            id,
            router,
            ice_state: IceState::New,
            ice,
            selected: None,
            dtls: Dtls::New(Vec::new()),
            dtls_state: DtlsState::New,
            srtp: None,
            producers: Vec::new(),
            consumers: Vec::new(),
            sctp: None,
            data_producers: Vec::new(),
            data_consumers: Vec::new(),
            next_data_stream: 0,
            routes: Vec::new(),
            outgoing: HashMap::default(),
            extensions: IncomingExtensions::default(),
            transport_cc: None,
            remb: None,
            bandwidth: None,
            sharing: Sharing::default(),
            pacer: Pacer::default(),
            initial_outgoing_bitrate: START_BPS,
            max_outgoing_bitrate: None,
            max_incoming_bitrate: None,
            limit_told: false,
            transport_cc_seq: 0,
            resend: Vec::new(),
            reports_due: None,
            scheduled: None,
            stats: TransportStats::default(),
        }
    }

    /// Bits per second that may be sent to the peer; `None` when nothing limits it: a peer that tells nothing.
    pub fn available_outgoing_bps(&self, now: Instant) -> Option<u64> {
        let told = self.stats.remb_bps.map(|bps| bps.min(MAX_TOLD_BPS));
        let estimate = match &self.bandwidth {
            // Without a report yet, what it was made with.
            Some(bandwidth) if told.is_none() || bandwidth.is_alive(now) => {
                Some(bandwidth.estimate_bps())
            }
            _ => told,
        };
        match (estimate, self.max_outgoing_bitrate) {
            (Some(estimate), Some(max)) => Some(estimate.min(max)),
            (estimate, max) => estimate.or(max),
        }
    }

    /// Whether its peer is the application.
    pub fn is_direct(&self) -> bool {
        self.ice.is_none()
    }

    /// What an incoming SSRC belongs to.
    pub fn route(&self, ssrc: Ssrc) -> Option<Route> {
        // A peer has a handful of SSRCs: a scan beats a hash.
        self.routes
            .iter()
            .find(|(known, _)| *known == ssrc)
            .map(|(_, route)| *route)
    }

    /// Learns an SSRC, in place of an earlier one of the same stream.
    pub fn learn(&mut self, ssrc: Ssrc, route: Route) {
        self.routes.retain(|(_, known)| *known != route);
        if self.routes.len() < MAX_ROUTES {
            self.routes.push((ssrc, route));
        }
    }

    /// Keeps an early DTLS datagram, within bounds.
    pub fn keep_early(&mut self, datagram: &[u8]) {
        if let Dtls::New(early) = &mut self.dtls
            && early.len() < EARLY_DATAGRAMS
        {
            early.push(datagram.to_vec());
        }
    }
}
