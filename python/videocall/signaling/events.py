"""What happens on a server, for those who watch it: memory, webhooks, metrics, hooks of the embedding program.

Events are told in the order in which they happen, each room's in its own order, synchronously and without waiting. A
watcher that has to wait puts them into a queue of its own, with a bound.
"""

from collections.abc import Callable
from typing import Final

from attrs import frozen

from videocall.protocol.fields import Kind, KnockOutcome, Reason, Role, Source
from videocall.protocol.results import Participant
from videocall.protocol.shapes import ChatMessage, RoomState
from videocall.signaling.log import fields, logger

__all__ = [
    "EVENT_NAMES",
    "Events",
    "KnockEnded",
    "KnockStarted",
    "MessageSent",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantResumed",
    "ParticipantUpdated",
    "ProducerClosed",
    "ProducerStarted",
    "RoomCreated",
    "RoomDeleted",
    "RoomEnded",
    "RoomStarted",
    "RoomUpdated",
    "ServerEvent",
]


@frozen
class RoomStarted:
    """Somebody enters a room in which nobody was. ``at`` is in milliseconds since 1970, here and below."""

    at: int
    room_id: str


@frozen
class RoomEnded:
    """Nobody is in it any more."""

    at: int
    room_id: str


@frozen
class RoomCreated:
    """A room was made by the API: it stays until it is deleted, whoever is in it."""

    at: int
    room_id: str
    room: RoomState


@frozen
class RoomUpdated:
    """How a room is set was changed. Its password's hash is told to nobody: see `Hub.settings_of`."""

    at: int
    room_id: str
    room: RoomState


@frozen
class RoomDeleted:
    """A room that the API made is there no more."""

    at: int
    room_id: str


@frozen
class KnockStarted:
    """Somebody waits in a room's lobby."""

    at: int
    room_id: str
    knock_id: str
    display_name: str
    identity: str | None


@frozen
class KnockEnded:
    """They wait there no more."""

    at: int
    room_id: str
    knock_id: str
    outcome: KnockOutcome


@frozen
class ParticipantJoined:
    """Somebody is in a room. ``identity`` is the token's, when there was one."""

    at: int
    room_id: str
    participant_id: str
    display_name: str
    role: Role
    identity: str | None


@frozen
class ParticipantUpdated:
    """Somebody's name, role, permissions or hand changed."""

    at: int
    room_id: str
    participant: Participant


@frozen
class ParticipantResumed:
    """Somebody whose socket broke came back in time."""

    at: int
    room_id: str
    participant_id: str


@frozen
class ParticipantLeft:
    """Somebody is in it no more; what they published was closed before."""

    at: int
    room_id: str
    participant_id: str
    reason: Reason


@frozen
class ProducerStarted:
    """A track is published."""

    at: int
    room_id: str
    participant_id: str
    producer_id: str
    kind: Kind
    source: Source


@frozen
class ProducerClosed:
    """It is published no more."""

    at: int
    room_id: str
    participant_id: str
    producer_id: str
    reason: Reason


@frozen
class MessageSent:
    """Somebody wrote to the room."""

    at: int
    room_id: str
    message: ChatMessage


ServerEvent = (
    RoomStarted
    | RoomEnded
    | RoomCreated
    | RoomUpdated
    | RoomDeleted
    | KnockStarted
    | KnockEnded
    | ParticipantJoined
    | ParticipantUpdated
    | ParticipantResumed
    | ParticipantLeft
    | ProducerStarted
    | ProducerClosed
    | MessageSent
)

EVENT_NAMES: Final[dict[type[ServerEvent], str]] = {
    RoomStarted: "room.started",
    RoomEnded: "room.ended",
    RoomCreated: "room.created",
    RoomUpdated: "room.updated",
    RoomDeleted: "room.deleted",
    KnockStarted: "knock.started",
    KnockEnded: "knock.ended",
    ParticipantJoined: "participant.joined",
    ParticipantUpdated: "participant.updated",
    ParticipantResumed: "participant.resumed",
    ParticipantLeft: "participant.left",
    ProducerStarted: "producer.started",
    ProducerClosed: "producer.closed",
    MessageSent: "message.sent",
}
"""What the events are called outside of Python."""


class Events:
    """Tells watchers. One that fails is logged and hurts neither the others nor the call."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[ServerEvent], object]] = []

    def watch(self, watcher: Callable[[ServerEvent], object]) -> Callable[[], None]:
        """Have `watcher` called with every event from now on, until what is returned is called."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell(self, event: ServerEvent) -> None:
        """Tell every watcher."""
        for watcher in list(self._watchers):
            try:
                watcher(event)
            except Exception:  # noqa: BLE001 - whatever a watcher does is its own affair
                logger.exception("watcher failed", extra=fields(about=EVENT_NAMES[type(event)]))
