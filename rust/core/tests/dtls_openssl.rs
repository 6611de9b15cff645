//! Handshakes with OpenSSL, in both roles, at its smallest MTU: an independent judge of the DTLS
//! endpoint, of the split of the keying material and of the choice of profile.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "the other end is a real process behind a real socket"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use videocall_core::dtls::{Certificate, DtlsEndpoint, DtlsOutput, DtlsRole, Fingerprint};
use videocall_core::srtp::{SrtpProfile, SrtpRx, SrtpTx};

/// Longer than any handshake takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
const CHROMIUM_ORDER: &str = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";
const FIREFOX_ORDER: &str = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
const CM_ONLY: &str = "SRTP_AES128_CM_SHA1_80";

#[test]
fn as_server_gcm_is_chosen_at_mtu_300_whatever_the_order() {
    for (profiles, expected) in [
        (CHROMIUM_ORDER, SrtpProfile::AeadAes256Gcm),
        (FIREFOX_ORDER, SrtpProfile::AeadAes256Gcm),
        (CM_ONLY, SrtpProfile::AesCm128HmacSha1_80),
    ] {
        let files = Identity::make("client");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let peer = OpenSsl::start(
            &files,
            &[
                "s_client",
                "-connect",
                &socket.local_addr().unwrap().to_string(),
            ],
            profiles,
            expected,
        );
        let certificate = Certificate::generate().unwrap();
        let mut end = End::new(&certificate, DtlsRole::Server, &files, socket, None);
        end.handshake(&peer, expected);
    }
}

#[test]
fn as_client_gcm_is_offered_first_at_mtu_300() {
    for (profiles, expected) in [
        ("SRTP_AEAD_AES_128_GCM", SrtpProfile::AeadAes128Gcm),
        (CM_ONLY, SrtpProfile::AesCm128HmacSha1_80),
    ] {
        let files = Identity::make("server");
        let peer = OpenSsl::start(
            &files,
            &["s_server", "-accept", "127.0.0.1:0", "-Verify", "1"],
            profiles,
            expected,
        );
        let remote = peer.wait_for("ACCEPT ").parse().unwrap();
        let certificate = Certificate::generate().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut end = End::new(&certificate, DtlsRole::Client, &files, socket, Some(remote));
        end.handshake(&peer, expected);
    }
}

/// Our side, with its socket.
struct End {
    endpoint: DtlsEndpoint,
    role: DtlsRole,
    socket: UdpSocket,
    remote: Option<SocketAddr>,
}

impl End {
    fn new(
        certificate: &Certificate,
        role: DtlsRole,
        peer: &Identity,
        socket: UdpSocket,
        remote: Option<SocketAddr>,
    ) -> Self {
        let prints = vec![peer.fingerprint()];
        let endpoint = DtlsEndpoint::new(certificate, role, prints, Instant::now()).unwrap();
        Self {
            endpoint,
            role,
            socket,
            remote,
        }
    }

    /// Runs to the end of the handshake, compares keys with what OpenSSL exported, and exchanges
    /// application data.
    fn handshake(&mut self, peer: &OpenSsl, expected: SrtpProfile) {
        let start = Instant::now();
        let (profile, tx, mut rx) = self.run(start, |output| match output {
            DtlsOutput::Connected { profile, tx, rx } => Some((profile, tx, rx)),
            _ => None,
        });
        assert_eq!(profile, expected);

        // OpenSSL prints this after its side of the handshake.
        let material = hex(&peer.wait_for("    Keying material: "));
        let (key, salt) = (profile.key_len(), profile.salt_len());
        let client = (&material[..key], &material[2 * key..2 * key + salt]);
        let server = (&material[key..2 * key], &material[2 * key + salt..]);
        let (ours, theirs) = match self.role {
            DtlsRole::Client => (client, server),
            DtlsRole::Server => (server, client),
        };
        let mut their_rx = SrtpRx::new(profile, ours.0, ours.1).unwrap();
        let their_tx = SrtpTx::new(profile, theirs.0, theirs.1).unwrap();
        for (tx, rx) in [(&tx, &mut their_rx), (&their_tx, &mut rx)] {
            let mut packet = [0x80; 64];
            let len = tx.protect_rtp(&mut packet, 12, 40, 0x8080).unwrap();
            assert_eq!(rx.unprotect_rtp(&mut packet[..len], 12), Ok((40, 0x8080)));
        }

        peer.stdin().write_all(b"from openssl\n").unwrap();
        let data = self.run(start, |output| match output {
            DtlsOutput::Data(data) => Some(data),
            _ => None,
        });
        assert_eq!(data, b"from openssl\n");
        self.endpoint.send_data(b"to openssl\n");
        self.flush(&mut |_| None::<()>);
        peer.wait_for("to openssl");
    }

    fn run<T>(&mut self, start: Instant, mut wanted: impl FnMut(DtlsOutput) -> Option<T>) -> T {
        let mut buf = [0; 2048];
        loop {
            if let Some(result) = self.flush(&mut wanted) {
                return result;
            }
            let now = Instant::now();
            assert!(now < start + PATIENCE, "not done in time");
            let until = self.endpoint.next_timeout().unwrap_or(start + PATIENCE);
            let wait = until
                .saturating_duration_since(now)
                .max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(wait)).unwrap();
            match self.socket.recv_from(&mut buf) {
                Ok((len, from)) => {
                    self.remote = Some(from);
                    self.endpoint.handle_datagram(Instant::now(), &buf[..len]);
                }
                Err(_) => self.endpoint.handle_timeout(Instant::now()),
            }
        }
    }

    fn flush<T>(&mut self, wanted: &mut impl FnMut(DtlsOutput) -> Option<T>) -> Option<T> {
        let mut found = None;
        while let Some(output) = self.endpoint.poll() {
            match output {
                DtlsOutput::Datagram(datagram) => {
                    self.socket
                        .send_to(&datagram, self.remote.unwrap())
                        .unwrap();
                }
                DtlsOutput::Failed(error) => panic!("{error}"),
                output => found = found.or_else(|| wanted(output)),
            }
        }
        found
    }
}

/// A key and certificate of OpenSSL's own making, in files that go with it.
struct Identity {
    directory: PathBuf,
}

impl Identity {
    fn make(name: &str) -> Self {
        let unique = format!(
            "videocall-dtls-{name}-{}-{:?}",
            std::process::id(),
            Instant::now()
        );
        let unique = unique.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "");
        let directory = std::env::temp_dir().join(unique);
        std::fs::create_dir(&directory).unwrap();
        let identity = Self { directory };
        let status = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-subj", "/CN=test", "-days", "1", "-keyout"])
            .arg(identity.key())
            .arg("-out")
            .arg(identity.certificate())
            .stderr(Stdio::null())
            .status()
            .expect("the openssl program is installed");
        assert!(status.success());
        identity
    }

    fn key(&self) -> PathBuf {
        self.directory.join("key.pem")
    }

    fn certificate(&self) -> PathBuf {
        self.directory.join("certificate.pem")
    }

    fn fingerprint(&self) -> Fingerprint {
        let output = Command::new("openssl")
            .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
            .arg(self.certificate())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, value) = text.trim().split_once('=').unwrap();
        Fingerprint {
            algorithm: "sha-256".into(),
            value: value.into(),
        }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// `openssl s_client` or `s_server`, ended with its value.
struct OpenSsl {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl OpenSsl {
    fn start(files: &Identity, mode: &[&str], profiles: &str, expected: SrtpProfile) -> Self {
        let material_len = 2 * (expected.key_len() + expected.salt_len());
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let mut child = Command::new("openssl")
            .args(mode)
            .args(["-dtls1_2", "-mtu", "300", "-use_srtp", profiles])
            .args(["-keymatexport", "EXTRACTOR-dtls_srtp"])
            .args(["-keymatexportlen", &material_len.to_string()])
            .args([
                "-cert",
                &path(&files.certificate()),
                "-key",
                &path(&files.key()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the openssl program is installed");
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            stdin,
            lines,
        }
    }

    fn stdin(&self) -> &ChildStdin {
        &self.stdin
    }

    /// What follows `prefix` on the next line that starts with it.
    fn wait_for(&self, prefix: &str) -> String {
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .expect("openssl goes on printing");
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
