//! A whole worker: requests from Python, and datagrams from strangers.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use videocall_core::{ListenAddr, Sfu, SfuConfig, Transmit};

const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 10_000);
const REMOTE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000);

/// More objects than this and the worker is made anew, so that a long run does not fill the memory.
const MAX_OBJECTS: usize = 64;

/// What every input starts with: one object of each kind, under ids that the seeds name.
const SETUP: [&str; 4] = [
    r#"{"id":1,"method":"createRouter","data":{"routerId":"r"}}"#,
    r#"{"id":2,"method":"createWebRtcTransport","data":{"routerId":"r","transportId":"t"}}"#,
    r#"{"id":3,"method":"produce","data":{"transportId":"t","producerId":"p","kind":"audio","rtpParameters":{"mid":"0","codecs":[{"mimeType":"audio/opus","payloadType":111,"clockRate":48000,"channels":2}],"encodings":[{"ssrc":1}]},"rtpMapping":{"codecs":[{"payloadType":111,"mappedPayloadType":100}],"encodings":[{"mappedSsrc":9,"ssrc":1}]},"paused":false}}"#,
    r#"{"id":4,"method":"consume","data":{"transportId":"t","consumerId":"c","producerId":"p","kind":"audio","rtpParameters":{"mid":"0","codecs":[{"mimeType":"audio/opus","payloadType":100,"clockRate":48000,"channels":2}],"encodings":[{"ssrc":8}]},"paused":true}}"#,
];

/// Gives `data` to a worker as one request. There is at most one reply; every message is an event or that reply.
pub fn channel(data: &[u8]) {
    with_sfu(|sfu| {
        sfu.handle_request(super::start(), data);
        let mut replies = 0;
        while let Some(message) = sfu.poll_message() {
            replies += usize::from(
                !message.starts_with(b"{\"data\"") && !message.starts_with(b"{\"event\""),
            );
        }
        assert!(replies <= 1, "{replies} replies to one request");
    });
}

/// Gives `data` to a worker as one datagram from a stranger: nothing comes back but an answer to a STUN request that is
/// signed right, which cannot be guessed.
pub fn datagram(data: &[u8]) {
    with_sfu(|sfu| {
        let now = super::start();
        let mut datagram = data.to_vec();
        sfu.handle_datagram(now, 0, REMOTE, &mut datagram);
        sfu.flush(now, &mut Silence);
        assert!(sfu.poll_message().is_none(), "a stranger caused an event");
    });
}

struct Silence;

impl Transmit for Silence {
    fn transmit(&mut self, _: u8, _: SocketAddr, _: &[u8], _: usize) {
        panic!("a stranger was answered");
    }
}

fn with_sfu(run: impl FnOnce(&mut Sfu)) {
    thread_local! {
        static SFU: RefCell<Option<Sfu>> = const { RefCell::new(None) };
    }
    SFU.with_borrow_mut(|kept| {
        let usable = |sfu: &Sfu| {
            let counts = sfu.object_counts();
            counts.iter().all(|&count| count > 0) && counts.iter().sum::<usize>() <= MAX_OBJECTS
        };
        if !kept.as_ref().is_some_and(usable) {
            *kept = Some(new_sfu());
        }
        if let Some(sfu) = kept {
            run(sfu);
        }
    });
}

fn new_sfu() -> Sfu {
    let config = SfuConfig {
        worker_id: 0,
        listen: vec![ListenAddr {
            bound: LOCAL,
            announced: LOCAL.ip(),
            announced_port: LOCAL.port(),
        }],
        seed: [7; 32],
        pool_slots: 64,
        tcp: false,
        ntp_at_start: 0,
    };
    let now = super::start();
    let mut sfu = Sfu::new(config, now).expect("a worker");
    for request in SETUP {
        sfu.handle_request(now, request.as_bytes());
        let mut answered = false;
        while let Some(message) = sfu.poll_message() {
            answered |= String::from_utf8_lossy(&message).contains("\"ok\"");
        }
        assert!(answered, "refused: {request}");
    }
    sfu
}
