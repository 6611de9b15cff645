//! A client's end of SCTP: an association of `rtc-sctp` that speaks first, and notes what it hears.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event,
    Payload, PayloadProtocolIdentifier as Ppid, ReliabilityType, StreamEvent, TransportConfig,
};

const SERVER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 9, 9, 9)),
    5000,
);

pub struct Channels {
    endpoint: Endpoint,
    association: Association,
    handle: AssociationHandle,
    pub connected: bool,
    /// Messages heard: the stream, the payload protocol and the bytes.
    pub heard: Vec<(u16, u32, Vec<u8>)>,
    pub outgoing: VecDeque<Vec<u8>>,
}

impl Channels {
    pub fn connect(now: Instant) -> Self {
        let config = EndpointConfig::new();
        let mut endpoint = Endpoint::new(SERVER, Default::default(), Arc::new(config), None);
        let transport = TransportConfig::default().with_max_message_size(1 << 20);
        let (handle, association) = endpoint
            .connect(now, ClientConfig::new(transport), SERVER)
            .expect("an association");
        let mut channels = Self {
            endpoint,
            association,
            handle,
            connected: false,
            heard: Vec::new(),
            outgoing: VecDeque::new(),
        };
        channels.drain(now);
        channels
    }

    /// Opens a negotiated channel.
    pub fn open(&mut self, stream: u16, ordered: bool, retransmits: Option<u32>) {
        let mut opened = self
            .association
            .open_stream(stream, Ppid::Binary)
            .expect("a stream");
        let (kind, value) = match retransmits {
            Some(value) => (ReliabilityType::Rexmit, value),
            None => (ReliabilityType::Reliable, 0),
        };
        opened
            .set_reliability_params(!ordered, kind, value)
            .expect("a stream");
    }

    pub fn send(&mut self, now: Instant, stream: u16, ppid: u32, content: &[u8]) {
        let mut stream = self.association.stream(stream).expect("an open stream");
        stream
            .write_with_ppi(now, content, Ppid::from(ppid))
            .expect("an association that takes it");
        self.drain(now);
    }

    pub fn is_closed(&self) -> bool {
        self.association.is_closed()
    }

    pub fn handle_packet(&mut self, now: Instant, packet: Vec<u8>) {
        let event = self.endpoint.handle(now, SERVER, None, packet.into());
        if let Some((handle, DatagramEvent::AssociationEvent(event))) = event {
            assert_eq!(handle, self.handle);
            self.association.handle_event(event);
        }
        self.drain(now);
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.association.handle_timeout(now);
        self.drain(now);
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.association.poll_timeout()
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.association.poll() {
            match event {
                Event::Connected => self.connected = true,
                Event::Stream(StreamEvent::Readable { id }) => {
                    let mut stream = self.association.stream(id).expect("a readable stream");
                    while let Ok(Some(chunks)) = stream.read_sctp() {
                        let content = chunks.to_payload(1 << 20).expect("room").to_vec();
                        self.heard.push((id, chunks.ppi as u32, content));
                    }
                }
                _ => {}
            }
        }
        while let Some(transmit) = self.association.poll_transmit(now) {
            if let Payload::RawEncode(packets) = transmit.message {
                self.outgoing.extend(packets.iter().map(|it| it.to_vec()));
            }
        }
    }
}
