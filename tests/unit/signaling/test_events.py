"""What those who watch a server are told."""

from collections.abc import Awaitable, Callable

import pytest
from tests.unit.signaling.conftest import Caller, OpenClient

from videocall.signaling import Hub
from videocall.signaling.administration import Administration
from videocall.signaling.events import EVENT_NAMES, ServerEvent
from videocall.signaling.log import logger

Enter = Callable[..., Awaitable[Caller]]


async def test_a_visit_is_told_from_beginning_to_end_in_order(hub: Hub, enter: Enter) -> None:
    told: list[ServerEvent] = []
    hub.events.watch(told.append)
    ada = await enter("Ada")
    await ada.produce()
    await ada.client.request("leaveRoom")
    assert [EVENT_NAMES[type(event)] for event in told] == [
        "room.started",
        "participant.joined",
        "producer.started",
        "producer.closed",
        "participant.left",
        "room.ended",
    ]
    assert {event.room_id for event in told} == {"daily"}


async def test_a_watcher_that_fails_is_logged_and_hurts_nobody(
    hub: Hub, enter: Enter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logger, "propagate", True)
    told: list[ServerEvent] = []

    def fail(_: ServerEvent) -> None:
        raise RuntimeError("boom")

    hub.events.watch(fail)
    stop = hub.events.watch(told.append)
    await enter("Ada")
    assert len(told) == 2
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["watcher failed"] * 2
    stop()
    await enter("Bob")
    assert len(told) == 2


async def test_a_room_that_nobody_got_into_did_not_start(hub: Hub, open_client: OpenClient) -> None:
    await Administration(hub).create_room("daily", password="s3cret", lobby=True)
    told: list[ServerEvent] = []
    hub.events.watch(told.append)
    eve = open_client()
    assert await eve.refusal("joinRoom", {"displayName": "Eve", "roomId": "daily"}) == "PASSWORD_REQUIRED"
    await eve.request("joinRoom", {"displayName": "Eve", "roomId": "daily", "password": "s3cret"})
    await eve.request("leaveRoom")
    assert [EVENT_NAMES[type(event)] for event in told] == ["knock.started", "knock.ended"]
