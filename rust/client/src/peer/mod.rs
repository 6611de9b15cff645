//! One WebRTC peer without sockets or clock.

mod extensions;
mod receiver;
mod reports;
mod rtcp_in;
mod sender;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use videocall_core::dtls::{DtlsEndpoint, DtlsError, DtlsOutput, DtlsRole};
use videocall_core::feedback::TwccFeedback;
use videocall_core::ice::IceParameters;
use videocall_core::rtp::{RtpHeader, Ssrc};
use videocall_core::srtp::{SrtpProfile, SrtpRx, SrtpTx};

use crate::config::{PeerConfig, ReceiveStream, SendStream, StreamKind};
use crate::ice::{Controlling, IceChange};
use crate::stats::PeerStats;

use receiver::Receiver;
use sender::Sender;

/// Until the first check is answered.
const DEFAULT_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Why a peer could not be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The DTLS endpoint could not be made.
    #[error(transparent)]
    Dtls(#[from] DtlsError),
    /// There is no address to send checks to.
    #[error("a peer needs at least one remote candidate")]
    NoCandidate,
    /// A payload has no room for the codec's first bytes and the stamp, or does not fit a datagram.
    #[error("a payload of {0} bytes is too short or too long")]
    PayloadSize(usize),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEvent {
    /// The server answers on this address; it was nominated.
    IceConnected(SocketAddr),
    /// No check was answered for 30 s.
    IceDisconnected,
    /// The DTLS handshake is done: media flows.
    Connected(SrtpProfile),
    /// A receiver wants a key frame of the stream with this index.
    KeyFrameRequested(usize),
    /// The server closed the association.
    Closed,
    /// The DTLS association failed.
    Failed(DtlsError),
}

/// Datagrams to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub remote: SocketAddr,
    /// Datagrams of `segment_size` bytes each; the last may be shorter (UDP GSO).
    pub bytes: Vec<u8>,
    /// See `bytes`.
    pub segment_size: usize,
}

impl Transmit {
    /// The datagrams one by one.
    pub fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.segment_size.max(1))
    }
}

/// A frame to send.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// In units of the stream's clock; an offset is added.
    pub timestamp: u32,
    /// Whether it is a key frame.
    pub key: bool,
    /// Payload bytes of its packets.
    pub payload_sizes: &'a [usize],
    /// The time to put into the payloads, on a clock of the caller's.
    pub sent_ns: u64,
}

/// An RTP packet that was received; `payload` is its place in the datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Index of the stream, in the order they were added.
    pub stream: usize,
    /// What it carries.
    pub kind: StreamKind,
    /// Unwrapped sequence number.
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// The marker.
    pub marker: bool,
    /// Whether it came by retransmission.
    pub repaired: bool,
    /// The payload, without padding and without the retransmission's header.
    pub payload: Range<usize>,
}

/// A peer: the controlling ICE agent, DTLS in either role, SRTP, and streams both ways.
///
/// After every call that takes something in, drain [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event), and call [`handle_timeout`](Self::handle_timeout) at
/// [`next_timeout`](Self::next_timeout).
pub struct Peer {
    config: PeerConfig,
    started: Instant,
    ice: Controlling,
    dtls: Option<DtlsEndpoint>,
    srtp: Option<(SrtpTx, SrtpRx)>,
    senders: Vec<Sender>,
    receivers: Vec<Receiver>,
    /// Our SSRC in reports while we send nothing.
    report_ssrc: Ssrc,
    transport_cc: Option<TwccFeedback>,
    transport_sequence: u16,
    report_at: Option<Instant>,
    rtcp: Vec<u8>,
    nacks: Vec<u16>,
    rng: StdRng,
    transmits: VecDeque<Transmit>,
    events: VecDeque<PeerEvent>,
    stats: PeerStats,
}

impl Peer {
    /// A peer that starts to connect at its first [`handle_timeout`](Self::handle_timeout).
    ///
    /// # Errors
    /// [`PeerError::NoCandidate`], and [`PeerError::Dtls`] when the fingerprints are unusable.
    pub fn new(config: PeerConfig, now: Instant) -> Result<Self, PeerError> {
        if config.remote_candidates.is_empty() {
            return Err(PeerError::NoCandidate);
        }
        let mut rng = StdRng::seed_from_u64(config.seed);
        let ice_rng = StdRng::seed_from_u64(rng.random());
        let candidates = &config.remote_candidates;
        let ice = Controlling::new(config.remote_ice.clone(), candidates, ice_rng, now);
        let transport_cc = config
            .extensions
            .transport_cc
            .map(|_| TwccFeedback::new(now));
        let mut peer = Self {
            started: now,
            ice,
            dtls: None,
            srtp: None,
            senders: Vec::new(),
            receivers: Vec::new(),
            report_ssrc: Ssrc(rng.random()),
            transport_cc,
            transport_sequence: rng.random(),
            report_at: None,
            rtcp: Vec::new(),
            nacks: Vec::new(),
            rng,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            stats: PeerStats::default(),
            config,
        };
        match peer.config.dtls_role {
            DtlsRole::Server => peer.start_dtls(now)?,
            // Tells wrong fingerprints now; it starts when there is a path.
            DtlsRole::Client => drop(peer.new_dtls(now)?),
        }
        Ok(peer)
    }

    /// Adds a stream to send; returns its index.
    pub fn add_sender(&mut self, stream: SendStream) -> usize {
        self.senders.push(Sender::new(stream, &mut self.rng));
        self.senders.len() - 1
    }

    /// From now on an audio sender's packets say this level: 0 to 127, dB below overload (RFC 6464).
    pub fn set_audio_level(&mut self, sender: usize, level: u8) {
        if let Some(sender) = self.senders.get_mut(sender) {
            sender.set_audio_level(level.min(127));
        }
    }

    /// Adds a stream to receive; returns its index.
    pub fn add_receiver(&mut self, stream: ReceiveStream) -> usize {
        self.receivers.push(Receiver::new(stream));
        self.receivers.len() - 1
    }

    /// Whether media can flow.
    pub fn is_connected(&self) -> bool {
        self.srtp.is_some()
    }

    /// Goes on with the server's new ICE credentials.
    pub fn restart_ice(&mut self, remote: IceParameters, now: Instant) {
        self.ice.restart(remote, now);
    }

    /// Moves to another of the server's addresses, nominating it.
    pub fn choose_candidate(&mut self, remote: SocketAddr, now: Instant) {
        self.ice.choose(remote, now);
    }

    /// Ends the association, telling the server.
    pub fn close(&mut self) {
        if let Some(dtls) = &mut self.dtls {
            dtls.close();
        }
        self.drain_dtls();
        self.srtp = None;
    }

    /// Sends a frame as one burst. Nothing is sent before the peer is connected.
    ///
    /// # Errors
    /// [`PeerError::PayloadSize`]; nothing of the frame is sent then.
    ///
    /// # Panics
    /// When there is no sender with this index.
    pub fn send_frame(
        &mut self,
        now: Instant,
        sender: usize,
        frame: &Frame<'_>,
    ) -> Result<(), PeerError> {
        let Some((remote, tx)) = self.ice.selected().zip(self.srtp.as_ref()) else {
            return Ok(());
        };
        let context = sender::Context {
            tx: &tx.0,
            extensions: &self.config.extensions,
            transport_sequence: &mut self.transport_sequence,
            abs_send_time: abs_send_time(now.saturating_duration_since(self.started)),
        };
        self.senders[sender].send_frame(now, frame, context, |bytes| {
            push_datagram(&mut self.transmits, remote, bytes);
        })
    }

    /// Takes a datagram from the server and decrypts it in place. Returns what it was when it was
    /// a packet of one of our streams.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) -> Option<Received> {
        // RFC 7983, and RFC 5761 for RTCP.
        match (datagram.first()?, datagram.get(1)?) {
            (0..=3, _) => {
                let change = self.ice.handle_datagram(now, datagram);
                self.after_ice(now, change);
                None
            }
            (20..=63, _) => {
                if let Some(dtls) = &mut self.dtls {
                    dtls.handle_datagram(now, datagram);
                }
                self.drain_dtls();
                self.start_reports(now);
                None
            }
            (128..=191, 192..=223) => {
                self.handle_rtcp(now, datagram);
                None
            }
            (128..=191, _) => self.handle_rtp(now, datagram),
            _ => {
                self.stats.malformed += 1;
                None
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let change = self.ice.handle_timeout(now);
        self.after_ice(now, change);
        if let Some(dtls) = &mut self.dtls
            && dtls.next_timeout().is_some_and(|at| at <= now)
        {
            dtls.handle_timeout(now);
            self.drain_dtls();
        }
        self.send_due_feedback(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn next_timeout(&self) -> Option<Instant> {
        let media = self.srtp.as_ref().and_then(|_| {
            let feedback = self
                .transport_cc
                .as_ref()
                .and_then(TwccFeedback::next_timeout);
            let nacks = self.receivers.iter().filter_map(Receiver::next_timeout);
            nacks.chain(feedback).chain(self.report_at).min()
        });
        let dtls = self.dtls.as_ref().and_then(DtlsEndpoint::next_timeout);
        self.ice
            .next_timeout()
            .into_iter()
            .chain(dtls)
            .chain(media)
            .min()
    }

    /// The next datagrams to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }

    /// The counters as they stand.
    pub fn stats(&self) -> PeerStats {
        let mut stats = self.stats.clone();
        stats.round_trip = self.ice.round_trip();
        stats.receive = self.receivers.iter().map(Receiver::stats).collect();
        stats.send = self.senders.iter().map(Sender::stats).collect();
        stats
    }

    fn new_dtls(&self, now: Instant) -> Result<DtlsEndpoint, DtlsError> {
        let config = &self.config;
        let prints = config.remote_fingerprints.clone();
        DtlsEndpoint::new(&config.certificate, config.dtls_role, prints, now)
    }

    fn start_dtls(&mut self, now: Instant) -> Result<(), DtlsError> {
        if self.dtls.is_none() {
            self.dtls = Some(self.new_dtls(now)?);
            self.drain_dtls();
        }
        Ok(())
    }

    fn after_ice(&mut self, now: Instant, change: Option<IceChange>) {
        while let Some((remote, datagram)) = self.ice.poll() {
            push_datagram(&mut self.transmits, remote, &datagram);
        }
        match change {
            Some(IceChange::Selected(remote)) => {
                self.events.push_back(PeerEvent::IceConnected(remote));
                if let Err(error) = self.start_dtls(now) {
                    self.events.push_back(PeerEvent::Failed(error));
                }
            }
            Some(IceChange::Lost) => self.events.push_back(PeerEvent::IceDisconnected),
            None => {}
        }
    }

    fn drain_dtls(&mut self) {
        let Some(dtls) = &mut self.dtls else { return };
        while let Some(output) = dtls.poll() {
            match output {
                DtlsOutput::Datagram(datagram) => {
                    if let Some(remote) = self.ice.selected() {
                        push_datagram(&mut self.transmits, remote, &datagram);
                    }
                }
                DtlsOutput::Connected { profile, tx, rx } => {
                    self.srtp = Some((tx, rx));
                    self.events.push_back(PeerEvent::Connected(profile));
                }
                DtlsOutput::Closed => {
                    self.srtp = None;
                    self.events.push_back(PeerEvent::Closed);
                }
                DtlsOutput::Failed(error) => {
                    self.srtp = None;
                    self.events.push_back(PeerEvent::Failed(error));
                }
                DtlsOutput::Data(_) => {}
            }
        }
    }

    fn handle_rtp(&mut self, now: Instant, datagram: &mut [u8]) -> Option<Received> {
        let (_, rx) = self.srtp.as_mut()?;
        let Ok(header) = RtpHeader::parse(datagram) else {
            self.stats.malformed += 1;
            return None;
        };
        let Ok((len, _)) = rx.unprotect_rtp(datagram, header.header_len) else {
            self.stats.rejected += 1;
            return None;
        };
        let packet = &datagram[..len];
        if let (Some(feedback), Some(id)) =
            (&mut self.transport_cc, self.config.extensions.transport_cc)
            && let Some((_, &[high, low])) = header
                .extensions(packet)
                .find(|(known, data)| *known == id && data.len() == 2)
        {
            feedback.on_packet(now, u16::from_be_bytes([high, low]));
        }
        let Some(stream) = self.receivers.iter().position(|r| r.owns(header.ssrc)) else {
            self.stats.unknown_ssrc += 1;
            return None;
        };
        let received = self.receivers[stream].on_packet(now, stream, &header, packet);
        if received.is_none() {
            self.stats.malformed += u64::from(header.payload_range(packet).is_err());
        }
        received
    }

    fn round_trip(&self) -> Duration {
        self.ice.round_trip().unwrap_or(DEFAULT_ROUND_TRIP)
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("selected", &self.ice.selected())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// Appends to the last transmit when it goes to the same place and the segments allow it.
fn push_datagram(transmits: &mut VecDeque<Transmit>, remote: SocketAddr, datagram: &[u8]) {
    /// UDP's limit, and the kernel's on the number of segments.
    const MAX_BYTES: usize = 60_000;
    const MAX_SEGMENTS: usize = 60;
    if let Some(last) = transmits.back_mut() {
        let all_full = last.bytes.len() % last.segment_size == 0;
        let room = last.bytes.len() + datagram.len() <= MAX_BYTES
            && last.bytes.len() / last.segment_size < MAX_SEGMENTS;
        if last.remote == remote && all_full && room && datagram.len() <= last.segment_size {
            last.bytes.extend_from_slice(datagram);
            return;
        }
    }
    transmits.push_back(Transmit {
        remote,
        bytes: datagram.to_vec(),
        segment_size: datagram.len(),
    });
}

/// The abs-send-time extension: 6.18 fixed point seconds.
fn abs_send_time(since: Duration) -> [u8; 3] {
    let time = (since.as_nanos() << 18) / 1_000_000_000;
    let [.., a, b, c] = (time as u32).to_be_bytes();
    [a, b, c]
}
