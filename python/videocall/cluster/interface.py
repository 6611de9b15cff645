"""What a cluster is, however its servers are connected."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from attrs import frozen

from videocall.health import Part

__all__ = ["BusEvent", "Cluster", "ClusterDownError", "Gap", "Person", "RoomPresence"]


class ClusterDownError(Exception):
    """Redis is down: nobody knows what the others do."""


@frozen
class Person:
    """Somebody in a room. ``joined_at`` is in milliseconds since 1970."""

    participant_id: str
    display_name: str
    role: str
    joined_at: int
    identity: str | None = None


@frozen
class RoomPresence:
    """A room that is open, in order of arrival who is in it, and the server that it lives on."""

    room_id: str
    node: str
    opened_at: int
    people: tuple[Person, ...] = ()


@frozen
class BusEvent:
    """What happened on a server: JSON data as it told them."""

    node: str
    data: Mapping[str, Any]


@frozen
class Gap:
    """From here on events are heard, the first time or again; what was told before may be missing.

    Whoever makes a picture of the whole asks for the presence now.
    """


GAP: Final = Gap()


class Cluster(Protocol):
    """One server's view of all."""

    @property
    def node(self) -> str:
        """This server's name, unlike all others."""
        ...

    @property
    def part(self) -> Part:
        """How the connection to the others is."""
        ...

    def announce(self, room: RoomPresence) -> None:
        """Tell that a room of this server is so. Never waits."""
        ...

    def withdraw(self, room_id: str) -> None:
        """Tell that it is no more. Never waits."""
        ...

    def publish(self, data: Mapping[str, Any]) -> None:
        """Tell an event. Never waits; it is lost when nobody listens, or when Redis is down."""
        ...

    async def rooms(self) -> list[RoomPresence]:
        """All rooms of all servers, in order of their ids.

        Raises:
            ClusterDownError: the others cannot be asked.
        """
        ...
