"""Delivery of webhooks, on virtual time, to receivers that are functions."""

# ruff: noqa: ARG001 - a clock works by being asked for

import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from videocall import webhooks
from videocall.protocol.results import Participant
from videocall.protocol.shapes import ChatMessage, Permissions, RoomState
from videocall.server.webhooks import FLUSH_S, MAX_AGE_S, MAX_WAITING, TIMEOUT_S, Webhooks, open_webhooks
from videocall.signaling import events
from videocall.signaling.events import EVENT_NAMES, ParticipantJoined, RoomEnded, RoomStarted, ServerEvent

SECRET = "the secret of the receivers of the tests"
URL = "https://app.example.org/hook?key=hunter2"

Receive = Callable[[httpx.Request], Awaitable[httpx.Response]]


def open_to(receive: Receive, *urls: str) -> AbstractAsyncContextManager[Webhooks]:
    return open_webhooks(urls or (URL,), SECRET, httpx.MockTransport(receive))


class Receiver:
    """Takes what is signed, and says of each room what came."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.taken: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        event = webhooks.verify(SECRET, request.headers, request.content)
        assert event["id"] == request.headers["webhook-id"]
        self.requests.append(request)
        self.times.append(trio.current_time())
        status = self.answers.pop(0) if self.answers else 204
        if status < 300:
            self.taken[event["data"]["roomId"]].append(event)
        return httpx.Response(status, headers={"location": "https://elsewhere.example.org/"})


async def test_an_event_is_told_in_the_words_of_the_protocol(autojump_clock: MockClock) -> None:
    receiver = Receiver()
    async with open_to(receiver) as hooks:
        hooks.tell(ParticipantJoined(1000, "daily", "p1", "Ada", "host", None))
    (event,) = receiver.taken["daily"]
    assert event.pop("id").startswith("evt_")
    data = {"roomId": "daily", "participantId": "p1", "displayName": "Ada", "role": "host"}
    assert event == {"event": "participant.joined", "at": 1000, "data": data}
    assert receiver.requests[0].headers["content-type"] == "application/json"
    assert (hooks.delivered, hooks.waiting, hooks.part.health.state, hooks.part.lost) == (1, 0, "ok", 0)


ADA = Participant("p", "Ada", "host", 1, Permissions(), handRaised=False)
STATE = RoomState(locked=True, lobby=False, hasPassword=True, permissions=Permissions())
EVENTS = [
    events.RoomStarted(1, "daily"),
    events.RoomEnded(1, "daily"),
    events.RoomCreated(1, "daily", STATE),
    events.RoomUpdated(1, "daily", STATE),
    events.RoomDeleted(1, "daily"),
    events.KnockStarted(1, "daily", "k", "Eve", "eve"),
    events.KnockEnded(1, "daily", "k", "admitted"),
    events.ParticipantJoined(1, "daily", "p", "Ada", "host", "ada"),
    events.ParticipantUpdated(1, "daily", ADA),
    events.ParticipantResumed(1, "daily", "p"),
    events.ParticipantLeft(1, "daily", "p", "left"),
    events.ProducerStarted(1, "daily", "p", "c", "video", "camera"),
    events.ProducerClosed(1, "daily", "p", "c", "closed"),
    events.MessageSent(1, "daily", ChatMessage("m", "p", "Ada", "Hello", 1)),
]


def test_there_is_a_sample_of_every_event() -> None:
    assert {type(event) for event in EVENTS} == set(EVENT_NAMES)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: EVENT_NAMES[type(event)])
async def test_every_event_can_be_told(event: ServerEvent, autojump_clock: MockClock) -> None:
    receiver = Receiver()
    async with open_to(receiver) as hooks:
        hooks.tell(event)
    (told,) = receiver.taken["daily"]
    assert (told["event"], told["at"]) == (EVENT_NAMES[type(event)], 1)
    assert not any("_" in name for name in told["data"])


@pytest.mark.parametrize("failure", [500, 503, 429, 404, 302])
async def test_what_is_not_taken_is_sent_again_as_the_same_event_later_and_later(
    failure: int, autojump_clock: MockClock
) -> None:
    receiver = Receiver(failure, failure, failure)
    async with open_to(receiver) as hooks:
        hooks.tell(RoomStarted(1, "daily"))
        hooks.tell(RoomEnded(2, "daily"))
        await until(lambda: hooks.waiting == 0)
        assert hooks.failed_attempts == 3
    assert [event["event"] for event in receiver.taken["daily"]] == ["room.started", "room.ended"]
    assert {request.url for request in receiver.requests} == {httpx.URL(URL)}
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2
    first, second, third = (later - earlier for earlier, later in itertools.pairwise(receiver.times[:4]))
    assert 0.5 <= first <= 1.5
    assert 1 <= second <= 3
    assert 2 <= third <= 6


async def test_a_slow_room_delays_no_other(autojump_clock: MockClock) -> None:
    taken: list[str] = []

    async def receive(request: httpx.Request) -> httpx.Response:
        room = webhooks.verify(SECRET, request.headers, request.content)["data"]["roomId"]
        if room == "slow":
            await trio.sleep_forever()
        taken.append(room)
        return httpx.Response(200)

    async with open_to(receive) as hooks:
        began = trio.current_time()
        for room in ("slow", "a", "slow", "b"):
            hooks.tell(RoomStarted(1, room))
        await until(lambda: len(taken) == 2)
        assert trio.current_time() - began < TIMEOUT_S
        assert hooks.part.health.state == "ok"
        await trio.sleep(TIMEOUT_S + 0.1)
        assert hooks.part.health.reason == "does not take events: app.example.org"


async def test_one_receiver_that_fails_is_no_matter_of_the_other(autojump_clock: MockClock) -> None:
    taken: list[str] = []

    async def receive(request: httpx.Request) -> httpx.Response:
        if request.url.host == "down":
            raise httpx.ConnectError("refused")
        taken.append(request.url.host)
        return httpx.Response(200)

    async with open_to(receive, "https://down/", "https://up/") as hooks:
        hooks.tell(RoomStarted(1, "a"))
        await until(lambda: taken == ["up"])
        assert hooks.part.health.reason == "does not take events: down"
        assert hooks.waiting == 1


async def test_an_event_is_given_up_in_the_end_and_counted(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def receive(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with open_to(receive) as hooks:
        began = trio.current_time()
        hooks.tell(RoomStarted(1, "daily"))
        await until(lambda: hooks.part.lost == 1)
        assert MAX_AGE_S <= trio.current_time() - began <= MAX_AGE_S + 100
        assert hooks.waiting == 0
    told = [vars(record)["videocall_fields"] for record in caplog.records]
    assert {"room": "daily", "about": "room.started", "problem": "ConnectError"}.items() <= told[-1].items()
    assert "hunter2" not in str(told)


async def test_the_queue_has_a_bound(autojump_clock: MockClock) -> None:
    async def receive(_: httpx.Request) -> httpx.Response:
        await trio.sleep_forever()
        raise AssertionError

    async with open_to(receive) as hooks:
        for _ in range(MAX_WAITING + 7):
            hooks.tell(RoomStarted(1, "daily"))
        assert (hooks.waiting, hooks.part.lost) == (MAX_WAITING, 7)
    assert hooks.part.lost == MAX_WAITING + 7


async def test_what_waits_at_the_end_is_told_within_a_bound(autojump_clock: MockClock) -> None:
    receiver = Receiver(503)
    async with open_to(receiver) as hooks:
        for room in ("a", "a", "b"):
            hooks.tell(RoomStarted(1, room))
        await until(lambda: hooks.failed_attempts == 1)
        began = trio.current_time()
    assert trio.current_time() - began < 0.5  # what waited for its next try did not wait any more
    assert sum(map(len, receiver.taken.values())) == 3
    assert hooks.part.lost == 0


async def test_the_end_does_not_wait_for_a_receiver_that_hangs(autojump_clock: MockClock) -> None:
    async def receive(_: httpx.Request) -> httpx.Response:
        await trio.sleep_forever()
        raise AssertionError

    async with open_to(receive) as hooks:
        hooks.tell(RoomStarted(1, "a"))
        hooks.tell(RoomStarted(1, "a"))
        began = trio.current_time()
    assert trio.current_time() - began <= FLUSH_S
    assert hooks.part.lost == 2


async def test_without_receivers_it_is_off() -> None:
    async with open_webhooks((), None) as hooks:
        hooks.tell(RoomStarted(1, "a"))
        assert (hooks.part.health.state, hooks.waiting) == ("off", 0)
    with pytest.raises(ValueError, match="secret"):
        async with open_webhooks((URL,), None):
            pass


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(2 * MAX_AGE_S):
        while not condition():  # noqa: ASYNC110 - on virtual time, and of no interest to the code under test
            await trio.sleep(0.05)
