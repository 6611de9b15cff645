//! RTCP to peers: feedback to publishers at once, reports every second.

use std::time::{Duration, Instant};

use super::Sfu;
use crate::feedback::RembEstimator;
use crate::keys::{ProducerKey, TransportKey};
use crate::params::MediaKind;
use crate::rtcp::{SenderInfo, write};
use crate::rtp::Ssrc;
use crate::time::{ntp_middle, to_ntp, to_ticks};

/// Between two reports. RFC 3550, 6.2 allows less traffic than this; lip sync wants this much.
pub(super) const INTERVAL: Duration = Duration::from_millis(1000);
/// Ours in feedback about what we receive: the server has no stream that it would name.
const SENDER: Ssrc = Ssrc(1);
/// Told to a peer whose limit was lifted, in bits per second: more than any browser sends.
const NO_LIMIT_BPS: u64 = 1_000_000_000;
/// A compound packet is sent when it has grown to this.
const FULL: usize = 1000;
/// A publisher's round trip cannot be measured from here (it gets no sender reports on its
/// transport), so requests are repeated after a usual one.
const ASSUMED_ROUND_TRIP: Duration = Duration::from_millis(100);

impl Sfu {
    /// Generic NACK, PLI or FIR, and transport-wide feedback, as far as they are due.
    pub(super) fn send_feedback(&mut self, key: TransportKey, now: Instant) {
        self.rtcp.clear();
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let mut media = None;
        for &producer_key in &transport.producers {
            let Some(producer) = self.producers.get_mut(producer_key) else {
                continue;
            };
            let (video, pli) = (producer.kind == MediaKind::Video, producer.pli);
            for stream in &mut producer.streams {
                let Some(ssrc) = stream.ssrc.map(Ssrc) else {
                    continue;
                };
                media.get_or_insert(ssrc);
                if let Some(nack) = &mut stream.nack {
                    self.nacks.clear();
                    let gave_up = nack.poll(now, ASSUMED_ROUND_TRIP, &mut self.nacks);
                    if !self.nacks.is_empty() {
                        stream.stats.nacked += self.nacks.len() as u64;
                        self.metrics.nacks_sent += self.nacks.len() as u64;
                        write::nack(&mut self.rtcp, SENDER, ssrc, &self.nacks);
                    }
                    if gave_up && video && !producer.paused {
                        stream.keyframe_requests.request(now);
                    }
                }
                if stream.keyframe_requests.poll(now) {
                    stream.stats.plis += 1;
                    self.metrics.plis_sent += 1;
                    if pli {
                        write::pli(&mut self.rtcp, SENDER, ssrc);
                    } else {
                        producer.fir_seq = producer.fir_seq.wrapping_add(1);
                        write::fir(&mut self.rtcp, SENDER, ssrc, producer.fir_seq);
                    }
                }
            }
        }
        if let (Some(feedback), Some(media)) = (&mut transport.transport_cc, media)
            && feedback.next_timeout().is_some_and(|due| due <= now)
        {
            feedback.build(now, SENDER, media, &mut self.rtcp);
        }
        self.send_rtcp(key);
    }

    /// Receiver reports and REMB about producers, sender reports about consumers.
    pub(super) fn send_reports(&mut self, key: TransportKey, now: Instant) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        if transport.reports_due.is_none_or(|due| due > now) {
            return;
        }
        if transport.producers.is_empty() && transport.consumers.is_empty() {
            transport.reports_due = None;
            return;
        }
        transport.reports_due = Some(now + INTERVAL);
        if transport.srtp.is_none() {
            return;
        }
        self.allocate(key, now);
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let producers = std::mem::take(&mut transport.producers);
        let consumers = std::mem::take(&mut transport.consumers);
        self.rtcp.clear();
        for &producer in &producers {
            self.write_receiver_reports(key, producer, now);
            self.score_producer(producer, now);
        }
        self.write_remb(key, &producers, now);
        for &consumer in &consumers {
            self.write_sender_report(consumer, now);
            if self.rtcp.len() > FULL {
                self.send_rtcp(key);
            }
        }
        self.send_rtcp(key);
        let transport = &mut self.transports[key];
        transport.producers = producers;
        transport.consumers = consumers;
    }

    fn write_receiver_reports(&mut self, key: TransportKey, producer: ProducerKey, now: Instant) {
        let Some(producer) = self.producers.get_mut(producer) else {
            return;
        };
        for stream in &mut producer.streams {
            let Some(ssrc) = stream.ssrc.filter(|_| stream.stats.packets > 0) else {
                continue;
            };
            let mut block = stream.reports.report(now);
            block.ssrc = Ssrc(ssrc);
            write::receiver_report(&mut self.rtcp, SENDER, &[block]);
            if let Some(remb) = &mut self.transports[key].remb {
                remb.on_loss(block.fraction_lost);
            }
        }
    }

    /// REMB (draft-alvestrand-rmcat-remb-03) for a peer without transport-cc, or to tell any peer
    /// a limit that the application set, or lifted again.
    fn write_remb(&mut self, key: TransportKey, producers: &[ProducerKey], now: Instant) {
        let transport = &mut self.transports[key];
        let limit = transport.max_incoming_bitrate;
        transport.limit_told |= limit.is_some();
        let estimate = transport.remb.as_mut().and_then(|remb| {
            remb.set_max(limit.unwrap_or(RembEstimator::DEFAULT_MAX_BPS));
            remb.poll(now)
        });
        let told = limit.or(transport.limit_told.then_some(NO_LIMIT_BPS));
        let Some(bitrate) = estimate.or(told) else {
            return;
        };
        let streams = producers
            .iter()
            .filter_map(|producer| self.producers.get(*producer));
        let mut ssrcs = [Ssrc(0); 16];
        let mut count = 0;
        for ssrc in streams
            .flat_map(|p| &p.streams)
            .filter_map(|s| s.ssrc)
            .take(ssrcs.len())
        {
            ssrcs[count] = Ssrc(ssrc);
            count += 1;
        }
        if count > 0 {
            write::remb(&mut self.rtcp, SENDER, bitrate, &ssrcs[..count]);
        }
    }

    /// A sender report that keeps the sender's own clock: audio and video of one participant come
    /// with one NTP time line, which is what receivers align them by (RFC 3550, 6.4.1).
    fn write_sender_report(&mut self, consumer: crate::keys::ConsumerKey, now: Instant) {
        let Some(consumer) = self.consumers.get_mut(consumer) else {
            return;
        };
        let Some(producer) = self.producers.get(consumer.producer) else {
            return;
        };
        let munger = &producer.mungers[consumer.munger];
        let stream = &producer.streams[munger.stream() as usize];
        let seen = stream.reports.last_sender_report();
        let Some((arrival, info)) = seen.filter(|_| munger.active && munger.packets > 0) else {
            return;
        };
        let elapsed = now.saturating_duration_since(arrival);
        let ticks = to_ticks(elapsed, stream.clock_rate);
        let ntp = info.ntp.wrapping_add(to_ntp(elapsed));
        let info = SenderInfo {
            ntp,
            rtp_timestamp: munger.timestamp(info.rtp_timestamp.wrapping_add(ticks)),
            packet_count: munger.packets as u32,
            octet_count: munger.bytes as u32,
        };
        let ssrc = Ssrc(consumer.ssrc);
        write::sender_report(&mut self.rtcp, ssrc, &info, &[]);
        write::sdes_cname(&mut self.rtcp, ssrc, &consumer.cname);
        consumer.last_sender_report = Some((ntp_middle(ntp), now));
    }

    /// Seals what was written and queues it for the next flush.
    fn send_rtcp(&mut self, key: TransportKey) {
        if self.rtcp.is_empty() {
            return;
        }
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        if let (Some(srtp), Some((local, remote))) = (&mut transport.srtp, transport.selected) {
            let len = self.rtcp.len();
            self.rtcp.resize(len + srtp.tx.rtcp_overhead(), 0);
            if let Ok(len) = srtp.tx.protect_rtcp(&mut self.rtcp, len) {
                transport.stats.bytes_sent += len as u64;
                self.control_out.push(local, remote, &self.rtcp[..len]);
            }
        }
        self.rtcp.clear();
    }
}
