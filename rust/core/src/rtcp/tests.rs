//! Round trips of every writer, hand-made packets, and arbitrary bytes.

use proptest::prelude::*;

use super::*;

const A: Ssrc = Ssrc(0x0102_0304);
const B: Ssrc = Ssrc(0xA0B0_C0D0);

fn only(bytes: &[u8]) -> RtcpPacket<'_> {
    let mut all = packets(bytes);
    let first = all.next().unwrap().unwrap();
    assert!(all.next().is_none());
    first
}

/// Reads everything there is to read, so that a panic anywhere shows.
fn exhaust(bytes: &[u8]) -> usize {
    packets(bytes)
        .flatten()
        .map(|packet| match packet {
            RtcpPacket::SenderReport(view) => view.reports().count(),
            RtcpPacket::ReceiverReport(view) => view.reports().count(),
            RtcpPacket::Sdes(view) => view.items().count() + usize::from(view.cname(A).is_some()),
            RtcpPacket::Bye(view) => view.ssrcs().count() + view.reason().map_or(0, <[u8]>::len),
            RtcpPacket::Nack(view) => view.seqs().count(),
            RtcpPacket::Fir(view) => view.entries().count(),
            RtcpPacket::Remb { ssrcs, .. } => ssrcs.count(),
            RtcpPacket::TransportCc(view) => view.statuses().count(),
            RtcpPacket::Xr(view) => view
                .blocks()
                .map(|block| match block {
                    XrBlock::Dlrr(block) => block.entries().count(),
                    _ => 1,
                })
                .sum(),
            RtcpPacket::Pli { .. } | RtcpPacket::App | RtcpPacket::Unknown { .. } => 1,
        })
        .sum()
}

prop_compose! {
    fn report_block()(
        ssrc: u32, fraction_lost: u8, cumulative_lost in -0x80_0000..=0x7F_FFFF, highest_seq: u32, jitter: u32,
        last_sr: u32, delay_since_last_sr: u32,
    ) -> ReportBlock {
        ReportBlock { ssrc: Ssrc(ssrc), fraction_lost, cumulative_lost, highest_seq, jitter, last_sr, delay_since_last_sr }
    }
}

#[test]
fn a_compound_packet_is_read_in_order() {
    let mut bytes = Vec::new();
    write::receiver_report(&mut bytes, A, &[]);
    write::sdes_cname(&mut bytes, A, "someone@somewhere");
    write::pli(&mut bytes, A, B);
    write::bye(&mut bytes, &[A, B]);
    let all: Vec<_> = packets(&bytes).map(Result::unwrap).collect();
    assert!(
        matches!(&all[0], RtcpPacket::ReceiverReport(view) if view.ssrc() == A && view.reports().count() == 0)
    );
    assert!(
        matches!(&all[1], RtcpPacket::Sdes(view) if view.cname(A) == Some(b"someone@somewhere") && view.cname(B).is_none())
    );
    assert!(matches!(
        all[2],
        RtcpPacket::Pli {
            sender: A,
            media: B
        }
    ));
    assert!(matches!(&all[3], RtcpPacket::Bye(view) if view.ssrcs().eq([A, B])));
    assert_eq!(all.len(), 4);
}

#[test]
fn a_bad_body_does_not_hide_what_follows_and_a_bad_header_does() {
    let mut bytes = vec![0x81, 201, 0, 1, 0, 0, 0, 1];
    write::pli(&mut bytes, A, B);
    let all: Vec<_> = packets(&bytes).collect();
    assert_eq!(all[0].as_ref().err(), Some(&RtcpError::Body(201)));
    assert!(matches!(all[1], Ok(RtcpPacket::Pli { .. })));
    assert_eq!(all.len(), 2);

    let error = |bytes: &[u8]| packets(bytes).map(Result::err).collect::<Vec<_>>();
    assert_eq!(error(&[0x40, 201, 0, 0]), [Some(RtcpError::Version(1))]);
    assert_eq!(error(&[0x80, 201, 0, 1]), [Some(RtcpError::Truncated)]);
    assert_eq!(error(&[0x80]), [Some(RtcpError::Truncated)]);
    assert!(error(&[]).is_empty());
}

#[test]
fn padding_is_taken_off_or_refused() {
    let mut bytes = Vec::new();
    write::nack(&mut bytes, A, B, &[5]);
    bytes.extend_from_slice(&[0, 0, 0, 4]);
    bytes[0] |= 0x20;
    write::finish(&mut bytes, 0);
    assert!(matches!(only(&bytes), RtcpPacket::Nack(view) if view.seqs().eq([5])));
    for count in [0, 20, 255] {
        *bytes.last_mut().unwrap() = count;
        assert_eq!(
            packets(&bytes).next().unwrap().err(),
            Some(RtcpError::Padding)
        );
    }
}

#[test]
fn several_chunks_and_items_of_a_description_are_read() {
    let mut body = vec![0x82, 202, 0, 0];
    body.extend_from_slice(&[1, 2, 3, 4, 1, 1, b'a', 2, 2, b'b', b'c', 0]);
    body.extend_from_slice(&[0xA0, 0xB0, 0xC0, 0xD0, 1, 3, b'x', b'y', b'z', 0, 0, 0]);
    write::finish(&mut body, 0);
    let RtcpPacket::Sdes(view) = only(&body) else {
        panic!("an SDES packet");
    };
    let items: Vec<_> = view.items().collect();
    assert_eq!(
        items,
        [(A, 1, &b"a"[..]), (A, 2, &b"bc"[..]), (B, 1, &b"xyz"[..])]
    );
    assert_eq!(view.cname(B), Some(&b"xyz"[..]));
}

#[test]
fn a_goodbye_carries_its_reason() {
    let bytes = [0x81, 203, 0, 2, 1, 2, 3, 4, 3, b'b', b'y', b'e'];
    assert!(matches!(only(&bytes), RtcpPacket::Bye(view) if view.reason() == Some(b"bye")));
    let bytes = [0x81, 203, 0, 2, 1, 2, 3, 4, 9, b'b', b'y', b'e'];
    assert!(matches!(only(&bytes), RtcpPacket::Bye(view) if view.reason().is_none()));
}

#[test]
fn extended_reports_are_read_block_by_block() {
    let mut bytes = Vec::new();
    write::xr_rrtr(&mut bytes, A, 0x0123_4567_89AB_CDEF);
    bytes.extend_from_slice(&[99, 0, 0, 0]);
    write::finish(&mut bytes, 0);
    let RtcpPacket::Xr(view) = only(&bytes) else {
        panic!("an XR packet");
    };
    assert_eq!(view.sender, A);
    let ntp = 0x0123_4567_89AB_CDEF;
    assert!(
        view.blocks()
            .eq([XrBlock::Rrtr { ntp }, XrBlock::Other(99)])
    );
}

#[test]
fn a_remb_saturates_and_another_application_is_unknown() {
    let mut bytes = Vec::new();
    write::remb(&mut bytes, A, 1, &[]);
    bytes[17] = 0xFF;
    assert!(
        matches!(only(&bytes), RtcpPacket::Remb { bitrate_bps, .. } if bitrate_bps == u64::MAX)
    );
    bytes[12] = b'X';
    assert!(matches!(
        only(&bytes),
        RtcpPacket::Unknown {
            packet_type: 206,
            format: 15
        }
    ));
}

#[test]
fn transport_feedback_of_the_draft_is_read() {
    // Two not received and one with a small delta by run lengths; then a one-bit and a two-bit vector.
    let mut bytes = vec![0x8F, 205, 0, 0, 1, 2, 3, 4, 0xA0, 0xB0, 0xC0, 0xD0];
    bytes.extend_from_slice(&[0xFF, 0xFF, 0, 24, 0xFF, 0xFF, 0xFE, 7]);
    bytes.extend_from_slice(&[0x00, 2, 0x20, 1]);
    bytes.extend_from_slice(&[0xA0, 0x01]);
    bytes.extend_from_slice(&[0xD2, 0x00]);
    bytes.extend_from_slice(&[4, 8, 12, 16, 0xFF, 0xFC]);
    bytes.extend_from_slice(&[0, 0]);
    write::finish(&mut bytes, 0);
    let RtcpPacket::TransportCc(view) = only(&bytes) else {
        panic!("a transport-cc packet");
    };
    assert_eq!((view.sender, view.media), (A, B));
    assert_eq!((view.base_seq, view.status_count), (0xFFFF, 24));
    assert_eq!((view.reference_time, view.feedback_count), (-2, 7));
    let got: Vec<_> = view
        .statuses()
        .filter_map(|(seq, delta)| Some((seq, delta?)))
        .collect();
    let want = [(1, 1000), (2, 2000), (15, 3000), (16, 4000), (18, -1000)];
    assert_eq!(got, want);
    assert_eq!(view.statuses().count(), 24);
}

proptest! {
    #[test]
    fn reports_round_trip(
        ssrc: u32, ntp: u64, rtp_timestamp: u32, packet_count: u32, octet_count: u32,
        reports in prop::collection::vec(report_block(), 0..40),
    ) {
        let info = SenderInfo { ntp, rtp_timestamp, packet_count, octet_count };
        let kept = &reports[..reports.len().min(write::MAX_BLOCKS)];
        let mut bytes = Vec::new();
        write::sender_report(&mut bytes, Ssrc(ssrc), &info, &reports);
        write::receiver_report(&mut bytes, Ssrc(ssrc), &reports);
        let all: Vec<_> = packets(&bytes).map(Result::unwrap).collect();
        let [RtcpPacket::SenderReport(sr), RtcpPacket::ReceiverReport(rr)] = &all[..] else {
            panic!("a sender report and a receiver report");
        };
        prop_assert_eq!((sr.ssrc(), rr.ssrc()), (Ssrc(ssrc), Ssrc(ssrc)));
        prop_assert_eq!(sr.info(), info);
        prop_assert_eq!(sr.reports().collect::<Vec<_>>(), kept);
        prop_assert_eq!(rr.reports().collect::<Vec<_>>(), kept);
    }

    #[test]
    fn nacks_round_trip(start: u16, steps in prop::collection::vec(1u16..40, 1..200)) {
        let mut seqs = vec![start];
        seqs.extend(steps.iter().scan(start, |seq, step| {
            *seq = seq.wrapping_add(*step);
            Some(*seq)
        }));
        let mut bytes = Vec::new();
        write::nack(&mut bytes, A, B, &seqs);
        let RtcpPacket::Nack(view) = only(&bytes) else { panic!("a NACK") };
        prop_assert_eq!((view.sender, view.media), (A, B));
        prop_assert_eq!(view.seqs().collect::<Vec<_>>(), seqs);
    }

    #[test]
    fn nacks_in_any_order_ask_for_the_same_packets(mut seqs in prop::collection::vec(any::<u16>(), 1..200)) {
        let mut bytes = Vec::new();
        write::nack(&mut bytes, A, B, &seqs);
        let RtcpPacket::Nack(view) = only(&bytes) else { panic!("a NACK") };
        let mut got: Vec<_> = view.seqs().collect();
        got.sort_unstable();
        got.dedup();
        seqs.sort_unstable();
        seqs.dedup();
        prop_assert_eq!(got, seqs);
    }

    #[test]
    fn rates_round_trip_within_the_mantissa(bitrate: u64, ssrcs in prop::collection::vec(any::<u32>(), 0..20)) {
        let ssrcs: Vec<_> = ssrcs.into_iter().map(Ssrc).collect();
        let mut bytes = Vec::new();
        write::remb(&mut bytes, A, bitrate, &ssrcs);
        let RtcpPacket::Remb { sender, bitrate_bps, ssrcs: got } = only(&bytes) else { panic!("a REMB") };
        prop_assert_eq!(sender, A);
        prop_assert!(bitrate_bps <= bitrate && bitrate - bitrate_bps <= bitrate >> 17);
        prop_assert_eq!(got.collect::<Vec<_>>(), ssrcs);
    }

    #[test]
    fn the_small_ones_round_trip(sender: u32, media: u32, command: u8, cname in ".{0,300}", last: u32, delay: u32) {
        let (sender, media) = (Ssrc(sender), Ssrc(media));
        let mut bytes = Vec::new();
        write::fir(&mut bytes, sender, media, command);
        write::sdes_cname(&mut bytes, sender, &cname);
        write::xr_dlrr(&mut bytes, sender, &[(media, last, delay)]);
        let all: Vec<_> = packets(&bytes).map(Result::unwrap).collect();
        let [RtcpPacket::Fir(fir), RtcpPacket::Sdes(sdes), RtcpPacket::Xr(xr)] = &all[..] else {
            panic!("FIR, SDES and XR");
        };
        prop_assert!(fir.sender == sender && fir.entries().eq([(media, command)]));
        let got = std::str::from_utf8(sdes.cname(sender).unwrap()).unwrap();
        prop_assert!(cname.starts_with(got) && got.len() + 4 > cname.len().min(255));
        let Some(XrBlock::Dlrr(dlrr)) = xr.blocks().next() else { panic!("a DLRR block") };
        prop_assert!(dlrr.entries().eq([(media, last, delay)]));
    }

    #[test]
    fn never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 192u8..=210, fix in 0u8..3) {
        // Two thirds of the cases get a header that leads into a body.
        if fix > 0 && bytes.len() >= 4 {
            bytes[0] = 0x80 | (bytes[0] & if fix == 1 { 0x1F } else { 0x3F });
            bytes[1] = kind;
            let words = (bytes.len() / 4 - 1) as u16;
            bytes[2..4].copy_from_slice(&words.to_be_bytes());
        }
        std::hint::black_box(exhaust(&bytes));
    }

    #[test]
    fn mutated_packets_never_panic(at in any::<prop::sample::Index>(), value: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        write::sender_report(&mut bytes, A, &SenderInfo { ntp: 1, rtp_timestamp: 2, packet_count: 3, octet_count: 4 }, &[]);
        write::sdes_cname(&mut bytes, A, "name");
        write::nack(&mut bytes, A, B, &[1, 2, 50]);
        write::remb(&mut bytes, A, 1_000_000, &[A, B]);
        write::xr_dlrr(&mut bytes, A, &[(B, 1, 2)]);
        let at = at.index(bytes.len());
        bytes[at] = value;
        std::hint::black_box(exhaust(&bytes[..cut.index(bytes.len() + 1)]));
    }
}
