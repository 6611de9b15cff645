"""What stands in Redis, and what it means.

| key | what it is |
|---|---|
| ``videocall:nodes`` | a set of the names of servers; one whose hash is gone is dead |
| ``videocall:node:NAME`` | a hash of its rooms, id -> JSON of `RoomPresence`; it expires unless the server renews it |
| ``videocall:events`` | a channel: JSON of `BusEvent` |
"""

from typing import Any, Final

import msgspec
from attrs import frozen

from videocall.cluster.interface import BusEvent, RoomPresence

__all__ = [
    "EVENTS",
    "NODES",
    "PRESENT",
    "decode_event",
    "decode_room",
    "encode",
    "node_key",
]

NODES: Final = "videocall:nodes"
EVENTS: Final = "videocall:events"
PRESENT: Final = ""
"""A field that no room has, so that a server without rooms has its hash too."""


@frozen
class _Event:
    node: str
    data: dict[str, Any]


def node_key(node: str) -> str:
    """The key of a server's hash."""
    return f"videocall:node:{node}"


def encode(item: RoomPresence | BusEvent) -> str:
    """As it stands in Redis."""
    return msgspec.json.encode(item).decode()


def decode_room(text: str) -> RoomPresence:
    """The opposite.

    Raises:
        msgspec.MsgspecError: somebody else wrote it.
    """
    return msgspec.json.decode(text, type=RoomPresence)


def decode_event(text: str) -> BusEvent:
    """Likewise for an event."""
    event = msgspec.json.decode(text, type=_Event)
    return BusEvent(event.node, event.data)
