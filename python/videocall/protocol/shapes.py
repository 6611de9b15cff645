"""Shapes that requests, results and notifications share: rights, a room's state, chat."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

__all__ = [
    "ChatMessage",
    "Knock",
    "MessageText",
    "PermissionChanges",
    "Permissions",
    "RoomState",
    "Speaker",
    "StreamScore",
    "WantedLayer",
]

MessageText = Annotated[
    str, Meta(min_length=1, max_length=2000, pattern=r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]+$(?!\n)")
]
"""1 to 2000 characters, no control characters but tabs and line ends. Rooms refuse a text that is all blanks."""


@frozen
class Permissions:
    """What a participant may publish, and whether they may write. ``screen`` covers its sound too."""

    audio: bool = True
    video: bool = True
    screen: bool = True
    chat: bool = True


@frozen
class PermissionChanges:
    """Permissions that are given or taken; those that are left out stay as they are."""

    audio: bool | None = None
    video: bool | None = None
    screen: bool | None = None
    chat: bool | None = None


@frozen
class RoomState:
    """How a room is set. ``permissions`` are those of participants that a host gave none of their own.

    ``maxParticipants`` is missing when the server's own bound is the only one. ``expiresAt``, in milliseconds since
    1970, is missing when the room does not end by itself.
    """

    locked: bool
    lobby: bool
    hasPassword: bool
    permissions: Permissions
    maxParticipants: int | None = None
    expiresAt: int | None = None


@frozen
class Knock:
    """Somebody in the lobby."""

    knockId: str
    displayName: str


@frozen
class ChatMessage:
    """A message to everyone in the room. Ids sort by time; ``sentAt`` is in milliseconds since 1970.

    ``displayName`` is the sender's of that time: they may have left.
    """

    messageId: str
    participantId: str
    displayName: str
    text: str
    sentAt: int
    clientMessageId: str | None = None


@frozen
class Speaker:
    """Somebody who can be heard, with the average volume of their microphone in dBov: -127 is silence, 0 overload."""

    participantId: str
    producerId: str
    volume: int


@frozen
class StreamScore:
    """How well a stream of a producer arrives at the server, from 0 (not at all) to 10."""

    encodingIdx: int
    score: int
    ssrc: int | None = None
    rid: str | None = None


@frozen
class WantedLayer:
    """Whether anybody watches a layer of a producer: a simulcast stream, told by its ``rid``, or a spatial layer."""

    spatialLayer: int
    wanted: bool
    rid: str | None = None
