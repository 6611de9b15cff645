"""Two clients and the real server, its media threads included."""

import uuid
from collections.abc import Awaitable, Callable

import pytest
import trio
from tests.integration.conftest import Server, enter, hear
from tests.unit.ortc import devices
from tests.unit.protocol.test_methods import VALID
from tests.unit.signaling.test_sessions import NEED_A_ROOM, TAKE_AN_ID

from videocall.client import RequestError, connect
from videocall.ortc.types import DtlsFingerprint, DtlsParameters
from videocall.protocol import notifications as n
from videocall.protocol.methods import METHODS
from videocall.protocol.results import ConsumeFailure
from videocall.protocol.results import Consumer as ConsumerResult

DTLS = DtlsParameters((DtlsFingerprint("sha-256", ":".join(["0A"] * 32)),), "client")


@pytest.fixture
def room_id() -> str:
    return uuid.uuid4().hex


async def refused(request: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises(RequestError) as error:
        await request()
    assert "Traceback" not in error.value.message
    assert "\n" not in error.value.message
    return error.value.code


async def test_two_see_each_others_producers(server: Server, room_id: str) -> None:
    async with connect(server.url, room_id=room_id, peer_id="test") as first, connect(server.url) as second:
        ada = await enter(first, "Ada", room_id)
        camera = await ada.produce("video", 1000)
        bob = await enter(second, "Bob", room_id)
        assert [(p.producerId, p.participantId, p.source) for p in bob.joined.producers] == [(camera, ada.id, "camera")]
        assert (await hear(first, n.ParticipantJoined)).participantId == bob.id
        microphone = await bob.produce("audio", 2000)
        assert await hear(first, n.NewProducer) == n.NewProducer(microphone, bob.id, "audio", "microphone", False)

        for participant, producer, kind in ((ada, microphone, "audio"), (bob, camera, "video")):
            consumer = await participant.consume(producer)
            assert (consumer.producerId, consumer.kind, consumer.producerPaused) == (producer, kind, False)
            assert consumer.rtpParameters.encodings[0].ssrc
            await participant.client.resume_consumer(consumer.id)
            await participant.client.request_key_frame(consumer.id)
            assert await participant.client.get_stats(consumer_id=consumer.id)

        await first.close_producer(camera)
        closed = await hear(second, n.ProducerClosed)
        assert closed == n.ProducerClosed(camera, ada.id, "closed")
        await first.leave_room()
        assert await hear(second, n.ParticipantLeft) == n.ParticipantLeft(ada.id, "left")


async def test_transports_offer_the_servers_address(server: Server, room_id: str) -> None:
    async with connect(server.url, room_id=room_id) as client:
        await client.join_room("Ada")
        transport = await client.create_web_rtc_transport("send")
        assert {candidate.address for candidate in transport.iceCandidates} == {"127.0.0.1"}
        assert transport.iceParameters.iceLite
        assert len(transport.iceParameters.password) >= 22
        assert {f.algorithm for f in transport.dtlsParameters.fingerprints} >= {"sha-256"}
        await client.connect_transport(transport.id, DTLS)
        restarted = await client.restart_ice(transport.id)
        assert restarted.usernameFragment != transport.iceParameters.usernameFragment


async def test_connecting_a_transport_twice_is_a_conflict(server: Server, room_id: str) -> None:
    async with connect(server.url) as client:
        ada = await enter(client, "Ada", room_id)
        await client.connect_transport(ada.send, DTLS)
        assert await refused(lambda: client.connect_transport(ada.send, DTLS)) == "CONFLICT"


async def test_simulcast_is_produced_without_ssrcs(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        ada, bob = await enter(first, "Ada", room_id), await enter(second, "Bob", room_id)
        encodings = [{"rid": rid} for rid in ("r0", "r1", "r2")]
        parameters = devices.sending("chromium", "video", "VP8", encodings=encodings)
        camera = await first.produce(ada.send, "video", parameters)
        consumer = await bob.consume(camera)
        assert consumer.type == "simulcast"


async def test_a_list_is_consumed_at_once(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        ada, bob = await enter(first, "Ada", room_id), await enter(second, "Bob", room_id)
        wanted = [await ada.produce("audio", 1), "nothing", await ada.produce("video", 10)]
        answers = await second.consume_all(bob.recv, wanted, bob.capabilities)
        assert [answer.producerId for answer in answers] == wanted
        assert [type(answer) for answer in answers] == [ConsumerResult, ConsumeFailure, ConsumerResult]


async def test_a_screen_takes_the_cameras_place(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        ada = await enter(first, "Ada", room_id)
        bob = await enter(second, "Bob", room_id)
        camera = await ada.produce("video", 10)
        consumer = await bob.consume(camera)
        screen = await ada.produce("video", 20, source="screen")
        assert await hear(second, n.ProducerPaused) == n.ProducerPaused(camera, ada.id, "screen")
        assert await hear(second, n.ConsumerPaused) == n.ConsumerPaused(consumer.id, camera)
        await first.close_producer(screen)
        assert await hear(second, n.ProducerResumed) == n.ProducerResumed(camera, ada.id)


@pytest.mark.parametrize("method", NEED_A_ROOM)
async def test_before_joining_and_after_leaving(server: Server, room_id: str, method: str) -> None:
    async with connect(server.url, room_id=room_id) as client:
        assert await refused(lambda: client.request(method, VALID[method])) == "NOT_JOINED"
        await client.join_room("Ada")
        await client.leave_room()
        assert await refused(lambda: client.request(method, VALID[method])) == "NOT_JOINED"


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_payloads_of_a_wrong_type(server: Server, room_id: str, method: str) -> None:
    async with connect(server.url, room_id=room_id) as client:
        await client.join_room("Ada")
        for payload in (7, "text", [], [[]], True, {field: {"wrong": [None]} for field in VALID[method]}):
            if payload == {}:  # which is right where there is no field
                continue
            assert await refused(lambda: client.request(method, payload)) == "BAD_REQUEST"  # noqa: B023
        await client.set_display_name("still here")


@pytest.mark.parametrize(("method", "field"), sorted(TAKE_AN_ID.items()))
async def test_ids_of_nothing_of_others_and_of_other_rooms(
    server: Server, room_id: str, method: str, field: str
) -> None:
    async with connect(server.url) as first, connect(server.url) as second, connect(server.url) as third:
        ada = await enter(first, "Ada", room_id)
        bob = await enter(second, "Bob", room_id)
        eve = await enter(third, "Eve", f"{room_id}-other")
        for other in (bob, eve):
            producer = await other.produce()
            consumer = await other.consume(producer)
            theirs = {"transportId": other.recv, "producerId": producer, "consumerId": consumer.id}[field]
            assert await refused(lambda: ada.client.request(method, {**VALID[method], field: theirs})) == "NOT_FOUND"  # noqa: B023
        assert await refused(lambda: ada.client.request(method, {**VALID[method], field: "nothing"})) == "NOT_FOUND"


async def test_twice(server: Server, room_id: str) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        ada, bob = await enter(first, "Ada", room_id), await enter(second, "Bob", room_id)
        assert await refused(lambda: first.join_room("Ada", room_id)) == "CONFLICT"
        camera = await ada.produce()
        consumer = await bob.consume(camera)
        for twice in (first.pause_producer, first.resume_producer):
            await twice(camera)
            await twice(camera)
        for again in (second.pause_consumer, second.resume_consumer):
            await again(consumer.id)
            await again(consumer.id)
        await second.close_consumer(consumer.id)
        assert await refused(lambda: second.close_consumer(consumer.id)) == "NOT_FOUND"
        await first.close_producer(camera)
        assert await refused(lambda: first.close_producer(camera)) == "NOT_FOUND"
        await first.leave_room()
        assert await refused(first.leave_room) == "NOT_JOINED"


async def test_an_ssrc_twice_is_a_conflict(server: Server, room_id: str) -> None:
    async with connect(server.url) as client:
        ada = await enter(client, "Ada", room_id)
        await ada.produce("video", 10)
        assert await refused(lambda: ada.produce("video", 10)) == "CONFLICT"


async def test_twenty_meet(server: Server, room_id: str) -> None:
    """Everyone consumes everyone, all at the same time; each producer is known to each participant exactly once."""
    count = 20
    seen: dict[str, set[str]] = {}

    async def attend(number: int, task_status: trio.TaskStatus[None]) -> None:
        async with connect(server.url) as client:
            me = await enter(client, f"P{number}", room_id)
            mine = await me.produce("audio", 100 + number)
            known = [producer.producerId for producer in me.joined.producers if producer.participantId != me.id]
            while len(known) < count - 1:
                known.append((await hear(client, n.NewProducer)).producerId)
            answers = await client.consume_all(me.recv, known, me.capabilities)
            assert all(isinstance(answer, ConsumerResult) for answer in answers)
            assert len(set(known)) == count - 1
            seen[mine] = set(known)
            task_status.started()
            await trio.sleep_forever()

    async with trio.open_nursery() as attending:
        with trio.fail_after(60):
            async with trio.open_nursery() as starting:
                for number in range(count):
                    starting.start_soon(attending.start, attend, number)
        attending.cancel_scope.cancel()
    assert all(known == set(seen) - {mine} for mine, known in seen.items())


def test_the_log_tells_who_came_and_went(server: Server) -> None:
    joined = [event for event in server.events() if event["event"] == "joined"]
    assert joined
    assert all(event["room"] and event["participant"] for event in joined)
    assert any(event.get("label") == "test" for event in joined)
    assert not [event for event in server.events() if event["level"] == "error"]
