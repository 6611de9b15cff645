//! The little that is read of SCTP packets here, beside what `rtc-sctp` makes of them (RFC 9260, 3).

const COMMON_HEADER: usize = 12;
const CHUNK_HEADER: usize = 4;
/// TSN, stream, stream sequence number and payload protocol before the data.
const DATA_HEADER: usize = 12;

const DATA: u8 = 0;
const INIT: u8 = 1;
const SACK: u8 = 3;

/// A chunk, as far as it matters for bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// A message or a part of one.
    Data {
        /// Its transmission sequence number.
        tsn: u32,
        /// Its stream.
        stream: u16,
        /// Bytes of user data.
        len: usize,
    },
    /// A selective acknowledgement.
    Sack {
        /// The number up to which everything was received.
        cumulative: u32,
        /// The receiver window it advertises, bytes.
        window: u32,
    },
    /// The beginning of an association.
    Init {
        /// The first transmission sequence number.
        tsn: u32,
    },
    /// Any other.
    Other,
}

/// The chunks of a packet, up to the first that is malformed.
pub fn chunks(packet: &[u8]) -> impl Iterator<Item = Chunk> + '_ {
    let mut rest = packet.get(COMMON_HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let [kind, _, high, low, ..] = *rest else {
            return None;
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        let value = rest.get(CHUNK_HEADER..len)?;
        // Chunks are padded to four bytes; the last one may be without.
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(read(kind, value))
    })
}

fn read(kind: u8, value: &[u8]) -> Chunk {
    match (kind, value) {
        (DATA, [a, b, c, d, high, low, ..]) if value.len() >= DATA_HEADER => Chunk::Data {
            tsn: u32::from_be_bytes([*a, *b, *c, *d]),
            stream: u16::from_be_bytes([*high, *low]),
            len: value.len() - DATA_HEADER,
        },
        (INIT, [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d, ..]) => Chunk::Init {
            tsn: u32::from_be_bytes([*a, *b, *c, *d]),
        },
        (SACK, [e, f, g, h, a, b, c, d, ..]) => Chunk::Sack {
            cumulative: u32::from_be_bytes([*e, *f, *g, *h]),
            window: u32::from_be_bytes([*a, *b, *c, *d]),
        },
        _ => Chunk::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_data_and_sack() {
        let mut packet = vec![0; COMMON_HEADER];
        packet.extend([0, 3, 0, 19, 0, 0, 0, 1, 0x01, 0x02, 0, 0, 0, 0, 0, 51]);
        packet.extend([1, 2, 3, 0]);
        packet.extend([3, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
        packet.extend([6, 0, 0, 4]);
        let found: Vec<Chunk> = chunks(&packet).collect();
        let data = Chunk::Data {
            tsn: 1,
            stream: 0x0102,
            len: 3,
        };
        let sack = Chunk::Sack {
            cumulative: 1,
            window: 1 << 16,
        };
        assert_eq!(found, [data, sack, Chunk::Other]);
    }

    #[test]
    fn a_length_that_cannot_be_ends_it() {
        let packet = [vec![0; COMMON_HEADER], vec![0, 0, 0, 3, 0, 0, 0, 16]].concat();
        assert_eq!(chunks(&packet).count(), 0);
        let packet = [vec![0; COMMON_HEADER], vec![0, 0, 0, 200, 1]].concat();
        assert_eq!(chunks(&packet).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_end(packet in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert!(chunks(&packet).count() <= packet.len() / 4);
        }
    }
}
