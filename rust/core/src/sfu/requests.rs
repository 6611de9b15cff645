//! What requests carry. Field names on the wire are these in camelCase.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::params::{DtlsParameters, MediaKind, RtpMapping, RtpParameters};

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
