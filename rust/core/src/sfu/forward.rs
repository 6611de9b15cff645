//! The way out: a batch of one stream's packets to every consumer, a frame in one send.
//!
//! All packets that came in since the last flush go to one consumer before the next is looked
//! at, so that its keys and its piece of the send buffer are touched once. Datagrams of one GSO
//! send must be of one size but for the last, which may be shorter; the browsers' packets of a
//! frame differ by a byte, so the shorter ones get RTP padding (RFC 3550, 5.1).

use std::time::Instant;

use serde_json::json;
use slotmap::SlotMap;

use super::{Sfu, Transmit};
use crate::bandwidth::BandwidthEstimator;
use crate::cache::Packet;
use crate::consumer::Consumer;
use crate::keys::{ConsumerKey, ProducerKey};
use crate::munger::{Admission, MAX_HEADER, Munger, Rewrite, Shift, Stamp};
use crate::params::MediaKind;
use crate::pool::{MAX_PAYLOAD, Pool};
use crate::producer::{Stream, best_stream};
use crate::time::{to_abs_send_time, to_ticks};

/// Linux refuses more segments in one send (UDP_MAX_SEGMENTS of older kernels).
const MAX_SEGMENTS: usize = 64;
/// A send's bytes at most: a UDP datagram's limit over IPv4.
const MAX_SEND: usize = 65_507;
/// Padding up to this many bytes is cheaper than a second send, for us and on the wire: a send
/// of its own costs the kernel about as much as sealing several packets.
const MAX_PADDING: usize = 24;
/// Seconds that timestamps may jump at a switch between streams; more is a sender's broken clock.
const MAX_STEP: u32 = 5;
/// Room for one packet: header, payload, padding, the largest SRTP trailer.
const PACKET_ROOM: usize = MAX_HEADER + MAX_PAYLOAD + 32 + 32;

/// Streams with packets that wait, and the buffer that sends are assembled in.
#[derive(Debug)]
pub(super) struct Forwarder {
    dirty: Vec<(ProducerKey, u8)>,
    working: Vec<(ProducerKey, u8)>,
    due: Option<Instant>,
    plan: Vec<Planned>,
    pub(super) run: Run,
}

/// One packet of a batch.
#[derive(Debug, Clone, Copy)]
struct Planned {
    seq: u64,
    padding: u8,
}

/// Datagrams assembled for one send.
#[derive(Debug)]
pub(super) struct Run {
    bytes: Box<[u8]>,
    len: usize,
    segment_size: usize,
    segments: usize,
    /// A shorter datagram ended it.
    closed: bool,
}

impl Forwarder {
    pub(super) fn new() -> Self {
        Self {
            dirty: Vec::with_capacity(1024),
            working: Vec::with_capacity(1024),
            due: None,
            plan: Vec::with_capacity(256),
            run: Run {
                bytes: vec![0; MAX_SEND + PACKET_ROOM].into_boxed_slice(),
                len: 0,
                segment_size: 0,
                segments: 0,
                closed: false,
            },
        }
    }

    /// When the next batch has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A stream has packets that wait until `due`.
    pub(super) fn note(&mut self, producer: ProducerKey, stream: u8, due: Instant, first: bool) {
        if first {
            self.dirty.push((producer, stream));
        }
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// A producer is gone.
    pub(super) fn forget(&mut self, producer: ProducerKey) {
        self.dirty.retain(|(owner, _)| *owner != producer);
    }
}

impl Run {
    /// Where the next packet is assembled.
    pub(super) fn tail(&mut self) -> &mut [u8] {
        &mut self.bytes[self.len..self.len + PACKET_ROOM]
    }

    /// Throws away what is assembled.
    pub(super) fn reset(&mut self) {
        (self.len, self.segments, self.closed) = (0, 0, false);
    }

    /// Whether a datagram of `len` bytes can join.
    pub(super) fn takes(&self, len: usize) -> bool {
        self.segments == 0
            || (!self.closed
                && len <= self.segment_size
                && self.segments < MAX_SEGMENTS
                && self.len + len <= MAX_SEND)
    }

    /// Adds the datagram assembled at the tail.
    pub(super) fn push(&mut self, len: usize) {
        if self.segments == 0 {
            self.segment_size = len;
        }
        self.closed = len < self.segment_size;
        self.segments += 1;
        self.len += len;
    }

    /// Sends what was assembled before the packet of `len` bytes at the tail, which moves to the
    /// front. Returns the number of datagrams and bytes.
    pub(super) fn send_before(
        &mut self,
        len: usize,
        local: u8,
        remote: std::net::SocketAddr,
        out: &mut impl Transmit,
    ) -> (u64, u64) {
        let from = self.len;
        let sent = self.send(local, remote, out);
        self.bytes.copy_within(from..from + len, 0);
        sent
    }

    /// Sends what is assembled. Returns the number of datagrams and bytes.
    pub(super) fn send(
        &mut self,
        local: u8,
        remote: std::net::SocketAddr,
        out: &mut impl Transmit,
    ) -> (u64, u64) {
        let sent = (self.segments as u64, self.len as u64);
        if self.segments > 0 {
            out.transmit(local, remote, &self.bytes[..self.len], self.segment_size);
        }
        self.reset();
        sent
    }
}

impl Sfu {
    /// Sends everything that is due: control datagrams, retransmissions, then media.
    pub fn flush(&mut self, now: Instant, out: &mut impl Transmit) {
        if !self.control_out.is_empty() {
            self.metrics.bytes_sent += self.control_out.drain(out);
        }
        self.flush_resends(now, out);
        if self.forwarder.due.is_none_or(|due| due > now) {
            return;
        }
        let stamp = Stamp {
            abs_send_time: to_abs_send_time(self.ntp(now)),
            transport_cc: 0,
        };
        self.forwarder.due = None;
        std::mem::swap(&mut self.forwarder.dirty, &mut self.forwarder.working);
        while let Some((producer, stream)) = self.forwarder.working.pop() {
            let due = self
                .producers
                .get(producer)
                .and_then(|p| p.streams[stream as usize].due);
            match due {
                Some(due) if due > now => self.forwarder.note(producer, stream, due, true),
                Some(_) => self.forward_batch(producer, stream, stamp, now, out),
                None => {}
            }
        }
        self.current = None;
    }

    fn forward_batch(
        &mut self,
        key: ProducerKey,
        stream_index: u8,
        mut stamp: Stamp,
        now: Instant,
        out: &mut impl Transmit,
    ) {
        let producer = &mut self.producers[key];
        let several = producer.streams.len() > 1;
        if several {
            self.steer(key, stream_index, now);
        }
        let producer = &mut self.producers[key];
        let video = producer.kind == MediaKind::Video;
        let stream = &mut producer.streams[stream_index as usize];
        stream.due = None;
        plan(&mut stream.pending, &stream.cache, &mut self.forwarder.plan);
        let run = &mut self.forwarder.run;
        for munger in &mut producer.mungers {
            if !munger.active || munger.stream() != stream_index {
                continue;
            }
            let Some(transport) = self.transports.get_mut(munger.transport) else {
                continue;
            };
            let (Some(srtp), Some((local, remote))) = (&transport.srtp, transport.selected) else {
                continue;
            };
            self.current = Some(munger.transport);
            let overhead = srtp.tx.rtp_overhead();
            let (mut packets, mut bytes, mut sends) = (0, 0, 0u64);
            for planned in &self.forwarder.plan {
                let Some(packet) = stream.cache.get(planned.seq) else {
                    continue;
                };
                let Some((seq, shift)) = admit(munger, packet, &mut self.consumers) else {
                    continue;
                };
                stamp.transport_cc = transport.transport_cc_seq;
                let padding = planned.padding;
                let rewrite = Rewrite {
                    seq,
                    shift,
                    padding,
                    stamp,
                };
                let tail = run.tail();
                let (header_len, len) = assemble(tail, munger, packet, &self.pool, rewrite);
                if !run.takes(len + overhead) {
                    let sent = run.send_before(len, local, remote, out);
                    (packets, bytes, sends) = (packets + sent.0, bytes + sent.1, sends + 1);
                }
                let Ok(sealed) = srtp.tx.protect_rtp(run.tail(), header_len, len, seq) else {
                    continue;
                };
                if munger.has_transport_cc() {
                    note_sent(&mut transport.bandwidth, now, stamp.transport_cc, sealed);
                    transport.transport_cc_seq = stamp.transport_cc.wrapping_add(1);
                }
                munger.packets += 1;
                munger.bytes += u64::from(packet.payload_len);
                munger.last_timestamp = packet.timestamp.wrapping_add(shift.timestamp);
                run.push(sealed);
            }
            let sent = run.send(local, remote, out);
            (packets, bytes, sends) = (
                packets + sent.0,
                bytes + sent.1,
                sends + u64::from(sent.0 > 0),
            );
            transport.stats.rtp_sent += packets;
            transport.stats.bytes_sent += bytes;
            self.metrics.rtp_sent += packets;
            self.metrics.bytes_sent += bytes;
            self.metrics.rtp_sends += sends;
            if video {
                self.metrics.video_sent += packets;
                self.metrics.video_sends += sends;
            }
        }
    }

    /// Moves consumers of a simulcast producer towards the stream they are to be given, if that
    /// is this one; at its keyframes only.
    fn steer(&mut self, key: ProducerKey, stream_index: u8, now: Instant) {
        let producer = &mut self.producers[key];
        let flowing = producer.flowing(now);
        let stream = &producer.streams[stream_index as usize];
        let mut pending = stream
            .pending
            .iter()
            .filter_map(|seq| stream.cache.get(*seq));
        let keyframe = pending.find(|packet| packet.keyframe);
        let mut wanted = false;
        for munger in producer.mungers.iter_mut().filter(|munger| munger.active) {
            let right = best_stream(flowing, munger.target_stream) == Some(stream_index);
            if !right || munger.stream() == stream_index {
                continue;
            }
            let Some(keyframe) = keyframe else {
                wanted = true;
                continue;
            };
            if munger.packets > 0 {
                let from = &producer.streams[munger.stream() as usize];
                munger.shift_timestamps(timestamp_shift(munger, from, stream, keyframe));
            }
            munger.restart(stream_index);
            if let Some(consumer) = self.consumers.get(munger.consumer) {
                let layers = json!({"spatialLayer": stream_index});
                self.messages.event("layersChange", &consumer.id, layers);
            }
        }
        let requests = &mut producer.streams[stream_index as usize].keyframe_requests;
        if wanted && requests.next_timeout().is_none() {
            let due = requests.request(now);
            let transport = producer.transport;
            self.schedule(transport, due);
        }
    }
}

/// Tells the bandwidth estimator of a packet with a transport-wide number.
pub(super) fn note_sent(
    bandwidth: &mut Option<Box<BandwidthEstimator>>,
    now: Instant,
    seq: u16,
    size: usize,
) {
    if let Some(bandwidth) = bandwidth {
        bandwidth.on_sent(now, seq, size);
    }
}

/// Asks the munger, and looks up what it does not know by itself.
fn admit(
    munger: &mut Munger,
    packet: &Packet,
    consumers: &mut SlotMap<ConsumerKey, Consumer>,
) -> Option<(u64, Shift)> {
    match munger.admit(packet) {
        Admission::Send(seq) => return Some((seq, munger.shift())),
        Admission::Skip => return None,
        Admission::Late => {
            let consumer = consumers.get(munger.consumer)?;
            let shift = consumer.shift_of_late(munger.stream(), packet.seq)?;
            return Some((packet.seq.wrapping_sub(shift.seq), shift));
        }
        Admission::Switched(seq) => {
            let shift = munger.shift();
            consumers
                .get_mut(munger.consumer)?
                .note_shift(packet.seq, seq, shift);
            return Some((seq, shift));
        }
        Admission::Dropped => {}
    }
    let (next, shift) = (munger.next_in(), munger.shift());
    let first_out = next.wrapping_sub(shift.seq);
    consumers
        .get_mut(munger.consumer)?
        .note_shift(next, first_out, shift);
    None
}

/// What to add to the timestamps of `to`, so that they go on where those of `from` are.
fn timestamp_shift(munger: &Munger, from: &Stream, to: &Stream, keyframe: &Packet) -> u32 {
    let by_reports = || {
        let (_, from_info) = from.reports.last_sender_report()?;
        let (_, to_info) = to.reports.last_sender_report()?;
        let apart = to_info.ntp.wrapping_sub(from_info.ntp) as i64;
        let ticks = (i128::from(apart) * i128::from(to.clock_rate)) >> 32;
        let same = from_info.rtp_timestamp.wrapping_add(ticks as u32);
        Some(munger.timestamp(same).wrapping_sub(to_info.rtp_timestamp))
    };
    let last = munger.last_timestamp;
    let rises = |shift: u32| {
        let step = keyframe.timestamp.wrapping_add(shift).wrapping_sub(last);
        (1..MAX_STEP * to.clock_rate).contains(&step)
    };
    by_reports()
        .filter(|shift| rises(*shift))
        .unwrap_or_else(|| {
            let before = from.stats.last_packet.unwrap_or(keyframe.arrival);
            let elapsed = keyframe.arrival.saturating_duration_since(before);
            let step = to_ticks(elapsed, to.clock_rate).max(1);
            last.wrapping_add(step).wrapping_sub(keyframe.timestamp)
        })
}

/// Writes header, payload and padding to the start of `out`. Returns the header's length and
/// the whole's.
pub(super) fn assemble(
    out: &mut [u8],
    munger: &Munger,
    packet: &Packet,
    pool: &Pool,
    rewrite: Rewrite,
) -> (usize, usize) {
    let extensions = pool.extensions(&packet.slot, packet.extension_len as usize);
    let header_len = munger.write_header(out, packet, extensions, rewrite);
    let payload = pool.payload(&packet.slot, packet.payload_len as usize);
    let mut len = header_len + payload.len();
    out[header_len..len].copy_from_slice(payload);
    if let Some(layer) = &packet.layer {
        let Shift { picture, tl0, .. } = rewrite.shift;
        layer.rewrite(&mut out[header_len..len], picture, tl0);
    }
    if rewrite.padding > 0 {
        let end = len + rewrite.padding as usize;
        out[len..end].fill(0);
        out[end - 1] = rewrite.padding;
        len = end;
    }
    (header_len, len)
}

/// Takes the numbers that wait and finds how much padding makes runs of equal size.
fn plan(pending: &mut Vec<u64>, cache: &crate::cache::PacketCache, plan: &mut Vec<Planned>) {
    plan.clear();
    plan.extend(pending.drain(..).map(|seq| Planned { seq, padding: 0 }));
    let size = |seq| cache.get(seq).map_or(0, variable_len);
    let mut start = 0;
    while start < plan.len() {
        let first = size(plan[start].seq);
        let (mut low, mut high) = (first, first);
        let mut end = start + 1;
        while end < plan.len() {
            let next = size(plan[end].seq);
            // All that are in the run so far would have to be padded to the longest.
            if high.max(next) - low > MAX_PADDING {
                break;
            }
            (low, high) = (low.min(next), high.max(next));
            end += 1;
        }
        // The last needs none: it is the longest, or may be shorter.
        for planned in &mut plan[start..end - 1] {
            planned.padding = (high - size(planned.seq)) as u8;
        }
        start = end;
    }
}

fn variable_len(packet: &Packet) -> usize {
    // Extension elements are rounded up to words together with those made per consumer, so this
    // is exact only when they differ by whole words; a wrong guess costs a send, nothing else.
    packet.payload_len as usize + (packet.extension_len as usize).next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(sizes: &[u16]) -> Vec<(u64, u8)> {
        let mut pool = Pool::new(64);
        let mut cache = crate::cache::PacketCache::new(64);
        #[allow(clippy::disallowed_methods)]
        let now = Instant::now();
        let mut pending = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let seq = 1000 + index as u64;
            let packet = Packet {
                seq,
                timestamp: 0,
                arrival: now,
                slot: pool.take().unwrap(),
                payload_len: size,
                extension_len: 0,
                payload_type: crate::rtp::PayloadType(96),
                marker: false,
                keyframe: false,
                layer: None,
            };
            cache.insert(packet, &mut pool);
            pending.push(seq);
        }
        let mut out = Vec::new();
        plan(&mut pending, &cache, &mut out);
        out.iter().map(|p| (p.seq - 1000, p.padding)).collect()
    }

    #[test]
    fn a_browsers_frame_is_one_run() {
        let plan = planned(&[1082, 1083, 1083, 1083]);
        assert_eq!(plan, [(0, 1), (1, 0), (2, 0), (3, 0)]);
    }

    #[test]
    fn a_longer_last_packet_pads_the_others() {
        assert_eq!(planned(&[1082, 1082, 1083]), [(0, 1), (1, 1), (2, 0)]);
    }

    #[test]
    fn a_short_last_packet_is_not_padded() {
        assert_eq!(planned(&[1100, 1100, 300]), [(0, 0), (1, 0), (2, 0)]);
    }

    #[test]
    fn far_apart_sizes_are_runs_of_their_own() {
        assert_eq!(planned(&[300, 1100, 1100]), [(0, 0), (1, 0), (2, 0)]);
    }
}
