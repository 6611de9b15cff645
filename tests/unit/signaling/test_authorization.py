"""Every method with every id of another room, of another participant, and in every role that lacks the right.

Generated from `METHODS` and the fields of the requests: a method or a kind of id that is new has to be told of here.
"""

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import attrs
import pytest
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, Json, Refused
from tests.unit.protocol.test_methods import VALID
from tests.unit.signaling.conftest import Caller, OpenClient, audio_parameters, video_parameters
from trio.testing import wait_all_tasks_blocked

from videocall.protocol.fields import Role, Source
from videocall.protocol.methods import METHODS
from videocall.signaling import Hub

Enter = Callable[..., Awaitable[Caller]]

ENTRY = {"joinRoom", "resumeSession", "leaveRoom", "getRtpCapabilities"}
"""What somebody does who is in no room."""

HOSTS = {
    "admit",
    "endRoom",
    "muteParticipant",
    "reject",
    "removeParticipant",
    "setPermissions",
    "setRole",
    "updateRoom",
}
"""What hosts alone may do."""

NEEDS_PERMISSION = {"produce", "produceData", "sendMessage"}
"""What viewers may not, and participants with a permission."""

EVERYONE = {
    "closeConsumer",
    "closeDataConsumer",
    "closeDataProducer",
    "closeProducer",
    "connectTransport",
    "consume",
    "consumeData",
    "createWebRtcTransport",
    "getMessages",
    "getStats",
    "pauseConsumer",
    "pauseProducer",
    "raiseHand",
    "react",
    "requestKeyFrame",
    "restartIce",
    "resumeConsumer",
    "resumeProducer",
    "setConsumerPriority",
    "setDisplayName",
    "setPreferredLayers",
}
"""What everyone in the room may do with what is theirs."""

OWN_IDS = {"transportId", "producerId", "consumerId", "dataProducerId", "dataConsumerId"}
ROOM_IDS = {"participantId", "knockId"}
NO_OBJECTS = {"roomId", "clientMessageId", "before", "resumeToken"}
"""Fields that name no object of a room, or, as ``before``, a point in its time."""

ROOM_WIDE = {("consume", "producerId"), ("consumeData", "dataProducerId")}
"""Where an id of another participant of the same room is right."""


def test_every_method_has_its_right_written_down() -> None:
    groups = (ENTRY, HOSTS, NEEDS_PERMISSION, EVERYONE)
    assert set().union(*groups) == set(METHODS)
    assert sum(map(len, groups)) == len(METHODS)


def test_every_kind_of_id_is_known() -> None:
    fields = {field.name for cls in METHODS.values() for field in attrs.fields(cls)}
    assert {name for name in fields if name.endswith("Id")} <= OWN_IDS | ROOM_IDS | NO_OBJECTS


@attrs.define
class Called:
    """A room with a host, a participant and a viewer, each with all that they can have, and somebody in its lobby."""

    people: dict[Role, Caller]
    ids: dict[Role, dict[str, str]]
    knocker: FakeClient

    def __getitem__(self, role: Role) -> FakeClient:
        return self.people[role].client


@pytest.fixture
async def rooms(enter: Enter, open_client: OpenClient) -> tuple[Called, Called]:
    return await called("daily", enter, open_client), await called("weekly", enter, open_client)


async def called(room_id: str, enter: Enter, open_client: OpenClient) -> Called:
    people = {role: await enter(f"{role} of {room_id}", room_id) for role in get_args(Role)}
    producers = {role: await caller.produce("video", ssrc=10) for role, caller in people.items()}
    channels = {role: await caller.produce_data(stream=1) for role, caller in people.items()}
    ids: dict[Role, dict[str, str]] = {}
    knocker = open_client()
    host = people["host"].client
    await host.request("updateRoom", {"lobby": True})
    knock = await knocker.request("joinRoom", {"displayName": "Knocker", "roomId": room_id})
    for role, caller in people.items():
        consumer = await caller.consume(producers["host" if role != "host" else "participant"])
        channel = channels["host" if role != "host" else "participant"]
        ids[role] = {
            "dataProducerId": channels[role],
            "dataConsumerId": (await caller.consume_data(channel))["id"],
            "transportId": caller.send,
            "recv": caller.recv,
            "producerId": producers[role],
            "consumerId": consumer["id"],
            "participantId": caller.client.me,
            "knockId": knock["knockId"],
        }
    await host.request("setRole", {"participantId": people["viewer"].client.me, "role": "viewer"})
    await wait_all_tasks_blocked()
    return Called(people, ids, knocker)


def payload_of(method: str, ids: dict[str, str]) -> Json:
    """A payload that is right, but for whose ids these are."""
    payload: dict[str, Any] = dict(VALID[method])
    for field in attrs.fields(METHODS[method]):
        if field.name in ids and (field.name in payload or field.default is attrs.NOTHING):
            payload[field.name] = ids[field.name]
    if method in ("consume", "consumeData"):
        payload["transportId"] = ids["recv"]
    if method == "produce":
        payload |= {"kind": "video", "source": "camera", "rtpParameters": video_parameters(ssrc=99)}
    return payload


def state_of(hub: Hub, media: FakeMedia) -> object:
    """All that a request could change."""
    return (
        [
            (
                live.room.settings,
                live.room.participants,
                live.room.producers,
                live.room.knocks,
                live.room.chat.messages,
                [live.room.possessions(participant.participantId) for participant in live.room.participants],
            )
            for live in hub.live_rooms
        ],
        {object_id: dict(each) for object_id, each in media.objects.items()},
    )


def with_ids(kinds: set[str]) -> list[tuple[str, str]]:
    return [
        (method, field.name)
        for method, cls in sorted(METHODS.items())
        for field in attrs.fields(cls)
        if field.name in kinds
    ]


@pytest.mark.parametrize(("method", "field"), with_ids(OWN_IDS | ROOM_IDS))
async def test_ids_of_another_room_are_not_found(
    rooms: tuple[Called, Called], hub: Hub, media: FakeMedia, method: str, field: str
) -> None:
    ours, theirs = rooms
    before = state_of(hub, media)
    for role in get_args(Role):
        payload = payload_of(method, ours.ids[role])
        if method == "getStats":
            payload = {}
        for owner in get_args(Role):
            payload[field] = theirs.ids[owner][field]
            expected = {"NOT_FOUND"} if role == "host" or method not in HOSTS else {"FORBIDDEN"}
            code = await ours[role].refusal(method, payload)
            assert code in expected, f"{method} by a {role} with the {field} of another room's {owner}"
    await wait_all_tasks_blocked()
    assert state_of(hub, media) == before


@pytest.mark.parametrize(("method", "field"), [pair for pair in with_ids(OWN_IDS) if pair not in ROOM_WIDE])
async def test_what_others_in_the_room_have_is_not_found(
    rooms: tuple[Called, Called], hub: Hub, media: FakeMedia, method: str, field: str
) -> None:
    room, _ = rooms
    before = state_of(hub, media)
    for role in get_args(Role):
        for owner in get_args(Role):
            if owner != role:
                payload = {} if method == "getStats" else payload_of(method, room.ids[role])
                payload[field] = room.ids[owner][field]
                assert await room[role].refusal(method, payload) == "NOT_FOUND", (
                    f"{method} by {role}, {field} of {owner}"
                )
    await wait_all_tasks_blocked()
    assert state_of(hub, media) == before


@pytest.mark.parametrize("method", sorted(HOSTS))
async def test_only_hosts_rule(rooms: tuple[Called, Called], hub: Hub, media: FakeMedia, method: str) -> None:
    room, _ = rooms
    before = state_of(hub, media)
    for role in ("participant", "viewer"):
        for target in get_args(Role):
            payload = payload_of(method, room.ids[target])
            assert await room[role].refusal(method, payload) == "FORBIDDEN", f"{method} by a {role} on a {target}"
    assert state_of(hub, media) == before
    assert await allowed(room["host"], method, payload_of(method, room.ids["participant"]))


@pytest.mark.parametrize("method", sorted(set(METHODS) - ENTRY))
async def test_who_is_outside_can_do_nothing(
    rooms: tuple[Called, Called], open_client: OpenClient, hub: Hub, media: FakeMedia, method: str
) -> None:
    room, _ = rooms
    before = state_of(hub, media)
    for outsider in (room.knocker, open_client("daily")):
        for owner in get_args(Role):
            assert await outsider.refusal(method, payload_of(method, room.ids[owner])) == "NOT_JOINED"
    assert state_of(hub, media) == before


@pytest.mark.parametrize("method", sorted(EVERYONE))
async def test_everyone_may_do_that_with_what_is_theirs(rooms: tuple[Called, Called], method: str) -> None:
    room, _ = rooms
    for role in get_args(Role):
        payload = payload_of(method, room.ids[role])
        published = {"producerId", "dataProducerId"} & {*payload}
        if role == "viewer" and published and method not in ("consume", "consumeData"):
            continue  # a viewer has none
        if method == "consume":
            payload["producerId"] = room.ids["host"]["producerId"]
        if method == "consumeData":
            payload["dataProducerId"] = room.ids["host"]["dataProducerId"]
        assert await allowed(room[role], method, payload), f"{method} by a {role}"


@pytest.mark.parametrize("source", get_args(Source))
async def test_publishing_needs_the_permission_of_its_source(rooms: tuple[Called, Called], source: Source) -> None:
    room, _ = rooms
    permission = {"microphone": "audio", "camera": "video", "screen": "screen", "screenAudio": "screen"}[source]
    kind = "audio" if permission == "audio" or source == "screenAudio" else "video"

    def production(role: Role, ssrc: int) -> Json:
        parameters = audio_parameters(ssrc) if kind == "audio" else video_parameters(ssrc)
        send = room.people[role].send
        return {"transportId": send, "kind": kind, "source": source, "rtpParameters": parameters}

    assert await room["viewer"].refusal("produce", production("viewer", 20)) == "FORBIDDEN"
    assert await allowed(room["participant"], "produce", production("participant", 21))
    await room["host"].request("updateRoom", {"permissions": {permission: False}})
    assert await room["participant"].refusal("produce", production("participant", 22)) == "FORBIDDEN"
    assert await allowed(room["host"], "produce", production("host", 23))
    target = {"participantId": room["participant"].me}
    await room["host"].request("setPermissions", {**target, "permissions": {permission: True}})
    assert await allowed(room["participant"], "produce", production("participant", 24))


async def test_a_page_of_messages_is_of_ones_own_room(rooms: tuple[Called, Called]) -> None:
    ours, theirs = rooms
    await theirs["host"].request("sendMessage", {"text": "theirs"})
    await ours["host"].request("sendMessage", {"text": "ours"})
    theirs_later = await theirs["host"].request("sendMessage", {"text": "theirs, later"})
    for payload in ({}, {"before": theirs_later["message"]["messageId"]}):
        page = await ours["viewer"].request("getMessages", payload)
        assert {message["text"] for message in page["messages"]} <= {"ours"}


async def allowed(client: FakeClient, method: str, payload: Json) -> bool:
    """Whether it is not refused for want of a right. It may be of an object that was closed meanwhile."""
    try:
        await client.request(method, payload)
    except Refused as refused:
        return refused.code not in {"FORBIDDEN", "NOT_JOINED", "NOT_FOUND", "INTERNAL"}
    return True
