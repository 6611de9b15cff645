//! Redundant audio (RFC 2198), made for each receiver that took it and loses packets, and used up when a publisher sends it.

use std::time::Instant;

use super::Sfu;
use super::ingest::Incoming;
use crate::cache::{Packet, PacketCache};
use crate::keys::TransportKey;
use crate::munger::{Munger, Rewrite};
use crate::pool::{MAX_PAYLOAD, Pool};
use crate::rtp::{PayloadType, Red, RedBlock, RtpHeader, fits_red_block, red_overhead, write_red};
use crate::transport::Route;

/// Earlier packets' payloads in one packet at most: with two, one packet in 37 is missed at 30 % random loss.
const MAX_MADE: usize = 2;

/// Writes header and redundant payload to the start of `out`. Returns the header's length and the whole's; `None` when the
/// packet has to go as it is.
pub(super) fn assemble_red(
    out: &mut [u8],
    munger: &Munger,
    packet: &Packet,
    cache: &PacketCache,
    pool: &Pool,
    rewrite: Rewrite,
) -> Option<(usize, usize)> {
    let newest = RedBlock {
        payload_type: packet.payload_type,
        timestamp_offset: 0,
        data: pool.payload(&packet.slot, packet.payload_len as usize),
    };
    let mut blocks = [newest; MAX_MADE + 1];
    let mut room = MAX_PAYLOAD.checked_sub(red_overhead(MAX_MADE) + newest.data.len())?;
    let mut first = MAX_MADE;
    for back in 1..=u64::from(munger.redundancy).min(MAX_MADE as u64) {
        // Not from before the receiver began or went on to listen: it was not to hear that.
        let Some(seq) = packet
            .seq
            .checked_sub(back)
            .filter(|&seq| munger.began_by(seq))
        else {
            break;
        };
        // Receivers may count back: no block is left out between two.
        let Some(earlier) = cache.get(seq) else {
            break;
        };
        let data = pool.payload(&earlier.slot, earlier.payload_len as usize);
        let timestamp_offset = packet.timestamp.wrapping_sub(earlier.timestamp);
        if earlier.payload_type != packet.payload_type
            || !fits_red_block(timestamp_offset, data.len())
            || data.len() > room
        {
            break;
        }
        room -= data.len();
        first -= 1;
        blocks[first] = RedBlock {
            timestamp_offset,
            data,
            ..newest
        };
    }
    let extensions = pool.extensions(&packet.slot, packet.extension_len as usize);
    let header_len = munger.write_red_header(out, extensions, rewrite)?;
    let len = header_len + write_red(&mut out[header_len..], &blocks[first..]);
    Some((header_len, len))
}

impl Sfu {
    /// Takes the earlier payloads out of a redundant packet of a publisher, where they were lost. Returns the newest with its
    /// payload type; `None` when it is malformed.
    pub(super) fn unpack_red<'a>(
        &mut self,
        now: Instant,
        key: TransportKey,
        route: Route,
        header: &RtpHeader,
        seq: u64,
        payload: &'a [u8],
    ) -> Option<(PayloadType, &'a [u8])> {
        let red = Red::parse(payload)?;
        let mut number = seq;
        for block in red.redundant() {
            // Each packet repeats the payloads of the packets right before it.
            number = number.checked_sub(1)?;
            let producer = &self.producers[route.producer];
            let stream = &producer.streams[route.stream as usize];
            let meaning = producer.payload_types[block.payload_type.0 as usize & 127];
            if !meaning.is_media()
                || block.data.is_empty()
                || stream.cache.contains(number)
                || stream.cache.is_too_old(number)
            {
                continue;
            }
            let timestamp = header.timestamp.wrapping_sub(block.timestamp_offset);
            self.note_recovered(key, route, number);
            let incoming = Incoming {
                seq: number,
                timestamp,
                marker: false,
                payload: block.data,
                header: None,
            };
            self.hold(now, key, route, meaning, incoming);
        }
        Some((red.primary.payload_type, red.primary.data))
    }
}
