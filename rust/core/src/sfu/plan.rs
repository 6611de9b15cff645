//! How much padding makes the packets of a batch fit into few sends.
//!
//! Datagrams of one GSO send must be of one size but for the last, which may be shorter; the
//! browsers' packets of a frame differ by a byte, so the shorter ones get RTP padding (RFC 3550, 5.1).

use crate::cache::{Packet, PacketCache};

/// Padding up to this many bytes is cheaper than a second send, for us and on the wire: a send
/// of its own costs the kernel about as much as sealing several packets.
const MAX_PADDING: usize = 24;

/// One packet of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) seq: u64,
    pub(super) padding: u8,
}

/// Takes the numbers that wait and finds how much padding makes runs of equal size.
pub(super) fn plan(pending: &mut Vec<u64>, cache: &PacketCache, plan: &mut Vec<Planned>) {
    plan.clear();
    plan.extend(pending.drain(..).map(|seq| Planned { seq, padding: 0 }));
    let size = |seq| cache.get(seq).map_or(0, variable_len);
    let mut start = 0;
    while start < plan.len() {
        let first = size(plan[start].seq);
        let (mut low, mut high) = (first, first);
        let mut end = start + 1;
        while end < plan.len() {
            let next = size(plan[end].seq);
            // All that are in the run so far would have to be padded to the longest.
            if high.max(next) - low > MAX_PADDING {
                break;
            }
            (low, high) = (low.min(next), high.max(next));
            end += 1;
        }
        // The last needs none: it is the longest, or may be shorter.
        for planned in &mut plan[start..end - 1] {
            planned.padding = (high - size(planned.seq)) as u8;
        }
        start = end;
    }
}

fn variable_len(packet: &Packet) -> usize {
    // Extension elements are rounded up to words together with those made per consumer, so this
    // is exact only when they differ by whole words; a wrong guess costs a send, nothing else.
    packet.payload_len as usize + (packet.extension_len as usize).next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::pool::Pool;

    fn planned(sizes: &[u16]) -> Vec<(u64, u8)> {
        let mut pool = Pool::new(64);
        let mut cache = PacketCache::new(64);
        #[allow(clippy::disallowed_methods)]
        let now = Instant::now();
        let mut pending = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let seq = 1000 + index as u64;
            let packet = Packet {
                seq,
                timestamp: 0,
                arrival: now,
                slot: pool.take().unwrap(),
                payload_len: size,
                extension_len: 0,
                payload_type: crate::rtp::PayloadType(96),
                marker: false,
                keyframe: false,
                layer: None,
            };
            cache.insert(packet, &mut pool);
            pending.push(seq);
        }
        let mut out = Vec::new();
        plan(&mut pending, &cache, &mut out);
        out.iter().map(|p| (p.seq - 1000, p.padding)).collect()
    }

    #[test]
    fn a_browsers_frame_is_one_run() {
        let plan = planned(&[1082, 1083, 1083, 1083]);
        assert_eq!(plan, [(0, 1), (1, 0), (2, 0), (3, 0)]);
    }

    #[test]
    fn a_longer_last_packet_pads_the_others() {
        assert_eq!(planned(&[1082, 1082, 1083]), [(0, 1), (1, 1), (2, 0)]);
    }

    #[test]
    fn a_short_last_packet_is_not_padded() {
        assert_eq!(planned(&[1100, 1100, 300]), [(0, 0), (1, 0), (2, 0)]);
    }

    #[test]
    fn far_apart_sizes_are_runs_of_their_own() {
        assert_eq!(planned(&[300, 1100, 1100]), [(0, 0), (1, 0), (2, 0)]);
    }
}
