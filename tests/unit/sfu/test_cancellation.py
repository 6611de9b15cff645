"""A cancelled call leaves nothing behind, whenever the cancellation comes."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio
from tests.unit.ortc import devices
from tests.unit.sfu.calls import Call
from trio.testing import wait_all_tasks_blocked

from videocall.sfu import Consumer, Producer, Router, WebRtcTransport


async def cancelled_after_submission(call: Call, attempt: Callable[[], Awaitable[Any]]) -> None:
    """Cancel `attempt` once the worker has its request, and let the worker answer only then."""
    call.fake.hold()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(attempt)
            await wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    call.fake.release()


async def settle(transport: WebRtcTransport) -> None:
    # Answers come in order: what was posted before this has been done, and announced.
    await transport.get_stats()
    await transport.get_stats()


async def test_a_producer_nobody_waits_for_is_closed(call: Call) -> None:
    await cancelled_after_submission(call, call.produce)
    await settle(call.recv)
    assert [request["method"] for request in call.fake.requests[3:5]] == ["produce", "getStats"]
    assert "closeProducer" in [request["method"] for request in call.fake.requests]
    assert call.fake.kinds() == ["router", "transport", "transport"]
    assert call.router.producers == call.send.producers == ()


async def test_a_consumer_nobody_waits_for_is_closed(call: Call) -> None:
    producer = await call.produce()
    await cancelled_after_submission(call, lambda: call.consume(producer))
    await settle(call.recv)
    assert call.fake.kinds() == ["producer", "router", "transport", "transport"]
    assert call.recv.consumers == ()
    consumer = await call.consume(producer)
    assert consumer.rtp_parameters.mid == "1"


async def test_a_transport_nobody_waits_for_is_closed(call: Call) -> None:
    await cancelled_after_submission(call, call.router.create_web_rtc_transport)
    await settle(call.recv)
    assert call.router.transports == (call.send, call.recv)
    assert call.fake.kinds() == ["router", "transport", "transport"]


async def test_a_router_nobody_waits_for_is_closed(call: Call) -> None:
    await cancelled_after_submission(call, call.worker.create_router)
    await settle(call.recv)
    assert call.worker.routers == (call.router,)
    assert call.fake.kinds() == ["router", "transport", "transport"]


async def test_cancelled_between_the_answer_and_its_receipt(call: Call) -> None:
    call.fake.hold()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call.produce)
            await wait_all_tasks_blocked()
            call.fake.release()
            # Both in one pass of the loop: the answer is being delivered when the cancellation arrives.
            scope.cancel()
    await settle(call.recv)
    assert call.fake.kinds() == ["router", "transport", "transport"]
    assert call.send.producers == ()


async def test_cancelled_before_submission(call: Call) -> None:
    before = len(call.fake.requests)
    with trio.CancelScope() as scope:
        scope.cancel()
        await call.produce()
    assert scope.cancelled_caught
    assert len(call.fake.requests) == before


async def test_a_cancelled_pause_still_shows_what_is(call: Call) -> None:
    producer = await call.produce()
    await cancelled_after_submission(call, producer.pause)
    await settle(call.recv)
    assert producer.paused
    assert call.fake.objects[producer.id]["data"]["paused"]


async def test_a_refused_request_nobody_waits_for(call: Call) -> None:
    call.fake.refuse["produce"] = {"code": "CONFLICT", "message": "ssrc"}
    await cancelled_after_submission(call, call.produce)
    await settle(call.recv)
    assert "closeProducer" not in [request["method"] for request in call.fake.requests]


@pytest.mark.parametrize("which", ["consumer", "producer", "send", "router"])
async def test_closing_completes_when_cancelled(call: Call, which: str) -> None:
    producer = await call.produce()
    consumer = await call.consume(producer)
    objects: dict[str, Consumer | Producer | WebRtcTransport | Router] = {
        "consumer": consumer,
        "producer": producer,
        "send": call.send,
        "router": call.router,
    }
    each = objects[which]
    with trio.CancelScope() as scope:
        scope.cancel()
        await each.close()
    assert each.closed
    assert each.id not in call.fake.objects


async def test_a_full_ring_only_delays(call: Call) -> None:
    call.fake.hold()
    call.fake.capacity = 2
    results: list[str] = []

    async def produce(ssrc: int) -> None:
        parameters = devices.sending("chromium", "video", "VP8", encodings=[{"ssrc": ssrc}])
        producer = await call.send.produce(kind="video", rtp_parameters=parameters)
        results.append(producer.id)

    async with trio.open_nursery() as nursery:
        for ssrc in range(1, 6):
            nursery.start_soon(produce, ssrc)
        await wait_all_tasks_blocked()
        assert len(call.fake.held()) == 2
        while len(results) < 5:
            call.fake.release(1)
            await wait_all_tasks_blocked()
    assert len(set(results)) == 5
    assert {producer.id for producer in call.send.producers} == set(results)


async def test_a_full_ring_does_not_lose_the_undoing(call: Call) -> None:
    call.fake.hold()
    call.fake.capacity = 1
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            for ssrc in (1, 2, 3):
                nursery.start_soon(partial(call.produce, ssrc=ssrc))
            await wait_all_tasks_blocked()
            scope.cancel()
    while call.fake.held():
        call.fake.release(1)
        await wait_all_tasks_blocked()
    assert call.fake.kinds() == ["router", "transport", "transport"]
    assert call.send.producers == ()
