//! Answers to generic NACKs (RFC 4585, 6.2.1): the packet again, on the consumer's RTX stream.
//!
//! A consumer without RTX gets none. Its packet would have to go out under the same sequence
//! number, thus the same nonce, with another send time in its header, and two texts under one
//! nonce break GCM (RFC 7714, 11.1).

use std::time::Instant;

use super::forward::{assemble, note_sent};
use super::{Sfu, Transmit};
use crate::keys::{ConsumerKey, TransportKey};
use crate::munger::{Rewrite, Stamp};
use crate::pool::MAX_PAYLOAD;
use crate::time::to_abs_send_time;

/// Answers owed to one transport at most: a receiver that lost more than a second of video is
/// better served by a keyframe.
const MAX_OWED: usize = 512;

/// Of those as many wait for their turn on a narrow path; who still misses the others asks again.
const MAX_WAITING: usize = 32;

impl Sfu {
    /// Notes that a receiver misses `out` of a consumer.
    pub(super) fn request_resend(&mut self, key: TransportKey, consumer: ConsumerKey, out: u64) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        if transport.resend.is_empty() {
            self.resending.push(key);
        }
        if transport.resend.len() < MAX_OWED {
            transport.resend.push((consumer, out));
        }
    }

    /// Sends what was asked for.
    pub(super) fn flush_resends(&mut self, now: Instant, out: &mut impl Transmit) {
        while let Some(key) = self.resending.pop() {
            let Some(transport) = self.transports.get_mut(key) else {
                continue;
            };
            self.current = Some(key);
            let mut owed = std::mem::take(&mut transport.resend);
            let mut done = 0;
            while let Some(&(consumer, seq)) = owed.get(done)
                && self
                    .transports
                    .get_mut(key)
                    .is_some_and(|transport| transport.pacer.is_open(now))
            {
                self.resend(key, consumer, seq, now, out);
                done += 1;
            }
            self.faults.point();
            self.finish_run(key, out);
            owed.drain(..done);
            owed.truncate(MAX_WAITING);
            if let Some(transport) = self.transports.get_mut(key) {
                transport.resend = owed;
            }
            self.flush_held(key, now, out);
        }
        self.current = None;
    }

    fn resend(
        &mut self,
        key: TransportKey,
        consumer: ConsumerKey,
        out_seq: u64,
        now: Instant,
        out: &mut impl Transmit,
    ) -> Option<()> {
        let stamp = Stamp {
            abs_send_time: to_abs_send_time(self.ntp(now)),
            transport_cc: self.transports.get(key)?.transport_cc_seq,
        };
        let consumer = self.consumers.get_mut(consumer)?;
        let producer = self.producers.get(consumer.producer)?;
        let munger = producer.mungers.get(consumer.munger)?;
        if !munger.active {
            return None;
        }
        let (seq, shift) = consumer.producer_seq(out_seq)?;
        let packet = producer
            .streams
            .get(shift.stream as usize)?
            .cache
            .get(seq)?;
        let rtx_type = consumer.rtx.as_ref()?.payload_types[packet.payload_type.0 as usize];
        let room = packet.payload_len as usize + 2 <= MAX_PAYLOAD;
        if rtx_type == 0 || !room || !consumer.may_resend(out_seq, now) {
            return None;
        }
        consumer.stats.retransmitted += 1;
        let rtx = consumer.rtx.as_mut()?;
        let run = &mut self.forwarder.run;
        let tail = run.tail();
        let rewrite = Rewrite {
            marker: munger.ends_picture(packet),
            ..Rewrite::new(packet, out_seq, shift, stamp)
        };
        let (header_len, len) = assemble(tail, munger, packet, &self.pool, rewrite);
        // RFC 4588, 4: the original number goes before the payload; the header is the RTX stream's.
        tail.copy_within(header_len..len, header_len + 2);
        tail[header_len..header_len + 2].copy_from_slice(&(out_seq as u16).to_be_bytes());
        tail[1] = tail[1] & 0x80 | rtx_type;
        tail[2..4].copy_from_slice(&(rtx.next_seq as u16).to_be_bytes());
        tail[8..12].copy_from_slice(&rtx.ssrc.to_be_bytes());
        let (len, seq) = (len + 2, rtx.next_seq);
        let transport = self.transports.get_mut(key)?;
        let (srtp, (local, remote)) = (transport.srtp.as_ref()?, transport.selected?);
        if !run.takes(len + srtp.tx.rtp_overhead()) {
            let sent = run.send_before(len, local, remote, out);
            count(&mut transport.stats, &mut self.metrics, sent);
        }
        let sealed = srtp.tx.protect_rtp(run.tail(), header_len, len, seq).ok()?;
        run.push(sealed);
        transport.pacer.on_sent(sealed);
        rtx.next_seq += 1;
        if munger.has_transport_cc() {
            note_sent(&mut transport.bandwidth, now, stamp.transport_cc, sealed);
            transport.transport_cc_seq = stamp.transport_cc.wrapping_add(1);
        }
        Some(())
    }

    pub(super) fn finish_run(&mut self, key: TransportKey, out: &mut impl Transmit) {
        let transport = self.transports.get_mut(key);
        let selected = transport.as_ref().and_then(|transport| transport.selected);
        let (Some(transport), Some((local, remote))) = (transport, selected) else {
            self.forwarder.run.reset();
            return;
        };
        let sent = self.forwarder.run.send(local, remote, out);
        count(&mut transport.stats, &mut self.metrics, sent);
    }
}

fn count(
    stats: &mut crate::transport::TransportStats,
    metrics: &mut crate::metrics::Metrics,
    (packets, bytes): (u64, u64),
) {
    stats.rtp_sent += packets;
    stats.rtx_sent += packets;
    stats.bytes_sent += bytes;
    metrics.rtp_sent += packets;
    metrics.rtx_sent += packets;
    metrics.rtp_sends += u64::from(packets > 0);
    metrics.bytes_sent += bytes;
}
