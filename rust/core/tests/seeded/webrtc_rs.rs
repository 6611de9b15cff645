//! webrtc-rs's own PeerConnection, which shares no code with ours above STUN's, as a client: it sends VP8 and Opus to the SFU
//! and receives them from it, through SDP that is made here as mediasoup-client would make it.

mod client;
mod rtcp_tap;
mod sdp;

use serde_json::json;
use videocall_netsim::{Link, Loss};

use crate::rig::{SFU_ADDRESS, World, consumer_parameters, ms};
pub use client::WebRtc;
use client::{Direction, SdpRole};

/// A sender and a receiver on `link`, whose DTLS roles are as the SFU's answer and offer say.
fn call(
    seed: u64,
    link: Link,
    sfu_in_answer: SdpRole,
    answers_as: SdpRole,
) -> (World, usize, usize) {
    let mut world = World::new(seed, link);
    let sender = WebRtc::join(&mut world, "send", Direction::Send(sfu_in_answer));
    let receiver = WebRtc::join(&mut world, "recv", Direction::Receive(answers_as));
    world.run_until(ms(6000), "both connect", |world| {
        [sender, receiver]
            .iter()
            .all(|index| world.webrtc(*index).connected)
    });
    (world, sender, receiver)
}

/// Sends frames for `millis`.
fn stream(world: &mut World, sender: usize, millis: u64) {
    for step in 0..millis / 10 {
        let now = world.now();
        let client = world.webrtc(sender);
        if step % 2 == 0 {
            client.send_audio(now);
        }
        if step % 4 == 0 {
            client.send_video(now);
        }
        world.run(ms(10));
    }
}

fn sends_and_receives(sfu_in_answer: SdpRole, answers_as: SdpRole) {
    let link = Link {
        delay: ms(20),
        ..Link::default()
    };
    let (mut world, sender, receiver) = call(1, link, sfu_in_answer, answers_as);
    stream(&mut world, sender, 3000);
    world.run(ms(500));
    let (video, audio) = (
        world.webrtc(sender).video.clone(),
        world.webrtc(sender).audio.clone(),
    );
    let client = world.webrtc(receiver);
    // The first frame that passed begins a key frame, and from then on everything came as it was sent.
    let got = client.payloads("video");
    let first = video
        .iter()
        .position(|sent| *sent == got[0])
        .expect("a packet that was sent");
    assert!(first < 3, "it started with packet {first}");
    assert_eq!(got, video[first..]);
    let got = client.payloads("audio");
    let first = audio
        .iter()
        .position(|sent| *sent == got[0])
        .expect("a packet that was sent");
    assert_eq!(got, audio[first..]);
    assert!(client.payload_types("video").iter().all(|pt| *pt == 101));
    assert!(client.payload_types("audio").iter().all(|pt| *pt == 100));
    for (track, step) in [("video", 1), ("audio", 1)] {
        let numbers = client.sequence_numbers(track);
        assert!(
            numbers
                .windows(2)
                .all(|pair| pair[1].wrapping_sub(pair[0]) == step),
            "{track}"
        );
    }
    let reports = world.webrtc(receiver).sender_reports;
    assert!(reports >= 2, "{reports} sender reports");
    let reports = world.webrtc(sender).receiver_reports;
    assert!(reports >= 4, "{reports} receiver reports");
}

#[test]
fn as_the_dtls_client_both_ways() {
    sends_and_receives(SdpRole::Passive, SdpRole::Active);
}

#[test]
fn as_the_dtls_server_both_ways() {
    sends_and_receives(SdpRole::Active, SdpRole::Passive);
}

#[test]
fn loss_towards_it_is_repaired_by_its_nacks_and_our_rtx() {
    let link = Link {
        delay: ms(20),
        ..Link::default()
    };
    let (mut world, sender, receiver) = call(2, link, SdpRole::Passive, SdpRole::Active);
    stream(&mut world, sender, 500);
    let address = world.webrtc(receiver).address;
    let lossy = Link {
        loss: Loss::Random(0.05),
        ..link
    };
    world.network.set_link(SFU_ADDRESS, address, lossy);
    stream(&mut world, sender, 5000);
    world.network.set_link(SFU_ADDRESS, address, link);
    stream(&mut world, sender, 1000);
    world.run(ms(1000));
    let lost = world.network.stats(SFU_ADDRESS, address).lost;
    assert!(lost > 15, "{lost}");
    let sent = world.webrtc(sender).video.clone();
    let mut got = world.webrtc(receiver).payloads("video");
    let first = sent
        .iter()
        .position(|packet| *packet == got[0])
        .expect("a packet that was sent");
    let mut sent = sent[first..].to_vec();
    sent.sort();
    got.sort();
    got.dedup();
    assert_eq!(got.len(), sent.len());
    assert!(got == sent, "every packet came in the end");
    let stats = world.request("getStats", json!({"consumerId": "c-video"}));
    let text = stats.to_string();
    assert!(
        text.contains("retransmit") || text.contains("nack"),
        "{text}"
    );
}

#[test]
fn its_key_frame_requests_reach_the_publisher() {
    let link = Link {
        delay: ms(20),
        ..Link::default()
    };
    let (mut world, sender, receiver) = call(3, link, SdpRole::Passive, SdpRole::Active);
    stream(&mut world, sender, 1500);
    let now = world.now();
    let before = world.webrtc(sender).key_frame_requests;
    world.webrtc(receiver).request_key_frame(now);
    stream(&mut world, sender, 500);
    assert_eq!(world.webrtc(sender).key_frame_requests, before + 1);
}

impl WebRtc {
    /// Produces or consumes what the SDP says; called by [`WebRtc::join`].
    fn signal(world: &mut World, id: &str, direction: &Direction) {
        for stream in client::streams(direction) {
            let kind = stream.codec.kind_name();
            match direction {
                Direction::Send(_) => {
                    let data = json!({
                        "transportId": id, "producerId": kind, "kind": kind, "paused": false,
                        "rtpParameters": crate::rig::producer_parameters(&stream),
                        "rtpMapping": crate::rig::rtp_mapping(&stream),
                    });
                    world.request("produce", data);
                }
                Direction::Receive(_) => {
                    let data = json!({
                        "transportId": id, "consumerId": format!("c-{kind}"), "producerId": kind, "kind": kind,
                        "paused": false, "rtpParameters": consumer_parameters(&stream),
                    });
                    world.request("consume", data);
                }
            }
        }
    }
}
