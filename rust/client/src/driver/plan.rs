//! What the driver is told of a client, as signalling's answers have it.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use videocall_core::dtls::{Certificate, DtlsRole, Fingerprint};
use videocall_core::ice::IceParameters;

use crate::config::{ExtensionIds, PeerConfig, ReceiveStream, SendStream};

/// A client to be driven.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientPlan {
    /// The local address; the port is the system's choice.
    pub bind: IpAddr,
    /// The server's ICE credentials.
    pub ice_parameters: IceParameters,
    /// The server's addresses. The socket is connected to the first one.
    pub ice_candidates: Vec<SocketAddr>,
    /// The server's fingerprints.
    pub fingerprints: Vec<Fingerprint>,
    /// Who sends the ClientHello.
    #[serde(default)]
    pub dtls_role: Role,
    /// The header extensions of the transport.
    #[serde(default)]
    pub extensions: ExtensionIds,
    /// Streams to send, from the moment it is connected.
    #[serde(default)]
    pub send: Vec<SendPlan>,
    /// Streams to receive.
    #[serde(default)]
    pub receive: Vec<ReceiveStream>,
}

/// A stream to send.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendPlan {
    /// The stream.
    #[serde(flatten)]
    pub stream: SendStream,
    /// Video only: payload bits a second instead of the profile's 1.5 million.
    #[serde(default)]
    pub bitrate_bps: Option<u64>,
}

/// The client's DTLS role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It sends the ClientHello, as browsers do.
    #[default]
    Client,
    /// It waits for it.
    Server,
}

impl ClientPlan {
    /// The peer's configuration.
    pub(super) fn peer_config(&self, certificate: &Certificate, seed: u64, ntp: u64) -> PeerConfig {
        PeerConfig {
            certificate: certificate.clone(),
            dtls_role: match self.dtls_role {
                Role::Client => DtlsRole::Client,
                Role::Server => DtlsRole::Server,
            },
            remote_ice: self.ice_parameters.clone(),
            remote_candidates: self.ice_candidates.clone(),
            remote_fingerprints: self.fingerprints.clone(),
            extensions: self.extensions,
            ntp_at_start: ntp,
            seed,
        }
    }
}
