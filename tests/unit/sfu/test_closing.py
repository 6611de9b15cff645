"""Closing: in cascade, once, with a reason, whoever begins it."""

from functools import partial

import pytest
import trio
from tests.fakes.media import FakeMedia
from tests.unit.sfu.calls import LISTEN, Call
from trio.testing import MockClock, wait_all_tasks_blocked

from videocall.sfu import (
    AddressInUseError,
    Closed,
    ClosedError,
    CloseReason,
    Engine,
    InvalidArgumentError,
    NotFoundError,
    SfuError,
    WorkerDiedError,
)
from videocall.sfu._channel import PATIENCE
from videocall.sfu._engine import run_engine
from videocall.sfu._object import SfuObject


def watch(**objects: SfuObject) -> list[tuple[str, CloseReason]]:
    seen: list[tuple[str, CloseReason]] = []
    for name, each in objects.items():
        each.on(Closed, partial(note, name, seen))
    return seen


def note(name: str, seen: list[tuple[str, CloseReason]], event: Closed) -> None:
    seen.append((name, event.reason))


async def full(call: Call) -> dict[str, SfuObject]:
    producer = await call.produce()
    consumer = await call.consume(producer)
    return {"router": call.router, "send": call.send, "recv": call.recv, "producer": producer, "consumer": consumer}


async def test_a_consumer_closes_alone(call: Call) -> None:
    objects = await full(call)
    seen = watch(**objects)
    await call.recv.consumers[0].close()
    assert seen == [("consumer", "closed")]
    assert call.recv.consumers == ()
    assert call.send.producers == (objects["producer"],)


async def test_a_producer_takes_its_consumers_along(call: Call) -> None:
    seen = watch(**await full(call))
    await call.send.producers[0].close()
    assert seen == [("consumer", "producerClosed"), ("producer", "closed")]
    assert (call.router.producers, call.send.producers, call.recv.consumers) == ((), (), ())


async def test_a_transport_takes_what_is_on_it_along(call: Call) -> None:
    seen = watch(**await full(call))
    await call.send.close()
    assert seen == [("consumer", "producerClosed"), ("producer", "transportClosed"), ("send", "closed")]
    assert call.router.transports == (call.recv,)
    assert (call.send.ice_state, call.send.dtls_state) == ("closed", "closed")


async def test_a_router_takes_all_along(call: Call) -> None:
    objects = await full(call)
    seen = watch(**objects)
    await call.router.close()
    assert dict(seen) == {
        "router": "closed",
        "send": "routerClosed",
        "recv": "routerClosed",
        "producer": "transportClosed",
        "consumer": "producerClosed",
    }
    assert len(seen) == 5
    assert seen[-1][0] == "router"
    assert call.worker.routers == ()
    assert all(each.closed for each in objects.values())


async def test_closing_twice_does_nothing(call: Call) -> None:
    producer = await call.produce()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(producer.close)
        nursery.start_soon(producer.close)
    await producer.close()
    assert producer.close_reason == "closed"


async def test_the_closed_answer_nothing(call: Call) -> None:
    producer = await call.produce()
    await call.router.close()
    for attempt in (producer.pause, call.send.restart_ice, call.send.get_stats, call.router.create_web_rtc_transport):
        with pytest.raises(ClosedError):
            await attempt()
    with pytest.raises(NotFoundError):
        await call.consume(producer)


async def test_a_request_that_the_close_overtakes(call: Call) -> None:
    producer = await call.produce()
    call.fake.hold()
    caught: list[Exception] = []

    async def pause() -> None:
        try:
            await producer.pause()
        except ClosedError as error:
            caught.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(producer.close)
        await wait_all_tasks_blocked()
        nursery.start_soon(pause)
        await wait_all_tasks_blocked()
        call.fake.release()
    assert len(caught) == 1


async def test_an_error_of_the_worker_closes_a_transport(call: Call) -> None:
    objects = await full(call)
    seen = watch(**objects)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call.send.wait_closed)
        await wait_all_tasks_blocked()
        call.fake.close_object(call.send.id, "error")
    assert call.send.close_reason == "error"
    assert seen[-1] == ("send", "error")
    assert call.recv.consumers == ()
    assert not call.recv.closed


async def test_a_closed_parent_never_leaves_open_children(call: Call) -> None:
    # Should a worker forget to announce them.
    objects = await full(call)
    seen = watch(**objects)
    call.fake.emit("closed", call.router.id, {"kind": "router", "reason": "closed"})
    await call.router.wait_closed()
    assert [name for name, _ in seen][-1] == "router"
    assert len(seen) == 5
    assert dict(seen)["producer"] == "transportClosed"


async def test_a_dead_worker_closes_everything(call: Call, engine: Engine) -> None:
    seen = watch(**await full(call), worker=call.worker)
    call.fake.hold()
    caught: list[Exception] = []

    async def pause() -> None:
        try:
            await call.send.producers[0].pause()
        except WorkerDiedError as error:
            caught.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pause)
        await wait_all_tasks_blocked()
        call.fake.die()
    assert len(caught) == 1
    assert len(seen) == 6
    assert {reason for _, reason in seen} == {"error"}
    assert seen[-1] == ("worker", "error")
    assert engine.least_loaded() is engine.workers[1]
    with pytest.raises(ClosedError):
        await call.worker.create_router()


async def test_closing_when_the_worker_dies_meanwhile(call: Call) -> None:
    call.fake.hold()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call.router.close)
        await wait_all_tasks_blocked()
        call.fake.die()
    assert call.router.close_reason == "error"


async def test_no_worker_left(engine: Engine, media: FakeMedia) -> None:
    for worker in media.workers:
        worker.die()
    for each in engine.workers:
        await each.wait_closed()
    with pytest.raises(WorkerDiedError):
        engine.least_loaded()


async def test_a_worker_that_speaks_nonsense_is_dead(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call.fake.say(b"{]")
    await call.worker.wait_closed()
    assert call.router.close_reason == "error"
    assert call.fake.close_calls == 1
    assert "makes no sense" in caplog.text


async def test_an_answer_of_the_wrong_shape(call: Call) -> None:
    call.fake.hold()
    async with trio.open_nursery() as nursery:

        async def restart() -> None:
            with pytest.raises(SfuError, match="makes no sense"):
                await call.send.restart_ice()

        nursery.start_soon(restart)
        await wait_all_tasks_blocked()
        held = call.fake.held()
        call.fake.say({"id": held[0]["id"], "ok": {"iceParameters": 3}})
    assert not call.worker.closed


async def test_a_worker_that_does_not_answer_is_given_up(call: Call, autojump_clock: MockClock) -> None:
    call.fake.deaf = True
    started = autojump_clock.current_time()
    with trio.move_on_after(1) as scope:
        await call.router.close()
    # The close is shielded, so the scope that gave up waited for it.
    assert autojump_clock.current_time() - started == PATIENCE
    assert not scope.cancelled_caught
    assert call.worker.close_reason == call.router.close_reason == "error"


async def test_the_end_of_the_block_closes_all(media: FakeMedia) -> None:
    async with run_engine(media, workers=2, listen=LISTEN) as engine:
        router = await engine.workers[0].create_router()
        transport = await router.create_web_rtc_transport()
    assert [worker.close_reason for worker in engine.workers] == ["closed", "closed"]
    assert (router.close_reason, transport.close_reason) == ("closed", "routerClosed")
    assert [worker.close_calls for worker in media.workers] == [1, 1]
    with pytest.raises(ClosedError):
        await router.create_web_rtc_transport()


async def test_the_end_comes_when_cancelled_too(media: FakeMedia, autojump_clock: MockClock) -> None:
    started = autojump_clock.current_time()
    with trio.CancelScope() as scope:
        async with run_engine(media, workers=1, listen=LISTEN) as engine:
            scope.cancel()
            await trio.sleep_forever()
    assert engine.workers[0].close_reason == "closed"
    assert scope.cancelled_caught
    assert autojump_clock.current_time() == started


async def test_what_the_block_raises_comes_out_as_it_was(media: FakeMedia) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with run_engine(media, workers=1, listen=LISTEN):
            raise LookupError("mine")
    assert media.workers[0].close_calls == 1


async def test_a_port_that_is_taken(media: FakeMedia) -> None:
    media.taken_indexes.add(1)
    with pytest.raises(AddressInUseError, match=r"127\.0\.0\.1:10001"):
        async with run_engine(media, workers=2, listen=LISTEN):
            pytest.fail("started")
    assert [worker.close_calls for worker in media.workers] == [1]


async def test_no_workers_at_all(media: FakeMedia) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        async with run_engine(media, workers=0, listen=LISTEN):
            pytest.fail("started")
    assert caught.value.argument == "workers"
