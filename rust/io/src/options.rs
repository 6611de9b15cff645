//! A worker's options, read from JSON once, at the edge.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

/// What a worker is started with. In JSON:
/// `{"listen": [{"ip": "127.0.0.1", "port": 10000, "announcedAddress": null}], "tcp": true, "poolSlots": 8192, "pinned": true}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// One UDP socket each; at least one, at most 255 (the core names them by a byte).
    pub listen: Vec<ListenOptions>,
    /// Whether it listens for TCP too, on the same addresses and ports. False by default.
    pub tcp: bool,
    /// Packet slots kept for retransmission; the core's own default when absent.
    pub pool_slots: Option<usize>,
    /// Whether the thread stays on one processor. True by default.
    pub pinned: bool,
}

/// Where a worker listens and what it tells clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenOptions {
    /// The address to bind. Never the unspecified address: a reply must leave from the address
    /// that the client sent to, or browsers drop it.
    pub ip: IpAddr,
    /// The port of worker 0; worker n listens on `port + n`. 0 lets the system choose.
    pub port: u16,
    /// The address in the candidates, when it is not `ip` (NAT).
    pub announced: Option<IpAddr>,
}

/// A wrong option; the message names its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct OptionsError {
    /// The key's path, as in `listen[0].port`.
    pub key: String,
    /// What is wrong with its value.
    pub problem: String,
}

impl WorkerOptions {
    /// Listens on `listen`, everything else as by default.
    pub fn new(listen: Vec<ListenOptions>) -> Self {
        Self {
            listen,
            tcp: false,
            pool_slots: None,
            pinned: true,
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] for malformed JSON (its key is then where reading stopped), an unknown
    /// key, a wrong type or a value that cannot work.
    pub fn from_json(json: &[u8]) -> Result<Self, OptionsError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let raw: RawOptions = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let key = error.path().to_string();
            OptionsError {
                key: if key == "." {
                    "options".to_owned()
                } else {
                    key
                },
                problem: error.into_inner().to_string(),
            }
        })?;
        reader.end().map_err(|error| wrong("options", error))?;
        raw.check()
    }
}

impl ListenOptions {
    /// The address that the worker of this index binds.
    ///
    /// # Errors
    ///
    /// When `port + index` is no port.
    pub fn bound(&self, index: u16) -> Result<SocketAddr, OptionsError> {
        let port = match self.port {
            0 => 0,
            base => base.checked_add(index).ok_or_else(|| {
                wrong("port", format!("{base} leaves no port for worker {index}"))
            })?,
        };
        Ok(SocketAddr::new(self.ip, port))
    }
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object with `listen`"
)]
struct RawOptions {
    listen: Vec<RawListen>,
    #[serde(default)]
    tcp: bool,
    pool_slots: Option<usize>,
    #[serde(default = "yes")]
    pinned: bool,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object with `ip` and `port`"
)]
struct RawListen {
    ip: IpAddr,
    port: u16,
    announced_address: Option<IpAddr>,
}

fn yes() -> bool {
    true
}

impl RawOptions {
    fn check(self) -> Result<WorkerOptions, OptionsError> {
        if self.listen.is_empty() || self.listen.len() > usize::from(u8::MAX) {
            return Err(wrong("listen", "needs 1 to 255 addresses"));
        }
        if self.tcp && self.listen.len() > usize::from(u8::MAX) / 2 {
            return Err(wrong("listen", "needs 1 to 127 addresses with tcp"));
        }
        if self.pool_slots == Some(0) {
            return Err(wrong("poolSlots", "needs at least 1"));
        }
        let listen = self
            .listen
            .into_iter()
            .enumerate()
            .map(|(at, raw)| raw.check(at));
        Ok(WorkerOptions {
            listen: listen.collect::<Result<_, _>>()?,
            tcp: self.tcp,
            pool_slots: self.pool_slots,
            pinned: self.pinned,
        })
    }
}

impl RawListen {
    fn check(self, at: usize) -> Result<ListenOptions, OptionsError> {
        let (ip, announced) = (self.ip, self.announced_address);
        if ip.is_unspecified() || ip.is_multicast() {
            let problem = format!("{ip} is no address of an interface; name each one to listen on");
            return Err(wrong(format!("listen[{at}].ip"), problem));
        }
        if let Some(address) = announced.filter(|it| it.is_unspecified() || it.is_multicast()) {
            let problem = format!("{address} is no address that a client can reach");
            return Err(wrong(format!("listen[{at}].announcedAddress"), problem));
        }
        Ok(ListenOptions {
            ip,
            port: self.port,
            announced,
        })
    }
}

fn wrong(key: impl Into<String>, problem: impl ToString) -> OptionsError {
    OptionsError {
        key: key.into(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_form() {
        let json = br#"{"listen":[{"ip":"127.0.0.1","port":10000,"announcedAddress":"203.0.113.7"},
            {"ip":"::1","port":0}],"poolSlots":64,"pinned":false}"#;
        let options = WorkerOptions::from_json(json).unwrap();
        assert_eq!(
            options.listen[0].announced,
            Some("203.0.113.7".parse().unwrap())
        );
        assert_eq!(
            options.listen[0].bound(3).unwrap(),
            "127.0.0.1:10003".parse().unwrap()
        );
        assert_eq!(
            options.listen[1].bound(3).unwrap(),
            "[::1]:0".parse().unwrap()
        );
        assert_eq!((options.pool_slots, options.pinned), (Some(64), false));
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        for (json, key) in [
            ("{}", "options"),
            ("[", "options"),
            (r#"{"listen":[]}"#, "listen"),
            (
                r#"{"listen":[{"ip":"127.0.0.1","port":70000}]}"#,
                "listen[0].port",
            ),
            (
                r#"{"listen":[{"ip":"localhost","port":1}]}"#,
                "listen[0].ip",
            ),
            (r#"{"listen":[{"ip":"0.0.0.0","port":1}]}"#, "listen[0].ip"),
            (
                r#"{"listen":[{"ip":"::1","port":1,"announcedAddress":"::"}]}"#,
                "listen[0].announcedAddress",
            ),
            (
                r#"{"listen":[{"ip":"::1","port":1}],"poolSlots":0}"#,
                "poolSlots",
            ),
            (r#"{"listen":[{"ip":"::1","port":1}],"slots":1}"#, "slots"),
            (r#"{"listen":[{"ip":"::1","port":1}]} x"#, "options"),
        ] {
            let error = WorkerOptions::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.key, key, "{json}: {error}");
        }
    }

    #[test]
    fn a_port_past_the_last_is_refused() {
        let listen = ListenOptions {
            ip: "::1".parse().unwrap(),
            port: 65_535,
            announced: None,
        };
        assert_eq!(listen.bound(1).unwrap_err().key, "port");
    }
}
