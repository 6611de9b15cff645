"""What each operation of the REST API does, in the place of the server itself."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import attrs
from attrs import field, frozen
from msgspec import UNSET

from videocall import __version__
from videocall.cluster import Cluster
from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.version import VERSION
from videocall.server.api import types
from videocall.signaling import Hub
from videocall.signaling.administration import Administration, RoomInfo
from videocall.signaling.room_changes import SettingsChanges
from videocall.store import Store

__all__ = [
    "Backend",
    "Call",
    "create_room",
    "create_token",
    "delete_room",
    "end_room",
    "get_room",
    "get_server",
    "list_participants",
    "list_rooms",
    "mute_participant",
    "remove_participant",
    "update_participant",
    "update_room",
]

_PAGE: Final = 100


@frozen
class Backend:
    """What the operations work on."""

    hub: Hub
    rooms: Administration
    store: Store
    cluster: Cluster
    workers: int
    started_at: int
    make_token: Callable[..., str] | None = field(default=None, repr=False)


@frozen
class Call:
    """A request: the parameters of its path and query, checked, and its body, decoded."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = None

    @property
    def room_id(self) -> str:
        """Of the path."""
        return self.path["roomId"]

    @property
    def participant_id(self) -> str:
        """Of the path."""
        return self.path["participantId"]


async def get_server(backend: Backend, _: Call) -> types.ServerInfo:
    """The server and its load."""
    hub = backend.hub
    return types.ServerInfo(
        version=__version__,
        protocolVersion=VERSION,
        startedAt=backend.started_at,
        draining=hub.draining,
        rooms=hub.room_count,
        sessions=hub.session_count,
        participants=sum(len(live.members) for live in hub.live_rooms),
        workers=backend.workers,
    )


async def list_rooms(backend: Backend, call: Call) -> types.RoomPage:
    """A page of the rooms. Rooms that come and go between two pages make neither skip or repeat another one."""
    ids, limit = backend.rooms.room_ids(), call.query.get("limit", _PAGE)
    begin = bisect_right(ids, call.query.get("after", ""))
    page = ids[begin : begin + limit]
    more = begin + limit < len(ids)
    return types.RoomPage([_room(backend.rooms.room(room_id)) for room_id in page], page[-1] if more else None)


async def create_room(backend: Backend, call: Call) -> types.Room:
    """Make a room that stays."""
    wanted: types.CreateRoom = call.body
    return _room(
        await backend.rooms.create_room(
            wanted.roomId,
            locked=wanted.locked,
            lobby=wanted.lobby,
            password=wanted.password,
            permissions=wanted.permissions,
            max_participants=wanted.maxParticipants,
            expires_at=wanted.expiresAt,
        )
    )


async def get_room(backend: Backend, call: Call) -> types.Room:
    """A room."""
    return _room(backend.rooms.room(call.room_id))


async def update_room(backend: Backend, call: Call) -> types.Room:
    """Set a room otherwise."""
    wanted: types.UpdateRoom = call.body
    changes: dict[str, object] = {
        name: value
        for name, value in (("locked", wanted.locked), ("lobby", wanted.lobby), ("permissions", wanted.permissions))
        if value is not None
    }
    changes |= {
        name: value
        for name, value in (
            ("password", wanted.password),
            ("max_participants", wanted.maxParticipants),
            ("expires_at", wanted.expiresAt),
        )
        if value is not UNSET
    }
    return _room(await backend.rooms.update_room(call.room_id, **cast("SettingsChanges", changes)))


async def end_room(backend: Backend, call: Call) -> types.Nothing:
    """End the call for everyone."""
    backend.rooms.end_room(call.room_id)
    return types.Nothing()


async def delete_room(backend: Backend, call: Call) -> types.Nothing:
    """End the call, and keep the room no more."""
    backend.rooms.delete_room(call.room_id)
    return types.Nothing()


async def list_participants(backend: Backend, call: Call) -> types.ParticipantList:
    """Who is there."""
    room = backend.rooms.room(call.room_id)
    return types.ParticipantList(_participants(room), room.producers)


async def update_participant(backend: Backend, call: Call) -> types.RoomParticipant:
    """Change a role, or permissions, or both."""
    wanted: types.UpdateParticipant = call.body
    if wanted.role is not None:
        backend.rooms.set_role(call.room_id, call.participant_id, wanted.role)
    if wanted.permissions is not None:
        backend.rooms.set_permissions(call.room_id, call.participant_id, wanted.permissions)
    for participant in _participants(backend.rooms.room(call.room_id)):
        if participant.participantId == call.participant_id:
            return participant
    raise ProtocolError(ErrorCode.NOT_FOUND, "There is no such participant in that room.")


async def mute_participant(backend: Backend, call: Call) -> types.Nothing:
    """Pause what somebody publishes."""
    wanted: types.MuteParticipant = call.body
    backend.rooms.mute_participant(call.room_id, call.participant_id, wanted.sources)
    return types.Nothing()


async def remove_participant(backend: Backend, call: Call) -> types.Nothing:
    """Send somebody out."""
    backend.rooms.remove_participant(call.room_id, call.participant_id)
    return types.Nothing()


async def create_token(backend: Backend, call: Call) -> types.Token:
    """Make a token for `joinRoom`."""
    wanted: types.TokenRequest = call.body
    if backend.make_token is None:
        raise ProtocolError(ErrorCode.CONFLICT, "The server has no token_secret to sign tokens with.")
    try:
        token = backend.make_token(
            wanted.rooms,
            identity=wanted.identity,
            display_name=wanted.displayName,
            expires_in_s=wanted.expiresIn,
        )
    except ValueError as error:
        raise ProtocolError(ErrorCode.BAD_REQUEST, str(error)) from None
    return types.Token(token, backend.hub.now_ms() + wanted.expiresIn * 1000)


def _room(room: RoomInfo) -> types.Room:
    return types.Room(
        roomId=room.room_id,
        open=room.is_open,
        kept=room.kept,
        createdAt=room.created_at,
        participantCount=len(room.participants),
        producerCount=len(room.producers),
        knockCount=len(room.knocks),
        **attrs.asdict(room.state, recurse=False),
    )


def _participants(room: RoomInfo) -> list[types.RoomParticipant]:
    return [
        types.RoomParticipant(
            **attrs.asdict(participant, recurse=False), identity=room.identities.get(participant.participantId)
        )
        for participant in room.participants
    ]
