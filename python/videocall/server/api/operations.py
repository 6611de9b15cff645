"""The table of operations: the routes and the OpenAPI document are both made of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from attrs import field, frozen
from msgspec import Meta

from videocall.protocol import ErrorCode
from videocall.protocol.fields import Id, RoomId
from videocall.server.api import handlers as h
from videocall.server.api import history, types

__all__ = ["OPERATIONS", "PATH_PARAMETERS", "STATUS", "Operation", "Parameter"]

STATUS: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.NOT_JOINED: 409,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.CONFLICT: 409,
    ErrorCode.UNSUPPORTED: 400,
    ErrorCode.ROOM_FULL: 409,
    ErrorCode.ROOM_LOCKED: 409,
    ErrorCode.ROOM_EXPIRED: 409,
    ErrorCode.PASSWORD_REQUIRED: 403,
    ErrorCode.PASSWORD_WRONG: 403,
    ErrorCode.TOKEN_INVALID: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.LIMIT_REACHED: 409,
    ErrorCode.CLIENT_TOO_OLD: 400,
    ErrorCode.CLIENT_TOO_NEW: 400,
    ErrorCode.DRAINING: 503,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""The HTTP status of each code. Programs should go by the code."""


@frozen
class Parameter:
    """Of the query."""

    name: str
    kind: Any
    about: str


PATH_PARAMETERS: Final[Mapping[str, Any]] = {"roomId": RoomId, "participantId": Id}

_PAGING: Final = (
    Parameter("limit", Annotated[int, Meta(ge=1, le=1000)], "How many rooms at most; 100 when it is left out."),
    Parameter("after", RoomId, "Begin behind this room id."),
)


_LIMIT: Final = Parameter("limit", Annotated[int, Meta(ge=1, le=1000)], "How many at most; 100 when it is left out.")


@frozen
class Operation:
    """One method of one path.

    Attributes:
        name: the operationId.
        takes: the type of the body, or `None`.
        gives: the type of the answer.
        errors: codes that it may answer with beside those of every operation.
    """

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    about: str
    handler: Callable[[h.Backend, h.Call], Awaitable[object]]
    gives: type
    takes: type | None = None
    status: int = 200
    query: Sequence[Parameter] = ()
    errors: Sequence[ErrorCode] = field(default=())


_ROOM: Final = "/rooms/{roomId}"
_PARTICIPANT: Final = "/rooms/{roomId}/participants/{participantId}"
_MISSING: Final = (ErrorCode.NOT_FOUND,)
_UNREADABLE: Final = (ErrorCode.UNAVAILABLE,)
_CONFLICT: Final = (ErrorCode.NOT_FOUND, ErrorCode.CONFLICT)

OPERATIONS: Final[Sequence[Operation]] = (
    Operation("getServer", "GET", "/server", "The server and its load.", h.get_server, types.ServerInfo),
    Operation("listRooms", "GET", "/rooms", "Rooms, by id.", h.list_rooms, types.RoomPage, query=_PAGING),
    Operation(
        "createRoom",
        "POST",
        "/rooms",
        "Make a room that stays, whoever is in it, until it is deleted.",
        h.create_room,
        types.Room,
        takes=types.CreateRoom,
        status=201,
        errors=(ErrorCode.CONFLICT,),
    ),
    Operation("getRoom", "GET", _ROOM, "A room.", h.get_room, types.Room, errors=_MISSING),
    Operation(
        "updateRoom",
        "PATCH",
        _ROOM,
        "Set a room otherwise; who is in it stays.",
        h.update_room,
        types.Room,
        takes=types.UpdateRoom,
        errors=_MISSING,
    ),
    Operation(
        "deleteRoom",
        "DELETE",
        _ROOM,
        "End the call for everyone, and keep the room no more.",
        h.delete_room,
        types.Nothing,
        errors=_MISSING,
    ),
    Operation(
        "endRoom",
        "POST",
        f"{_ROOM}/end",
        "End the call for everyone; a room that is kept may be entered again.",
        h.end_room,
        types.Nothing,
        errors=_MISSING,
    ),
    Operation(
        "listParticipants",
        "GET",
        f"{_ROOM}/participants",
        "Who is in a room, and what they publish.",
        h.list_participants,
        types.ParticipantList,
        errors=_MISSING,
    ),
    Operation(
        "updateParticipant",
        "PATCH",
        _PARTICIPANT,
        "Give somebody another role, or other permissions.",
        h.update_participant,
        types.RoomParticipant,
        takes=types.UpdateParticipant,
        errors=_CONFLICT,
    ),
    Operation(
        "removeParticipant",
        "DELETE",
        _PARTICIPANT,
        "Send somebody out.",
        h.remove_participant,
        types.Nothing,
        errors=_MISSING,
    ),
    Operation(
        "muteParticipant",
        "POST",
        f"{_PARTICIPANT}/mute",
        "Pause what somebody publishes; they may resume it.",
        h.mute_participant,
        types.Nothing,
        takes=types.MuteParticipant,
        errors=_MISSING,
    ),
    Operation(
        "listSessions",
        "GET",
        f"{_ROOM}/sessions",
        "Who was in a room, as far as it is remembered; of a room that is no more, too.",
        history.list_sessions,
        types.SessionList,
        query=(_LIMIT, Parameter("before", types.Milliseconds, "Those that began before this time.")),
        errors=_UNREADABLE,
    ),
    Operation(
        "listMessages",
        "GET",
        f"{_ROOM}/messages",
        "What was written in a room, as far as it is remembered; of a room that is no more, too.",
        history.list_messages,
        types.MessageList,
        query=(_LIMIT, Parameter("before", Id, "Those before the message of this id.")),
        errors=_UNREADABLE,
    ),
    Operation(
        "getPresence",
        "GET",
        "/presence",
        "Who is in which room now, on all servers that share a Redis.",
        history.get_presence,
        types.Presence,
        errors=_UNREADABLE,
    ),
    Operation(
        "createToken",
        "POST",
        "/tokens",
        "Make a token that lets somebody join; `CONFLICT` when the server has no token_secret.",
        h.create_token,
        types.Token,
        takes=types.TokenRequest,
        status=201,
        errors=(ErrorCode.CONFLICT,),
    ),
)
