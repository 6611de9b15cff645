//! An RTP packet's way in: open, find its stream, note it for feedback, put it into the pool.

use std::time::{Duration, Instant};

use super::Sfu;
use crate::cache::Packet;
use crate::extension::{ExtensionKind, PASSED_ON};
use crate::keys::TransportKey;
use crate::params::MediaKind;
use crate::pool::MAX_PAYLOAD;
use crate::producer::PayloadRoute;
use crate::rtp::{Mid, PictureLayers, Rid, RtpHeader, SeqNo, VideoCodec, is_keyframe};
use crate::transport::{Route, Transport};

/// A frame's packets leave the browser within 0.4 ms; this is how long its last one is awaited,
/// so that the frame goes to each consumer in one send.
const COALESCE: Duration = Duration::from_millis(1);
/// A batch this large is sent without waiting: it fills a GSO send.
const FULL_BATCH: usize = 40;

/// Packets taken from the largest cache when the pool is exhausted.
const EVICTED_AT_ONCE: usize = 32;

/// What the header extensions of one packet say.
#[derive(Default)]
struct Told {
    mid: Option<Mid>,
    rid: Option<Rid>,
    repaired_rid: Option<Rid>,
    transport_cc: Option<u16>,
    /// dB below overload (RFC 6464).
    audio_level: Option<u8>,
}

/// A payload on its way into the pool.
pub(super) struct Incoming<'a> {
    /// Extended sequence number.
    pub(super) seq: u64,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) payload: &'a [u8],
    /// The packet it came in, when that was its own.
    pub(super) header: Option<(&'a RtpHeader, &'a [u8])>,
}

impl Sfu {
    pub(super) fn handle_rtp(&mut self, now: Instant, key: TransportKey, datagram: &mut [u8]) {
        let transport = &mut self.transports[key];
        let received = datagram.len();
        transport.stats.bytes_received += received as u64;
        let Ok(header) = RtpHeader::parse(datagram) else {
            self.metrics.bad_datagrams += 1;
            return;
        };
        let Some(srtp) = &mut transport.srtp else {
            return;
        };
        let len = match srtp.rx.unprotect_rtp(datagram, header.header_len) {
            Ok((len, _)) => len,
            Err(_) => {
                transport.stats.srtp_errors += 1;
                self.metrics.bad_datagrams += 1;
                return;
            }
        };
        let packet = &datagram[..len];
        transport.stats.rtp_received += 1;
        transport.stats.receive_rate.add(now, received);
        let told = read_extensions(transport, &header, packet);
        if let (Some(feedback), Some(seq)) = (&mut transport.transport_cc, told.transport_cc) {
            feedback.on_packet(now, seq);
            if let Some(at) = feedback.next_timeout() {
                self.schedule(key, at);
            }
        }
        let transport = &mut self.transports[key];
        if let Some(remb) = &mut transport.remb {
            remb.on_packet(now, received);
        }
        let route = transport
            .route(header.ssrc)
            .or_else(|| self.learn_route(key, &header, &told));
        let Some(route) = route else {
            self.transports[key].stats.unknown_ssrc += 1;
            return;
        };
        let Ok(payload) = header.payload_range(packet) else {
            self.metrics.bad_datagrams += 1;
            return;
        };
        if let Some(level) = told.audio_level {
            self.tell_observers(route.producer, level, now);
        }
        self.faults.point();
        self.accept(now, key, route, &header, packet, payload);
        self.faults.point();
    }

    /// Takes a packet of a known stream.
    fn accept(
        &mut self,
        now: Instant,
        key: TransportKey,
        route: Route,
        header: &RtpHeader,
        packet: &[u8],
        payload: std::ops::Range<usize>,
    ) {
        let producer = &mut self.producers[route.producer];
        let mut meaning = producer.payload_types[header.payload_type.0 as usize & 127];
        if meaning.clock_rate == 0 || meaning.rtx != route.rtx {
            return;
        }
        let mut payload = &packet[payload];
        let mut sequence_number = header.sequence_number;
        if route.rtx {
            // RFC 4588, 4: the original sequence number leads. Without it, it is a probe.
            let [high, low, rest @ ..] = payload else {
                return;
            };
            sequence_number = SeqNo(u16::from_be_bytes([*high, *low]));
            payload = rest;
        }
        let stream = &mut producer.streams[route.stream as usize];
        if route.rtx && stream.unwrapper.highest().is_none() {
            return;
        }
        let seq = match route.rtx {
            true => stream.unwrapper.peek(sequence_number),
            false => stream.unwrapper.unwrap(sequence_number),
        };
        if !route.rtx {
            stream
                .reports
                .on_packet(now, seq, header.timestamp, meaning.clock_rate);
        }
        if stream.cache.contains(seq) || stream.cache.is_too_old(seq) {
            stream.stats.duplicates += 1;
            return;
        }
        stream.rate.add(now, packet.len());
        if meaning.red {
            let newest = self.unpack_red(now, key, route, header, seq, payload);
            let Some((payload_type, block)) = newest else {
                self.metrics.bad_datagrams += 1;
                return;
            };
            meaning = self.producers[route.producer].payload_types[payload_type.0 as usize & 127];
            if !meaning.is_media() {
                return;
            }
            payload = block;
        }
        if route.rtx {
            self.metrics.rtx_received += 1;
            self.note_recovered(key, route, seq);
        } else {
            self.note_arrived(now, key, route, seq);
        }
        let incoming = Incoming {
            seq,
            timestamp: header.timestamp,
            marker: header.marker,
            payload,
            header: Some((header, packet)),
        };
        self.hold(now, key, route, meaning, incoming);
    }

    fn note_arrived(&mut self, now: Instant, key: TransportKey, route: Route, seq: u64) {
        let stream = &mut self.producers[route.producer].streams[route.stream as usize];
        if let Some(nack) = &mut stream.nack {
            nack.on_packet(now, seq);
            if let Some(at) = nack.next_timeout() {
                self.schedule(key, at);
            }
        }
    }

    /// A packet that was lost came another way: it is asked for no more.
    pub(super) fn note_recovered(&mut self, key: TransportKey, route: Route, seq: u64) {
        let stream = &mut self.producers[route.producer].streams[route.stream as usize];
        stream.stats.recovered += 1;
        if let Some(nack) = &mut stream.nack {
            nack.on_recovered(seq);
            if let Some(at) = nack.next_timeout() {
                self.schedule(key, at);
            }
        }
    }

    /// Puts a payload into the pool, for the next send to those who consume it.
    pub(super) fn hold(
        &mut self,
        now: Instant,
        key: TransportKey,
        route: Route,
        meaning: PayloadRoute,
        incoming: Incoming<'_>,
    ) {
        let payload = incoming.payload;
        if self.pool.available() == 0 {
            self.make_room();
        }
        let producer = &mut self.producers[route.producer];
        let video = producer.kind == MediaKind::Video;
        let stream = &mut producer.streams[route.stream as usize];
        let keyframe = meaning
            .codec
            .is_some_and(|codec| is_keyframe(codec, payload));
        if keyframe {
            stream.stats.keyframes += 1;
            stream.keyframe_requests.on_keyframe();
        }
        stream.clock_rate = meaning.clock_rate;
        stream.stats.packets += 1;
        stream.stats.bytes += payload.len() as u64;
        stream.stats.last_packet = Some(now);
        let layer = match meaning.codec {
            Some(VideoCodec::Vp8) => PictureLayers::vp8(payload),
            Some(VideoCodec::Vp9) => PictureLayers::vp9(payload),
            _ => None,
        };
        if video {
            let (spatial, temporal) =
                layer.map_or((0, 0), |layer| (layer.spatial_layer, layer.temporal_layer));
            stream
                .layer_rates
                .add(now, spatial, temporal, payload.len());
        }
        self.metrics.rtp_received += 1;
        if producer.paused || payload.len() > MAX_PAYLOAD {
            return;
        }
        let Some(slot) = self.pool.take() else {
            self.metrics.pool_exhausted += 1;
            return;
        };
        let (payload_area, extension_area) = self.pool.fill(&slot);
        payload_area[..payload.len()].copy_from_slice(payload);
        let extensions = &self.transports[key].extensions;
        let told = incoming
            .header
            .into_iter()
            .flat_map(|(header, packet)| header.extensions(packet));
        let mut extension_len = 0;
        for (id, value) in told {
            let kind = match extensions.kind(id) {
                Some(kind) if kind as usize <= PASSED_ON => kind as u8,
                _ => continue,
            };
            let end = extension_len + 1 + value.len();
            if (1..=16).contains(&value.len()) && end <= extension_area.len() {
                extension_area[extension_len] = kind << 4 | (value.len() as u8 - 1);
                extension_area[extension_len + 1..end].copy_from_slice(value);
                extension_len = end;
            }
        }
        let held = Packet {
            seq: incoming.seq,
            timestamp: incoming.timestamp,
            arrival: now,
            slot,
            payload_len: payload.len() as u16,
            extension_len: extension_len as u8,
            payload_type: meaning.mapped,
            marker: incoming.marker,
            keyframe,
            layer,
        };
        stream.cache.insert(held, &mut self.pool);
        if producer.mungers.is_empty() {
            return;
        }
        stream.pending.push(incoming.seq);
        let at_once = !video || incoming.marker || stream.pending.len() >= FULL_BATCH;
        let due = if at_once { now } else { now + COALESCE };
        let first = stream.due.is_none();
        stream.due = Some(stream.due.map_or(due, |earlier| earlier.min(due)));
        self.forwarder
            .note(route.producer, route.stream, due, first);
    }

    /// Takes slots from the stream that holds most, so that when the pool is too small all streams
    /// end with equal shares; a new one would starve if each had to make do with its own.
    fn make_room(&mut self) {
        let streams = self.producers.values_mut().flat_map(|p| &mut p.streams);
        let Some(largest) = streams.max_by_key(|stream| stream.cache.len()) else {
            return;
        };
        // Several at once: the search is over all streams.
        for _ in 0..(largest.cache.len() / 2).clamp(1, EVICTED_AT_ONCE) {
            largest.cache.evict_oldest(&mut self.pool);
        }
    }

    /// Finds the stream of an unknown SSRC by MID and RID (RFC 8843, 9.2; RFC 8852).
    fn learn_route(&mut self, key: TransportKey, header: &RtpHeader, told: &Told) -> Option<Route> {
        let mid = told.mid?;
        let transport = &mut self.transports[key];
        let producers = &self.producers;
        let owner = transport
            .producers
            .iter()
            .copied()
            .find(|producer| producers.get(*producer).is_some_and(|p| p.mid == Some(mid)))?;
        let producer = &mut self.producers[owner];
        let rtx = producer.payload_types[header.payload_type.0 as usize & 127].rtx;
        let rid = if rtx {
            told.repaired_rid.or(told.rid)
        } else {
            told.rid
        };
        let stream = match rid {
            Some(rid) => producer
                .streams
                .iter()
                .position(|stream| stream.rid == Some(rid))?,
            None if producer.streams.len() == 1 => 0,
            None => return None,
        };
        let route = Route {
            producer: owner,
            stream: stream as u8,
            rtx,
        };
        let stream = &mut producer.streams[stream];
        let known = if rtx {
            &mut stream.rtx_ssrc
        } else {
            &mut stream.ssrc
        };
        *known = Some(header.ssrc.0);
        transport.learn(header.ssrc, route);
        Some(route)
    }
}

fn read_extensions(transport: &Transport, header: &RtpHeader, packet: &[u8]) -> Told {
    let mut told = Told::default();
    for (id, value) in header.extensions(packet) {
        match transport.extensions.kind(id) {
            Some(ExtensionKind::Mid) => told.mid = Mid::new(value).ok(),
            Some(ExtensionKind::Rid) => told.rid = Rid::new(value).ok(),
            Some(ExtensionKind::RepairedRid) => told.repaired_rid = Rid::new(value).ok(),
            Some(ExtensionKind::TransportCc) => {
                told.transport_cc = value.try_into().ok().map(u16::from_be_bytes);
            }
            Some(ExtensionKind::AudioLevel) => {
                told.audio_level = value.first().map(|byte| byte & 0x7F);
            }
            _ => {}
        }
    }
    told
}
