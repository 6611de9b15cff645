//! Feeding narrow paths no faster than they carry: what waits, and when it goes out.

use std::time::{Duration, Instant};

use super::forward::{assemble, note_sent};
use super::{Sfu, Transmit};
use crate::allocation::Demand;
use crate::keys::{ConsumerKey, TransportKey};
use crate::munger::{Rewrite, Stamp};
use crate::time::to_abs_send_time;

/// What was granted may go out a little faster than it comes, or what waited once would wait for ever.
const SPEED_PERCENT: u64 = 120;
/// On its way and in a short queue, this much of what the path carries is as it should be.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

impl Sfu {
    /// Sets a transport's pace by its estimate and by what its consumers were granted. A path whose limits are not known
    /// is not held back.
    pub(super) fn set_pace(
        &mut self,
        key: TransportKey,
        audio_bps: u64,
        demands: &[Demand],
        now: Instant,
    ) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let granted = demands
            .iter()
            .filter_map(Demand::step)
            .map(|step| step.bps)
            .sum::<u64>();
        let bandwidth = transport
            .bandwidth
            .as_ref()
            .filter(|bandwidth| bandwidth.met_limit());
        let available = transport.available_outgoing_bps(now);
        let rate = bandwidth.zip(available).map(|(bandwidth, available)| {
            let drain = transport.sharing.drain(now, bandwidth.queue_delay());
            let rate = available.max(granted + audio_bps) * SPEED_PERCENT / 100;
            (rate as f64 * (1.0 - drain)) as u64
        });
        transport.pacer.set_rate(now, rate);
    }

    /// After the estimate fell: what is too much on its way counts as sent too early.
    pub(super) fn slow_down(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let Some(bandwidth) = &transport.bandwidth else {
            return;
        };
        let estimate = bandwidth.estimate_bps();
        let usual = estimate as f64 / 8.0 * ON_ITS_WAY.as_secs_f64();
        let surplus = bandwidth.in_flight().saturating_sub(usual as u64);
        transport
            .pacer
            .set_rate(now, Some(estimate * SPEED_PERCENT / 100));
        transport.pacer.owe(now, surplus);
    }

    /// Lets out what waits, at the next flush, if its time has come.
    pub(super) fn pace(&mut self, key: TransportKey, now: Instant) {
        let due = self.transports.get(key).and_then(|transport| {
            let waits = !transport.resend.is_empty();
            transport.pacer.next_timeout(waits)
        });
        if due.is_some_and(|due| due <= now) {
            self.resending.push(key);
        }
    }

    /// Sends as much of what waits as the pace allows.
    pub(super) fn flush_held(&mut self, key: TransportKey, now: Instant, out: &mut impl Transmit) {
        let late = self
            .transports
            .get(key)
            .is_some_and(|transport| transport.pacer.is_late(now));
        if late {
            self.give_up(key, now);
        }
        while let Some(held) = self
            .transports
            .get_mut(key)
            .and_then(|transport| transport.pacer.next(now))
        {
            self.send_held(key, held.consumer, held.seq, now, out);
        }
        let (packets, bytes) = self.send_run(key, out);
        if let Some(transport) = self.transports.get_mut(key) {
            transport.stats.rtp_sent += packets;
            transport.stats.bytes_sent += bytes;
            self.metrics.rtp_sent += packets;
            self.metrics.bytes_sent += bytes;
            self.metrics.video_sent += packets;
            self.metrics.rtp_sends += u64::from(packets > 0);
            self.metrics.video_sends += u64::from(packets > 0);
        }
        self.reschedule(key);
    }

    /// What waited too long is useless: each consumer goes on with a keyframe, as if nothing had been.
    fn give_up(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        for (consumer_key, seq) in transport.pacer.give_up() {
            let Some(consumer) = self.consumers.get_mut(consumer_key) else {
                continue;
            };
            consumer.forget_from(seq);
            if let Some(producer) = self.producers.get_mut(consumer.producer) {
                producer.mungers[consumer.munger].take_back(seq);
                self.request_keyframe_for(consumer_key, now);
            }
        }
    }

    fn send_held(
        &mut self,
        key: TransportKey,
        consumer: ConsumerKey,
        out_seq: u64,
        now: Instant,
        out: &mut impl Transmit,
    ) -> Option<()> {
        let abs_send_time = to_abs_send_time(self.ntp(now));
        let consumer = self.consumers.get(consumer)?;
        let producer = self.producers.get_mut(consumer.producer)?;
        let munger = &mut producer.mungers[consumer.munger];
        if !munger.active {
            return None;
        }
        let (seq, shift) = consumer.producer_seq(out_seq)?;
        let packet = producer
            .streams
            .get(usize::from(shift.stream))?
            .cache
            .get(seq)?;
        let transport = self.transports.get_mut(key)?;
        let (srtp, (local, remote)) = (transport.srtp.as_ref()?, transport.selected?);
        let stamp = Stamp {
            abs_send_time,
            transport_cc: transport.transport_cc_seq,
        };
        let run = &mut self.forwarder.run;
        let rewrite = Rewrite {
            marker: munger.ends_picture(packet),
            ..Rewrite::new(packet, out_seq, shift, stamp)
        };
        let (header_len, len) = assemble(run.tail(), munger, packet, &self.pool, rewrite);
        if !run.takes(len + srtp.tx.rtp_overhead()) {
            let (packets, bytes) = run.send_before(len, local, remote, out);
            transport.stats.rtp_sent += packets;
            transport.stats.bytes_sent += bytes;
            self.metrics.rtp_sent += packets;
            self.metrics.bytes_sent += bytes;
            self.metrics.video_sent += packets;
            self.metrics.rtp_sends += 1;
            self.metrics.video_sends += 1;
        }
        let sealed = srtp
            .tx
            .protect_rtp(run.tail(), header_len, len, out_seq)
            .ok()?;
        if munger.has_transport_cc() {
            note_sent(&mut transport.bandwidth, now, stamp.transport_cc, sealed);
            transport.transport_cc_seq = stamp.transport_cc.wrapping_add(1);
        }
        munger.packets += 1;
        munger.bytes += u64::from(packet.payload_len);
        transport.pacer.on_sent(sealed);
        run.push(sealed);
        Some(())
    }

    fn send_run(&mut self, key: TransportKey, out: &mut impl Transmit) -> (u64, u64) {
        match self
            .transports
            .get(key)
            .and_then(|transport| transport.selected)
        {
            Some((local, remote)) => self.forwarder.run.send(local, remote, out),
            None => {
                self.forwarder.run.reset();
                (0, 0)
            }
        }
    }
}
