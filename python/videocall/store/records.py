"""What is written and read. Times are milliseconds since 1970."""

from collections.abc import Mapping

from attrs import field, frozen

__all__ = [
    "Record",
    "RoomRemoved",
    "SessionChanged",
    "SessionEnded",
    "SessionStarted",
    "StoredMessage",
    "StoredRoom",
    "StoredSession",
]


@frozen
class StoredRoom:
    """A room's settings.

    Attributes:
        kept: whether it stays when nobody is in it, as rooms made through the API do; it is forgotten then otherwise.
        password_hash: as whoever checks it made it; `None` when none is asked for.
        permissions: what participants may do by default.
        used_at: when it was written last.
    """

    id: str
    created_at: int
    kept: bool = False
    locked: bool = False
    lobby: bool = False
    password_hash: str | None = field(default=None, repr=False)
    permissions: Mapping[str, bool] = field(factory=dict[str, bool])
    max_participants: int | None = None
    expires_at: int | None = None
    used_at: int = 0


@frozen
class RoomRemoved:
    """A room's settings are forgotten; its sessions and messages stay for their time."""

    id: str


@frozen
class SessionStarted:
    """Somebody is in a room from now on."""

    participant_id: str
    room_id: str
    identity: str | None
    display_name: str
    role: str
    joined_at: int


@frozen
class SessionChanged:
    """They are called otherwise, or may do something else, than when they came."""

    participant_id: str
    display_name: str
    role: str


@frozen
class SessionEnded:
    """They are no more."""

    participant_id: str
    left_at: int
    reason: str


@frozen
class StoredMessage:
    """A chat message. Within a room, ids sort by time, compared byte by byte."""

    room_id: str
    id: str
    participant_id: str
    display_name: str
    text: str = field(repr=False)
    sent_at: int
    client_message_id: str | None = None


@frozen
class StoredSession:
    """Who was where, when: the session as it is known. ``left_at`` is `None` while it lasts."""

    participant_id: str
    room_id: str
    identity: str | None
    display_name: str
    role: str
    joined_at: int
    left_at: int | None
    reason: str | None


Record = StoredRoom | RoomRemoved | SessionStarted | SessionChanged | SessionEnded | StoredMessage
"""Each may be written twice: what was written before is then as it was."""
