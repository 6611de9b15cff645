//! Pause and resume: silence in between, then a key frame under the next number, as if nothing had happened.

use serde_json::json;

use crate::recovery::call;
use crate::rig::{World, ms};

/// Pauses with `pause`, resumes with `resume`, and checks what the first receiver saw of the video.
fn pause_and_resume(pause: &str, resume: &str, data: &serde_json::Value) -> (World, usize, usize) {
    let (mut world, publisher, receivers) = call(1, 2);
    world.run(ms(2000));
    world.request(pause, data.clone());
    // What left before the pause is still on its way for 20 ms.
    world.run(ms(30));
    let receiver = receivers[0];
    let before = world.client(receiver).received(0).len();
    let last_before = world
        .client(receiver)
        .received(0)
        .values()
        .last()
        .map(|got| (*got).clone())
        .expect("video");
    world.run(ms(3000));
    assert_eq!(
        world.client(receiver).received(0).len(),
        before,
        "nothing is sent while paused"
    );
    let resumed = world.now();
    world.request(resume, data.clone());
    world.run(ms(2000));
    let client = world.client(receiver);
    let received = client.received(0);
    let after = received
        .values()
        .find(|got| got.at > resumed)
        .expect("video again");
    assert!(after.starts_keyframe, "it starts at a key frame");
    assert_eq!(after.sequence, last_before.sequence + 1, "the next number");
    let elapsed = after.at - last_before.at;
    let advanced = after.timestamp.wrapping_sub(last_before.timestamp);
    let expected = (elapsed.as_secs_f64() * 90_000.0) as i64;
    assert!(
        (i64::from(advanced) - expected).abs() < 9_000,
        "timestamps go on with the clock: {advanced}, {expected}"
    );
    assert!(
        after.at - resumed < ms(200),
        "a key frame was asked for at once: {:?}",
        after.at - resumed
    );
    let numbers: Vec<u64> = received.keys().copied().collect();
    assert_eq!(
        numbers.len() as u64,
        numbers[numbers.len() - 1] - numbers[0] + 1,
        "no hole"
    );
    (world, publisher, receivers[1])
}

#[test]
fn a_consumer() {
    let data = json!({"consumerId": "video0"});
    let (mut world, _, other) = pause_and_resume("pauseConsumer", "resumeConsumer", &data);
    // The other one never noticed.
    let received = world.client(other).received(0);
    let gaps = received
        .values()
        .zip(received.values().skip(1))
        .map(|(a, b)| b.at.saturating_duration_since(a.at));
    assert!(gaps.max().expect("video") < ms(100));
    assert!(world.events_of("producerPause", "video1").is_empty());
}

#[test]
fn a_producer() {
    let data = json!({"producerId": "video"});
    let (mut world, publisher, other) = pause_and_resume("pauseProducer", "resumeProducer", &data);
    for consumer in ["video0", "video1"] {
        assert_eq!(world.events_of("producerPause", consumer).len(), 1);
        assert_eq!(world.events_of("producerResume", consumer).len(), 1);
    }
    assert!(
        world.events_of("producerPause", "audio0").is_empty(),
        "another producer's"
    );
    // One key frame serves both.
    let requests = world.client(publisher).peer.stats().send[0].key_frame_requests;
    assert!(requests <= 4, "{requests} requests");
    assert!(world.client(other).received(0).len() > 100);
}

#[test]
fn a_consumer_of_audio_goes_on_with_the_next_packet() {
    let (mut world, _, receivers) = call(2, 1);
    world.run(ms(1000));
    world.request("pauseConsumer", json!({"consumerId": "audio0"}));
    world.run(ms(1030));
    let before = world.client(receivers[0]).received(1).len();
    let last = world
        .client(receivers[0])
        .received(1)
        .values()
        .last()
        .map(|got| (*got).clone())
        .expect("audio");
    world.run(ms(1000));
    assert_eq!(world.client(receivers[0]).received(1).len(), before);
    let resumed = world.now();
    world.request("resumeConsumer", json!({"consumerId": "audio0"}));
    world.run(ms(100));
    let received = world.client(receivers[0]).received(1);
    let first = received
        .values()
        .find(|got| got.at > resumed)
        .expect("audio again");
    assert_eq!(first.sequence, last.sequence + 1);
    assert_eq!(
        first.timestamp.wrapping_sub(last.timestamp),
        960 * (first.frame - last.frame)
    );
    assert!(first.at - resumed <= ms(45));
}

#[test]
fn a_consumer_made_paused_gets_nothing_before_it_is_resumed() {
    let (mut world, _, receivers) = call(3, 1);
    world.request("pauseConsumer", json!({"consumerId": "video0"}));
    world.request("pauseProducer", json!({"producerId": "video"}));
    world.run(ms(100));
    let before = world.client(receivers[0]).received(0).len();
    // Either pause is enough.
    world.request("resumeConsumer", json!({"consumerId": "video0"}));
    world.run(ms(500));
    assert_eq!(world.client(receivers[0]).received(0).len(), before);
    world.request("pauseConsumer", json!({"consumerId": "video0"}));
    world.request("resumeProducer", json!({"producerId": "video"}));
    world.run(ms(500));
    assert_eq!(world.client(receivers[0]).received(0).len(), before);
    world.request("resumeConsumer", json!({"consumerId": "video0"}));
    world.run(ms(500));
    assert!(world.client(receivers[0]).received(0).len() > before);
}

#[test]
fn many_short_pauses_leave_no_hole() {
    let (mut world, _, receivers) = call(4, 1);
    for round in 0..20 {
        world.run(ms(150 + 17 * round));
        world.request("pauseConsumer", json!({"consumerId": "video0"}));
        world.run(ms(40 + 13 * round));
        world.request("resumeConsumer", json!({"consumerId": "video0"}));
    }
    world.run(ms(2000));
    let received = world.client(receivers[0]).received(0);
    let numbers: Vec<u64> = received.keys().copied().collect();
    assert_eq!(
        numbers.len() as u64,
        numbers[numbers.len() - 1] - numbers[0] + 1
    );
    // Timestamps never go back.
    let mut last = None;
    for got in received.values() {
        let behind = last.map_or(0, |last: u32| got.timestamp.wrapping_sub(last) as i32);
        assert!(behind >= 0);
        last = Some(got.timestamp);
    }
}
