//! The DTLS protocol behind one small trait, and `dimpl` behind that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, Output};

use super::client_hello::Answer;
use super::{Certificate, DtlsError, DtlsRole, MAX_DATAGRAM_LEN};
use crate::srtp::SrtpProfile;

/// First retransmission. Browsers' RTTs are mostly below it, and a lost flight costs a join this
/// much. It doubles with every retry.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(150);
/// The handshake's deadline from its first datagram; it ends the retries too.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// More than fit into the deadline, so that the deadline decides.
const RETRIES: usize = 40;
/// Records kept while some before them are missing. A flight at MTU 300 has about ten.
const MAX_QUEUED_RECORDS: usize = 64;
/// Holds whatever the engine may put out: its messages are put together from at most
/// `MAX_QUEUED_RECORDS` datagrams.
const OUTPUT_LEN: usize = MAX_QUEUED_RECORDS * MAX_DATAGRAM_LEN;
/// A deadline further off than this is the engine's "none".
const IDLE: Duration = Duration::from_secs(24 * 3600);
/// Datagrams a client keeps until the server's first message has told the version.
const MAX_HELD: usize = 16;

/// What an engine wants done.
pub(super) enum EngineOutput<'a> {
    Datagram(&'a [u8]),
    PeerCertificate(&'a [u8]),
    /// `client key || server key || client salt || server salt` (RFC 5764 section 4.2).
    KeyingMaterial(SrtpProfile, Vec<u8>),
    Handshaken,
    Data(&'a [u8]),
    Closed,
    /// Nothing more; call `handle_timeout` at this time.
    Idle(Option<Instant>),
}

/// A DTLS association, without sockets or clock. After an error it is not used again.
pub(super) trait Engine: Send {
    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<(), DtlsError>;
    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError>;
    /// To be called until it is idle. `scratch` is `new_scratch`'s.
    fn poll<'a>(&mut self, scratch: &'a mut [u8]) -> EngineOutput<'a>;
    fn send_data(&mut self, data: &[u8]) -> Result<(), DtlsError>;
    fn close(&mut self) -> Result<(), DtlsError>;
}

/// The configuration that all associations share.
pub(super) fn config() -> Result<Arc<Config>, String> {
    Config::builder()
        .flight_start_rto(FIRST_RETRANSMISSION)
        .flight_retries(RETRIES)
        .handshake_timeout(HANDSHAKE_TIMEOUT)
        .max_queue_rx(MAX_QUEUED_RECORDS)
        .require_client_certificate(true)
        // ICE has shown that the peer is at its address: a cookie would only cost a round trip.
        .use_server_cookie(false)
        .build()
        .map(Arc::new)
        .map_err(|error| error.to_string())
}

/// Memory for [`Engine::poll`], needed only while there is something to do. After the handshake
/// nothing larger than a datagram comes out.
pub(super) fn new_scratch(connected: bool) -> Vec<u8> {
    vec![
        0;
        if connected {
            2 * MAX_DATAGRAM_LEN
        } else {
            OUTPUT_LEN
        }
    ]
}

/// An association on `dimpl`.
pub(super) struct DimplEngine {
    dtls: Dtls,
    now: Instant,
    /// A client whose version is open ends at anything but the start of a ServerHello, so that
    /// what overtook it waits here.
    held: Vec<Vec<u8>>,
}

impl DimplEngine {
    pub(super) fn client(certificate: &Certificate, now: Instant) -> Result<Self, DtlsError> {
        Self::new(certificate, DtlsRole::Client, Answer::Newest, now)
    }

    pub(super) fn server(
        certificate: &Certificate,
        answer: Answer,
        now: Instant,
    ) -> Result<Self, DtlsError> {
        Self::new(certificate, DtlsRole::Server, answer, now)
    }

    fn new(
        certificate: &Certificate,
        role: DtlsRole,
        answer: Answer,
        now: Instant,
    ) -> Result<Self, DtlsError> {
        let make = match answer {
            Answer::Dtls12 => Dtls::new_12,
            Answer::Newest => Dtls::new_auto,
        };
        let mut dtls = make(
            certificate.config.clone(),
            certificate.identity.clone(),
            now,
        );
        dtls.set_active(role == DtlsRole::Client);
        // dimpl draws its random here, and needs it before the first datagram.
        dtls.handle_timeout(now).map_err(failure)?;
        Ok(Self {
            dtls,
            now,
            held: Vec::new(),
        })
    }

    fn version_is_open(&self) -> bool {
        self.dtls.is_active() && self.dtls.protocol_version().is_none()
    }
}

impl Engine for DimplEngine {
    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<(), DtlsError> {
        self.handle_timeout(now)?;
        if self.version_is_open() && !tells_version(datagram) {
            if self.held.len() < MAX_HELD {
                self.held.push(datagram.to_vec());
            }
            return Ok(());
        }
        self.dtls.handle_packet(datagram).map_err(failure)?;
        for datagram in std::mem::take(&mut self.held) {
            self.dtls.handle_packet(&datagram).map_err(failure)?;
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError> {
        self.now = self.now.max(now);
        self.dtls.handle_timeout(self.now).map_err(failure)
    }

    fn poll<'a>(&mut self, scratch: &'a mut [u8]) -> EngineOutput<'a> {
        match self.dtls.poll_output(scratch) {
            Output::Packet(datagram) => EngineOutput::Datagram(datagram),
            Output::PeerCert(der) => EngineOutput::PeerCertificate(der),
            Output::KeyingMaterial(material, profile) => match known(profile) {
                Some(profile) => EngineOutput::KeyingMaterial(profile, material.to_vec()),
                None => EngineOutput::Handshaken,
            },
            Output::Connected => EngineOutput::Handshaken,
            Output::ApplicationData(data) => EngineOutput::Data(data),
            Output::CloseNotify => EngineOutput::Closed,
            Output::Timeout(at) => {
                EngineOutput::Idle((at.saturating_duration_since(self.now) < IDLE).then_some(at))
            }
            // OUTPUT_LEN is enough for everything.
            _ => EngineOutput::Idle(None),
        }
    }

    fn send_data(&mut self, data: &[u8]) -> Result<(), DtlsError> {
        self.dtls
            .send_application_data(data)
            .map(drop)
            .map_err(failure)
    }

    fn close(&mut self) -> Result<(), DtlsError> {
        self.dtls.close().map_err(failure)
    }
}

/// Whether a datagram starts with a whole ServerHello or a HelloVerifyRequest.
fn tells_version(datagram: &[u8]) -> bool {
    const HANDSHAKE: u8 = 22;
    let Some((header, rest)) = datagram.split_at_checked(13) else {
        return false;
    };
    let len = usize::from(u16::from_be_bytes([header[11], header[12]]));
    let Some(record) = rest.get(..len).filter(|record| record.len() >= 12) else {
        return false;
    };
    let whole = record[1..4] == record[9..12] && record[6..9] == [0, 0, 0];
    let message_len = u32::from_be_bytes([0, record[1], record[2], record[3]]) as usize;
    header[0] == HANDSHAKE
        && header[3..5] == [0, 0]
        && matches!(record[0], 2 | 3)
        && whole
        && record.len() >= 12 + message_len
}

fn known(profile: dimpl::SrtpProfile) -> Option<SrtpProfile> {
    match profile {
        dimpl::SrtpProfile::AEAD_AES_128_GCM => Some(SrtpProfile::AeadAes128Gcm),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => Some(SrtpProfile::AeadAes256Gcm),
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Some(SrtpProfile::AesCm128HmacSha1_80),
        _ => None,
    }
}

fn failure(error: dimpl::Error) -> DtlsError {
    match error {
        dimpl::Error::Timeout(_) => DtlsError::Timeout,
        error => DtlsError::Protocol(error.to_string()),
    }
}
