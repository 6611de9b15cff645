"""What the server does to rooms and people by itself."""

from collections.abc import Awaitable, Callable

import pytest
from tests.fakes.media import FakeMedia
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import wait_all_tasks_blocked

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.shapes import PermissionChanges, Permissions
from videocall.signaling import Hub
from videocall.signaling.administration import Administration
from videocall.signaling.events import EVENT_NAMES, ServerEvent

Enter = Callable[..., Awaitable[Caller]]


@pytest.fixture
def administration(hub: Hub) -> Administration:
    return Administration(hub)


async def test_a_room_made_beforehand_outlives_its_calls(
    administration: Administration, open_client: OpenClient, hub: Hub
) -> None:
    made = await administration.create_room(
        "daily", permissions=PermissionChanges(screen=False), password="s3cret", max_participants=7
    )
    assert (made.kept, made.is_open, made.participants) == (True, False, [])
    assert made.state.hasPassword
    assert made.state.permissions == Permissions(screen=False)
    ada = open_client()
    joined = await ada.join("Ada", password="s3cret")
    assert joined["room"]["maxParticipants"] == 7
    assert administration.room("daily").is_open
    await ada.request("updateRoom", {"locked": True})
    await ada.request("leaveRoom")
    await wait_all_tasks_blocked()
    assert hub.room_count == 0
    assert [(room.room_id, room.state.locked) for room in administration.rooms()] == [("daily", True)]
    assert "s3cret" not in repr(hub.kept)
    assert "scrypt" not in repr(hub.kept)


async def test_a_room_gets_an_id_nobody_can_guess(administration: Administration) -> None:
    first, second = await administration.create_room(), await administration.create_room()
    assert first.room_id != second.room_id
    assert len(first.room_id) == 22


async def test_what_cannot_be_made_or_found(administration: Administration, open_client: OpenClient) -> None:
    await administration.create_room("daily")
    await open_client().join("Ada", "weekly")
    for room_id in ("daily", "weekly"):
        assert await refusal_of(administration.create_room(room_id)) == ErrorCode.CONFLICT
    assert await refusal_of(administration.create_room("no room")) == ErrorCode.BAD_REQUEST
    assert await refusal_of(administration.update_room("nowhere", locked=True)) == ErrorCode.NOT_FOUND
    for call in (
        lambda: administration.room("nowhere"),
        lambda: administration.end_room("nowhere"),
        lambda: administration.delete_room("nowhere"),
        lambda: administration.remove_participant("daily", "nobody"),
        lambda: administration.mute_participant("weekly", "nobody"),
        lambda: administration.set_role("weekly", "nobody", "host"),
        lambda: administration.set_permissions("weekly", "nobody", PermissionChanges()),
        lambda: administration.admit("weekly", "nothing"),
        lambda: administration.reject("weekly", "nothing"),
    ):
        with pytest.raises(ProtocolError) as refused:
            call()
        assert refused.value.code == ErrorCode.NOT_FOUND


async def test_it_has_a_hosts_powers(administration: Administration, enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    me = bob.client.me
    microphone = await bob.produce("audio", 1)
    administration.mute_participant("daily", me)
    assert (await bob.client.hear("producerPaused"))["by"] == "host"
    administration.set_permissions("daily", me, PermissionChanges(audio=False))
    assert (await bob.client.hear("producerClosed"))["producerId"] == microphone
    administration.set_role("daily", me, "viewer")
    assert (await bob.client.hear("participantUpdated"))["role"] == "viewer"
    await administration.update_room("daily", lobby=True, expires_at=2**42)
    assert (await ada.client.hear("roomUpdated"))["expiresAt"] == 2**42
    administration.remove_participant("daily", me)
    await bob.client.hear("removed")
    administration.remove_participant("daily", ada.client.me)
    await ada.client.socket.ended.wait()
    with pytest.raises(ProtocolError):
        administration.room("daily")


async def test_ending_keeps_a_room_and_deleting_does_not(
    administration: Administration, open_client: OpenClient, hub: Hub
) -> None:
    told: list[ServerEvent] = []
    hub.events.watch(told.append)
    await administration.create_room("daily")
    await administration.update_room("daily", lobby=False, locked=False)
    await administration.update_room("daily", locked=True)
    await administration.update_room("daily", locked=False)
    for act in (administration.end_room, administration.delete_room):
        ada = open_client()
        await ada.join("Ada")
        act("daily")
        assert await ada.hear("roomEnded") == {"reason": "roomEnded"}
        await ada.socket.ended.wait()
    assert administration.rooms() == []
    assert [EVENT_NAMES[type(event)] for event in told] == [
        "room.created",
        "room.updated",
        "room.updated",
        *["room.started", "participant.joined", "participant.left", "room.ended"] * 2,
        "room.deleted",
    ]


async def test_settings_that_change_while_a_room_opens_count(
    administration: Administration, open_client: OpenClient, media: FakeMedia
) -> None:
    await administration.create_room("daily")
    for worker in media.workers:
        worker.hold()
    ada = open_client()
    joining = ada.ask("joinRoom", {"displayName": "Ada", "roomId": "daily"})
    await wait_all_tasks_blocked()
    await administration.update_room("daily", permissions=PermissionChanges(chat=False))
    for worker in media.workers:
        worker.release()
    assert (await ada.answer(joining))["room"]["permissions"]["chat"] is False


async def refusal_of(call: Awaitable[object]) -> ErrorCode:
    with pytest.raises(ProtocolError) as refused:
        await call
    return refused.value.code
