//! An SCTP association of a peer that is let in.

use std::time::Duration;

use videocall_core::sctp::{Reliability, Sctp, SctpOptions, SctpOutput};

use super::start;

const INIT_ACK: u8 = 2;
const STATE_COOKIE: [u8; 2] = [0, 7];

/// SCTP packets. The input is a run of (two bytes of length, packet). Their checksums and tags are made right, and the
/// server's cookie comes back to it, so that what follows an INIT is an established association's.
pub fn sctp(data: &[u8]) {
    let mut now = start();
    let mut sctp = Sctp::new(SctpOptions {
        max_streams: 16,
        max_message: 10_000,
        send_buffer: 10_000,
    });
    let reliability = Reliability {
        ordered: true,
        max_packet_life_time: None,
        max_retransmits: None,
    };
    sctp.open_outgoing(1, reliability, 0);
    sctp.open_incoming(2, reliability);
    let mut tag = [0; 4];
    let mut rest = data;
    while let [high, low, tail @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (packet, tail) = tail.split_at(len);
        rest = tail;
        let mut next = Some(packet.to_vec());
        while let Some(mut packet) = next.take() {
            seal(&mut packet, tag);
            sctp.handle_packet(now, packet.into());
            while let Some(output) = sctp.poll() {
                match output {
                    SctpOutput::Packet(answer) => next = next.or(cookie_echo(&answer, &mut tag)),
                    SctpOutput::Message(stream, message) => {
                        assert!(stream < 16 && message.content.len() <= 10_000);
                        // Whoever it is forwarded to may refuse it, and the association goes on.
                        let _ = sctp.send(now, 1, &message);
                    }
                    SctpOutput::Offence(_) => return,
                    _ => {}
                }
            }
        }
        now += Duration::from_millis(100);
        if sctp.next_timeout().is_some_and(|at| at <= now) {
            sctp.handle_timeout(now);
        }
    }
}

/// An INIT has no tag, everything else the server's.
fn seal(packet: &mut [u8], tag: [u8; 4]) {
    if packet.len() < 13 {
        return;
    }
    if packet[12] != 1 {
        packet[4..8].copy_from_slice(&tag);
    }
    packet[8..12].fill(0);
    let checksum = crc32c(packet).to_le_bytes();
    packet[8..12].copy_from_slice(&checksum);
}

/// The answer to an INIT ACK, whose tag is remembered.
fn cookie_echo(packet: &[u8], tag: &mut [u8; 4]) -> Option<Vec<u8>> {
    if packet.get(12) != Some(&INIT_ACK) {
        return None;
    }
    tag.copy_from_slice(packet.get(16..20)?);
    let mut parameters = packet.get(32..)?;
    while let [a, b, high, low, ..] = *parameters {
        let len = usize::from(u16::from_be_bytes([high, low]));
        let value = parameters.get(4..len)?;
        if [a, b] == STATE_COOKIE {
            let mut echo = packet[..12].to_vec();
            echo.extend([10, 0]);
            echo.extend((value.len() as u16 + 4).to_be_bytes());
            echo.extend(value);
            return Some(echo);
        }
        parameters = parameters.get(len.next_multiple_of(4)..)?;
    }
    None
}

/// RFC 9260, appendix A.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0x82F6_3B78 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
