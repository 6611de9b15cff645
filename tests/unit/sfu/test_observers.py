"""Observers, and the scores of producers and consumers."""

import pytest
import trio
import trio.testing
from tests.unit.sfu.calls import Call

from videocall.sfu import (
    AudioLevelObserver,
    Closed,
    ClosedError,
    ConsumerScore,
    DominantSpeaker,
    Event,
    InvalidArgumentError,
    NotFoundError,
    ProducerScore,
    Silence,
    StreamScore,
    Volume,
    Volumes,
)


async def observer_of(call: Call) -> tuple[AudioLevelObserver, list[Event]]:
    observer = await call.router.create_audio_level_observer(max_entries=3, threshold=-60, interval=0.5)
    seen: list[Event] = []
    for event in (Volumes, Silence, Closed):
        observer.on(event, seen.append)
    return observer, seen


async def emit(call: Call, event: str, target: str, data: dict[str, object]) -> None:
    call.fake.emit(event, target, data)
    await trio.testing.wait_all_tasks_blocked()


async def test_what_an_audio_level_observer_is_made_of(call: Call) -> None:
    observer, _ = await observer_of(call)
    data = call.fake.objects[observer.id]["data"]
    assert (data["maxEntries"], data["threshold"], data["interval"]) == (3, -60, 500)
    producer = await call.produce("audio")
    await observer.add_producer(producer.id)
    assert data["observed"] == [producer.id]
    await observer.remove_producer(producer.id)
    assert data["observed"] == []
    for known in (observer.add_producer, observer.remove_producer):
        with pytest.raises(NotFoundError):
            await known("nobody")


async def test_volumes_and_silence(call: Call) -> None:
    observer, seen = await observer_of(call)
    await emit(call, "volumes", observer.id, {"volumes": [{"producerId": "p", "volume": -20}]})
    await emit(call, "silence", observer.id, {})
    assert seen == [Volumes((Volume("p", -20),)), Silence()]


async def test_the_dominant_speaker(call: Call) -> None:
    observer = await call.router.create_active_speaker_observer(app_data={"a": 1})
    assert (observer.app_data, call.fake.objects[observer.id]["data"]["interval"]) == ({"a": 1}, 300)
    seen: list[DominantSpeaker] = []
    observer.on(DominantSpeaker, seen.append)
    await emit(call, "dominantSpeaker", observer.id, {"producerId": "p"})
    assert seen == [DominantSpeaker("p")]


async def test_pausing_and_closing(call: Call) -> None:
    observer, seen = await observer_of(call)
    await observer.pause()
    told = [(observer.paused, call.fake.objects[observer.id]["data"]["paused"])]
    await observer.resume()
    told.append((observer.paused, call.fake.objects[observer.id]["data"]["paused"]))
    assert told == [(True, True), (False, False)]
    await observer.close()
    assert seen == [Closed("closed")]
    with pytest.raises(ClosedError):
        await observer.pause()
    other, seen = await observer_of(call)
    await call.router.close()
    assert seen == [Closed("routerClosed")]
    assert other.close_reason == "routerClosed"


async def test_a_refused_observer_names_the_argument(call: Call) -> None:
    call.fake.refuse["createAudioLevelObserver"] = {"code": "BAD_REQUEST", "message": "maxEntries: must be at least 1"}
    with pytest.raises(InvalidArgumentError) as caught:
        await call.router.create_audio_level_observer(max_entries=0)
    assert caught.value.argument == "maxEntries"


async def test_a_cancelled_observer_leaves_nothing_behind(call: Call) -> None:
    call.fake.hold()
    with trio.move_on_after(0.01):
        await call.router.create_audio_level_observer()
    call.fake.release()
    await trio.testing.wait_all_tasks_blocked()
    assert "observer" not in call.fake.kinds()


async def test_scores(call: Call) -> None:
    producer = await call.produce()
    consumer = await call.consume(producer)
    assert (producer.scores, consumer.score) == ((), None)
    seen: list[Event] = []
    producer.on(ProducerScore, seen.append)
    consumer.on(ConsumerScore, seen.append)
    scores = [{"encodingIdx": 0, "ssrc": 5, "rid": None, "score": 9}]
    await emit(call, "score", producer.id, {"scores": scores})
    mixed = {"score": 7, "producerScore": 9, "producerScores": [9]}
    await emit(call, "score", consumer.id, {"consumerScore": mixed})
    assert seen == [ProducerScore((StreamScore(0, 9, 5, None),)), ConsumerScore(7, 9, (9,))]
    assert producer.scores == (StreamScore(0, 9, 5, None),)
    assert consumer.score == ConsumerScore(7, 9, (9,))
