//! Redundant audio (RFC 2198): earlier packets' payloads beside the newest one's.

use super::PayloadType;

/// Header of a redundant block: F, 7 bits payload type, 14 bits timestamp offset, 10 bits length.
const BLOCK_HEADER: usize = 4;
/// Header of the newest block: F = 0 and the payload type.
const LAST_HEADER: usize = 1;
/// Largest timestamp offset a block can have.
const MAX_OFFSET: u32 = (1 << 14) - 1;
/// Largest redundant block.
const MAX_BLOCK: usize = (1 << 10) - 1;

/// Redundant blocks in one packet that are made or looked at; browsers send one or two.
pub const MAX_REDUNDANT: usize = 4;

/// A block of a redundant payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedBlock<'a> {
    /// As the sender of the packet counts.
    pub payload_type: PayloadType,
    /// How far its timestamp lies before the packet's.
    pub timestamp_offset: u32,
    /// The payload of the codec.
    pub data: &'a [u8],
}

/// A redundant payload.
#[derive(Debug, Clone, Copy)]
pub struct Red<'a> {
    /// The newest block, whose timestamp is the packet's.
    pub primary: RedBlock<'a>,
    redundant: [Option<RedBlock<'a>>; MAX_REDUNDANT],
}

impl<'a> Red<'a> {
    /// Reads a payload. Of more than [`MAX_REDUNDANT`] redundant blocks the newest are kept. `None` when it is malformed.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let mut at = 0;
        let mut blocks = 0;
        while payload.get(at)? & 0x80 != 0 {
            at += BLOCK_HEADER;
            blocks += 1;
        }
        let last = PayloadType(payload[at] & 0x7F);
        let (headers, mut rest) = payload.split_at(at + LAST_HEADER);
        let mut redundant = [None; MAX_REDUNDANT];
        for index in 0..blocks {
            let header: [u8; BLOCK_HEADER] = headers
                .get(index * BLOCK_HEADER..)?
                .first_chunk()
                .copied()?;
            let fields = u32::from_be_bytes(header);
            let (data, after) = rest.split_at_checked(fields as usize & MAX_BLOCK)?;
            rest = after;
            redundant.rotate_right(1);
            redundant[0] = Some(RedBlock {
                payload_type: PayloadType(header[0] & 0x7F),
                timestamp_offset: fields >> 10 & MAX_OFFSET,
                data,
            });
        }
        let primary = RedBlock {
            payload_type: last,
            timestamp_offset: 0,
            data: rest,
        };
        Some(Self { primary, redundant })
    }

    /// The redundant blocks, the newest first: the payload of the packet before, of the one before that, and so on.
    pub fn redundant(&self) -> impl Iterator<Item = RedBlock<'a>> + '_ {
        self.redundant.iter().flatten().copied()
    }
}

/// Bytes that `blocks` redundant blocks and the newest take beside their data.
pub const fn red_overhead(blocks: usize) -> usize {
    blocks * BLOCK_HEADER + LAST_HEADER
}

/// Whether a payload can be a redundant block of a packet that is `timestamp_offset` later.
pub const fn fits_red_block(timestamp_offset: u32, len: usize) -> bool {
    0 < timestamp_offset && timestamp_offset <= MAX_OFFSET && 0 < len && len <= MAX_BLOCK
}

/// Writes a redundant payload to the start of `out` and returns its length. The last of `blocks` is the newest; of the
/// others each has to [fit](fits_red_block).
///
/// # Panics
/// When `out` is shorter than [`red_overhead`] and the data.
pub fn write_red(out: &mut [u8], blocks: &[RedBlock<'_>]) -> usize {
    let Some((newest, redundant)) = blocks.split_last() else {
        return 0;
    };
    let mut at = 0;
    for block in redundant {
        let fields = block.timestamp_offset << 10 | block.data.len() as u32;
        out[at..at + BLOCK_HEADER].copy_from_slice(&fields.to_be_bytes());
        out[at] = 0x80 | block.payload_type.0;
        at += BLOCK_HEADER;
    }
    out[at] = newest.payload_type.0;
    at += LAST_HEADER;
    for block in blocks {
        out[at..at + block.data.len()].copy_from_slice(block.data);
        at += block.data.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn block(offset: u32, data: &[u8]) -> RedBlock<'_> {
        RedBlock {
            payload_type: PayloadType(111),
            timestamp_offset: offset,
            data,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            redundant in vec((1..=MAX_OFFSET, vec(any::<u8>(), 1..=MAX_BLOCK)), 0..=MAX_REDUNDANT),
            newest in vec(any::<u8>(), 0..1200),
        ) {
            let mut blocks: Vec<_> = redundant.iter().map(|(offset, data)| block(*offset, data)).collect();
            prop_assert!(blocks.iter().all(|it| fits_red_block(it.timestamp_offset, it.data.len())));
            blocks.push(block(0, &newest));
            let mut out = vec![0; 8192];
            let len = write_red(&mut out, &blocks);
            prop_assert_eq!(len, red_overhead(redundant.len()) + blocks.iter().map(|it| it.data.len()).sum::<usize>());
            let red = Red::parse(&out[..len]).unwrap();
            prop_assert_eq!(red.primary, block(0, &newest));
            let read: Vec<_> = red.redundant().collect();
            blocks.pop();
            blocks.reverse();
            prop_assert_eq!(read, blocks);
        }

        #[test]
        fn any_bytes_are_read_or_refused(payload in vec(any::<u8>(), 0..64)) {
            if let Some(red) = Red::parse(&payload) {
                let all = red.redundant().map(|it| it.data.len()).sum::<usize>() + red.primary.data.len();
                prop_assert!(all < payload.len());
            }
        }
    }

    #[test]
    fn a_block_that_is_longer_than_the_packet_is_refused() {
        assert!(Red::parse(&[0x80 | 111, 0, 0, 5, 111, 1, 2, 3, 4]).is_none());
        assert!(Red::parse(&[0x80 | 111, 0, 0, 4, 111, 1, 2, 3, 4]).is_some());
        assert!(Red::parse(&[0x80 | 111, 0, 0, 0]).is_none());
        assert!(Red::parse(&[]).is_none());
    }

    #[test]
    fn of_too_many_blocks_the_newest_are_kept() {
        let mut payload = Vec::new();
        for offset in (1..=6u32).rev() {
            payload.extend((offset << 10 | 1).to_be_bytes());
            let at = payload.len() - 4;
            payload[at] = 0x80 | 111;
        }
        payload.push(111);
        payload.extend([6, 5, 4, 3, 2, 1, 0]);
        let red = Red::parse(&payload).unwrap();
        let offsets: Vec<u32> = red.redundant().map(|it| it.timestamp_offset).collect();
        assert_eq!(offsets, [1, 2, 3, 4]);
        assert_eq!(red.redundant().next().unwrap().data, [1]);
        assert_eq!(red.primary.data, [0]);
    }
}
