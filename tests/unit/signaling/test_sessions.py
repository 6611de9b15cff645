"""One socket's session: errors, order, slow readers and endings."""

import json
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, Refused
from tests.unit.protocol.test_methods import VALID
from tests.unit.signaling.conftest import Caller, OpenClient, capabilities, video_parameters

from videocall.protocol.methods import METHODS
from videocall.rooms import Limits
from videocall.sfu import Engine
from videocall.signaling import Hub, outbox, session

Enter = Callable[..., Awaitable[Caller]]
NEED_A_ROOM = sorted(set(METHODS) - {"joinRoom", "resumeSession", "getRtpCapabilities"})
TAKE_AN_ID = {
    "connectTransport": "transportId",
    "restartIce": "transportId",
    "produce": "transportId",
    "consume": "transportId",
    "closeProducer": "producerId",
    "pauseProducer": "producerId",
    "resumeProducer": "producerId",
    "pauseConsumer": "consumerId",
    "resumeConsumer": "consumerId",
    "closeConsumer": "consumerId",
    "requestKeyFrame": "consumerId",
    "setPreferredLayers": "consumerId",
    "setConsumerPriority": "consumerId",
}


async def refusal(client: FakeClient, method: str, data: object) -> str:
    with pytest.raises(Refused) as refused:
        await client.request(method, data)
    assert "Traceback" not in refused.value.reason
    return refused.value.code


@pytest.mark.parametrize("method", NEED_A_ROOM)
async def test_nothing_else_can_be_done_before_joining(open_client: OpenClient, method: str) -> None:
    assert await refusal(open_client(), method, VALID[method]) == "NOT_JOINED"


@pytest.mark.parametrize("method", NEED_A_ROOM)
async def test_nothing_else_can_be_done_after_leaving(enter: Enter, method: str) -> None:
    ada = await enter("Ada")
    await ada.client.request("leaveRoom")
    assert await refusal(ada.client, method, VALID[method]) == "NOT_JOINED"


async def test_joining_twice_is_a_conflict(enter: Enter) -> None:
    ada = await enter("Ada")
    assert await refusal(ada.client, "joinRoom", {"displayName": "Ada", "roomId": "other"}) == "CONFLICT"


async def test_joining_no_room_is_a_bad_request(open_client: OpenClient) -> None:
    assert await refusal(open_client(), "joinRoom", {"displayName": "Ada"}) == "BAD_REQUEST"


@pytest.mark.parametrize(("method", "field"), sorted(TAKE_AN_ID.items()))
async def test_ids_of_nothing_and_of_another_room_are_not_found(enter: Enter, method: str, field: str) -> None:
    ada, eve = await enter("Ada"), await enter("Eve", "elsewhere")
    camera = await eve.produce()
    consumer = await eve.consume(camera)
    foreign = {"transportId": eve.send, "producerId": camera, "consumerId": consumer["id"]}[field]
    for wrong in ("no such id", foreign, ada.client.me):
        assert await refusal(ada.client, method, {**VALID[method], field: wrong}) == "NOT_FOUND"


async def test_the_ids_of_another_participant_are_not_found_either(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    consumer = await bob.consume(camera)
    for caller, method, data in (
        (bob, "closeProducer", {"producerId": camera}),
        (bob, "getStats", {"producerId": camera}),
        (ada, "resumeConsumer", {"consumerId": consumer["id"]}),
        (bob, "restartIce", {"transportId": ada.send}),
    ):
        assert await refusal(caller.client, method, data) == "NOT_FOUND"


async def test_a_producer_of_another_room_is_not_found(enter: Enter) -> None:
    ada, eve = await enter("Ada"), await enter("Eve", "elsewhere")
    camera = await eve.produce()
    request = {"transportId": ada.recv, "producerId": camera, "rtpCapabilities": capabilities()}
    assert await refusal(ada.client, "consume", request) == "NOT_FOUND"


async def test_producing_on_a_receiving_transport_is_a_conflict(enter: Enter) -> None:
    ada = await enter("Ada")
    request = {"transportId": ada.recv, "kind": "video", "rtpParameters": video_parameters()}
    assert await refusal(ada.client, "produce", request) == "CONFLICT"


async def test_what_the_core_calls_a_conflict_is_one(enter: Enter, media: FakeMedia) -> None:
    ada = await enter("Ada")
    for worker in media.workers:
        worker.refuse["connectWebRtcTransport"] = {"code": "CONFLICT", "message": "already connected"}
    data = {**VALID["connectTransport"], "transportId": ada.send}
    assert await refusal(ada.client, "connectTransport", data) == "CONFLICT"


async def test_a_codec_that_the_room_lacks_is_unsupported(enter: Enter) -> None:
    ada = await enter("Ada")
    parameters = video_parameters()
    parameters["codecs"][0]["mimeType"] = "video/theora"
    request = {"transportId": ada.send, "kind": "video", "rtpParameters": parameters}
    assert await refusal(ada.client, "produce", request) == "UNSUPPORTED"


async def test_a_client_that_can_decode_nothing_is_told_so(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    request = {"transportId": bob.recv, "producerId": camera, "rtpCapabilities": {"codecs": []}}
    assert await refusal(bob.client, "consume", request) == "UNSUPPORTED"


async def test_parameters_that_contradict_themselves_are_a_bad_request(enter: Enter) -> None:
    ada = await enter("Ada")
    parameters = video_parameters()
    parameters["codecs"].append(parameters["codecs"][0])
    request = {"transportId": ada.send, "kind": "video", "rtpParameters": parameters}
    assert await refusal(ada.client, "produce", request) == "BAD_REQUEST"


async def test_a_refused_producer_leaves_nothing_behind(enter: Enter, media: FakeMedia) -> None:
    ada = await enter("Ada")
    parameters = video_parameters()
    request = {"transportId": ada.send, "kind": "video", "source": "microphone", "rtpParameters": parameters}
    assert await refusal(ada.client, "produce", request) == "BAD_REQUEST"
    assert "producer" not in [kind for worker in media.workers for kind in worker.kinds()]


async def test_a_failure_of_ours_is_internal_and_in_the_log(
    enter: Enter, media: FakeMedia, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await enter("Ada")
    for worker in media.workers:
        worker.refuse["getStats"] = {"code": "INTERNAL", "message": "secret detail"}
    with pytest.raises(Refused) as refused:
        await ada.client.request("getStats", {"transportId": ada.send})
    assert refused.value.code == "INTERNAL"
    assert "secret" not in refused.value.reason
    assert "secret detail" in caplog.text
    await ada.produce()


async def test_a_request_that_hangs_is_given_up(
    enter: Enter, media: FakeMedia, autojump_clock: trio.testing.MockClock
) -> None:
    ada = await enter("Ada")
    for worker in media.workers:
        worker.hold()
    before = autojump_clock.current_time()
    request_id = ada.client.ask("restartIce", {"transportId": ada.send})
    answer = await ada.client.socket.from_server.receive()
    assert (answer["id"], answer["errorCode"]) == (request_id, "INTERNAL")
    assert autojump_clock.current_time() - before == pytest.approx(10)
    for worker in media.workers:
        worker.release()


@pytest.mark.parametrize(
    "frame", ["{", "[]", "null", "{}", '"x"', b"\x00\xff", '{"request":true,"id":"x"}', "[" * 5000]
)
async def test_a_frame_that_is_no_message_is_refused_and_the_session_goes_on(
    open_client: OpenClient, frame: str | bytes
) -> None:
    client = open_client()
    client.socket.say(frame)
    refused = await client.hear("messageRefused")
    assert refused["code"] == "BAD_REQUEST"
    await client.join("Ada")


async def test_a_client_that_sends_nothing_else_is_dropped(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    for _ in range(100):
        ada.client.socket.say("{")
    await ada.client.socket.ended.wait()
    assert ada.client.socket.closed == (1008, "too many malformed messages")
    assert (await bob.client.hear("participantLeft"))["reason"] == "error"


async def test_notifications_and_answers_of_clients_are_taken_quietly(open_client: OpenClient) -> None:
    client = open_client()
    client.socket.say('{"notification":true,"method":"hello","data":{}}')
    client.socket.say('{"response":true,"id":5,"ok":true,"data":{}}')
    await client.join("Ada")
    assert client.heard == []


async def test_an_unknown_method_is_answered(open_client: OpenClient) -> None:
    assert await refusal(open_client(), "mineBitcoin", {}) == "UNSUPPORTED"


async def test_requests_are_answered_in_order(enter: Enter) -> None:
    ada = await enter("Ada")
    first = ada.client.ask("getStats", {"transportId": ada.send})
    second = ada.client.ask("setDisplayName", {"displayName": "x"})
    third = ada.client.ask("nonsense")
    answers = [(await ada.client.socket.from_server.receive())["id"] for _ in range(3)]
    assert answers == [first, second, third]


async def test_the_answer_to_a_join_comes_before_what_happens_after_it(enter: Enter, open_client: OpenClient) -> None:
    ada = await enter("Ada")
    bob = open_client()
    bob.ask("joinRoom", {"displayName": "Bob", "roomId": "daily"})
    await ada.client.hear("participantJoined")
    await ada.produce()
    first = await bob.socket.from_server.receive()
    second = await bob.socket.from_server.receive()
    assert first["response"] is True
    assert second["method"] == "newProducer"


async def test_a_slow_reader_is_dropped_and_nobody_waits_for_it(enter: Enter, hub: Hub) -> None:
    ada, slow, bob = await enter("Ada"), await enter("Slow"), await enter("Bob")
    slow.client.socket.stop_reading()
    for number in range(outbox.MAX_QUEUED_MESSAGES + 10):
        await ada.client.request("setDisplayName", {"displayName": f"Ada {number}"})
    left = await bob.client.hear("participantLeft")
    assert left == {"participantId": slow.client.me, "reason": "timeout"}
    await ada.client.request("setDisplayName", {"displayName": "still here"})
    slow.client.socket.read_on()
    await slow.client.socket.ended.wait()
    assert slow.client.socket.closed == (1013, "reading too slowly")
    await trio.testing.wait_all_tasks_blocked()
    assert hub.session_count == 2


async def test_who_joins_as_a_slow_reader_is_dropped_sees_no_ghost(enter: Enter, open_client: OpenClient) -> None:
    ada, slow = await enter("Ada"), await enter("Slow")
    slow.client.socket.stop_reading()
    for number in range(outbox.MAX_QUEUED_MESSAGES):
        await ada.client.request("setDisplayName", {"displayName": f"Ada {number}"})
    late: list[FakeClient] = []
    while "participantLeft" not in ada.client.names():
        late.append(open_client())
        joined = await late[-1].join(f"Late {len(late)}")
        late[-1].heard.clear()  # what came before the answer is no news
        await ada.client.request("getStats", {"transportId": ada.send})
    present = {p["participantId"] for p in joined["participants"]}
    await late[-1].request("setDisplayName", {"displayName": "x"})
    present -= {data["participantId"] for name, data in late[-1].heard if name == "participantLeft"}
    assert slow.client.me not in present


async def test_a_reader_that_catches_up_gets_everything_in_order(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    bob.client.socket.stop_reading()
    for number in range(500):
        await ada.client.request("setDisplayName", {"displayName": str(number)})
    bob.client.socket.read_on()
    names = [(await bob.client.hear("participantUpdated"))["displayName"] for _ in range(500)]
    assert names == [str(number) for number in range(500)]


async def test_few_but_long_messages_fill_the_queue_too(enter: Enter) -> None:
    ada, slow = await enter("Ada"), await enter("Slow")
    slow.client.socket.stop_reading()
    for _ in range(outbox.MAX_QUEUED_CHARACTERS // 6000 + 2):
        slow.client.socket.say(json.dumps({"request": True, "id": 1, "method": "getRtpCapabilities", "data": {}}))
    assert (await ada.client.hear("participantLeft"))["reason"] == "timeout"


async def test_draining_tells_everybody_and_takes_nobody_in(
    enter: Enter, open_client: OpenClient, hub: Hub, media: FakeMedia
) -> None:
    ada, bob, waiting = await enter("Ada"), await enter("Bob"), open_client()
    await ada.client.hear("participantJoined")
    await trio.testing.wait_all_tasks_blocked()
    await hub.drain(5)
    for caller in (ada, bob):
        assert await caller.client.hear("serverDraining") == {}
    assert "participantLeft" not in ada.client.names() + bob.client.names()
    assert ada.client.socket.closed == waiting.socket.closed == (1001, "server is shutting down")
    assert (hub.session_count, hub.room_count, hub.draining) == (0, 0, True)
    await trio.testing.wait_all_tasks_blocked()
    assert [kind for worker in media.workers for kind in worker.kinds()] == []
    assert await refusal(open_client(), "joinRoom", {"displayName": "Late", "roomId": "daily"}) == "DRAINING"


async def test_draining_does_not_wait_for_a_stalled_reader(
    enter: Enter, hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    ada = await enter("Ada")
    ada.client.socket.stop_reading()
    before = autojump_clock.current_time()
    await hub.drain(3)
    assert autojump_clock.current_time() - before <= 3
    assert hub.room_count == 0


async def test_an_ending_session_does_not_wait_for_a_stalled_reader(
    enter: Enter, hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    ada = await enter("Ada")
    ada.client.socket.stop_reading()
    before = autojump_clock.current_time()
    await hub.drain(60)
    assert autojump_clock.current_time() - before == pytest.approx(session.FLUSH_S)
    assert hub.session_count == 0


async def test_a_socket_lost_amid_a_request_leaves_nothing(enter: Enter, media: FakeMedia, hub: Hub) -> None:
    ada = await enter("Ada")
    worker = next(worker for worker in media.workers if worker.objects)
    worker.hold()
    ada.client.ask("createWebRtcTransport", {"direction": "send"})
    await trio.testing.wait_all_tasks_blocked()
    ada.client.socket.hang_up()
    await trio.testing.wait_all_tasks_blocked()
    worker.release()
    await trio.testing.wait_all_tasks_blocked()
    assert worker.objects == {}
    assert (hub.room_count, hub.session_count) == (0, 0)


async def test_a_session_that_is_ended_amid_its_join_does_not_stay_in_the_room(
    open_client: OpenClient, media: FakeMedia, hub: Hub
) -> None:
    for worker in media.workers:
        worker.hold()
    client = open_client()
    client.ask("joinRoom", {"displayName": "Ada", "roomId": "daily"})
    await trio.testing.wait_all_tasks_blocked()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.drain, 5)
        await trio.testing.wait_all_tasks_blocked()
        for worker in media.workers:
            worker.release()
    await trio.testing.wait_all_tasks_blocked()
    assert (hub.room_count, hub.session_count) == (0, 0)
    assert [kind for worker in media.workers for kind in worker.kinds()] == []


async def test_a_full_room_says_so(engine: Engine) -> None:
    async with trio.open_nursery() as nursery:
        hub = Hub(engine, nursery, limits=Limits(participants=0))
        with pytest.raises(Exception, match="ROOM_FULL"):
            async with hub.room("daily") as live:
                live.room.join("a", "A", 0)
        assert hub.room_count == 0
