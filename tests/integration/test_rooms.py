"""Rooms with hosts, rights, a lobby and chat, over real sockets and the real media core."""

import uuid

import pytest
import trio
from tests.integration.conftest import Server, enter, hear

from videocall.client import Client, RejectedError, RequestError, connect
from videocall.protocol import notifications as n
from videocall.protocol.shapes import PermissionChanges, Permissions


@pytest.fixture
def room_id() -> str:
    return uuid.uuid4().hex


async def test_a_host_rules_over_media(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        ada, bob = await enter(first, "Ada", room_id), await enter(second, "Bob", room_id)
        microphone, camera = await bob.produce("audio", 10), await bob.produce("video", 20)
        consumer = await ada.consume(microphone)
        await first.mute_participant(bob.id)
        assert await hear(first, n.ProducerPaused) == n.ProducerPaused(microphone, bob.id, "host")
        assert await hear(first, n.ConsumerPaused) == n.ConsumerPaused(consumer.id, microphone)
        assert await hear(second, n.ProducerPaused) == n.ProducerPaused(microphone, bob.id, "host")
        await second.resume_producer(microphone)
        assert await hear(first, n.ProducerResumed) == n.ProducerResumed(microphone, bob.id)
        await first.set_permissions(bob.id, PermissionChanges(video=False))
        assert (await hear(second, n.ParticipantUpdated)).permissions == Permissions(video=False)
        assert await hear(first, n.ProducerClosed) == n.ProducerClosed(camera, bob.id, "removed")
        with pytest.raises(RequestError, match="FORBIDDEN"):
            await bob.produce("video", 30)
        with pytest.raises(RequestError, match="NOT_FOUND"):
            await second.get_stats(producer_id=camera)


async def test_password_lobby_and_the_way_out(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second, connect(server.url) as third:
        host = await first.join_room("Ada", room_id)
        await first.update_room(password="s3cret", lobby=True)
        assert (await hear(first, n.RoomUpdated)).hasPassword
        with pytest.raises(RequestError, match="PASSWORD_REQUIRED"):
            await second.join_room("Bob", room_id)
        with pytest.raises(RequestError, match="PASSWORD_WRONG"):
            await second.join_room("Bob", room_id, password="secret")

        async def answer(*decisions: bool) -> None:
            for let_in in decisions:
                knock = await hear(first, n.LobbyKnock)
                await (first.admit if let_in else first.reject)(knock.knockId)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer, False, True)
            with pytest.raises(RejectedError, match="removed"):
                await third.join_room("Eve", room_id, password="s3cret")
            joined = await second.join_room("Bob", room_id, password="s3cret")
        assert [p.participantId for p in joined.participants] == [host.participantId]
        await first.update_room(password=None, lobby=False, maxParticipants=2)
        with pytest.raises(RequestError, match="ROOM_FULL"):
            await third.join_room("Eve", room_id)
        await first.remove_participant(joined.participantId)
        assert await hear(second, n.Removed) == n.Removed("removed")
        assert (await second.wait_closed()).code == 4000
        assert (await third.join_room("Eve", room_id)).role == "participant"
        await first.end_room()
        for client in (first, third):
            assert await hear(client, n.RoomEnded) == n.RoomEnded("roomEnded")
            assert (await client.wait_closed()).code == 4000


async def test_chat_hands_and_handing_over(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        await first.join_room("Ada", room_id)
        bob = await second.join_room("Bob", room_id)
        sent = await second.send_message("Grüße 👋", "1")
        assert await second.send_message("Grüße 👋", "1") == sent
        for client in (first, second):
            assert (await hear(client, n.Message)).messageId == sent.messageId
        assert await first.get_messages() == [sent]
        await second.raise_hand()
        assert (await hear(first, n.ParticipantUpdated)).handRaised
        await second.react("🎉")
        assert await hear(first, n.Reaction) == n.Reaction(bob.participantId, "🎉")
        await refused_to_rule(second, bob.participantId)
        await first.set_role(bob.participantId, "host")
        assert (await hear(second, n.ParticipantUpdated)).role == "host"
        await second.update_room(locked=True)


async def refused_to_rule(client: Client, participant_id: str) -> None:
    for call in (
        client.update_room(locked=True),
        client.mute_participant(participant_id),
        client.set_role(participant_id, "host"),
        client.end_room(),
    ):
        with pytest.raises(RequestError, match="FORBIDDEN"):
            await call
