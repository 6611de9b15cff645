//! The way out: a batch of one stream's packets to every consumer, a frame in one send.
//!
//! All packets that came in since the last flush go to one consumer before the next is looked
//! at, so that its keys and the send buffer are touched once.

use std::time::Instant;

use slotmap::SlotMap;

use super::plan::{Planned, plan};
use super::redundancy::assemble_red;
use super::run::Run;
use super::{Sfu, Transmit};
use crate::bandwidth::BandwidthEstimator;
use crate::cache::Packet;
use crate::consumer::Consumer;
use crate::keys::{ConsumerKey, ProducerKey, TransportKey};
use crate::munger::{Admission, Munger, Rewrite, Shift, Stamp};
use crate::params::MediaKind;
use crate::pool::Pool;
use crate::time::to_abs_send_time;
/// Streams with packets that wait, and the buffer that sends are assembled in.
#[derive(Debug)]
pub(super) struct Forwarder {
    dirty: Vec<(ProducerKey, u8)>,
    working: Vec<(ProducerKey, u8)>,
    due: Option<Instant>,
    plan: Vec<Planned>,
    /// Transports some of whose packets have to wait, and until when.
    waiting: Vec<(TransportKey, Instant)>,
    /// Who is given the plan now: the stream, and the place among those who consume it.
    position: Option<(ProducerKey, u8, usize)>,
    /// Who was still to be given the plan when a panic came.
    interrupted: Option<(ProducerKey, u8, Vec<ConsumerKey>)>,
    pub(super) run: Run,
}

impl Forwarder {
    pub(super) fn new() -> Self {
        Self {
            dirty: Vec::with_capacity(1024),
            working: Vec::with_capacity(1024),
            due: None,
            plan: Vec::with_capacity(256),
            waiting: Vec::with_capacity(64),
            position: None,
            interrupted: None,
            run: Run::new(),
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

impl Sfu {
    /// Sends everything that is due: control datagrams, retransmissions, then media.
    pub fn flush(&mut self, now: Instant, out: &mut impl Transmit) {
        self.tell_watched(now);
        if !self.control_out.is_empty() {
            self.metrics.bytes_sent += self.control_out.drain(out);
        }
        self.flush_resends(now, out);
        self.flush_probes(now, out);
        if self.forwarder.due.is_none_or(|due| due > now) {
            return;
        }
        let stamp = Stamp {
            abs_send_time: to_abs_send_time(self.ntp(now)),
            transport_cc: 0,
        };
        self.finish_interrupted(stamp, now, out);
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
        stamp: Stamp,
        now: Instant,
        out: &mut impl Transmit,
    ) {
        let producer = &mut self.producers[key];
        let several = producer.streams.len() > 1;
        if several {
            self.steer(key, stream_index, now);
        }
        let producer = &mut self.producers[key];
        let stream = &mut producer.streams[stream_index as usize];
        stream.due = None;
        plan(&mut stream.pending, &stream.cache, &mut self.forwarder.plan);
        let everyone = 0..producer.mungers.len();
        self.send_plan(key, stream_index, everyone, stamp, now, out);
    }

    /// Gives what is planned to those at these places.
    fn send_plan(
        &mut self,
        key: ProducerKey,
        stream_index: u8,
        places: impl Iterator<Item = usize>,
        mut stamp: Stamp,
        now: Instant,
        out: &mut impl Transmit,
    ) {
        let producer = &mut self.producers[key];
        let video = producer.kind == MediaKind::Video;
        let stream = &mut producer.streams[stream_index as usize];
        let run = &mut self.forwarder.run;
        for place in places {
            let munger = &mut producer.mungers[place];
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
            self.forwarder.position = Some((key, stream_index, place));
            let overhead = srtp.tx.rtp_overhead();
            let (mut packets, mut bytes, mut sends) = (0, 0, 0u64);
            for planned in &self.forwarder.plan {
                let Some(packet) = stream.cache.get(planned.seq) else {
                    continue;
                };
                let waits = video && transport.pacer.must_wait(now);
                let Some((seq, shift)) = admit(munger, packet, &mut self.consumers, waits) else {
                    continue;
                };
                self.faults.point();
                if waits {
                    transport.pacer.hold(now, munger.consumer, seq);
                    munger.last_timestamp = packet.timestamp.wrapping_add(shift.timestamp);
                    continue;
                }
                stamp.transport_cc = transport.transport_cc_seq;
                let rewrite = Rewrite {
                    padding: planned.padding,
                    marker: munger.ends_picture(packet),
                    ..Rewrite::new(packet, seq, shift, stamp)
                };
                let tail = run.tail();
                let red = (munger.redundancy > 0)
                    .then(|| assemble_red(tail, munger, packet, &stream.cache, &self.pool, rewrite))
                    .flatten();
                let (header_len, len) =
                    red.unwrap_or_else(|| assemble(tail, munger, packet, &self.pool, rewrite));
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
                munger.last_timestamp = rewrite.timestamp;
                transport.pacer.on_sent(sealed);
                run.push(sealed);
            }
            if let Some(due) = transport.pacer.next_timeout(false) {
                self.forwarder.waiting.push((munger.transport, due));
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
        while let Some((key, due)) = self.forwarder.waiting.pop() {
            self.schedule(key, due);
        }
        self.forwarder.position = None;
    }

    /// After a panic: what was not sent yet is due at once, to all but the one whose packet it was.
    pub(super) fn keep_interrupted(&mut self, now: Instant) {
        let forwarder = &mut self.forwarder;
        forwarder.run.reset();
        forwarder.dirty.append(&mut forwarder.working);
        if let Some((key, stream, place)) = forwarder.position.take()
            && let Some(producer) = self.producers.get(key)
        {
            let rest = producer.mungers.iter().skip(place + 1);
            let rest = rest.map(|munger| munger.consumer).collect();
            forwarder.interrupted = Some((key, stream, rest));
        }
        if forwarder.interrupted.is_some() || !forwarder.dirty.is_empty() {
            forwarder.due = Some(now);
        }
    }

    fn finish_interrupted(&mut self, stamp: Stamp, now: Instant, out: &mut impl Transmit) {
        let Some((key, stream, rest)) = self.forwarder.interrupted.take() else {
            return;
        };
        if !self.producers.contains_key(key) {
            return;
        }
        // Those of the session that ended are gone, and the others may have changed places.
        let consumers = &self.consumers;
        let places: Vec<usize> = rest
            .into_iter()
            .filter_map(|consumer| consumers.get(consumer).map(|it| it.munger))
            .collect();
        self.send_plan(key, stream, places.into_iter(), stamp, now, out);
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
    waits: bool,
) -> Option<(u64, Shift)> {
    match munger.admit(packet) {
        Admission::Send(seq) => return Some((seq, munger.shift())),
        Admission::Skip => return None,
        // Numbers that wait may be taken back, one in their midst could not: it is sent when it is asked for.
        Admission::Late if waits => return None,
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
    let header_len = munger.write_header(out, extensions, rewrite);
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
