"""What hosts may do, and what follows for the others and for the media core."""

from collections.abc import Awaitable, Callable

import pytest
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import Refused
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import wait_all_tasks_blocked

from videocall.signaling import Hub

Enter = Callable[..., Awaitable[Caller]]


async def test_muting_pauses_the_producer_at_the_core(enter: Enter, media: FakeMedia) -> None:
    ada, bob, cleo = await enter("Ada"), await enter("Bob"), await enter("Cleo")
    microphone, camera = await bob.produce("audio", 1), await bob.produce("video", 2)
    await ada.client.request("muteParticipant", {"participantId": bob.client.me})
    for caller in (ada, bob, cleo):
        assert await caller.client.hear("producerPaused") == {
            "producerId": microphone,
            "participantId": bob.client.me,
            "by": "host",
        }
    await wait_all_tasks_blocked()
    assert media.objects[microphone]["data"]["paused"] is True
    assert media.objects[camera]["data"]["paused"] is False
    await bob.client.request("resumeProducer", {"producerId": microphone})
    await cleo.client.hear("producerResumed")
    await wait_all_tasks_blocked()
    assert media.objects[microphone]["data"]["paused"] is False


async def test_a_lost_permission_closes_what_it_covered(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    microphone, camera = await bob.produce("audio", 1), await bob.produce("video", 2)
    consumer = (await ada.consume(camera))["id"]
    change = {"participantId": bob.client.me, "permissions": {"video": False}}
    await ada.client.request("setPermissions", change)
    updated = await bob.client.hear("participantUpdated")
    assert updated["permissions"] == {"audio": True, "video": False, "screen": True, "chat": True}
    closed = {"producerId": camera, "participantId": bob.client.me, "reason": "removed"}
    assert await bob.client.hear("producerClosed") == closed
    assert (await ada.client.hear("consumerClosed"))["consumerId"] == consumer
    assert await ada.client.hear("producerClosed") == closed
    await wait_all_tasks_blocked()
    assert camera not in media.objects
    assert microphone in media.objects
    assert await bob.client.refusal("produce", bob.production("video", 2)) == "FORBIDDEN"
    await bob.produce("audio", 3)


async def test_a_permission_lost_while_the_core_works_leaves_nothing_behind(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    for worker in media.workers:
        worker.hold()
    late = bob.client.ask("produce", bob.production("video", 2))
    await wait_all_tasks_blocked()
    await ada.client.request("setPermissions", {"participantId": bob.client.me, "permissions": {"video": False}})
    for worker in media.workers:
        worker.release()
    with pytest.raises(Refused, match="FORBIDDEN"):
        await bob.client.answer(late)
    await wait_all_tasks_blocked()
    assert [o for o in media.objects.values() if o["kind"] == "producer"] == []
    assert "newProducer" not in ada.client.names()


async def test_viewers_receive_and_publish_nothing(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await bob.produce("video", 2)
    await ada.client.request("setRole", {"participantId": bob.client.me, "role": "viewer"})
    assert (await bob.client.hear("participantUpdated"))["role"] == "viewer"
    assert (await bob.client.hear("producerClosed"))["producerId"] == camera
    assert await bob.client.refusal("produce", bob.production("audio", 3)) == "FORBIDDEN"
    await bob.consume(await ada.produce("video", 4))
    assert await bob.client.refusal("sendMessage", {"text": "Hello"}) == "FORBIDDEN"
    whom = {"participantId": bob.client.me}
    await ada.client.request("setPermissions", {**whom, "permissions": {"chat": True}})
    await bob.client.request("sendMessage", {"text": "Hello"})
    assert await ada.client.refusal("setPermissions", {**whom, "permissions": {"audio": True}}) == "CONFLICT"


async def test_who_is_removed_is_told_and_cannot_resume(
    enter: Enter, open_client: OpenClient, media: FakeMedia
) -> None:
    ada, other = await enter("Ada"), open_client()
    bob = open_client()
    token = (await bob.join("Bob"))["resumeToken"]
    await bob.request("createWebRtcTransport", {"direction": "send"})
    assert await ada.client.request("removeParticipant", {"participantId": bob.me}) == {}
    assert await bob.hear("removed") == {"reason": "removed"}
    await bob.socket.ended.wait()
    assert bob.socket.closed == (4000, "removed")
    assert await ada.client.hear("participantLeft") == {"participantId": bob.me, "reason": "removed"}
    assert await other.refusal("resumeSession", {"resumeToken": token}) == "NOT_FOUND"
    await wait_all_tasks_blocked()
    assert len([o for o in media.objects.values() if o["kind"] == "transport"]) == 2
    assert await ada.client.refusal("removeParticipant", {"participantId": ada.client.me}) == "CONFLICT"


async def test_who_is_away_is_removed_for_good_too(enter: Enter, open_client: OpenClient) -> None:
    ada, bob, again = await enter("Ada"), open_client(), open_client()
    token = (await bob.join("Bob"))["resumeToken"]
    bob.socket.hang_up(clean=False)
    await wait_all_tasks_blocked()
    await ada.client.request("removeParticipant", {"participantId": bob.me})
    assert await again.refusal("resumeSession", {"resumeToken": token}) == "NOT_FOUND"


async def test_handing_over(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    me, other = ada.client.me, bob.client.me
    assert await ada.client.refusal("setRole", {"participantId": me, "role": "participant"}) == "CONFLICT"
    await ada.client.request("setRole", {"participantId": other, "role": "host"})
    await ada.client.request("setRole", {"participantId": me, "role": "participant"})
    assert await ada.client.refusal("updateRoom", {"locked": True}) == "FORBIDDEN"
    await bob.client.request("updateRoom", {"locked": True})
    assert (await ada.client.hear("roomUpdated"))["locked"] is True


async def test_the_next_host_is_whoever_is_there_longest_and_no_viewer(open_client: OpenClient) -> None:
    ada, bob, cleo, dan = open_client(), open_client(), open_client(), open_client()
    for client, name in ((ada, "Ada"), (bob, "Bob"), (cleo, "Cleo")):
        await client.join(name)
    await ada.request("setRole", {"participantId": bob.me, "role": "viewer"})
    await ada.request("leaveRoom")
    await cleo.hear("participantLeft")
    updated = await cleo.hear("participantUpdated")
    assert (updated["participantId"], updated["role"]) == (cleo.me, "host")
    await cleo.request("leaveRoom")
    assert (await dan.join("Dan"))["role"] == "host", "a viewer alone is none"
    assert (await bob.hear("participantJoined"))["role"] == "participant"  # Cleo
    assert (await bob.hear("participantJoined"))["role"] == "host"  # Dan


async def test_a_host_who_comes_anew_stays_host(open_client: OpenClient) -> None:
    ada, bob, tab2 = open_client(), open_client(), open_client()
    token = (await ada.join("Ada"))["resumeToken"]
    await bob.join("Bob")
    assert (await tab2.join("Ada", resumeToken=token))["role"] == "host"
    await bob.hear("participantLeft")
    assert (await bob.hear("participantJoined"))["role"] == "host"
    assert "participantUpdated" not in bob.names()


async def test_ending_the_call_ends_it_for_everyone(enter: Enter, hub: Hub, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    await bob.produce()
    assert await bob.client.refusal("endRoom") == "FORBIDDEN"
    assert await ada.client.request("endRoom") == {}
    for caller in (ada, bob):
        assert await caller.client.hear("roomEnded") == {"reason": "roomEnded"}
        await caller.client.socket.ended.wait()
        assert caller.client.socket.closed == (4000, "roomEnded")
    await wait_all_tasks_blocked()
    assert (hub.room_count, media.objects) == (0, {})


async def test_the_actor_is_answered_before_it_hears_what_follows(enter: Enter) -> None:
    ada = await enter("Ada")
    bob = await enter("Bob")
    ada.client.heard.clear()
    await wait_all_tasks_blocked()
    for method, data, heard in (
        ("updateRoom", {"locked": True}, "roomUpdated"),
        ("sendMessage", {"text": "Hello"}, "message"),
        ("react", {"emoji": "👍"}, "reaction"),
        ("setRole", {"participantId": bob.client.me, "role": "viewer"}, "participantUpdated"),
    ):
        await ada.client.request(method, data)
        assert heard not in ada.client.names()
        await ada.client.hear(heard)
