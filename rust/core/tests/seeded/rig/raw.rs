//! A bare peer: it connects, seals whatever it is told to, and keeps whatever it is sent. Nothing is done on its own but
//! connectivity checks and the handshake.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
};
use rtc_stun::crypto::RTCCryptoProvider as _;
use rtc_stun::crypto::providers::AwsLcRsProvider;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter as _, TransactionId};
use videocall_core::dtls::{Certificate, DtlsEndpoint, DtlsOutput, DtlsRole};
use videocall_core::ice::IceParameters;
use videocall_core::rtcp::{RtcpPacket, packets};
use videocall_core::rtp::{HeaderFields, HeaderWriter, RtpHeader};
use videocall_core::srtp::{SrtpRx, SrtpTx};

use serde_json::json;

use super::data::Channels;
use super::world::{Node, SFU_ADDRESS, TransportInfo, World};

static CRYPTO: AwsLcRsProvider = AwsLcRsProvider::new();

/// Between connectivity checks; consent needs one every 30 s.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// A decrypted RTP packet.
#[derive(Debug, Clone)]
pub struct RawRtp {
    pub at: Instant,
    pub header: RtpHeader,
    pub extensions: Vec<(u8, Vec<u8>)>,
    pub payload: Vec<u8>,
}

pub struct Raw {
    pub ice: IceParameters,
    /// Decrypted RTP so far.
    pub packets: Vec<RawRtp>,
    /// Decrypted RTCP compound packets so far, and when they came.
    pub compounds: Vec<(Instant, Vec<u8>)>,
    dtls: DtlsEndpoint,
    dtls_started: bool,
    keys: Option<(SrtpTx, SrtpRx)>,
    /// Whether it opens SCTP when it is connected.
    wants_channels: bool,
    pub channels: Option<Channels>,
    next_check: Instant,
    outgoing: VecDeque<Vec<u8>>,
}

impl Raw {
    /// A peer on a new transport of `world` named `id`, the DTLS client. Returns its index.
    pub fn join(world: &mut World, id: &str) -> usize {
        let info = world.create_transport(id);
        let certificate = Certificate::generate().expect("a certificate");
        world.connect_transport(id, "client", &certificate.fingerprints());
        let raw = Self::new(&certificate, info, world.now());
        world.add_raw(raw)
    }

    /// The same on a transport with SCTP, which it opens.
    pub fn join_with_channels(world: &mut World, id: &str) -> usize {
        let data = json!({"routerId": "r", "transportId": id, "enableSctp": true});
        let answer = world.request("createWebRtcTransport", data);
        assert_eq!(answer["sctpParameters"]["maxMessageSize"], 256 << 10);
        let info: TransportInfo = serde_json::from_value(answer).expect("a transport");
        let certificate = Certificate::generate().expect("a certificate");
        world.connect_transport(id, "client", &certificate.fingerprints());
        let mut raw = Self::new(&certificate, info, world.now());
        raw.wants_channels = true;
        world.add_raw(raw)
    }

    /// SCTP, which was opened.
    pub fn channels(&mut self) -> &mut Channels {
        self.channels.as_mut().expect("SCTP")
    }

    /// Sends any bytes as DTLS application data.
    pub fn send_data(&mut self, data: &[u8]) {
        self.dtls.send_data(data);
    }

    /// A peer that shows another certificate than the one that was announced for it.
    pub fn join_as_somebody_else(world: &mut World, id: &str) -> usize {
        let info = world.create_transport(id);
        let announced = Certificate::generate().expect("a certificate");
        world.connect_transport(id, "client", &announced.fingerprints());
        let own = Certificate::generate().expect("a certificate");
        let raw = Self::new(&own, info, world.now());
        world.add_raw(raw)
    }

    fn new(certificate: &Certificate, info: TransportInfo, now: Instant) -> Self {
        let fingerprints = info.dtls_parameters.fingerprints;
        let dtls = DtlsEndpoint::new(certificate, DtlsRole::Client, fingerprints, now);
        Self {
            ice: info.ice_parameters,
            packets: Vec::new(),
            compounds: Vec::new(),
            dtls: dtls.expect("a DTLS endpoint"),
            dtls_started: false,
            keys: None,
            wants_channels: false,
            channels: None,
            next_check: now,
            outgoing: VecDeque::new(),
        }
    }

    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Queues a datagram as it is.
    pub fn push(&mut self, datagram: Vec<u8>) {
        self.outgoing.push_back(datagram);
    }

    /// An RTP packet under our key. `index` is the extended sequence number, the header's is its low half.
    pub fn seal_rtp(
        &self,
        fields: &HeaderFields,
        extensions: &[(u8, &[u8])],
        payload: &[u8],
        index: u64,
    ) -> Vec<u8> {
        let mut packet = vec![0; 2_000];
        let mut writer = HeaderWriter::new(&mut packet, fields).expect("room");
        for (id, value) in extensions {
            writer = writer.extension(*id, value).expect("room");
        }
        let header_len = writer.finish().expect("room");
        packet[header_len..header_len + payload.len()].copy_from_slice(payload);
        packet.truncate(header_len + payload.len());
        self.seal_any_rtp(packet, header_len, index)
    }

    /// Any bytes as an RTP packet under our key, `header_len` of them in the clear.
    pub fn seal_any_rtp(&self, mut packet: Vec<u8>, header_len: usize, index: u64) -> Vec<u8> {
        let (tx, _) = self.keys.as_ref().expect("keys");
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        let len = tx
            .protect_rtp(&mut packet, header_len, len, index)
            .expect("room");
        packet.truncate(len);
        packet
    }

    /// Any bytes as an RTCP compound packet under our key.
    pub fn seal_rtcp(&mut self, compound: &[u8]) -> Vec<u8> {
        let (tx, _) = self.keys.as_mut().expect("keys");
        let mut packet = compound.to_vec();
        packet.resize(compound.len() + tx.rtcp_overhead(), 0);
        let len = tx.protect_rtcp(&mut packet, compound.len()).expect("room");
        packet.truncate(len);
        packet
    }

    /// RTP packets of one SSRC so far.
    pub fn rtp(&self, ssrc: u32) -> impl Iterator<Item = &RawRtp> {
        let packets = self.packets.iter();
        packets.filter(move |packet| packet.header.ssrc.0 == ssrc)
    }

    /// RTCP packets so far, those that cannot be read left out.
    pub fn rtcp(&self) -> impl Iterator<Item = RtcpPacket<'_>> {
        let compounds = self.compounds.iter();
        compounds.flat_map(|(_, compound)| packets(compound).flatten())
    }

    fn drain_dtls(&mut self, now: Instant) {
        if let Some(channels) = &mut self.channels {
            while let Some(packet) = channels.outgoing.pop_front() {
                self.dtls.send_data(&packet);
            }
        }
        while let Some(output) = self.dtls.poll() {
            match output {
                DtlsOutput::Datagram(datagram) => self.outgoing.push_back(datagram),
                DtlsOutput::Connected { tx, rx, .. } => {
                    self.keys = Some((tx, rx));
                    if self.wants_channels {
                        self.channels = Some(Channels::connect(now));
                        return self.drain_dtls(now);
                    }
                }
                DtlsOutput::Data(packet) => {
                    if let Some(channels) = &mut self.channels {
                        channels.handle_packet(now, packet);
                        return self.drain_dtls(now);
                    }
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, now: Instant, datagram: &mut [u8]) {
        let Some((_, rx)) = &mut self.keys else {
            return;
        };
        if (192..=223).contains(&datagram[1]) {
            let len = rx.unprotect_rtcp(datagram).expect("our SRTCP");
            self.compounds.push((now, datagram[..len].to_vec()));
            return;
        }
        let header = RtpHeader::parse(datagram).expect("RTP");
        // The network may duplicate.
        if let Ok((len, _)) = rx.unprotect_rtp(datagram, header.header_len) {
            let packet = &datagram[..len];
            let payload = header.payload_range(packet).expect("a payload");
            let extensions = header.extensions(packet);
            self.packets.push(RawRtp {
                at: now,
                extensions: extensions.map(|(id, value)| (id, value.to_vec())).collect(),
                payload: packet[payload].to_vec(),
                header,
            });
        }
    }
}

impl Node for Raw {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        assert_eq!(from, SFU_ADDRESS);
        match datagram[0] {
            // Whatever the answer to our check says: we are let in, or the handshake will tell.
            0..=3 if !self.dtls_started => {
                self.dtls_started = true;
                self.dtls.handle_timeout(now);
            }
            0..=3 => {}
            20..=63 => self.dtls.handle_datagram(now, datagram),
            _ => self.open(now, datagram),
        }
        self.drain_dtls(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next_check <= now {
            self.next_check = now + CHECK_INTERVAL;
            self.outgoing
                .push_back(binding_request(&self.ice, &self.ice.password, 7, &[]));
        }
        if self.dtls_started && self.dtls.next_timeout().is_some_and(|due| due <= now) {
            self.dtls.handle_timeout(now);
        }
        let channels = self.channels.as_mut();
        if let Some(channels) = channels.filter(|it| it.next_timeout().is_some_and(|at| at <= now))
        {
            channels.handle_timeout(now);
        }
        self.drain_dtls(now);
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        let dtls = self.dtls.next_timeout().filter(|_| self.dtls_started);
        let channels = self.channels.as_ref().and_then(Channels::next_timeout);
        dtls.into_iter()
            .chain(channels)
            .chain([self.next_check])
            .min()
    }

    fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let channels = self
            .channels
            .as_mut()
            .map(|it| std::mem::take(&mut it.outgoing));
        for packet in channels.into_iter().flatten() {
            self.dtls.send_data(&packet);
        }
        while let Some(output) = self.dtls.poll() {
            if let DtlsOutput::Datagram(datagram) = output {
                self.outgoing.push_back(datagram);
            }
        }
        self.outgoing
            .pop_front()
            .map(|datagram| (SFU_ADDRESS, datagram))
    }
}

/// A binding request that nominates (RFC 8445 §7.2), signed with `password`, with more attributes before the signature.
pub fn binding_request(
    ice: &IceParameters,
    password: &str,
    transaction: u8,
    more: &[(u16, &[u8])],
) -> Vec<u8> {
    let mut message = Message::new();
    message.typ = BINDING_REQUEST;
    message.transaction_id = TransactionId([transaction; 12]);
    message.write_header();
    message.add(
        ATTR_USERNAME,
        format!("{}:raw0", ice.username_fragment).as_bytes(),
    );
    message.add(ATTR_PRIORITY, &0x6E7F_1EFF_u32.to_be_bytes());
    message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
    message.add(ATTR_USE_CANDIDATE, &[]);
    for (kind, value) in more {
        message.add(rtc_stun::attributes::AttrType(*kind), value);
    }
    let integrity = MessageIntegrity::new_short_term_integrity_with_provider(
        password.to_owned(),
        CRYPTO.crypto(),
    );
    integrity.add_to(&mut message).expect("a signature");
    FINGERPRINT.add_to(&mut message).expect("a fingerprint");
    message.raw
}
