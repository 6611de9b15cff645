"""What the REST API takes and gives. Names and shapes are the signaling protocol's where it has them."""

from typing import Annotated, Final

from attrs import field, frozen
from msgspec import UNSET, Meta, UnsetType

from videocall.protocol.fields import DisplayName, Id, Password, Role, RoomId, Source
from videocall.protocol.results import ErrorBody, Producer
from videocall.protocol.shapes import ChatMessage, PermissionChanges, Permissions
from videocall.tokens import Grant

__all__ = [
    "CreateRoom",
    "ErrorAnswer",
    "MessageList",
    "MuteParticipant",
    "Nothing",
    "ParticipantList",
    "Presence",
    "PresentPerson",
    "PresentRoom",
    "Room",
    "RoomPage",
    "RoomParticipant",
    "RoomSession",
    "ServerInfo",
    "SessionList",
    "Token",
    "TokenRequest",
    "UpdateParticipant",
    "UpdateRoom",
]

MAX_TOKEN_ROOMS: Final = 100

Milliseconds = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Since 1970."""

ParticipantBound = Annotated[int, Meta(ge=1, le=2**31 - 1)]


@frozen
class ErrorAnswer:
    """What every request is answered with that cannot be carried out."""

    error: ErrorBody


@frozen
class Nothing:
    """It was done."""


@frozen
class ServerInfo:
    """The server, and how much it has to do. ``startedAt`` is in milliseconds since 1970."""

    version: str
    protocolVersion: int
    startedAt: int
    draining: bool
    rooms: int
    sessions: int
    participants: int
    workers: int


@frozen
class Room:
    """A room. ``open`` says whether anybody is in it; one that is ``kept`` exists without.

    ``maxParticipants`` is missing when the server's own bound is the only one, ``expiresAt`` when the room does not end
    by itself. Times are in milliseconds since 1970.
    """

    roomId: str
    open: bool
    kept: bool
    createdAt: int
    participantCount: int
    producerCount: int
    knockCount: int
    locked: bool
    lobby: bool
    hasPassword: bool
    permissions: Permissions
    maxParticipants: int | None = None
    expiresAt: int | None = None


@frozen
class RoomPage:
    """Rooms by their ids. ``next`` is what to give as ``after`` for the rooms that follow, when there are any."""

    rooms: list[Room]
    next: str | None = None


@frozen
class CreateRoom:
    """A room to be: it stays, with these settings, until it is deleted or expires. Without an id it gets one."""

    roomId: RoomId | None = None
    locked: bool = False
    lobby: bool = False
    password: Password | None = None
    permissions: PermissionChanges = field(factory=PermissionChanges)
    maxParticipants: ParticipantBound | None = None
    expiresAt: Milliseconds | None = None


@frozen
class UpdateRoom:
    """Changes; what is left out stays. ``null`` takes the password, the bound or the expiry away."""

    locked: bool | None = None
    lobby: bool | None = None
    password: Password | UnsetType | None = UNSET
    permissions: PermissionChanges | None = None
    maxParticipants: ParticipantBound | UnsetType | None = UNSET
    expiresAt: Milliseconds | UnsetType | None = UNSET


@frozen
class RoomParticipant:
    """Someone in a room. ``identity`` is the one of their token, when it had one."""

    participantId: str
    displayName: str
    role: Role
    joinedAt: int
    permissions: Permissions
    handRaised: bool
    identity: str | None = None


@frozen
class ParticipantList:
    """Who is in a room, in order of arrival, and what they publish."""

    participants: list[RoomParticipant]
    producers: list[Producer]


@frozen
class RoomSession:
    """Somebody's visit to a room; ``leftAt`` is missing while it lasts. Times are in milliseconds since 1970."""

    participantId: str
    displayName: str
    role: str
    joinedAt: int
    identity: str | None = None
    leftAt: int | None = None
    reason: str | None = None


@frozen
class SessionList:
    """Who was in a room, the latest first. ``before`` the last one's ``joinedAt`` there may be more."""

    sessions: list[RoomSession]


@frozen
class MessageList:
    """What was written in a room, the oldest first. ``before`` the first one's ``messageId`` there may be more."""

    messages: list[ChatMessage]


@frozen
class PresentPerson:
    """Somebody in a room of any server."""

    participantId: str
    displayName: str
    role: str
    joinedAt: int
    identity: str | None = None


@frozen
class PresentRoom:
    """A room that is open, and the server that it is on. Times are in milliseconds since 1970."""

    roomId: str
    node: str
    openedAt: int
    participants: list[PresentPerson]


@frozen
class Presence:
    """All rooms that are open on any of the servers that share a Redis, by id."""

    rooms: list[PresentRoom]


@frozen
class UpdateParticipant:
    """Changes; what is left out stays. The role comes first, with its permissions, and then these."""

    role: Role | None = None
    permissions: PermissionChanges | None = None


@frozen
class MuteParticipant:
    """What to pause of what they publish. They may resume it."""

    sources: Annotated[list[Source], Meta(min_length=1, max_length=4)] = field(factory=lambda: ["microphone"])


@frozen
class TokenRequest:
    """A token for ``joinRoom``. ``rooms`` has a role, or a grant, for each room id; ``*`` stands for every room."""

    rooms: Annotated[dict[str, Role | Grant], Meta(min_length=1, max_length=MAX_TOKEN_ROOMS)]
    identity: Id | None = None
    displayName: DisplayName | None = None
    expiresIn: Annotated[int, Meta(ge=1, le=365 * 86400)] = 3600


@frozen
class Token:
    """A token, and when it ends, in milliseconds since 1970."""

    token: str
    expiresAt: int
