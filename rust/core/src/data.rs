//! Data producers and consumers: messages from one participant to others, in mediasoup's vocabulary.

use crate::keys::{DataConsumerKey, DataProducerKey, RouterKey, TransportKey};
use crate::sctp::Reliability;

/// How messages come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// On a stream of the transport's SCTP association.
    Sctp {
        /// The stream.
        stream: u16,
        /// How hard it tries.
        reliability: Reliability,
    },
    /// From or to the application.
    Direct,
}

impl DataKind {
    /// The stream, if there is one.
    pub fn stream(&self) -> Option<u16> {
        match self {
            Self::Sctp { stream, .. } => Some(*stream),
            Self::Direct => None,
        }
    }

    /// Its name in mediasoup.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sctp { .. } => "sctp",
            Self::Direct => "direct",
        }
    }
}

/// Messages counted.
#[derive(Debug, Default, Clone, Copy)]
pub struct DataStats {
    /// Messages.
    pub messages: u64,
    /// Bytes of their contents.
    pub bytes: u64,
    /// Messages that were not sent, since too much waited already or there was nobody to send to.
    pub dropped: u64,
}

/// Where messages come from.
#[derive(Debug)]
pub struct DataProducer {
    /// Id given by Python.
    pub id: String,
    /// Where they arrive.
    pub transport: TransportKey,
    /// Where they are routed.
    pub router: RouterKey,
    /// How they come.
    pub kind: DataKind,
    /// The channel's label.
    pub label: String,
    /// The channel's subprotocol.
    pub protocol: String,
    /// Whether forwarding is halted.
    pub paused: bool,
    /// Who gets them.
    pub consumers: Vec<DataConsumerKey>,
    /// Counters.
    pub stats: DataStats,
}

/// Where messages go.
#[derive(Debug)]
pub struct DataConsumer {
    /// Id given by Python.
    pub id: String,
    /// Where they are sent.
    pub transport: TransportKey,
    /// Where they come from.
    pub producer: DataProducerKey,
    /// How they go.
    pub kind: DataKind,
    /// The channel's label.
    pub label: String,
    /// The channel's subprotocol.
    pub protocol: String,
    /// Paused by its participant.
    pub paused: bool,
    /// Which of the producer's subchannels it takes.
    pub subchannels: Vec<u16>,
    /// Whether the application was told that the send buffer is full, and nothing was sent since.
    pub full_told: bool,
    /// Counters.
    pub stats: DataStats,
}

impl DataConsumer {
    /// Whether it takes a message to these subchannels; one to none goes to everybody.
    pub fn takes(&self, subchannels: &[u16], required: Option<u16>) -> bool {
        let subscribed = |subchannel: &u16| self.subchannels.contains(subchannel);
        required.is_none_or(|required| subscribed(&required))
            && (subchannels.is_empty() || subchannels.iter().any(subscribed))
    }
}
