//! A peer with its socket and its sources.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::LoadEvent;
use super::histogram::Histogram;
use super::plan::SendPlan;
use super::sys::{Destination, ReceiveBatch, enable_gro, send};
use crate::config::{ReceiveStream, StreamKind};
use crate::payload;
use crate::peer::{Frame, Peer, PeerEvent};
use crate::profile::Source;
use crate::stats::PeerStats;

/// A key frame of a second's video fits many times.
const BUFFER_LEN: usize = 1 << 20;

/// What all clients of a thread count together.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) packets_received: u64,
    pub(super) packets_sent: u64,
    pub(super) video: Histogram,
    pub(super) audio: Histogram,
}

pub(super) struct Client {
    number: usize,
    peer: Peer,
    socket: UdpSocket,
    added: Instant,
    epoch: Instant,
    sources: Vec<Source>,
    connected: bool,
    got_media: bool,
    path_after: Option<Duration>,
}

impl Client {
    pub(super) fn new(
        number: usize,
        peer: Peer,
        bind: SocketAddr,
        remote: SocketAddr,
        gro: bool,
        epoch: Instant,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(bind), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(BUFFER_LEN)?;
        socket.bind(&bind.into())?;
        socket.connect(&remote.into())?;
        if gro {
            enable_gro(socket.as_fd())?;
        }
        Ok(Self {
            number,
            peer,
            socket: socket.into(),
            added: Instant::now(),
            epoch,
            sources: Vec::new(),
            connected: false,
            got_media: false,
            path_after: None,
        })
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    pub(super) fn stats(&self) -> PeerStats {
        self.peer.stats()
    }

    pub(super) fn add_receiver(&mut self, stream: ReceiveStream) {
        self.peer.add_receiver(stream);
    }

    pub(super) fn add_sender(&mut self, plan: &SendPlan, now: Instant) {
        let at = self.peer.add_sender(plan.stream);
        let seed = (self.number as u64) << 8 | at as u64;
        self.sources
            .push(match (plan.stream.kind, plan.bitrate_bps) {
                (StreamKind::Audio, _) => Source::chromium_audio(now, seed),
                (StreamKind::Video, None) => Source::chromium_video(now, seed),
                (StreamKind::Video, Some(bitrate)) => Source::video(bitrate, 30, now, seed),
            });
    }

    pub(super) fn close(&mut self, events: &Sender<LoadEvent>) {
        self.peer.close();
        self.drain(Instant::now(), events);
    }

    /// Receives once; the socket is asked again by epoll when there is more.
    pub(super) fn receive(
        &mut self,
        batch: &mut ReceiveBatch,
        counters: &mut Counters,
        events: &Sender<LoadEvent>,
    ) {
        let now = Instant::now();
        let since_epoch = now.saturating_duration_since(self.epoch);
        let mut received = 0;
        let peer = &mut self.peer;
        // An error is the answer to an earlier send (connection refused); the next is asked for.
        let _ = batch.receive(self.socket.as_fd(), |datagram| {
            let Some(packet) = peer.handle_datagram(now, datagram) else {
                return;
            };
            received += 1;
            if let Some(stamp) = payload::read(packet.kind, &datagram[packet.payload]) {
                let latency = since_epoch.saturating_sub(Duration::from_nanos(stamp.sent_ns));
                match packet.kind {
                    StreamKind::Audio => counters.audio.add(latency),
                    StreamKind::Video => counters.video.add(latency),
                }
            }
        });
        counters.packets_received += received;
        if received > 0 && !std::mem::replace(&mut self.got_media, true) {
            let after_ms = milliseconds(now - self.added);
            let _ = events.send(LoadEvent::FirstMedia {
                client: self.number,
                after_ms,
            });
        }
        self.drain(now, events);
    }

    /// Does what is due.
    pub(super) fn on_timer(
        &mut self,
        now: Instant,
        counters: &mut Counters,
        events: &Sender<LoadEvent>,
    ) {
        if self.peer.next_timeout().is_some_and(|at| at <= now) {
            self.peer.handle_timeout(now);
        }
        if self.connected {
            for (at, source) in self.sources.iter_mut().enumerate() {
                while source.next_due() <= now {
                    let planned = source.next_frame();
                    let frame = Frame {
                        timestamp: planned.timestamp,
                        key: planned.key,
                        payload_sizes: &planned.payload_sizes,
                        sent_ns: now.saturating_duration_since(self.epoch).as_nanos() as u64,
                    };
                    // The profile's sizes always fit.
                    let _ = self.peer.send_frame(now, at, &frame);
                    counters.packets_sent += planned.payload_sizes.len() as u64;
                }
            }
        }
        self.drain(now, events);
    }

    /// When [`on_timer`](Self::on_timer) has something to do.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let sources = self
            .sources
            .iter()
            .filter(|_| self.connected)
            .map(Source::next_due);
        sources.chain(self.peer.next_timeout()).min()
    }

    fn drain(&mut self, now: Instant, events: &Sender<LoadEvent>) {
        while let Some(event) = self.peer.poll_event() {
            self.on_event(now, event, events);
        }
        while let Some(transmit) = self.peer.poll_transmit() {
            for datagram in transmit.datagrams() {
                // A full buffer loses the datagram, as a network would.
                let _ = send(
                    self.socket.as_fd(),
                    &Destination::CONNECTED,
                    datagram,
                    datagram.len(),
                );
            }
        }
    }

    fn on_event(&mut self, now: Instant, event: PeerEvent, events: &Sender<LoadEvent>) {
        let client = self.number;
        let event = match event {
            PeerEvent::Connected(profile) => {
                self.connected = true;
                for source in &mut self.sources {
                    source.restart_at(now);
                }
                let profile = format!("{profile:?}");
                LoadEvent::Connected {
                    client,
                    profile,
                    path_after_ms: milliseconds(self.path_after.unwrap_or_default()),
                    after_ms: milliseconds(now - self.added),
                }
            }
            PeerEvent::KeyFrameRequested(source) => {
                self.sources[source].want_key_frame();
                return;
            }
            PeerEvent::IceConnected(_) => {
                self.path_after.get_or_insert(now - self.added);
                return;
            }
            PeerEvent::IceDisconnected => LoadEvent::Failed {
                client,
                reason: "no answer to ICE checks for 30 s".into(),
            },
            PeerEvent::Closed => {
                self.connected = false;
                LoadEvent::Failed {
                    client,
                    reason: "closed by the server".into(),
                }
            }
            PeerEvent::Failed(error) => {
                self.connected = false;
                LoadEvent::Failed {
                    client,
                    reason: error.to_string(),
                }
            }
        };
        let _ = events.send(event);
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
