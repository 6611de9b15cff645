"""Whatever a client sends, it gets an error with a code, and nothing else happens: to nobody, and not in the log."""

import json
import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
import trio
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient
from tests.unit.protocol.test_methods import VALID, WRONG
from tests.unit.signaling.conftest import Caller, OpenClient
from tests.unit.signaling.test_authorization import state_of
from trio.testing import wait_all_tasks_blocked

from videocall.protocol.methods import METHODS
from videocall.signaling import Hub
from videocall.signaling.log import logger

Enter = Callable[..., Awaitable[Caller]]

CODES = {"BAD_REQUEST", "CONFLICT", "NOT_FOUND", "RATE_LIMITED", "TOKEN_INVALID", "UNSUPPORTED"}
"""What nonsense is answered with; above all not ``INTERNAL``."""

SURROGATES = ('"\\ud800"', '"a\\udc00b"', '"\\ud800\\ud800"')
HUGE = ("1e999", "-1e999", "123456789012345678901234567890", "NaN", '"' + "x" * 60_000 + '"', "[" * 31 + "]" * 31)


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the log holds at the end that is a failure of ours."""
    monkeypatch.setattr(logger, "propagate", True)
    found: list[str] = []
    with caplog.at_level(logging.INFO):
        yield found
    found += [record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert found == []


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("method", sorted(METHODS))
async def test_no_wrong_payload_does_anything(enter: Enter, hub: Hub, media: FakeMedia, method: str) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    await ada.produce()
    await ada.client.request("setRole", {"participantId": bob.client.me, "role": "host"})
    await wait_all_tasks_blocked()
    before = state_of(hub, media)
    for payload in payloads(method):
        bob.client.last_id += 1
        frame = f'{{"request": true, "id": {bob.client.last_id}, "method": "{method}", "data": {payload}}}'
        bob.client.socket.say(frame)
        code = await outcome(bob.client)
        assert code is None or code in CODES, f"{method} {payload[:80]}: {code}"
        if code is None:  # it was right after all, as an optional field may be
            before = state_of(hub, media)
            if method == "leaveRoom":
                return
        assert state_of(hub, media) == before, f"{method} {payload[:80]}: {code}"
    assert await ada.client.request("setDisplayName", {"displayName": "A"}) == {}
    assert (await bob.client.request("getRtpCapabilities"))["codecs"]


def payloads(method: str) -> Iterator[str]:
    """Payloads as JSON that are none, each wrong in one field; and some that no decoder should swallow."""
    valid = VALID[method]
    yield from ("[]", "7", '"x"', "[{}]", "true")
    for field in valid:
        rest = {name: value for name, value in valid.items() if name != field}
        if rest != valid:
            yield json.dumps(rest)
        for wrong in WRONG:
            yield json.dumps({**rest, field: wrong})


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize(("method", "field"), [("setDisplayName", "displayName"), ("sendMessage", "text")])
async def test_no_text_that_is_none_gets_through(
    enter: Enter, hub: Hub, media: FakeMedia, method: str, field: str
) -> None:
    bob = await enter("Bob")
    before = state_of(hub, media)
    for raw in (*SURROGATES, *HUGE):
        bob.client.last_id += 1
        request = f'{{"request": true, "id": {bob.client.last_id}, "method": "{method}", "data": {{"{field}": {raw}}}}}'
        bob.client.socket.say(request)
        assert await outcome(bob.client) == "BAD_REQUEST", raw[:40]
    assert state_of(hub, media) == before


async def outcome(client: FakeClient) -> str | None:
    """The code of the answer to what was said last, or of the refusal of the frame; `None` when it was carried out."""
    with trio.fail_after(5):
        async for message in client.socket.from_server:
            if message.get("method") == "messageRefused":
                return str(message["data"]["code"])
            if message.get("id") == client.last_id:
                return None if message["ok"] else str(message["errorCode"])
    return "closed"


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize(
    "frame",
    [
        b"{}",
        b"\xff\xfe",
        "",
        "null",
        "[]",
        "\ud800",
        '{"request": true, "id": 1, "method": "leaveRoom", "data": ' + "[" * 40 + "]" * 40 + "}",
        '{"request": true, "id": -1, "method": "leaveRoom"}',
        '{"request": true, "id": 1, "method": ' + json.dumps("x" * 65) + "}",
        '{"request": true, "id": 1.5, "method": "leaveRoom"}',
        '{"request": true, "method": "leaveRoom"}',
        '{"request": true, "id": 1, "method": "leaveRoom"',
        json.dumps({"request": True, "id": 1, "method": "leaveRoom", "data": "x" * 70_000}),
    ],
    ids=range(13),
)
async def test_a_frame_that_is_no_request_is_refused(
    enter: Enter, hub: Hub, media: FakeMedia, frame: str | bytes
) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    before = state_of(hub, media)
    bob.client.socket.say(frame)
    assert (await bob.client.hear("messageRefused"))["code"] == "BAD_REQUEST"
    assert state_of(hub, media) == before
    await bob.client.request("raiseHand", {"raised": True})
    await ada.client.hear("participantUpdated")


@pytest.mark.usefixtures("complaints")
async def test_what_is_done_twice_is_done_once(
    enter: Enter, open_client: OpenClient, hub: Hub, media: FakeMedia
) -> None:
    ada, bob, eve = await enter("Ada"), await enter("Bob"), open_client()
    camera = await bob.produce()
    consumer = (await ada.consume(camera))["id"]
    await ada.client.request("updateRoom", {"lobby": True})
    knock = (await eve.request("joinRoom", {"displayName": "Eve", "roomId": "daily"}))["knockId"]
    for caller, method, data, second in (
        (ada, "closeConsumer", {"consumerId": consumer}, "NOT_FOUND"),
        (bob, "closeProducer", {"producerId": camera}, "NOT_FOUND"),
        (ada, "admit", {"knockId": knock}, "NOT_FOUND"),
        (ada, "removeParticipant", {"participantId": bob.client.me}, "NOT_FOUND"),
        (ada, "leaveRoom", {}, "NOT_JOINED"),
    ):
        assert await caller.client.request(method, data) == {}
        await wait_all_tasks_blocked()
        before = state_of(hub, media)
        assert await caller.client.refusal(method, data) == second
        assert state_of(hub, media) == before


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"joinRoom", "resumeSession", "getRtpCapabilities"}))
async def test_after_the_call_ended_nothing_can_be_done(enter: Enter, hub: Hub, media: FakeMedia, method: str) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    ended = ada.client.ask("endRoom")
    bob.client.ask(method, VALID[method])  # which may come before, after, or while the call ends
    await ada.client.answer(ended)
    await wait_all_tasks_blocked()
    assert bob.client.socket.ended.is_set() or method == "leaveRoom", "who left in time keeps the socket"
    assert (hub.room_count, media.objects) == (0, {})


@pytest.mark.usefixtures("complaints")
async def test_more_of_everything_than_one_may_have_is_refused(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    producers = [await ada.produce(ssrc=number, source="camera") for number in range(1, 17)]
    assert await ada.client.refusal("produce", ada.production(ssrc=99)) == "LIMIT_REACHED"
    answers = (await bob.consume(producers))["consumers"]
    assert all("id" in each for each in answers)
    for _ in range(6):
        await bob.client.request("createWebRtcTransport", {"direction": "recv"})
    assert await bob.client.refusal("createWebRtcTransport", {"direction": "recv"}) == "LIMIT_REACHED"
