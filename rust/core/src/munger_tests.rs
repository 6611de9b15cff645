//! Numbers after switches, left-out layers and reordering.

use std::collections::BTreeMap;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::consumer::Consumer;
use crate::keys::ProducerKey;
use crate::params::MediaKind;
use crate::pool::Pool;
use crate::rtp::{PayloadType, PictureId, PictureLayers};

#[test]
fn the_hot_state_is_small() {
    assert!(size_of::<Munger>() <= 128, "{}", size_of::<Munger>());
}

/// A consumer's munger with its history, as the forward path uses them.
struct Receiver {
    munger: Munger,
    consumer: Consumer,
}

impl Receiver {
    fn new() -> Self {
        let parameters: RtpParameters = serde_json::from_value(json!({
            "mid": "0",
            "codecs": [{"mimeType": "video/VP8", "payloadType": 101, "clockRate": 90000}],
            "headerExtensions": [
                {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1},
                {"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": 4},
            ],
            "encodings": [{"ssrc": 7}],
        }))
        .unwrap();
        let (transport, producer) = (TransportKey::default(), ProducerKey::default());
        let kind = MediaKind::Video;
        let consumer = Consumer::new("c".into(), transport, producer, kind, &parameters, 7, 1);
        let types = consumer.payload_types;
        let key = ConsumerKey::default();
        let mut munger = Munger::new(key, transport, 7, 1000, types, true, &parameters);
        munger.active = true;
        Self { munger, consumer }
    }

    /// The number a packet is sent under and the picture id it then has.
    fn take(&mut self, packet: &Packet) -> Option<(u64, u16)> {
        let (seq, shift) = match self.munger.admit(packet) {
            Admission::Skip => return None,
            Admission::Send(seq) => (seq, self.munger.shift()),
            Admission::Late => {
                let stream = self.munger.stream();
                let shift = self.consumer.shift_of_late(stream, packet.seq)?;
                (packet.seq.wrapping_sub(shift.seq), shift)
            }
            Admission::Switched(seq) => {
                self.consumer
                    .note_shift(packet.seq, seq, self.munger.shift());
                (seq, self.munger.shift())
            }
            Admission::Dropped => {
                let (next, shift) = (self.munger.next_in(), self.munger.shift());
                self.consumer
                    .note_shift(next, next.wrapping_sub(shift.seq), shift);
                return None;
            }
        };
        let picture = packet.layer?.picture_id?.value.wrapping_add(shift.picture) & 0x7FFF;
        Some((seq, picture))
    }
}

/// Pictures of `sizes` packets each, in layers 0 2 1 2.
fn stream(sizes: &[usize], pool: &mut Pool, first_seq: u64) -> Vec<Packet> {
    let mut packets = Vec::new();
    #[allow(clippy::disallowed_methods)]
    let now = Instant::now();
    for (picture, &size) in sizes.iter().enumerate() {
        for index in 0..size {
            let temporal_layer = [0, 2, 1, 2][picture % 4];
            packets.push(Packet {
                seq: first_seq + packets.len() as u64,
                timestamp: picture as u32 * 3000,
                arrival: now,
                slot: pool.take().unwrap(),
                payload_len: 100,
                extension_len: 0,
                payload_type: PayloadType(101),
                marker: index + 1 == size,
                keyframe: picture == 0 && index == 0,
                layer: Some(PictureLayers {
                    starts_picture: index == 0,
                    starts_layer: index == 0,
                    temporal_layer,
                    layer_sync: temporal_layer > 0,
                    picture_id: Some(PictureId {
                        value: (40_000 + picture as u16) & 0x7FFF,
                        offset: 2,
                        wide: true,
                    }),
                    tl0_picture_index: Some((picture as u8 / 4, 4)),
                    ..PictureLayers::default()
                }),
            });
        }
    }
    packets
}

#[test]
fn a_left_out_layer_leaves_no_gap() {
    let mut pool = Pool::new(256);
    let mut receiver = Receiver::new();
    receiver.munger.target_temporal = 0;
    let sent: Vec<_> = stream(&[2; 40], &mut pool, 70_000)
        .iter()
        .filter_map(|packet| receiver.take(packet))
        .collect();
    assert_eq!(sent.len(), 20);
    for (at, (seq, picture)) in sent.iter().enumerate() {
        assert_eq!(*seq, 1000 + at as u64);
        assert_eq!(*picture, sent[0].1 + at as u16 / 2);
    }
}

#[test]
fn a_layer_comes_back_at_a_picture_that_allows_it() {
    let mut pool = Pool::new(256);
    let mut receiver = Receiver::new();
    receiver.munger.target_temporal = 0;
    let packets = stream(&[1; 80], &mut pool, 70_000);
    let low = packets[..40]
        .iter()
        .filter_map(|p| receiver.take(p))
        .count();
    receiver.munger.target_temporal = 2;
    let high = packets[40..]
        .iter()
        .filter_map(|p| receiver.take(p))
        .count();
    assert_eq!((low, high), (10, 40));
}

#[test]
fn a_switch_goes_on_where_the_receiver_is() {
    let mut pool = Pool::new(256);
    let mut receiver = Receiver::new();
    let first = stream(&[1; 8], &mut pool, 70_000);
    let last = first
        .iter()
        .filter_map(|p| receiver.take(p))
        .last()
        .unwrap();
    receiver.munger.restart(1);
    let second = stream(&[1; 8], &mut pool, 3_000_000);
    assert_eq!(receiver.take(&second[1]), None, "no keyframe yet");
    assert_eq!(receiver.take(&second[0]), Some((last.0 + 1, last.1 + 1)));
    assert_eq!(
        receiver.consumer.producer_seq(last.0).map(|(seq, _)| seq),
        Some(70_007)
    );
    assert_eq!(
        receiver
            .consumer
            .producer_seq(last.0 + 1)
            .map(|(seq, _)| seq),
        Some(3_000_000)
    );
}

/// VP9 in three spatial layers of two packets each; every tenth picture is a key picture; temporal layers 0 1.
fn svc_stream(pictures: usize, pool: &mut Pool) -> Vec<Packet> {
    let template = stream(&vec![6; pictures], pool, 70_000);
    let packets = template.into_iter().enumerate().map(|(at, mut packet)| {
        let (picture, spatial, second) = (at / 6, at / 2 % 3, at % 2 == 1);
        packet.keyframe = picture % 10 == 0 && at % 6 == 0;
        packet.layer = Some(PictureLayers {
            starts_picture: at % 6 == 0,
            starts_layer: !second,
            ends_layer: second,
            spatial_layer: spatial as u8,
            temporal_layer: (picture % 2) as u8,
            independent: picture % 10 == 0,
            switches_up: picture % 2 == 0,
            relative_ids: true,
            picture_id: Some(PictureId {
                value: picture as u16,
                offset: 1,
                wide: true,
            }),
            ..PictureLayers::default()
        });
        packet
    });
    packets.collect()
}

#[test]
fn spatial_layers_of_one_stream_go_down_at_once_and_up_at_key_pictures() {
    let mut pool = Pool::new(512);
    let mut receiver = Receiver::new();
    receiver.munger.svc = true;
    let packets = svc_stream(40, &mut pool);
    let (mut highest, mut sequence, mut markers) = (Vec::new(), None, 0);
    for (at, packet) in packets.iter().enumerate() {
        receiver.munger.target_stream = match at / 6 {
            0..5 => 2,
            5..13 => 0,
            _ => 1,
        };
        let Some((seq, id)) = receiver.take(packet) else {
            continue;
        };
        assert!(
            sequence.is_none_or(|last| seq == last + 1),
            "a gap before {seq}"
        );
        sequence = Some(seq);
        let (picture, spatial) = (at / 6, at / 2 % 3);
        assert_eq!(
            id,
            1 + picture as u16,
            "ids keep their distance: references are differences"
        );
        highest.resize(picture + 1, 0);
        highest[picture] = spatial;
        markers += usize::from(receiver.munger.ends_picture(packet));
    }
    let expected: Vec<usize> = (0..40)
        .map(|picture| match picture {
            0..5 => 2,
            5..20 => 0,
            _ => 1,
        })
        .collect();
    assert_eq!(highest, expected);
    assert_eq!(
        markers, 40,
        "one on each picture's last packet that is sent"
    );
}

#[test]
fn vp9_goes_up_in_time_after_a_picture_that_allows_it() {
    let mut pool = Pool::new(512);
    let mut receiver = Receiver::new();
    receiver.munger.svc = true;
    (
        receiver.munger.target_stream,
        receiver.munger.target_temporal,
    ) = (0, 0);
    let packets = svc_stream(40, &mut pool);
    let low = packets[..120]
        .iter()
        .filter_map(|packet| receiver.take(packet))
        .count();
    receiver.munger.target_temporal = 1;
    let high = packets[120..]
        .iter()
        .filter_map(|packet| receiver.take(packet))
        .count();
    assert_eq!((low, high), (20, 40));
}

proptest! {
    /// Whatever is lost and reordered: no number is sent twice (it would be a nonce used twice),
    /// and asked for again it leads back to the packet.
    #[test]
    fn numbers_are_unique_and_lead_back(
        sizes in proptest::collection::vec(1usize..4, 20..60),
        targets in proptest::collection::vec(0u8..3, 60),
        fate in proptest::collection::vec((0u8..10, 0usize..6), 180),
    ) {
        let mut pool = Pool::new(256);
        let packets = stream(&sizes, &mut pool, 70_000);
        // The keyframe's first packet comes first; the others are lost or come later.
        let mut order: Vec<(usize, usize)> = (1..packets.len())
            .filter(|at| fate[*at].0 > 0)
            .map(|at| (at + fate[at].1, at))
            .collect();
        order.sort_unstable();
        let mut receiver = Receiver::new();
        let mut sent = BTreeMap::new();
        for at in std::iter::once(0).chain(order.into_iter().map(|(_, at)| at)) {
            let packet = &packets[at];
            receiver.munger.target_temporal = targets[packet.timestamp as usize / 3000];
            if let Some((out, _)) = receiver.take(packet) {
                prop_assert_eq!(sent.insert(out, packet.seq), None);
                prop_assert_eq!(receiver.consumer.producer_seq(out).map(|it| it.0), Some(packet.seq));
            }
        }
    }
}
