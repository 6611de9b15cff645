//! The limit: what forwarding cannot cost less than.
//!
//! The same packets, keys and sends as the SFU's work, and no SFU: for every subscriber each packet is copied, its
//! header rewritten, sealed with the subscriber's own key, and sent: audio singly, a video frame in one GSO send with
//! its shorter packets padded by a byte. Sending is paced as the source is. What it leaves out: receiving and
//! opening the publisher's packets, RTCP, ICE, timers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use serde::Serialize;
use videocall_core::rtp::{HeaderFields, HeaderWriter, PayloadType, SeqNo, Ssrc};
use videocall_core::srtp::{SrtpProfile, SrtpTx};

use crate::config::StreamKind;
use crate::driver::sys::{Destination, ReceiveBatch, enable_gro, send};
use crate::driver::{pin_to, thread_cpu_time};
use crate::payload::{self, Stamp};
use crate::profile::{PlannedFrame, Source};

/// Room for a whole key frame's packets.
const SLAB_LEN: usize = 64 * 1024;
/// More segments than fit in one send of the oldest kernels with GSO.
const MAX_SEGMENTS: usize = 64;
const RECEIVE_BUFFER_LEN: usize = 1 << 20;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct LimitOptions {
    /// How many subscribers.
    pub subscribers: usize,
    /// For how long.
    pub duration: Duration,
    /// Whether the receivers set `UDP_GRO`; without, loopback's re-segmentation is charged to the sender.
    pub gro: bool,
    /// How packets are sealed.
    pub profile: SrtpProfile,
    /// Processors of the sender and of the receiver; `None` leaves them to the system.
    pub cpus: Option<(usize, usize)>,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitReport {
    /// As asked for.
    pub subscribers: usize,
    /// As asked for.
    pub gro: bool,
    /// As asked for.
    pub profile: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Packets sent, each once per subscriber.
    pub packets: u64,
    /// Packets that the receivers got.
    pub received: u64,
    /// Sends that the kernel refused.
    pub refused_sends: u64,
    /// Video packets per send.
    pub segments_per_video_send: f64,
    /// Processor time of the sender, user and system, in microseconds per packet.
    pub cpu_us_per_packet: f64,
}

/// Sends for `duration` and reports.
///
/// # Errors
/// The system's; [`SrtpError`](videocall_core::srtp::SrtpError) as `Other`.
pub fn run(options: &LimitOptions) -> io::Result<LimitReport> {
    let receivers = (0..options.subscribers)
        .map(|_| receiver(options.gro))
        .collect::<io::Result<Vec<_>>>()?;
    let subscribers = receivers
        .iter()
        .enumerate()
        .map(|(at, socket)| Subscriber::new(at, socket, options.profile))
        .collect::<io::Result<Vec<_>>>()?;
    let stop = Arc::new(AtomicBool::new(false));
    let received = Arc::new(AtomicU64::new(0));
    let drain = {
        let (stop, received, gro) = (stop.clone(), received.clone(), options.gro);
        let cpu = options.cpus.map(|(_, receiver)| receiver);
        std::thread::spawn(move || drain(&receivers, gro, cpu, &stop, &received))
    };
    let result = send_all(options, subscribers);
    stop.store(true, Ordering::Relaxed);
    let drained = drain
        .join()
        .map_err(|_| io::Error::other("the receiving thread died"))?;
    let mut report = result?;
    drained?;
    report.received = received.load(Ordering::Relaxed);
    Ok(report)
}

struct Subscriber {
    tx: SrtpTx,
    address: Destination,
    ssrcs: [Ssrc; 2],
    /// SRTP indices of the next audio and video packet.
    next: [u64; 2],
}

impl Subscriber {
    fn new(at: usize, socket: &UdpSocket, profile: SrtpProfile) -> io::Result<Self> {
        let SocketAddr::V4(address) = socket.local_addr()? else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let key: Vec<u8> = (0..profile.key_len())
            .map(|i| (at * 31 + i) as u8)
            .collect();
        let salt = vec![7; profile.salt_len()];
        Ok(Self {
            tx: SrtpTx::new(profile, &key, &salt).map_err(io::Error::other)?,
            address: Destination::address(address),
            ssrcs: [Ssrc(2 * at as u32 + 1), Ssrc(2 * at as u32 + 2)],
            next: [1; 2],
        })
    }

    /// Writes the frame's packets into `slab`, sealed; returns their common size and the total.
    fn seal(&mut self, frame: &Prepared, slab: &mut [u8]) -> io::Result<(usize, usize)> {
        let video = usize::from(frame.kind == StreamKind::Video);
        let (mut size, mut end) = (0, 0);
        for (i, payload) in frame.payloads.iter().enumerate() {
            let packet = &mut slab[end..];
            let fields = HeaderFields {
                marker: video == 1 && i + 1 == frame.payloads.len(),
                payload_type: PayloadType(if video == 1 { 101 } else { 100 }),
                sequence_number: SeqNo(self.next[video] as u16),
                timestamp: frame.timestamp,
                ssrc: self.ssrcs[video],
            };
            let header_len = HeaderWriter::new(packet, &fields)
                .and_then(|writer| writer.extension(5, &(self.next[1] as u16).to_be_bytes()))
                .and_then(HeaderWriter::finish)
                .map_err(io::Error::other)?;
            let mut len = header_len + payload.len();
            packet[header_len..len].copy_from_slice(payload);
            if payload.len() < frame.longest {
                // RFC 3550 section 5.1: the last byte counts the padding.
                packet[0] |= 0x20;
                packet[len..header_len + frame.longest].fill(0);
                len = header_len + frame.longest;
                packet[len - 1] = (frame.longest - payload.len()) as u8;
            }
            let index = self.next[video];
            let sealed = self
                .tx
                .protect_rtp(packet, header_len, len, index)
                .map_err(io::Error::other)?;
            self.next[video] += 1;
            (size, end) = (sealed, end + sealed);
        }
        Ok((size, end))
    }
}

/// A frame as the publisher would have sent it, plain.
struct Prepared {
    kind: StreamKind,
    timestamp: u32,
    payloads: Vec<Vec<u8>>,
    longest: usize,
}

impl Prepared {
    fn new(kind: StreamKind, planned: &PlannedFrame) -> Self {
        let payloads: Vec<Vec<u8>> = planned
            .payload_sizes
            .iter()
            .enumerate()
            .map(|(i, len)| {
                let mut bytes = vec![0; *len];
                let stamp = Stamp {
                    sent_ns: 0,
                    frame: 0,
                };
                payload::write(kind, i == 0, planned.key, stamp, &mut bytes);
                bytes
            })
            .collect();
        // Audio is alone in its send: nothing to be equal to.
        let longest = payloads.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            kind,
            timestamp: planned.timestamp,
            payloads,
            longest,
        }
    }
}

/// What the publisher sends meanwhile, by the time since the start.
fn schedule(duration: Duration) -> Vec<(Duration, Prepared)> {
    let start = Instant::now();
    let mut frames = Vec::new();
    for mut source in [
        Source::chromium_audio(start, 1),
        Source::chromium_video(start, 2),
    ] {
        while source.next_due() < start + duration {
            let planned = source.next_frame();
            frames.push((planned.due - start, Prepared::new(source.kind(), &planned)));
        }
    }
    frames.sort_by_key(|(due, _)| *due);
    frames
}

fn send_all(options: &LimitOptions, mut subscribers: Vec<Subscriber>) -> io::Result<LimitReport> {
    if let Some((sender, _)) = options.cpus {
        pin_to(sender)?;
    }
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut slab = vec![0; SLAB_LEN];
    let (mut packets, mut refused, mut video_packets, mut video_sends) = (0u64, 0u64, 0u64, 0u64);
    let frames = schedule(options.duration);
    let (start, cpu_before) = (Instant::now(), thread_cpu_time());
    for (due, frame) in &frames {
        if let Some(wait) = due.checked_sub(start.elapsed()) {
            std::thread::sleep(wait);
        }
        let count = frame.payloads.len() as u64;
        for subscriber in &mut subscribers {
            let (size, end) = subscriber.seal(frame, &mut slab)?;
            for part in slab[..end].chunks(size * MAX_SEGMENTS) {
                refused +=
                    u64::from(send(socket.as_fd(), &subscriber.address, part, size).is_err());
                video_sends += u64::from(frame.kind == StreamKind::Video);
            }
            packets += count;
            video_packets += if frame.kind == StreamKind::Video {
                count
            } else {
                0
            };
        }
    }
    let cpu = thread_cpu_time() - cpu_before;
    Ok(LimitReport {
        subscribers: options.subscribers,
        gro: options.gro,
        profile: format!("{:?}", options.profile),
        seconds: start.elapsed().as_secs_f64(),
        packets,
        received: 0,
        refused_sends: refused,
        segments_per_video_send: video_packets as f64 / video_sends.max(1) as f64,
        cpu_us_per_packet: cpu.as_secs_f64() * 1e6 / packets.max(1) as f64,
    })
}

fn receiver(gro: bool) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_LEN)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
    if gro {
        enable_gro(socket.as_fd())?;
    }
    Ok(socket.into())
}

/// Receives and counts until told to stop and nothing more comes.
fn drain(
    sockets: &[UdpSocket],
    gro: bool,
    cpu: Option<usize>,
    stop: &AtomicBool,
    received: &AtomicU64,
) -> io::Result<()> {
    if let Some(cpu) = cpu {
        pin_to(cpu)?;
    }
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (at, socket) in sockets.iter().enumerate() {
        let data = epoll::EventData::new_u64(at as u64);
        epoll::add(&poll, socket, data, epoll::EventFlags::IN)?;
    }
    let mut batch = ReceiveBatch::new(gro);
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        match epoll::wait(
            &poll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&wait),
        ) {
            Ok(0) if stop.load(Ordering::Relaxed) => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let mut count = 0;
            batch.receive(sockets[event.data.u64() as usize].as_fd(), |_| count += 1)?;
            received.fetch_add(count, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use videocall_core::rtp::RtpHeader;
    use videocall_core::srtp::SrtpRx;

    use super::*;

    #[test]
    fn every_packet_of_a_frame_has_one_size_and_opens() {
        let profile = SrtpProfile::AeadAes128Gcm;
        let socket = receiver(false).unwrap();
        let mut subscriber = Subscriber::new(3, &socket, profile).unwrap();
        let key: Vec<u8> = (0..16).map(|i| (3 * 31 + i) as u8).collect();
        let mut rx = SrtpRx::new(profile, &key, &[7; 12]).unwrap();
        let mut slab = vec![0; SLAB_LEN];
        for (_, frame) in schedule(Duration::from_millis(500)) {
            let (size, end) = subscriber.seal(&frame, &mut slab).unwrap();
            assert_eq!(end, size * frame.payloads.len());
            for (packet, payload) in slab[..end].chunks_mut(size).zip(&frame.payloads) {
                let header = RtpHeader::parse(packet).unwrap();
                let (len, _) = rx.unprotect_rtp(packet, header.header_len).unwrap();
                let range = header.payload_range(&packet[..len]).unwrap();
                assert_eq!(packet[range], payload[..]);
            }
        }
    }

    #[test]
    fn what_is_sent_is_received() {
        let options = LimitOptions {
            subscribers: 3,
            duration: Duration::from_millis(200),
            gro: true,
            profile: SrtpProfile::AeadAes128Gcm,
            cpus: None,
        };
        let report = run(&options).unwrap();
        assert_eq!(report.refused_sends, 0);
        assert_eq!(report.received, report.packets);
        assert!(report.segments_per_video_send >= 6.0 && report.cpu_us_per_packet > 0.0);
    }
}
