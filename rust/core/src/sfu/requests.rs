//! What requests carry. Field names on the wire are these in camelCase.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::params::{DtlsParameters, MediaKind, RtpMapping, RtpParameters};
use crate::sctp::SctpOptions;

#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) id: u64,
    #[serde(borrow)]
    pub(super) method: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouterId {
    pub(super) router_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransportId {
    pub(super) transport_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProducerId {
    pub(super) producer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsumerId {
    pub(super) consumer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObserverId {
    pub(super) observer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observe {
    pub(super) observer_id: String,
    pub(super) producer_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateAudioLevelObserver {
    pub(super) router_id: String,
    pub(super) observer_id: String,
    /// Producers named at most.
    pub(super) max_entries: usize,
    /// dBov.
    pub(super) threshold: i8,
    /// Milliseconds.
    pub(super) interval: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateActiveSpeakerObserver {
    pub(super) router_id: String,
    pub(super) observer_id: String,
    /// Milliseconds.
    pub(super) interval: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetPreferredLayers {
    pub(super) consumer_id: String,
    pub(super) spatial_layer: u8,
    #[serde(default)]
    pub(super) temporal_layer: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetPriority {
    pub(super) consumer_id: String,
    pub(super) priority: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateTransport {
    pub(super) router_id: String,
    pub(super) transport_id: String,
    #[serde(default)]
    pub(super) initial_available_outgoing_bitrate: Option<u64>,
    #[serde(flatten)]
    pub(super) sctp: SctpRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDirectTransport {
    pub(super) router_id: String,
    pub(super) transport_id: String,
}

/// Whether and how a transport has SCTP, with mediasoup's defaults.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SctpRequest {
    #[serde(default)]
    enable_sctp: bool,
    #[serde(default)]
    num_sctp_streams: Option<u16>,
    #[serde(default)]
    max_sctp_message_size: Option<u32>,
    #[serde(default)]
    sctp_send_buffer_size: Option<u32>,
}

impl SctpRequest {
    pub(super) fn options(&self) -> Result<Option<SctpOptions>, Error> {
        let options = SctpOptions {
            max_streams: self.num_sctp_streams.unwrap_or(1024),
            max_message: self.max_sctp_message_size.unwrap_or(256 << 10),
            send_buffer: self.sctp_send_buffer_size.unwrap_or(256 << 10) as usize,
        };
        if !(1..=1024).contains(&options.max_streams) {
            return Err(Error::bad_request("numSctpStreams: not from 1 to 1024"));
        }
        // A message is kept whole; the receiver window is 1 MiB.
        if !(1..=1 << 19).contains(&options.max_message) {
            return Err(Error::bad_request(
                "maxSctpMessageSize: not from 1 to 524288 bytes",
            ));
        }
        if !(1..=16 << 20).contains(&options.send_buffer) {
            return Err(Error::bad_request(
                "sctpSendBufferSize: not from 1 to 16777216 bytes",
            ));
        }
        Ok(self.enable_sctp.then_some(options))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectTransport {
    pub(super) transport_id: String,
    pub(super) dtls_parameters: DtlsParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetMaxBitrate {
    pub(super) transport_id: String,
    pub(super) bitrate: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Produce {
    pub(super) transport_id: String,
    pub(super) producer_id: String,
    pub(super) kind: MediaKind,
    pub(super) rtp_parameters: RtpParameters,
    pub(super) rtp_mapping: RtpMapping,
    #[serde(default)]
    pub(super) paused: bool,
    #[serde(default)]
    pub(super) key_frame_request_delay: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Consume {
    pub(super) transport_id: String,
    pub(super) consumer_id: String,
    pub(super) producer_id: String,
    pub(super) kind: MediaKind,
    pub(super) rtp_parameters: RtpParameters,
    #[serde(default)]
    pub(super) paused: bool,
}

/// Reads a request's data; the error says what is wrong and where.
pub(super) fn parse<T: DeserializeOwned>(data: &str) -> Result<T, Error> {
    serde_json::from_str(data).map_err(|error| Error::bad_request(error.to_string()))
}
