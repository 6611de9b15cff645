//! What a publisher is told: transport-cc where it was negotiated, REMB where not, a limit in either case, and how it is asked
//! for key frames.

use serde_json::{Value, json};
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_core::rtcp::RtcpPacket;
use videocall_netsim::{Link, Loss};

use crate::rig::{
    Client, Raw, SFU_ADDRESS, Stream, World, consumer_parameters, ms, producer_parameters,
    rtp_mapping, vp8,
};

/// `rtpParameters` after `change` on each codec's feedback list.
fn with_feedback(stream: &Stream, change: impl Fn(&mut Vec<Value>)) -> Value {
    let mut parameters = producer_parameters(stream);
    for codec in parameters["codecs"].as_array_mut().expect("codecs") {
        if let Some(feedback) = codec.get_mut("rtcpFeedback").and_then(Value::as_array_mut) {
            change(feedback);
        }
    }
    parameters
}

/// As aiortc negotiates: REMB and no transport-cc.
fn like_aiortc(stream: &Stream) -> Value {
    let mut parameters = with_feedback(stream, |feedback| {
        feedback.retain(|f| f["type"] != "transport-cc");
        feedback.push(json!({"type": "goog-remb", "parameter": ""}));
    });
    let extensions = parameters["headerExtensions"]
        .as_array_mut()
        .expect("extensions");
    extensions.retain(|e| {
        !e["uri"]
            .as_str()
            .is_some_and(|uri| uri.contains("transport-wide-cc"))
    });
    parameters
}

fn publish(parameters: impl Fn(&Stream) -> Value) -> (World, usize) {
    let delay = ms(20);
    let mut world = World::new(
        1,
        Link {
            delay,
            ..Link::default()
        },
    );
    let publisher = Client::publisher(&mut world, "send", DtlsRole::Client);
    let stream = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let produce = json!({
        "transportId": "send", "producerId": "video", "kind": "video", "paused": false,
        "rtpParameters": parameters(&stream), "rtpMapping": rtp_mapping(&stream),
    });
    world.request("produce", produce);
    let camera = Source::chromium_video(world.now(), 1);
    world.client(publisher).add_sender(&stream, Some(camera));
    (world, publisher)
}

#[test]
fn transport_cc_and_no_estimate_where_it_was_negotiated() {
    let (mut world, publisher) = publish(producer_parameters);
    world.run(ms(4000));
    let address = world.client_address(publisher);
    let lossy = Link {
        delay: ms(20),
        loss: Loss::Random(0.1),
        ..Link::default()
    };
    world.network.set_link(address, SFU_ADDRESS, lossy);
    world.run(ms(4000));
    let stats = world.client(publisher).peer.stats();
    assert!(
        (100..200).contains(&stats.transport_cc_received),
        "{}",
        stats.transport_cc_received
    );
    let lost = world.network.stats(address, SFU_ADDRESS).lost;
    let told = stats.transport_cc_lost;
    assert!(
        told * 10 > lost * 7 && told <= lost + 5,
        "told of {told} of {lost} losses"
    );
    assert_eq!(stats.remb_bps, None);
}

#[test]
fn an_estimate_where_transport_cc_was_not_negotiated() {
    let (mut world, publisher) = publish(like_aiortc);
    world.run(ms(10_000));
    let stats = world.client(publisher).peer.stats();
    assert_eq!(stats.transport_cc_received, 0);
    let good = stats.remb_bps.expect("an estimate");
    assert!(
        (900_000..3_000_000).contains(&good),
        "{good} bit/s for 1.5 Mbit/s that all arrive"
    );
    let address = world.client_address(publisher);
    let lossy = Link {
        delay: ms(20),
        loss: Loss::Random(0.3),
        ..Link::default()
    };
    world.network.set_link(address, SFU_ADDRESS, lossy);
    world.run(ms(6_000));
    let bad = world
        .client(publisher)
        .peer
        .stats()
        .remb_bps
        .expect("an estimate");
    assert!(bad < good / 2, "{bad} after {good}");
}

#[test]
fn a_limit_of_the_applications_reaches_either() {
    for parameters in [producer_parameters as fn(&Stream) -> Value, like_aiortc] {
        let (mut world, publisher) = publish(parameters);
        world.run(ms(1500));
        world.request(
            "setMaxIncomingBitrate",
            json!({"transportId": "send", "bitrate": 300_000}),
        );
        world.run(ms(1500));
        let told = world
            .client(publisher)
            .peer
            .stats()
            .remb_bps
            .expect("the limit");
        assert!((299_000..=300_000).contains(&told), "{told}");
    }
}

#[test]
fn a_lifted_limit_reaches_either() {
    for parameters in [producer_parameters as fn(&Stream) -> Value, like_aiortc] {
        let (mut world, publisher) = publish(parameters);
        for bitrate in [300_000, 0] {
            let limit = json!({"transportId": "send", "bitrate": bitrate});
            world.request("setMaxIncomingBitrate", limit);
            world.run(ms(2500));
        }
        let told = world.client(publisher).peer.stats().remb_bps;
        assert!(told.is_some_and(|bps| bps > 300_000), "{told:?}");
    }
}

/// What a bare publisher is asked with: (PLIs, FIRs).
fn asked_with(parameters: impl Fn(&Stream) -> Value) -> (usize, usize) {
    let delay = ms(20);
    let mut world = World::new(
        1,
        Link {
            delay,
            ..Link::default()
        },
    );
    let publisher = Raw::join(&mut world, "send");
    let subscriber = Raw::join(&mut world, "recv");
    let stream = Stream {
        codec: vp8(),
        ssrc: 1000,
        mid: "0".into(),
    };
    let produce = json!({
        "transportId": "send", "producerId": "video", "kind": "video", "paused": false,
        "rtpParameters": parameters(&stream), "rtpMapping": rtp_mapping(&stream),
    });
    world.request("produce", produce);
    let consume = json!({
        "transportId": "recv", "consumerId": "c", "producerId": "video", "kind": "video", "paused": false,
        "rtpParameters": consumer_parameters(&stream),
    });
    world.request("consume", consume);
    world.run(ms(3000));
    assert!(world.raw(subscriber).is_connected());
    let mut asked = (0, 0);
    for packet in world.raw(publisher).rtcp() {
        match packet {
            RtcpPacket::Pli { media, .. } if media.0 == 1000 => asked.0 += 1,
            RtcpPacket::Fir(fir) => {
                asked.1 += fir.entries().filter(|(media, _)| media.0 == 1000).count();
            }
            _ => {}
        }
    }
    asked
}

#[test]
fn key_frames_are_asked_for_in_the_negotiated_way() {
    let (plis, firs) = asked_with(producer_parameters);
    assert!(plis >= 2 && firs == 0, "{plis} PLIs, {firs} FIRs");
    let (plis, firs) = asked_with(|stream| {
        with_feedback(stream, |feedback| {
            feedback.retain(|f| f["parameter"] != "pli")
        })
    });
    assert!(plis == 0 && firs >= 2, "{plis} PLIs, {firs} FIRs");
}
