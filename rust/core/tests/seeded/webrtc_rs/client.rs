//! A node that is a webrtc-rs PeerConnection.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc::interceptor::{Registry, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine,
};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::{RTCPeerConnectionEvent, RTCTrackEvent};
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{
    CandidateConfig, CandidateHostConfig, RTCDtlsRole, RTCIceCandidate,
};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpReceiverId, RTCRtpSenderId};
use rtc::sansio::Protocol as _;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use videocall_core::dtls::Fingerprint;

use super::rtcp_tap::RtcpTap;
use super::sdp::{Description, Numbers, PUBLISHED, ROUTED, attribute, describe};
use crate::rig::{Node, SFU_ADDRESS, Stream, TransportInfo, World, opus, vp8};

/// `a=setup` of one side (RFC 8842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpRole {
    Active,
    Passive,
}

/// What a client is for.
#[derive(Debug, Clone, Copy)]
pub enum Direction {
    /// It sends; the SFU's answer has this role.
    Send(SdpRole),
    /// It receives; its own answer has this role.
    Receive(SdpRole),
}

/// A PeerConnection, what it was given and what it gave.
pub struct WebRtc {
    pub address: SocketAddr,
    pub connected: bool,
    /// Payloads sent.
    pub video: Vec<Vec<u8>>,
    pub audio: Vec<Vec<u8>>,
    /// RTCP packets received.
    pub sender_reports: u32,
    pub receiver_reports: u32,
    pub key_frame_requests: u32,
    pc: RTCPeerConnection,
    senders: Vec<RTCRtpSenderId>,
    receivers: HashMap<String, RTCRtpReceiverId>,
    got: Vec<(String, rtc::rtp::Packet)>,
    outgoing: VecDeque<(SocketAddr, Vec<u8>)>,
}

/// The streams of a client: video under MID 0 and audio under MID 1.
pub fn streams(direction: &Direction) -> [Stream; 2] {
    let base = match direction {
        Direction::Send(_) => 1_000,
        Direction::Receive(_) => 50_000,
    };
    [
        Stream {
            codec: vp8(),
            ssrc: base,
            mid: "0".into(),
        },
        Stream {
            codec: opus(),
            ssrc: base + 100,
            mid: "1".into(),
        },
    ]
}

impl WebRtc {
    /// A client on a new transport of `world`, negotiated and with its streams produced or consumed. Returns its index.
    pub fn join(world: &mut World, id: &str, direction: Direction) -> usize {
        let info = world.create_transport(id);
        let mut client = Self::new(world.new_address(), world.now(), &direction);
        let (fingerprint, sfu_sees) = match direction {
            Direction::Send(sfu) => client.offer(world.now(), &info, sfu),
            Direction::Receive(_) => client.answer(world.now(), &info, &direction),
        };
        let role = match sfu_sees {
            SdpRole::Active => "client",
            SdpRole::Passive => "server",
        };
        world.connect_transport(id, role, &[fingerprint]);
        Self::signal(world, id, &direction);
        world.add_webrtc(client)
    }

    fn new(address: SocketAddr, now: Instant, direction: &Direction) -> Self {
        let numbers = match direction {
            Direction::Send(_) => PUBLISHED,
            Direction::Receive(_) => ROUTED,
        };
        let mut media = MediaEngine::default();
        for (codec, kind) in codecs(numbers) {
            media.register_codec(codec, kind).expect("a codec");
        }
        let interceptors =
            register_default_interceptors(Registry::new(), &mut media).expect("interceptors");
        let interceptors = interceptors.with(Slot::Custom(14_000), RtcpTap::default());
        let role = match direction {
            Direction::Receive(SdpRole::Passive) => RTCDtlsRole::Server,
            _ => RTCDtlsRole::Client,
        };
        let mut pc = RTCPeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_interceptor_registry(interceptors)
            .with_setting_engine(
                SettingEngineBuilder::new()
                    .with_answering_dtls_role(role)
                    .build(),
            )
            .build(now)
            .expect("a PeerConnection");
        let mut senders = Vec::new();
        if let Direction::Send(_) = direction {
            for (stream, (codec, kind)) in streams(direction)
                .iter()
                .zip(codecs(numbers).into_iter().take(2))
            {
                let encoding = RTCRtpEncodingParameters {
                    rtp_coding_parameters: RTCRtpCodingParameters {
                        ssrc: Some(stream.ssrc),
                        ..Default::default()
                    },
                    codec: codec.rtp_codec,
                    ..Default::default()
                };
                let name = stream.codec.kind_name().to_owned();
                let track = MediaStreamTrack::new(
                    "stream".into(),
                    name.clone(),
                    name,
                    kind,
                    vec![encoding],
                );
                senders.push(pc.add_track(track).expect("a track"));
            }
        }
        let candidate = CandidateHostConfig {
            base_config: CandidateConfig {
                network: "udp".into(),
                address: address.ip().to_string(),
                port: address.port(),
                component: 1,
                ..Default::default()
            },
            ..Default::default()
        };
        let candidate = candidate.new_candidate_host().expect("a candidate");
        let candidate = RTCIceCandidate::from(&candidate)
            .to_json()
            .expect("a candidate");
        pc.add_local_candidate(candidate).expect("a candidate");
        Self {
            address,
            connected: false,
            video: Vec::new(),
            audio: Vec::new(),
            sender_reports: 0,
            receiver_reports: 0,
            key_frame_requests: 0,
            pc,
            senders,
            receivers: HashMap::new(),
            got: Vec::new(),
            outgoing: VecDeque::new(),
        }
    }

    /// Offers, and takes the SFU's answer. Returns the fingerprint, and our own role.
    fn offer(
        &mut self,
        now: Instant,
        info: &TransportInfo,
        sfu: SdpRole,
    ) -> (Fingerprint, SdpRole) {
        let offer = self.pc.create_offer(None).expect("an offer");
        self.pc
            .set_local_description(now, offer.clone())
            .expect("our offer");
        let (setup, own) = match sfu {
            SdpRole::Active => ("active", SdpRole::Passive),
            SdpRole::Passive => ("passive", SdpRole::Active),
        };
        let description = Description {
            transport: info,
            setup,
            direction: "recvonly",
            numbers: PUBLISHED,
        };
        let answer = describe(&description, &streams(&Direction::Send(sfu)));
        let answer = RTCSessionDescription::answer(answer).expect("an answer");
        self.pc
            .set_remote_description(now, answer)
            .expect("the SFU's answer");
        (fingerprint(&offer.sdp), own)
    }

    /// Takes the SFU's offer, and answers. Returns the fingerprint, and our own role.
    fn answer(
        &mut self,
        now: Instant,
        info: &TransportInfo,
        direction: &Direction,
    ) -> (Fingerprint, SdpRole) {
        let description = Description {
            transport: info,
            setup: "actpass",
            direction: "sendonly",
            numbers: ROUTED,
        };
        let offer = describe(&description, &streams(direction));
        let offer = RTCSessionDescription::offer(offer).expect("an offer");
        self.pc
            .set_remote_description(now, offer)
            .expect("the SFU's offer");
        let answer = self.pc.create_answer(None).expect("an answer");
        self.pc
            .set_local_description(now, answer.clone())
            .expect("our answer");
        let own = match attribute(&answer.sdp, "setup") {
            Some("active") => SdpRole::Active,
            Some("passive") => SdpRole::Passive,
            other => panic!("a=setup:{other:?}"),
        };
        (fingerprint(&answer.sdp), own)
    }

    /// A video frame of three packets, each a VP8 key frame's start or a continuation.
    pub fn send_video(&mut self, now: Instant) {
        let frame = self.video.len() / 3;
        for part in 0..3u8 {
            let mut payload = vec![if part == 0 { 0x10 } else { 0x00 }, 0x00];
            payload.extend_from_slice(&(self.video.len() as u32).to_be_bytes());
            payload.resize(1000 + usize::from(part), 0xA5);
            let header = rtc::rtp::Header {
                version: 2,
                marker: part == 2,
                payload_type: PUBLISHED.vp8,
                sequence_number: 65_500u16.wrapping_add(self.video.len() as u16),
                timestamp: 3600 * frame as u32,
                ssrc: streams(&Direction::Send(SdpRole::Active))[0].ssrc,
                ..Default::default()
            };
            self.write(now, 0, header, &payload);
            self.video.push(payload);
        }
    }

    /// One Opus packet.
    pub fn send_audio(&mut self, now: Instant) {
        let mut payload = vec![0x78];
        payload.extend_from_slice(&(self.audio.len() as u32).to_be_bytes());
        payload.resize(72, 0x5A);
        let header = rtc::rtp::Header {
            version: 2,
            payload_type: PUBLISHED.opus,
            sequence_number: self.audio.len() as u16,
            timestamp: 960 * self.audio.len() as u32,
            ssrc: streams(&Direction::Send(SdpRole::Active))[1].ssrc,
            ..Default::default()
        };
        self.write(now, 1, header, &payload);
        self.audio.push(payload);
    }

    /// Sends a picture loss indication for the received video.
    pub fn request_key_frame(&mut self, now: Instant) {
        let receiver = self.receivers["video"];
        let pli = PictureLossIndication {
            sender_ssrc: 1,
            media_ssrc: streams(&Direction::Receive(SdpRole::Active))[0].ssrc,
        };
        let mut receiver = self.pc.rtp_receiver(receiver).expect("a receiver");
        receiver.write_rtcp(now, vec![Box::new(pli)]).expect("RTCP");
        self.drain();
    }

    /// Payloads received of `video` or `audio`, in the order of their arrival.
    pub fn payloads(&self, kind: &str) -> Vec<Vec<u8>> {
        self.of(kind)
            .map(|packet| packet.payload.to_vec())
            .collect()
    }

    /// Their payload types.
    pub fn payload_types(&self, kind: &str) -> Vec<u8> {
        self.of(kind)
            .map(|packet| packet.header.payload_type)
            .collect()
    }

    /// Their sequence numbers.
    pub fn sequence_numbers(&self, kind: &str) -> Vec<u16> {
        self.of(kind)
            .map(|packet| packet.header.sequence_number)
            .collect()
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &rtc::rtp::Packet> {
        self.got
            .iter()
            .filter(move |(track, _)| track == kind)
            .map(|(_, packet)| packet)
    }

    fn write(&mut self, now: Instant, sender: usize, header: rtc::rtp::Header, payload: &[u8]) {
        let packet = rtc::rtp::Packet {
            header,
            payload: Bytes::copy_from_slice(payload),
        };
        let mut sender = self.pc.rtp_sender(self.senders[sender]).expect("a sender");
        sender.write_rtp(now, packet).expect("RTP");
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.pc.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => {
                    assert_ne!(state, RTCPeerConnectionState::Failed);
                    self.connected |= state == RTCPeerConnectionState::Connected;
                }
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(init)) => {
                    self.receivers.insert(init.track_id, init.receiver_id);
                }
                _ => {}
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.pc.poll_read() {
            match message {
                RTCMessage::RtpPacket(track, packet) => self.got.push((track, packet)),
                RTCMessage::RtcpPacket(_, packets) => {
                    for packet in packets {
                        let any = packet.as_any();
                        self.sender_reports += u32::from(any.is::<SenderReport>());
                        self.receiver_reports += u32::from(any.is::<ReceiverReport>());
                        self.key_frame_requests += u32::from(any.is::<PictureLossIndication>());
                    }
                }
                _ => {}
            }
        }
        while let Some(message) = self.pc.poll_write() {
            self.outgoing
                .push_back((message.transport.peer_addr, message.message.to_vec()));
        }
    }
}

impl Node for WebRtc {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        assert_eq!(from, SFU_ADDRESS);
        let transport = TransportContext {
            local_addr: self.address,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = TaggedBytesMut {
            now,
            transport,
            message: BytesMut::from(&datagram[..]),
        };
        // A datagram that it does not like is its own business; what counts is what comes of it.
        let _ = self.pc.handle_read(message);
        self.drain();
    }

    fn handle_timeout(&mut self, now: Instant) {
        let _ = self.pc.handle_timeout(now);
        self.drain();
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        self.pc.poll_timeout()
    }

    fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.drain();
        self.outgoing.pop_front()
    }
}

/// VP8 and Opus, and then RTX.
fn codecs(numbers: Numbers) -> [(RTCRtpCodecParameters, RtpCodecKind); 3] {
    let codec =
        |mime_type: &str, clock_rate, channels, fmtp: String, payload_type| RTCRtpCodecParameters {
            rtp_codec: RTCRtpCodec {
                mime_type: mime_type.to_owned(),
                clock_rate,
                channels,
                sdp_fmtp_line: fmtp,
                rtcp_feedback: vec![],
            },
            payload_type,
        };
    [
        (
            codec(MIME_TYPE_VP8, 90_000, 0, String::new(), numbers.vp8),
            RtpCodecKind::Video,
        ),
        (
            codec(
                MIME_TYPE_OPUS,
                48_000,
                2,
                "minptime=10;useinbandfec=1".into(),
                numbers.opus,
            ),
            RtpCodecKind::Audio,
        ),
        (
            codec(
                MIME_TYPE_RTX,
                90_000,
                0,
                format!("apt={}", numbers.vp8),
                numbers.rtx,
            ),
            RtpCodecKind::Video,
        ),
    ]
}

fn fingerprint(sdp: &str) -> Fingerprint {
    let line = attribute(sdp, "fingerprint").expect("a fingerprint");
    let (algorithm, value) = line.split_once(' ').expect("algorithm and value");
    Fingerprint {
        algorithm: algorithm.to_owned(),
        value: value.to_owned(),
    }
}
