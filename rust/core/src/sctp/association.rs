//! One association.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rtc_sctp::{
    Association, AssociationHandle, DatagramEvent, Endpoint, EndpointConfig, EndpointEvent, Event,
    Payload, PayloadProtocolIdentifier, ReliabilityType, ServerConfig, StreamEvent,
    TransportConfig,
};

use super::Message;
use super::guard::{Guard, RECEIVE_BUFFER};

/// The association's addresses are DTLS's business; it is told one that is nobody's.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// INITs whose answers the peer may still take up; it repeats them when answers are late.
const MAX_INITS: usize = 8;

/// What an association is made with.
#[derive(Debug, Clone, Copy)]
pub struct SctpOptions {
    /// Streams each way.
    pub max_streams: u16,
    /// Bytes of one message each way.
    pub max_message: u32,
    /// Bytes that may wait to be acknowledged by the peer, over all streams.
    pub send_buffer: usize,
}

/// `sctpState` as mediasoup names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SctpState {
    /// Nothing happened.
    New,
    /// The peer has spoken.
    Connecting,
    /// Messages flow.
    Connected,
    /// It ended before it was connected.
    Failed,
    /// It ended.
    Closed,
}

/// How hard a stream tries (RFC 8831, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reliability {
    /// In order.
    pub ordered: bool,
    /// Milliseconds after which a message is given up.
    pub max_packet_life_time: Option<u16>,
    /// Retransmissions after which a message is given up.
    pub max_retransmits: Option<u16>,
}

/// What comes of an input.
#[derive(Debug)]
pub enum SctpOutput {
    /// An SCTP packet for the peer, to go as one DTLS record.
    Packet(Bytes),
    /// The state changed.
    State(SctpState),
    /// A message came.
    Message(u16, Message),
    /// A stream has no more than its threshold of bytes waiting, and had more.
    BufferedAmountLow(u16, usize),
    /// The peer broke the bounds: the association is over, and so should be what it belongs to.
    Offence(&'static str),
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Not connected, or the stream is closed.
    Closed,
    /// Too much waits already.
    Full,
    /// Larger than was negotiated.
    TooLarge,
}

/// A stream that we send on.
#[derive(Debug)]
struct Outgoing {
    reliability: Reliability,
    buffered: usize,
    threshold: usize,
}

/// An SCTP association, without DTLS or clock. After each call, [`poll`](Self::poll) until `None`.
pub struct Sctp {
    options: SctpOptions,
    endpoint: Endpoint,
    /// The established one, alone; before that one for every INIT, since the peer may answer any.
    associations: Vec<(AssociationHandle, Association)>,
    state: SctpState,
    guard: Guard,
    outgoing: HashMap<u16, Outgoing>,
    /// Streams that the peer sends on, and whether out of order.
    incoming: HashMap<u16, bool>,
    buffered: usize,
    outputs: VecDeque<SctpOutput>,
}

impl Sctp {
    /// An association that waits for its peer.
    pub fn new(options: SctpOptions) -> Self {
        let config = TransportConfig::default()
            .with_max_message_size(options.max_message)
            .with_max_receive_buffer_size(RECEIVE_BUFFER)
            .with_max_num_inbound_streams(options.max_streams)
            .with_max_num_outbound_streams(options.max_streams);
        let server = Arc::new(ServerConfig::new(config));
        let endpoint = Arc::new(EndpointConfig::new());
        Self {
            guard: Guard::new(options.max_streams, options.max_message as usize),
            options,
            endpoint: Endpoint::new(PEER, Default::default(), endpoint, Some(server)),
            associations: Vec::new(),
            state: SctpState::New,
            outgoing: HashMap::new(),
            incoming: HashMap::new(),
            buffered: 0,
            outputs: VecDeque::new(),
        }
    }

    /// What it was made with.
    pub fn options(&self) -> SctpOptions {
        self.options
    }

    /// The state.
    pub fn state(&self) -> SctpState {
        self.state
    }

    /// Bytes that wait to be acknowledged, over all streams.
    pub fn buffered(&self) -> usize {
        self.buffered
    }

    /// Bytes of one stream that wait.
    pub fn buffered_on(&self, stream: u16) -> usize {
        self.outgoing.get(&stream).map_or(0, |it| it.buffered)
    }

    /// Takes a packet.
    pub fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        if matches!(self.state, SctpState::Failed | SctpState::Closed) {
            return;
        }

        if let Err(offence) = self.guard.on_received(&packet) {
            return self.offend(offence);
        }
        // rtc-sctp 0.21.1 panics on some malformed chunks (the fuzz target has them). They can only come from a
        // peer that is let in, and it alone has to bear it.
        let fed = catch_unwind(AssertUnwindSafe(|| self.feed(now, packet)));
        if fed.is_err() {
            self.offend("malformed SCTP packet");
        }
    }

    fn feed(&mut self, now: Instant, packet: Bytes) {
        match self.endpoint.handle(now, PEER, None, packet) {
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                if self.associations.len() == MAX_INITS {
                    let (oldest, _) = self.associations.remove(0);
                    self.endpoint.handle_event(oldest, EndpointEvent::drained());
                }
                self.associations.push((handle, association));
                self.set_state(SctpState::Connecting);
                self.drain(now, self.associations.len() - 1);
            }
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                let mut known = self.associations.iter();
                if let Some(index) = known.position(|(known, _)| *known == handle) {
                    self.associations[index].1.handle_event(event);
                    self.drain(now, index);
                }
            }
            _ => {}
        }
    }

    /// Retransmits, or gives up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some((_, association)) = self.associations.first_mut()
            && association.poll_timeout().is_some_and(|at| at <= now)
        {
            association.handle_timeout(now);
            self.drain(now, 0);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn next_timeout(&self) -> Option<Instant> {
        // Those that are not established have no timers.
        let (_, association) = self.associations.first()?;
        association.poll_timeout()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<SctpOutput> {
        self.outputs.pop_front()
    }

    /// Prepares a stream for sending.
    pub fn open_outgoing(&mut self, stream: u16, reliability: Reliability, threshold: usize) {
        let outgoing = Outgoing {
            reliability,
            buffered: 0,
            threshold,
        };
        self.outgoing.insert(stream, outgoing);
    }

    /// Prepares a stream for receiving.
    pub fn open_incoming(&mut self, stream: u16, reliability: Reliability) {
        self.incoming.insert(stream, !reliability.ordered);
        self.apply_incoming(stream);
    }

    /// Sets the level of a stream at which [`SctpOutput::BufferedAmountLow`] tells.
    pub fn set_threshold(&mut self, stream: u16, threshold: usize) {
        if let Some(outgoing) = self.outgoing.get_mut(&stream) {
            outgoing.threshold = threshold;
        }
    }

    /// Ends a stream in both directions, and tells the peer (RFC 6525).
    pub fn close_stream(&mut self, now: Instant, stream: u16) {
        if let Some(outgoing) = self.outgoing.remove(&stream) {
            self.buffered = self.buffered.saturating_sub(outgoing.buffered);
        }
        self.incoming.remove(&stream);
        if let Some((_, association)) = self.associations.first_mut() {
            if let Ok(mut stream) = association.stream(stream) {
                // Fails only for an association that has ended.
                let _ = stream.close(now);
            }
            self.drain(now, 0);
        }
    }

    /// Sends a message on a stream that was opened for it.
    ///
    /// # Errors
    /// [`SendError`]; the message was then not taken.
    pub fn send(&mut self, now: Instant, stream: u16, message: &Message) -> Result<(), SendError> {
        let outgoing = self.outgoing.get_mut(&stream).ok_or(SendError::Closed)?;
        let (_, association) = match (self.associations.first_mut(), self.state) {
            (Some(association), SctpState::Connected) => association,
            _ => return Err(SendError::Closed),
        };
        let (protocol, content) = message.to_wire();
        if content.len() > self.options.max_message as usize {
            return Err(SendError::TooLarge);
        }
        // One message passes whatever waits, so that a small buffer cannot shut out large messages.
        if self.buffered > 0 && self.buffered + content.len() > self.options.send_buffer {
            return Err(SendError::Full);
        }
        let known = association.stream(stream).is_ok();
        if !known {
            open(association, stream, outgoing.reliability).ok_or(SendError::Closed)?;
        }
        let mut opened = association.stream(stream).map_err(|_| SendError::Closed)?;
        opened
            .write_chunk_with_ppi(now, &content, protocol)
            .map_err(|_| SendError::Closed)?;
        outgoing.buffered += content.len();
        self.buffered += content.len();
        self.drain(now, 0);
        Ok(())
    }

    /// Ends the association, telling the peer.
    pub fn close(&mut self, now: Instant) {
        if let Some((_, association)) = self.associations.first_mut() {
            // Does nothing to one that has ended.
            let _ = association.abort();
            self.drain(now, 0);
        }
    }

    fn drain(&mut self, now: Instant, index: usize) {
        let (handle, mut association) = self.associations.remove(index);
        let mut offence = None;
        while let Some(event) = association.poll() {
            match event {
                Event::Connected => {
                    self.associations.clear();
                    self.endpoint.reject_new_associations();
                    self.set_state(SctpState::Connected);
                }
                Event::Stream(StreamEvent::Readable { id }) => {
                    offence = offence.or(self.read(now, &mut association, id));
                }
                Event::Stream(StreamEvent::Opened { id }) => {
                    apply_order(&mut association, id, self.incoming.get(&id));
                }
                Event::Stream(StreamEvent::BufferedAmountReleased { id, n_bytes }) => {
                    self.released(id, n_bytes);
                }
                // What waited on a stream that the peer has reset waits no more.
                Event::AssociationLost { id, .. } => self.released(id, usize::MAX),
                _ => {}
            }
        }
        while let Some(transmit) = association.poll_transmit(now) {
            let Payload::RawEncode(packets) = transmit.message else {
                continue;
            };
            for packet in packets {
                self.guard.on_sent(&packet);
                self.outputs.push_back(SctpOutput::Packet(packet));
            }
        }
        while association.poll_endpoint_event().is_some() {}
        let closed = association.is_closed();
        let index = index.min(self.associations.len());
        self.associations.insert(index, (handle, association));
        if let Some(offence) = offence {
            self.offend(offence);
        } else if closed && self.state == SctpState::Connected {
            // Before its cookie came back an association is closed as well (RFC 9260, 5.1).
            self.set_state(SctpState::Closed);
        }
    }

    fn read(
        &mut self,
        now: Instant,
        association: &mut Association,
        id: u16,
    ) -> Option<&'static str> {
        let mut stream = association.stream(id).ok()?;
        while let Ok(Some(chunks)) = stream.read_sctp() {
            let count = chunks.chunks.len();
            if let Err(offence) = self.guard.on_message(now, chunks.len(), count) {
                return Some(offence);
            }
            // Bounded by the guard just now.
            let Ok(content) = chunks.to_payload(chunks.len()) else {
                continue;
            };
            if let Some(message) = Message::from_wire(chunks.ppi, content.freeze()) {
                self.outputs.push_back(SctpOutput::Message(id, message));
            }
        }
        None
    }

    fn released(&mut self, id: u16, bytes: usize) {
        let Some(outgoing) = self.outgoing.get_mut(&id) else {
            return;
        };
        let before = outgoing.buffered;
        outgoing.buffered = before.saturating_sub(bytes);
        self.buffered = self.buffered.saturating_sub(before - outgoing.buffered);
        if before > outgoing.threshold && outgoing.buffered <= outgoing.threshold {
            let low = SctpOutput::BufferedAmountLow(id, outgoing.buffered);
            self.outputs.push_back(low);
        }
    }

    fn apply_incoming(&mut self, id: u16) {
        if let Some((_, association)) = self.associations.first_mut() {
            apply_order(association, id, self.incoming.get(&id));
        }
    }

    fn offend(&mut self, offence: &'static str) {
        self.associations.clear();
        self.set_state(SctpState::Failed);
        self.outputs.push_back(SctpOutput::Offence(offence));
    }

    fn set_state(&mut self, state: SctpState) {
        if self.state != state {
            self.state = state;
            self.outputs.push_back(SctpOutput::State(state));
        }
    }
}

impl std::fmt::Debug for Sctp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sctp")
            .field("state", &self.state)
            .field("buffered", &self.buffered)
            .finish_non_exhaustive()
    }
}

/// Skipped messages (RFC 3758) are found by order on ordered streams only: it must know which are.
fn apply_order(association: &mut Association, id: u16, unordered: Option<&bool>) {
    if let (Ok(mut stream), Some(unordered)) = (association.stream(id), unordered) {
        // Fails only for a stream that is gone.
        let _ = stream.set_reliability_params(*unordered, ReliabilityType::Reliable, 0);
    }
}

fn open(association: &mut Association, id: u16, reliability: Reliability) -> Option<()> {
    let (kind, value) = match (
        reliability.max_retransmits,
        reliability.max_packet_life_time,
    ) {
        (Some(retransmits), _) => (ReliabilityType::Rexmit, retransmits),
        (None, Some(life_time)) => (ReliabilityType::Timed, life_time),
        (None, None) => (ReliabilityType::Reliable, 0),
    };
    let binary = PayloadProtocolIdentifier::Binary;
    let mut stream = association.open_stream(id, binary).ok()?;
    let unordered = !reliability.ordered;
    stream
        .set_reliability_params(unordered, kind, value.into())
        .ok()
}
