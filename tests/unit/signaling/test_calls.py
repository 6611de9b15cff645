"""Calls as clients see them."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, Json, Refused
from tests.unit.signaling.conftest import DTLS, STUN, Caller, OpenClient

from videocall.ortc import to_wire
from videocall.protocol.version import VERSION
from videocall.signaling import Hub
from videocall.signaling.handlers import ROUTER_CAPABILITIES
from videocall.signaling.log import logger

Enter = Callable[..., Awaitable[Caller]]
ICE_SERVERS = [{"urls": [STUN]}]


async def settle() -> None:
    """Let everything that can happen now happen."""
    await trio.testing.wait_all_tasks_blocked()


async def test_joining_gives_everything_a_client_needs(open_client: OpenClient) -> None:
    ada, bob = open_client(), open_client("daily")
    first = await ada.join("Ada")
    assert first["role"] == "host"
    assert first["roomId"] == "daily"
    assert first["rtpCapabilities"] == to_wire(ROUTER_CAPABILITIES)
    assert (first["iceServers"], first["participants"], first["producers"]) == (ICE_SERVERS, [], [])
    second = await bob.request("joinRoom", {"displayName": "Bob"})
    assert [(p["participantId"], p["displayName"]) for p in second["participants"]] == [(ada.me, "Ada")]
    assert second["resumeToken"] != first["resumeToken"]
    told = await ada.hear("participantJoined")
    assert (told["participantId"], told["displayName"], told["role"]) == (second["participantId"], "Bob", "participant")
    assert told["joinedAt"] > 1_600_000_000_000


async def test_capabilities_are_told_before_joining_and_are_the_rooms(open_client: OpenClient) -> None:
    client = open_client()
    capabilities = await client.request("getRtpCapabilities")
    assert capabilities == (await client.join("Ada"))["rtpCapabilities"]


async def test_a_transport_has_what_mediasoup_client_takes(enter: Enter) -> None:
    ada = await enter("Ada")
    transport = await ada.client.request("createWebRtcTransport", {"direction": "send"})
    assert set(transport) == {
        "id",
        "iceParameters",
        "iceCandidates",
        "dtlsParameters",
        "iceServers",
        "sctpParameters",
    }
    assert transport["sctpParameters"]["maxMessageSize"] == transport["sctpParameters"]["maxSendMessageSize"] == 262144
    assert transport["iceParameters"]["iceLite"] is True
    assert transport["iceCandidates"][0]["address"] == "127.0.0.1"
    assert "tcpType" not in transport["iceCandidates"][0]
    assert transport["iceServers"] == ICE_SERVERS
    assert await ada.client.request("connectTransport", {"transportId": transport["id"], "dtlsParameters": DTLS}) == {}


async def test_a_producer_is_announced_once_to_everyone_else_and_in_order(enter: Enter) -> None:
    ada, bob, cleo = await enter("Ada"), await enter("Bob"), await enter("Cleo")
    for caller in (ada, bob, cleo):
        caller.client.heard.clear()
    microphone = await ada.produce("audio", 1)
    camera = await ada.produce("video", 2)
    await settle()
    for caller in (bob, cleo):
        first, second = await caller.client.hear("newProducer"), await caller.client.hear("newProducer")
        owner = ada.client.me
        assert first == {
            "producerId": microphone,
            "participantId": owner,
            "kind": "audio",
            "source": "microphone",
            "paused": False,
        }
        assert second == {
            "producerId": camera,
            "participantId": owner,
            "kind": "video",
            "source": "camera",
            "paused": False,
        }
    await ada.client.request("setDisplayName", {"displayName": "A"})
    assert "newProducer" not in ada.client.names()


async def test_who_comes_later_gets_the_producers_with_the_answer(enter: Enter, open_client: OpenClient) -> None:
    ada = await enter("Ada")
    camera = await ada.produce()
    late = open_client()
    joined = await late.join("Late")
    assert [(p["producerId"], p["participantId"], p["source"]) for p in joined["producers"]] == [
        (camera, ada.client.me, "camera")
    ]
    await settle()
    assert late.socket.from_server.statistics().current_buffer_used == 0


async def test_a_consumer_begins_paused_and_is_resumed(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    consumer = await bob.consume(camera)
    assert (consumer["producerId"], consumer["kind"], consumer["type"]) == (camera, "video", "simple")
    assert consumer["producerPaused"] is False
    assert consumer["rtpParameters"]["mid"] == "0"
    in_core = objects(media)[consumer["id"]]["data"]
    assert in_core["paused"] is True
    await bob.client.request("resumeConsumer", {"consumerId": consumer["id"]})
    assert in_core["paused"] is False
    await bob.client.request("pauseConsumer", {"consumerId": consumer["id"]})
    assert in_core["paused"] is True
    assert await bob.client.request("requestKeyFrame", {"consumerId": consumer["id"]}) == {}
    layers = {"spatialLayer": 1, "temporalLayer": 0}
    assert await bob.client.request("setPreferredLayers", {"consumerId": consumer["id"], **layers}) == {}
    assert in_core["preferredLayers"] == layers
    assert await bob.client.request("setConsumerPriority", {"consumerId": consumer["id"], "priority": 7}) == {}
    assert in_core["priority"] == 7


async def test_several_producers_are_consumed_with_one_request(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    microphone, camera = await ada.produce("audio", 1), await ada.produce("video", 2)
    consumers = (await bob.consume([microphone, "no such", camera]))["consumers"]
    assert [c["producerId"] for c in consumers] == [microphone, "no such", camera]
    assert [c.get("kind") for c in consumers] == ["audio", None, "video"]
    assert consumers[1]["error"]["code"] == "NOT_FOUND"


async def test_closing_a_producer_is_told_and_reaches_the_core(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    consumer = await bob.consume(camera)
    bob.client.heard.clear()
    await ada.client.request("closeProducer", {"producerId": camera})
    closed = await bob.client.hear("producerClosed")
    assert closed == {"producerId": camera, "participantId": ada.client.me, "reason": "closed"}
    assert bob.client.names() == ["consumerClosed", "producerClosed"]
    await settle()
    assert not {camera, consumer["id"]} & set(objects(media))
    with pytest.raises(Refused, match="NOT_FOUND"):
        await bob.client.request("resumeConsumer", {"consumerId": consumer["id"]})


async def test_muting_is_told_and_reaches_the_core(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    microphone = await ada.produce("audio")
    consumer = await bob.consume(microphone)
    bob.client.heard.clear()
    await ada.client.request("pauseProducer", {"producerId": microphone})
    assert await bob.client.hear("consumerPaused") == {"consumerId": consumer["id"], "producerId": microphone}
    await settle()
    assert objects(media)[microphone]["data"]["paused"] is True
    await ada.client.request("resumeProducer", {"producerId": microphone})
    await bob.client.hear("consumerResumed")
    assert bob.client.names() == ["producerPaused", "consumerPaused", "producerResumed", "consumerResumed"]
    await settle()
    assert objects(media)[microphone]["data"]["paused"] is False


async def test_a_screen_takes_the_cameras_place_in_the_core_too(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce("video", 1)
    screen = await ada.produce("video", 2, source="screen")
    await bob.client.hear("producerPaused")
    await settle()
    assert objects(media)[camera]["data"]["paused"] is True
    second = await ada.produce("video", 3, source="camera")
    assert objects(media)[second]["data"]["paused"] is True
    await ada.client.request("closeProducer", {"producerId": screen})
    await bob.client.hear("producerResumed")
    await settle()
    assert [objects(media)[p]["data"]["paused"] for p in (camera, second)] == [False, False]


async def test_a_sharer_may_keep_the_camera(enter: Enter, media: FakeMedia) -> None:
    ada = await enter("Ada")
    camera = await ada.produce("video", 1)
    await ada.produce("video", 2, source="screen", appData={"keepCamera": True})
    await settle()
    assert objects(media)[camera]["data"]["paused"] is False


async def test_a_closed_socket_is_a_participant_that_leaves(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    await bob.consume(camera)
    bob.client.heard.clear()
    ada.client.socket.hang_up()
    assert await bob.client.hear("participantLeft") == {"participantId": ada.client.me, "reason": "left"}
    assert bob.client.names() == ["consumerClosed", "producerClosed", "participantLeft"]
    await settle()
    assert sorted(o["kind"] for o in objects(media).values()) == ["router", "transport", "transport"]


async def test_leaving_keeps_the_socket_and_joining_again_is_new(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    await ada.client.request("leaveRoom")
    assert (await bob.client.hear("participantLeft"))["reason"] == "left"
    with pytest.raises(Refused, match="NOT_JOINED"):
        await ada.client.request("createWebRtcTransport", {"direction": "send"})
    before = ada.client.me
    await ada.client.join("Ada", "another")
    assert ada.client.me != before


async def test_an_empty_room_is_gone_with_its_router(enter: Enter, hub: Hub, media: FakeMedia) -> None:
    ada = await enter("Ada")
    await ada.produce()
    assert hub.room_count == 1
    await ada.client.request("leaveRoom")
    assert hub.room_count == 0
    await settle()
    assert objects(media) == {}


async def test_rooms_go_to_the_least_loaded_worker(enter: Enter, media: FakeMedia) -> None:
    for number in range(4):
        await enter(f"P{number}", f"room-{number}")
    assert [worker.kinds().count("router") for worker in media.workers] == [2, 2]


async def test_simultaneous_joins_open_one_room(open_client: OpenClient, media: FakeMedia, hub: Hub) -> None:
    media.workers[0].hold()
    clients: list[tuple[FakeClient, int]] = []
    for number in range(5):
        client = open_client()
        clients.append((client, client.ask("joinRoom", {"displayName": f"P{number}", "roomId": "daily"})))
    await settle()
    assert hub.room_count == 1
    media.workers[0].release()
    answers = [await client.answer(request_id) for client, request_id in clients]
    assert sorted(len(answer["participants"]) for answer in answers) == [0, 1, 2, 3, 4]
    assert media.workers[0].kinds() == ["router"]


async def test_a_room_that_cannot_be_opened_is_tried_again(open_client: OpenClient, media: FakeMedia, hub: Hub) -> None:
    for worker in media.workers:
        worker.refuse["createRouter"] = {"code": "INTERNAL", "message": "no"}
    client = open_client()
    with pytest.raises(Refused, match="INTERNAL"):
        await client.join("Ada")
    assert hub.room_count == 0
    for worker in media.workers:
        worker.refuse.clear()
    await client.join("Ada")


async def test_what_the_core_closes_is_told_to_everyone(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    await bob.consume(camera)
    bob.client.heard.clear()
    media.workers[0].close_object(ada.send, "error")
    closed = await bob.client.hear("producerClosed")
    assert closed["producerId"] == camera
    assert await ada.client.hear("producerClosed") == closed
    assert bob.client.names() == ["consumerClosed", "producerClosed"]
    with pytest.raises(Refused, match="NOT_FOUND"):
        await ada.produce()


async def test_a_dead_worker_ends_its_rooms_and_no_other(enter: Enter, media: FakeMedia, hub: Hub) -> None:
    ada, bob = await enter("Ada", "one"), await enter("Bob", "two")
    media.workers[0].die()
    await ada.client.socket.ended.wait()
    assert ada.client.socket.closed == (1011, "media worker failed")
    await bob.produce()
    assert hub.room_count == 1
    again = await enter("Ada", "one")
    await again.produce()
    assert media.workers[1].kinds().count("router") == 2


@pytest.mark.parametrize("held", ["nothing", "createAudioLevelObserver", "createActiveSpeakerObserver", "observe"])
async def test_a_worker_that_dies_while_it_begins_to_listen_takes_nobody_else_along(
    enter: Enter, media: FakeMedia, hub: Hub, held: str
) -> None:
    ada, bob = await enter("Ada", "one"), await enter("Bob", "two")
    if held == "nothing":
        media.workers[0].refuse["createAudioLevelObserver"] = {"code": "INTERNAL", "message": "no"}
    else:
        media.workers[0].hold_at(held)
    await ada.produce("audio", 1)
    await settle()
    media.workers[0].die()
    await ada.client.socket.ended.wait()
    await bob.produce("audio", 2)
    assert hub.room_count == 1


async def test_a_failure_of_ours_ends_one_room_and_no_other(
    enter: Enter, hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logger, "propagate", True)
    ada, bob = await enter("Ada", "one"), await enter("Bob", "two")
    live = hub.live_room("one")
    assert live is not None

    async def fail(_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("boom")

    camera = await ada.produce()
    monkeypatch.setattr(live.media, "_carry_out", fail)
    await ada.client.request("pauseProducer", {"producerId": camera})
    await ada.client.socket.ended.wait()
    assert ada.client.socket.closed == (1011, "media worker failed")
    await bob.produce()
    assert hub.room_count == 1
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["room failed"]


async def test_statistics_of_each_kind(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce()
    consumer = await bob.consume(camera)
    for caller, which, kind in (
        (ada, {"transportId": ada.send}, "transport"),
        (ada, {"producerId": camera}, "producer"),
        (bob, {"consumerId": consumer["id"]}, "consumer"),
    ):
        stats = await caller.client.request("getStats", which)
        assert stats["stats"][0]["type"] == kind
    for which in ({}, {"transportId": ada.send, "producerId": camera}):
        with pytest.raises(Refused, match="exactly one"):
            await ada.client.request("getStats", which)


async def test_ice_is_restarted(enter: Enter) -> None:
    ada = await enter("Ada")
    answer = await ada.client.request("restartIce", {"transportId": ada.send})
    assert answer["iceParameters"]["usernameFragment"] == "again"


async def test_a_new_name_is_told(enter: Enter) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    await ada.client.request("setDisplayName", {"displayName": " Ada L. "})
    assert await bob.client.hear("participantUpdated") == {
        "participantId": ada.client.me,
        "displayName": "Ada L.",
        "role": "host",
        "permissions": {"audio": True, "video": True, "screen": True, "chat": True},
        "handRaised": False,
    }


def objects(media: FakeMedia) -> dict[str, Json]:
    return {object_id: each for worker in media.workers for object_id, each in worker.objects.items()}


@pytest.mark.parametrize(("version", "code"), [(0, "CLIENT_TOO_OLD"), (VERSION + 1, "CLIENT_TOO_NEW")])
async def test_a_client_of_another_time_is_told_so(open_client: OpenClient, version: int, code: str) -> None:
    client = open_client("daily")
    with pytest.raises(Refused) as refused:
        await client.request("joinRoom", {"displayName": "Ada", "protocolVersion": version})
    assert refused.value.code == code
    joined = await client.request("joinRoom", {"displayName": "Ada", "protocolVersion": VERSION})
    assert joined["protocolVersion"] == VERSION


async def test_everyone_hears_who_speaks_the_one_with_the_floor_first(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    first, second = await ada.produce("audio", 1), await bob.produce("audio", 2)
    await ada.produce("audio", 3, source="screenAudio")
    await ada.produce("video", 4)
    await settle()
    (worker,) = [worker for worker in media.workers if first in worker.objects]
    levels, floor = [o for o, each in worker.objects.items() if each["kind"] == "observer"]
    for observer in (levels, floor):
        assert worker.objects[observer]["data"]["observed"] == [first, second], "microphones alone"
    loud = {"volumes": [{"producerId": second, "volume": -20}, {"producerId": first, "volume": -40}]}
    worker.emit("volumes", levels, loud)
    worker.emit("dominantSpeaker", floor, {"producerId": first})
    worker.emit("volumes", levels, loud)
    worker.emit("silence", levels)
    for caller in (ada, bob):
        heard = [await caller.client.hear("activeSpeakers") for _ in range(3)]
        assert [[each["producerId"] for each in told["speakers"]] for told in heard] == [
            [second, first],
            [first, second],
            [],
        ]
    assert heard[0]["speakers"][0] == {"participantId": bob.client.me, "producerId": second, "volume": -20}


async def test_scores_and_layers_are_told_to_whom_they_concern(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    camera = await ada.produce("video", 4)
    consumer = (await bob.consume(camera))["id"]
    (worker,) = [worker for worker in media.workers if camera in worker.objects]
    worker.emit("score", camera, {"scores": [{"encodingIdx": 0, "score": 8, "ssrc": 4}]})
    worker.emit("score", consumer, {"consumerScore": {"score": 5, "producerScore": 8, "producerScores": [8]}})
    worker.emit("layersChange", consumer, {"spatialLayer": 1, "temporalLayer": 2})
    worker.emit("layersWanted", camera, {"layers": [{"rid": "h", "spatialLayer": 0, "wanted": False}]})
    assert await ada.client.hear("producerScore") == {
        "producerId": camera,
        "scores": [{"encodingIdx": 0, "score": 8, "ssrc": 4}],
    }
    assert await bob.client.hear("consumerScore") == {
        "consumerId": consumer,
        "score": 5,
        "producerScore": 8,
        "producerScores": [8],
    }
    assert await bob.client.hear("consumerLayersChanged") == {
        "consumerId": consumer,
        "spatialLayer": 1,
        "temporalLayer": 2,
    }
    assert await ada.client.hear("layersWanted") == {
        "producerId": camera,
        "layers": [{"rid": "h", "spatialLayer": 0, "wanted": False}],
    }
    await settle()
    assert "layersWanted" not in bob.client.names()
    assert {"consumerScore", "consumerLayersChanged"}.isdisjoint(ada.client.names())
