//! What a peer counts.

use std::time::Duration;

use serde::Serialize;

/// A peer's counters.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerStats {
    /// SRTP and SRTCP packets that did not authenticate, or came twice.
    pub rejected: u64,
    /// Authenticated RTP packets of streams nobody told us of.
    pub unknown_ssrc: u64,
    /// RTP, RTCP or STUN that could not be read.
    pub malformed: u64,
    /// Transport-cc feedback packets that came for what we sent.
    pub transport_cc_received: u64,
    /// Packets that such feedback said were lost.
    pub transport_cc_lost: u64,
    /// The last REMB, in bit/s.
    pub remb_bps: Option<u64>,
    /// Round-trip time of the last ICE check.
    pub round_trip: Option<Duration>,
    /// One entry per stream we receive, in the order they were added.
    pub receive: Vec<ReceiveStats>,
    /// One entry per stream we send, in the order they were added.
    pub send: Vec<SendStats>,
}

/// Counters of a stream we receive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiveStats {
    /// Packets on the stream's own SSRC.
    pub packets: u64,
    /// Their payload bytes.
    pub payload_bytes: u64,
    /// Packets with the marker: for video, ends of frames.
    pub markers: u64,
    /// First packets of key frames.
    pub key_frames: u64,
    /// Packets that had not come when last counted, before repair.
    pub lost: i64,
    /// Packets that came by retransmission.
    pub recovered: u64,
    /// Sequence numbers asked for.
    pub nacked: u64,
    /// Picture loss indications sent.
    pub plis: u64,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Sender reports received.
    pub sender_reports: u64,
}

/// Counters of a stream we send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendStats {
    /// Packets sent, without retransmissions.
    pub packets: u64,
    /// Their payload bytes.
    pub payload_bytes: u64,
    /// Frames sent.
    pub frames: u64,
    /// Sequence numbers we were asked for again.
    pub nacks_received: u64,
    /// Retransmissions sent.
    pub retransmitted: u64,
    /// Key frames we were asked for.
    pub key_frame_requests: u64,
    /// Receiver report blocks about this stream.
    pub reports_received: u64,
    /// Fraction lost in the last of them, in 1/256.
    pub fraction_lost: u8,
}
