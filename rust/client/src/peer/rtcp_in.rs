//! The RTCP we receive.

use std::time::Instant;

use videocall_core::rtcp::{RtcpPacket, packets};
use videocall_core::rtp::Ssrc;

use super::sender::Context;
use super::{Peer, PeerEvent, abs_send_time, push_datagram};

impl Peer {
    pub(super) fn handle_rtcp(&mut self, now: Instant, datagram: &mut [u8]) {
        let Some((_, rx)) = &mut self.srtp else {
            return;
        };
        let Ok(len) = rx.unprotect_rtcp(datagram) else {
            self.stats.rejected += 1;
            return;
        };
        for packet in packets(&datagram[..len]) {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, &packet),
                Err(_) => self.stats.malformed += 1,
            }
        }
    }

    fn handle_rtcp_packet(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        match packet {
            RtcpPacket::SenderReport(report) => {
                let receiver = self
                    .receivers
                    .iter_mut()
                    .find(|r| r.ssrc() == report.ssrc());
                if let Some(receiver) = receiver {
                    receiver.on_sender_report(now, &report.info());
                }
                for block in report.reports() {
                    self.on_report_block(&block);
                }
            }
            RtcpPacket::ReceiverReport(report) => {
                for block in report.reports() {
                    self.on_report_block(&block);
                }
            }
            RtcpPacket::Nack(nack) => {
                for sequence in nack.seqs() {
                    self.resend(now, nack.media, sequence);
                }
            }
            RtcpPacket::Pli { media, .. } => self.key_frame_requested(*media),
            RtcpPacket::Fir(fir) => {
                for (media, _) in fir.entries() {
                    self.key_frame_requested(media);
                }
            }
            RtcpPacket::Remb { bitrate_bps, .. } => self.stats.remb_bps = Some(*bitrate_bps),
            RtcpPacket::TransportCc(feedback) => {
                self.stats.transport_cc_received += 1;
                let lost = feedback
                    .statuses()
                    .filter(|(_, delta)| delta.is_none())
                    .count();
                self.stats.transport_cc_lost += lost as u64;
            }
            _ => {}
        }
    }

    fn on_report_block(&mut self, block: &videocall_core::rtcp::ReportBlock) {
        if let Some(sender) = self
            .senders
            .iter_mut()
            .find(|sender| sender.ssrc() == block.ssrc)
        {
            sender.on_report(block);
        }
    }

    fn key_frame_requested(&mut self, media: Ssrc) {
        if let Some(at) = self
            .senders
            .iter()
            .position(|sender| sender.ssrc() == media)
        {
            self.senders[at].key_frame_requested();
            self.events.push_back(PeerEvent::KeyFrameRequested(at));
        }
    }

    fn resend(&mut self, now: Instant, media: Ssrc, sequence: u16) {
        let Some((remote, (tx, _))) = self.ice.selected().zip(self.srtp.as_ref()) else {
            return;
        };
        if let Some(sender) = self
            .senders
            .iter_mut()
            .find(|sender| sender.ssrc() == media)
        {
            let context = Context {
                tx,
                extensions: &self.config.extensions,
                transport_sequence: &mut self.transport_sequence,
                abs_send_time: abs_send_time(now.saturating_duration_since(self.started)),
            };
            sender.resend(sequence, context, |bytes| {
                push_datagram(&mut self.transmits, remote, bytes);
            });
        }
    }
}
