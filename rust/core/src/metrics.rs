//! Counters of one worker, all since its start.

/// Plain counters, cheap enough for the packet path.
#[derive(Debug, Default, Clone, Copy)]
pub struct Metrics {
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Datagrams that belong to nobody.
    pub unknown_datagrams: u64,
    /// Datagrams that could not be read or did not authenticate.
    pub bad_datagrams: u64,
    /// RTP packets accepted from producers.
    pub rtp_received: u64,
    /// RTP packets sent to consumers, retransmissions included.
    pub rtp_sent: u64,
    /// Retransmissions sent.
    pub rtx_sent: u64,
    /// Padding packets sent to explore paths.
    pub probes_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Sends that carried RTP; `rtp_sent / rtp_sends` is the mean number of segments.
    pub rtp_sends: u64,
    /// Video packets sent and the sends that carried them.
    pub video_sent: u64,
    /// Sends that carried video.
    pub video_sends: u64,
    /// Packets lost because the pool was empty.
    pub pool_exhausted: u64,
    /// Panics caught.
    pub panics: u64,
    /// Packets that publishers were asked to send again.
    pub nacks_sent: u64,
    /// Packets that publishers sent again.
    pub rtx_received: u64,
    /// Packets that receivers asked for again.
    pub nacks_received: u64,
    /// Key frames that publishers were asked for.
    pub plis_sent: u64,
    /// Key frames that receivers asked for.
    pub plis_received: u64,
}

impl Metrics {
    /// Names and values, for export.
    pub fn entries(&self) -> [(&'static str, u64); 19] {
        [
            ("datagrams_received", self.datagrams_received),
            ("bytes_received", self.bytes_received),
            ("unknown_datagrams", self.unknown_datagrams),
            ("bad_datagrams", self.bad_datagrams),
            ("rtp_received", self.rtp_received),
            ("rtp_sent", self.rtp_sent),
            ("rtx_sent", self.rtx_sent),
            ("probes_sent", self.probes_sent),
            ("bytes_sent", self.bytes_sent),
            ("rtp_sends", self.rtp_sends),
            ("video_sent", self.video_sent),
            ("video_sends", self.video_sends),
            ("pool_exhausted", self.pool_exhausted),
            ("panics", self.panics),
            ("nacks_sent", self.nacks_sent),
            ("rtx_received", self.rtx_received),
            ("nacks_received", self.nacks_received),
            ("plis_sent", self.plis_sent),
            ("plis_received", self.plis_received),
        ]
    }
}
