//! Trains of padding that explore a receiver's path: packets of nothing but padding on a consumer's RTX stream, where
//! receivers expect them (RFC 4588 payloads begin with a sequence number; what has none is no retransmission).

use std::time::Instant;

use super::forward::note_sent;
use super::{Sfu, Transmit};
use crate::keys::{ConsumerKey, TransportKey};
use crate::munger::{Rewrite, Shift, Stamp};
use crate::time::to_abs_send_time;

/// RTP padding tells its own length in one byte (RFC 3550, 5.1).
const PADDING: u8 = u8::MAX;
/// About what such a packet has in all.
const PACKET_SIZE: usize = 300;

impl Sfu {
    /// Sees to it that the path is explored up to `wanted_bps`, when it is time for that.
    pub(super) fn explore(&mut self, key: TransportKey, wanted_bps: u64, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let wanted = transport
            .max_outgoing_bitrate
            .map_or(wanted_bps, |max| max.min(wanted_bps));
        let Some(bandwidth) = &mut transport.bandwidth else {
            return;
        };
        if let Some(packets) = bandwidth.probe(now, wanted, PACKET_SIZE) {
            self.probing.push((key, packets));
        }
    }

    /// Sends the trains that are due.
    pub(super) fn flush_probes(&mut self, now: Instant, out: &mut impl Transmit) {
        while let Some((key, packets)) = self.probing.pop() {
            self.current = Some(key);
            if let Some(consumer) = self.probe_consumer(key) {
                self.send_train(key, consumer, packets, now, out);
            }
        }
        self.current = None;
    }

    /// A consumer whose RTX stream the receiver knows and is ready for.
    fn probe_consumer(&self, key: TransportKey) -> Option<ConsumerKey> {
        let consumers = &self.transports.get(key)?.consumers;
        consumers.iter().copied().find(|consumer| {
            self.consumers
                .get(*consumer)
                .is_some_and(|consumer| consumer.rtx.is_some() && !consumer.paused)
        })
    }

    fn send_train(
        &mut self,
        key: TransportKey,
        consumer: ConsumerKey,
        packets: usize,
        now: Instant,
        out: &mut impl Transmit,
    ) -> Option<()> {
        let abs_send_time = to_abs_send_time(self.ntp(now));
        let consumer = self.consumers.get_mut(consumer)?;
        let munger = self
            .producers
            .get(consumer.producer)?
            .mungers
            .get(consumer.munger)?;
        let rtx = consumer.rtx.as_mut()?;
        let payload_type = rtx
            .payload_types
            .iter()
            .copied()
            .find(|&payload_type| payload_type != 0)?;
        let transport = self.transports.get_mut(key)?;
        let (srtp, (local, remote)) = (transport.srtp.as_ref()?, transport.selected?);
        if !munger.has_transport_cc() {
            return None;
        }
        let run = &mut self.forwarder.run;
        let (first, mut size) = (transport.transport_cc_seq, 0);
        for _ in 0..packets {
            let rewrite = Rewrite {
                seq: rtx.next_seq,
                shift: Shift::default(),
                timestamp: munger.last_timestamp,
                payload_type,
                marker: false,
                padding: PADDING,
                stamp: Stamp {
                    abs_send_time,
                    transport_cc: transport.transport_cc_seq,
                },
            };
            let tail = run.tail();
            let header_len = munger.write_header(tail, &[], rewrite);
            let len = header_len + usize::from(PADDING);
            tail[8..12].copy_from_slice(&rtx.ssrc.to_be_bytes());
            tail[header_len..len].fill(0);
            tail[len - 1] = PADDING;
            size = srtp
                .tx
                .protect_rtp(tail, header_len, len, rtx.next_seq)
                .ok()?;
            run.push(size);
            transport.pacer.on_sent(size);
            rtx.next_seq += 1;
            note_sent(
                &mut transport.bandwidth,
                now,
                transport.transport_cc_seq,
                size,
            );
            transport.transport_cc_seq = transport.transport_cc_seq.wrapping_add(1);
        }
        let sent = transport.transport_cc_seq.wrapping_sub(first);
        transport
            .bandwidth
            .as_mut()?
            .on_probe_sent(now, first, sent, size);
        transport.stats.probes_sent += u64::from(sent);
        let (_, bytes) = run.send(local, remote, out);
        transport.stats.bytes_sent += bytes;
        self.metrics.bytes_sent += bytes;
        self.metrics.probes_sent += u64::from(sent);
        Some(())
    }
}
