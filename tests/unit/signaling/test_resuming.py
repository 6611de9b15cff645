"""Sockets that break, and sessions that go on."""

import random
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, Json, Refused
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import MockClock

from videocall.signaling import Hub

Enter = Callable[..., Awaitable[Caller]]
settle = trio.testing.wait_all_tasks_blocked


@pytest.fixture
def enter_and_note(open_client: OpenClient) -> Callable[..., Awaitable[tuple[Caller, str]]]:
    async def enter(name: str) -> tuple[Caller, str]:
        client = open_client()
        joined = await client.join(name)
        send = await client.request("createWebRtcTransport", {"direction": "send"})
        recv = await client.request("createWebRtcTransport", {"direction": "recv"})
        return Caller(client, send["id"], recv["id"]), joined["resumeToken"]

    return enter


EnterAndNote = Callable[..., Awaitable[tuple[Caller, str]]]


async def break_socket(client: FakeClient) -> None:
    client.socket.hang_up(clean=False)
    await settle()


def heard_so_far(client: FakeClient) -> list[str]:
    """What was told and not yet read."""
    names = client.names()
    while True:
        try:
            message = client.socket.from_server.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return names
        names.append(message["method"])


async def resume(client: FakeClient, token: str) -> Json:
    return await client.request("resumeSession", {"resumeToken": token})


async def refusal(client: FakeClient, token: str) -> str:
    with pytest.raises(Refused) as refused:
        await resume(client, token)
    return refused.value.code


async def test_a_broken_socket_ends_nothing_for_30_seconds(
    enter: Enter,
    media: FakeMedia,
    hub: Hub,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    await bob.consume(await ada.produce())
    heard_so_far(bob.client)
    objects = [len(worker.objects) for worker in media.workers]
    await break_socket(ada.client)
    await trio.sleep(29.9)
    assert heard_so_far(bob.client) == []
    assert [len(worker.objects) for worker in media.workers] == objects
    assert hub.session_count == 1
    await trio.sleep(0.2)
    assert await bob.client.hear("participantLeft") == {"participantId": ada.client.me, "reason": "timeout"}
    assert bob.client.names() == ["consumerClosed", "producerClosed", "participantLeft"]


async def test_who_comes_back_goes_on_and_nobody_notices(
    enter: Enter,
    enter_and_note: EnterAndNote,
    open_client: OpenClient,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    bob = await enter("Bob")
    ada, token = await enter_and_note("Ada")
    camera = await ada.produce()
    consumer = await ada.consume(await bob.produce())
    heard_so_far(bob.client)
    await break_socket(ada.client)
    await trio.sleep(29)
    back = open_client()
    snapshot = await resume(back, token)
    assert snapshot["participantId"] == ada.client.me
    assert [p["participantId"] for p in snapshot["participants"]] == [bob.client.me, ada.client.me]
    assert {p["producerId"] for p in snapshot["producers"]} == {camera, consumer["producerId"]}
    assert snapshot["transports"] == [ada.send, ada.recv]
    assert snapshot["consumers"] == [{"consumerId": consumer["id"], "producerId": consumer["producerId"]}]
    await trio.sleep(100)
    assert heard_so_far(bob.client) == []
    await back.request("restartIce", {"transportId": ada.send})
    await back.request("resumeConsumer", {"consumerId": consumer["id"]})
    await back.request("pauseProducer", {"producerId": camera})
    assert heard_so_far(bob.client) == ["producerPaused"]


async def test_a_session_can_be_resumed_again_and_again(enter_and_note: EnterAndNote, open_client: OpenClient) -> None:
    ada, token = await enter_and_note("Ada")
    client = ada.client
    for _ in range(5):
        await break_socket(client)
        client = open_client()
        assert (await resume(client, token))["participantId"] == ada.client.me


async def test_the_seat_is_had_by_who_came_last(enter_and_note: EnterAndNote, open_client: OpenClient) -> None:
    ada, token = await enter_and_note("Ada")
    back = open_client()  # the server has not noticed yet that the first socket is dead
    await resume(back, token)
    await ada.client.socket.ended.wait()
    assert ada.client.socket.closed == (4000, "replaced")
    await back.request("setDisplayName", {"displayName": "Still here"})


async def test_what_cannot_be_resumed(
    enter: Enter,
    enter_and_note: EnterAndNote,
    open_client: OpenClient,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    ada, ada_token = await enter_and_note("Ada")
    bob, bob_token = await enter_and_note("Bob")
    eve = await enter("Eve")
    assert await refusal(open_client(), "no such token") == "NOT_FOUND"
    assert await refusal(eve.client, bob_token) == "CONFLICT"
    await bob.client.request("leaveRoom")
    assert await refusal(open_client(), bob_token) == "NOT_FOUND"
    await break_socket(ada.client)
    await trio.sleep(31)
    assert await refusal(open_client(), ada_token) == "NOT_FOUND"


async def test_a_request_under_way_is_in_the_snapshot(
    enter_and_note: EnterAndNote, open_client: OpenClient, media: FakeMedia
) -> None:
    ada, token = await enter_and_note("Ada")
    for worker in media.workers:
        worker.hold()
    ada.client.ask("createWebRtcTransport", {"direction": "send"})
    await settle()
    await break_socket(ada.client)
    back = open_client()
    answered = back.ask("resumeSession", {"resumeToken": token})
    await settle()
    assert back.socket.from_server.statistics().current_buffer_used == 0
    for worker in media.workers:
        worker.release()
    assert len((await back.answer(answered))["transports"]) == 3


async def test_joining_anew_with_the_token_replaces_the_earlier_self(
    enter: Enter, enter_and_note: EnterAndNote, open_client: OpenClient
) -> None:
    bob = await enter("Bob")
    ada, token = await enter_and_note("Ada")
    await break_socket(ada.client)
    heard_so_far(bob.client)
    joined = await open_client().request("joinRoom", {"displayName": "Ada", "roomId": "daily", "resumeToken": token})
    assert [p["displayName"] for p in joined["participants"]] == ["Bob"]
    assert joined["resumeToken"] != token
    await settle()
    assert heard_so_far(bob.client) == ["participantLeft", "participantJoined"]


async def test_a_shutdown_waits_for_nobody(enter: Enter, media: FakeMedia, hub: Hub) -> None:
    ada = await enter("Ada")
    await break_socket(ada.client)
    assert hub.room_count == 1
    await hub.drain(0)
    await settle()
    assert hub.room_count == 0
    assert [worker.objects for worker in media.workers] == [{}, {}]


class Picture:
    """What a client believes the room to be, from a snapshot on. It complains of what it is told twice or too late."""

    def __init__(self, snapshot: Json) -> None:
        self.me = snapshot["participantId"]
        self.names = {p["participantId"]: p["displayName"] for p in snapshot["participants"]}
        self.producers = {p["producerId"]: p["paused"] for p in snapshot["producers"]}

    def take(self, method: str, data: Json) -> None:
        match method:
            case "participantJoined":
                assert data["participantId"] not in self.names
                self.names[data["participantId"]] = data["displayName"]
            case "participantLeft":
                del self.names[data["participantId"]]
            case "participantUpdated":
                assert self.names[data["participantId"]] != data["displayName"]
                self.names[data["participantId"]] = data["displayName"]
            case "newProducer":
                assert data["producerId"] not in self.producers
                self.producers[data["producerId"]] = data["paused"]
            case "producerClosed":
                del self.producers[data["producerId"]]
            case "producerPaused" | "producerResumed":
                assert self.producers[data["producerId"]] is (method == "producerResumed")
                self.producers[data["producerId"]] = method == "producerPaused"
            case _:
                raise AssertionError(method)


@pytest.mark.parametrize("seed", range(25))
async def test_nothing_is_missed_or_doubled(
    enter: Enter, enter_and_note: EnterAndNote, open_client: OpenClient, seed: int
) -> None:
    chance = random.Random(seed)
    ada, token = await enter_and_note("Ada")
    others = [await enter(name) for name in ("Bob", "Cid")]
    producers: list[tuple[Caller, str, list[bool]]] = []
    client, resumed, picture = ada.client, True, None
    for step in range(60):
        actor = chance.choice(others)
        match chance.randrange(6):
            case 0:
                actor.client.ask("setDisplayName", {"displayName": f"name {step}"})
            case 1:
                producers.append((actor, await actor.produce(ssrc=1000 + step, paused=step % 2 == 0), [step % 2 == 0]))
            case 2 if producers:
                owner, producer_id, _ = producers.pop(chance.randrange(len(producers)))
                owner.client.ask("closeProducer", {"producerId": producer_id})
            case 3 if producers:
                owner, producer_id, paused = chance.choice(producers)
                paused[0] = not paused[0]
                owner.client.ask("pauseProducer" if paused[0] else "resumeProducer", {"producerId": producer_id})
            case 4 if resumed:
                client.socket.hang_up(clean=False)
                resumed = False
            case 5:
                # Whether or not the server has noticed that the earlier socket is gone.
                client, resumed = open_client(), True
                picture = Picture(await resume(client, token))
                assert client.heard == []  # the answer comes first
        for _ in range(chance.randrange(3)):
            await trio.lowlevel.checkpoint()
    if picture is None or not resumed:
        client = open_client()
        picture = Picture(await resume(client, token))
    await settle()
    while client.socket.from_server.statistics().current_buffer_used:
        message = client.socket.from_server.receive_nowait()
        picture.take(message["method"], message["data"])
    truth = Picture(await resume(open_client(), token))
    assert (picture.me, picture.names, picture.producers) == (truth.me, truth.names, truth.producers)
    assert truth.producers == {producer_id: paused[0] for _, producer_id, paused in producers}
