//! RTCP from peers: reports and requests about what we send, and reports about what they send.

use std::time::Instant;

use super::Sfu;
use crate::keys::{ConsumerKey, TransportKey};
use crate::params::MediaKind;
use crate::rtcp::{self, ReportBlock, RtcpPacket};
use crate::rtp::Ssrc;

impl Sfu {
    pub(super) fn handle_rtcp(&mut self, now: Instant, key: TransportKey, datagram: &mut [u8]) {
        let transport = &mut self.transports[key];
        transport.stats.bytes_received += datagram.len() as u64;
        let Some(srtp) = &mut transport.srtp else {
            return;
        };
        let Ok(len) = srtp.rx.unprotect_rtcp(datagram) else {
            transport.stats.srtp_errors += 1;
            self.metrics.bad_datagrams += 1;
            return;
        };
        for packet in rtcp::packets(&datagram[..len]) {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, key, packet),
                Err(_) => self.metrics.bad_datagrams += 1,
            }
        }
    }

    fn handle_rtcp_packet(&mut self, now: Instant, key: TransportKey, packet: RtcpPacket<'_>) {
        match packet {
            RtcpPacket::SenderReport(report) => {
                if let Some(route) = self.transports[key].route(report.ssrc())
                    && !route.rtx
                    && let Some(producer) = self.producers.get_mut(route.producer)
                {
                    let stream = &mut producer.streams[route.stream as usize];
                    stream.reports.on_sender_report(now, &report.info());
                }
                self.take_blocks(now, key, report.reports());
            }
            RtcpPacket::ReceiverReport(report) => self.take_blocks(now, key, report.reports()),
            RtcpPacket::Nack(nack) => {
                if let Some(consumer) = self.consumer_of(key, nack.media) {
                    for seq in nack.seqs() {
                        self.handle_missing(key, consumer, seq);
                    }
                }
            }
            RtcpPacket::Pli { media, .. } => self.handle_keyframe_request(now, key, media),
            RtcpPacket::Fir(fir) => {
                for (media, _) in fir.entries() {
                    self.handle_keyframe_request(now, key, media);
                }
            }
            RtcpPacket::Remb { bitrate_bps, .. } => {
                self.transports[key].stats.remb_bps = Some(bitrate_bps);
                self.allocate_if_due(key, now);
            }
            RtcpPacket::TransportCc(feedback) => {
                if let Some(bandwidth) = &mut self.transports[key].bandwidth {
                    let before = bandwidth.estimate_bps();
                    bandwidth.on_feedback(now, &feedback);
                    if bandwidth.estimate_bps() < before {
                        self.slow_down(key, now);
                    }
                }
                self.allocate_if_due(key, now);
            }
            _ => {}
        }
    }

    fn take_blocks(
        &mut self,
        now: Instant,
        key: TransportKey,
        blocks: impl Iterator<Item = ReportBlock>,
    ) {
        for block in blocks {
            let Some(consumer_key) = self.consumer_of(key, block.ssrc) else {
                continue;
            };
            let consumer = &mut self.consumers[consumer_key];
            // The RTX stream is reported on as well; loss and round trip are the media stream's.
            if consumer.ssrc == block.ssrc.0 {
                consumer.on_report(&block, now);
                if consumer.stats.round_trip_time.is_some() {
                    self.transports[key].stats.round_trip_time = consumer.stats.round_trip_time;
                }
                if consumer.kind == MediaKind::Audio
                    && let Some(producer) = self.producers.get_mut(consumer.producer)
                {
                    let munger = &mut producer.mungers[consumer.munger];
                    if munger.takes_red() {
                        munger.redundancy = consumer.redundancy.on_report(
                            block.fraction_lost,
                            munger.redundancy,
                            now,
                        );
                    }
                }
                self.score_consumer(consumer_key, now);
            }
        }
    }

    fn handle_missing(&mut self, key: TransportKey, consumer_key: ConsumerKey, seq: u16) {
        let Some(consumer) = self.consumers.get_mut(consumer_key) else {
            return;
        };
        consumer.stats.nacked += 1;
        self.metrics.nacks_received += 1;
        if consumer.rtx.is_none() || !consumer.nack {
            return;
        }
        let Some(producer) = self.producers.get(consumer.producer) else {
            return;
        };
        let last = producer.mungers[consumer.munger].last_out();
        // The newest number with these low 16 bits that was sent already.
        let back = u64::from((last as u16).wrapping_sub(seq));
        if let Some(out) = last.checked_sub(back) {
            self.request_resend(key, consumer_key, out);
        }
    }

    fn handle_keyframe_request(&mut self, now: Instant, key: TransportKey, media: Ssrc) {
        if let Some(consumer) = self.consumer_of(key, media) {
            self.consumers[consumer].stats.plis += 1;
            self.metrics.plis_received += 1;
            self.request_keyframe_for(consumer, now);
        }
    }

    fn consumer_of(&self, key: TransportKey, ssrc: Ssrc) -> Option<ConsumerKey> {
        self.transports[key].outgoing.get(&ssrc.0).copied()
    }
}
