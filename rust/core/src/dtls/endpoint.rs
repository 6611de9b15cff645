//! One transport's DTLS association.

use std::collections::VecDeque;
use std::time::Instant;

use super::certificate::Expected;
use super::client_hello::HelloCollector;
use super::engine::{DimplEngine, Engine, EngineOutput, new_scratch};
use super::{Certificate, DtlsError, DtlsOutput, DtlsRole, Fingerprint, MAX_DATAGRAM_LEN};
use crate::srtp::{SrtpProfile, SrtpRx, SrtpTx};

/// A DTLS-SRTP endpoint. After each call that takes something in, [`poll`](Self::poll) until it
/// returns `None`; [`handle_timeout`](Self::handle_timeout) at [`next_timeout`](Self::next_timeout).
///
/// A client sends its ClientHello at once, so it is made when there is a path to the peer. The
/// deadline of 30 s runs from the first datagram sent (client) or taken (server).
pub struct DtlsEndpoint {
    state: State,
    role: DtlsRole,
    certificate: Certificate,
    expected: Expected,
    authenticated: bool,
    handshaken: bool,
    connected: bool,
    timeout: Option<Instant>,
    outputs: VecDeque<DtlsOutput>,
}

enum State {
    /// A server before the ClientHello is whole.
    Waiting(HelloCollector),
    Running(Box<dyn Engine>),
    /// Failed, or closed by us.
    Ended,
}

impl DtlsEndpoint {
    /// An endpoint in `role`, whose peer has one of the certificates with the fingerprints `remote`.
    ///
    /// # Errors
    /// [`DtlsError::NoUsableFingerprint`] when none of `remote` is well-formed and of a known
    /// algorithm.
    pub fn new(
        certificate: &Certificate,
        role: DtlsRole,
        remote: Vec<Fingerprint>,
        now: Instant,
    ) -> Result<Self, DtlsError> {
        let expected = Expected::new(&remote)?;
        let state = match role {
            DtlsRole::Client => State::Running(Box::new(DimplEngine::client(certificate, now)?)),
            DtlsRole::Server => State::Waiting(HelloCollector::default()),
        };
        let mut endpoint = Self {
            state,
            role,
            certificate: certificate.clone(),
            expected,
            authenticated: false,
            handshaken: false,
            connected: false,
            timeout: None,
            outputs: VecDeque::new(),
        };
        endpoint.drain();
        Ok(endpoint)
    }

    /// Takes a datagram whose first byte is in 20..=63 (RFC 7983), from an address that ICE has
    /// authenticated.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if datagram.len() > MAX_DATAGRAM_LEN {
            return;
        }
        let result = match &mut self.state {
            State::Waiting(collector) => match collector.push(datagram) {
                Some((answer, datagrams)) => DimplEngine::server(&self.certificate, answer, now)
                    .and_then(|mut engine| {
                        let result = datagrams
                            .iter()
                            .try_for_each(|datagram| engine.handle_datagram(now, datagram));
                        self.state = State::Running(Box::new(engine));
                        result
                    }),
                None => return,
            },
            State::Running(engine) => engine.handle_datagram(now, datagram),
            State::Ended => return,
        };
        self.after(result);
    }

    /// Retransmits what is due, or gives up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let State::Running(engine) = &mut self.state {
            let result = engine.handle_timeout(now);
            self.after(result);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<DtlsOutput> {
        self.outputs.pop_front()
    }

    /// Sends application data. Before [`DtlsOutput::Connected`] it is dropped, as a lossy network
    /// would.
    pub fn send_data(&mut self, data: &[u8]) {
        if !self.connected {
            return;
        }
        if let State::Running(engine) = &mut self.state {
            let result = engine.send_data(data);
            self.after(result);
        }
    }

    /// Tells the peer that the association ends; the datagram for that is in [`poll`](Self::poll).
    pub fn close(&mut self) {
        if let State::Running(engine) = &mut self.state {
            let result = engine.close();
            self.after(result);
        }
        self.end();
    }

    /// Whether keys were handed out and the association has not ended.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    fn after(&mut self, result: Result<(), DtlsError>) {
        // What was put out before an error still goes out.
        self.drain();
        if let Err(error) = result {
            self.fail(error);
        }
    }

    fn drain(&mut self) {
        let mut engine = match std::mem::replace(&mut self.state, State::Ended) {
            State::Running(engine) => engine,
            other => {
                self.state = other;
                return;
            }
        };
        let mut scratch = new_scratch(self.connected);
        loop {
            let result = match engine.poll(&mut scratch) {
                EngineOutput::Datagram(datagram) => {
                    self.outputs
                        .push_back(DtlsOutput::Datagram(datagram.to_vec()));
                    Ok(())
                }
                EngineOutput::PeerCertificate(der) => {
                    self.authenticated = self.expected.matches(der);
                    if self.authenticated {
                        Ok(())
                    } else {
                        Err(DtlsError::FingerprintMismatch)
                    }
                }
                EngineOutput::KeyingMaterial(profile, material) => self.connect(profile, &material),
                EngineOutput::Data(data) => {
                    if self.connected {
                        self.outputs.push_back(DtlsOutput::Data(data.to_vec()));
                    }
                    Ok(())
                }
                EngineOutput::Handshaken => {
                    self.handshaken = true;
                    Ok(())
                }
                EngineOutput::Closed => {
                    self.connected = false;
                    self.handshaken = false;
                    self.outputs.push_back(DtlsOutput::Closed);
                    Ok(())
                }
                EngineOutput::Idle(_) if self.handshaken && !self.connected => {
                    Err(DtlsError::NoSrtpProfile)
                }
                EngineOutput::Idle(timeout) => {
                    self.timeout = timeout;
                    break;
                }
            };
            if let Err(error) = result {
                return self.fail(error);
            }
        }
        self.state = State::Running(engine);
    }

    fn connect(&mut self, profile: SrtpProfile, material: &[u8]) -> Result<(), DtlsError> {
        if !self.authenticated {
            return Err(DtlsError::FingerprintMismatch);
        }
        let (tx, rx) = split_keys(self.role, profile, material)?;
        self.connected = true;
        self.outputs
            .push_back(DtlsOutput::Connected { profile, tx, rx });
        Ok(())
    }

    fn fail(&mut self, error: DtlsError) {
        self.end();
        self.outputs.push_back(DtlsOutput::Failed(error));
    }

    fn end(&mut self) {
        self.state = State::Ended;
        self.connected = false;
        self.timeout = None;
    }
}

impl std::fmt::Debug for DtlsEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DtlsEndpoint")
            .field("role", &self.role)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

/// RFC 5764 section 4.2: client key, server key, client salt, server salt. Each side sends with its
/// own.
fn split_keys(
    role: DtlsRole,
    profile: SrtpProfile,
    material: &[u8],
) -> Result<(SrtpTx, SrtpRx), DtlsError> {
    let (key_len, salt_len) = (profile.key_len(), profile.salt_len());
    if material.len() != 2 * (key_len + salt_len) {
        return Err(DtlsError::Protocol(
            "keying material of the wrong length".into(),
        ));
    }
    let (client_key, rest) = material.split_at(key_len);
    let (server_key, rest) = rest.split_at(key_len);
    let (client_salt, server_salt) = rest.split_at(salt_len);
    let ((tx_key, tx_salt), (rx_key, rx_salt)) = match role {
        DtlsRole::Client => ((client_key, client_salt), (server_key, server_salt)),
        DtlsRole::Server => ((server_key, server_salt), (client_key, client_salt)),
    };
    let failed = |error: crate::srtp::SrtpError| DtlsError::Protocol(error.to_string());
    Ok((
        SrtpTx::new(profile, tx_key, tx_salt).map_err(failed)?,
        SrtpRx::new(profile, rx_key, rx_salt).map_err(failed)?,
    ))
}
