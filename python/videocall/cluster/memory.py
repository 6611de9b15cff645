"""A server alone."""

from collections.abc import Mapping
from typing import Any, Final

from videocall.cluster.interface import RoomPresence
from videocall.health import Part

__all__ = ["MemoryCluster"]


class MemoryCluster:
    """Knows what it was told. Whoever wants its events is in the same process, and watches these themselves."""

    def __init__(self, node: str) -> None:
        self.node: Final = node
        self.part: Final = Part("redis")
        self._rooms: dict[str, RoomPresence] = {}

    def announce(self, room: RoomPresence) -> None:
        """See `Cluster`."""
        self._rooms[room.room_id] = room

    def withdraw(self, room_id: str) -> None:
        """See `Cluster`."""
        self._rooms.pop(room_id, None)

    def publish(self, data: Mapping[str, Any]) -> None:
        """See `Cluster`."""

    async def rooms(self) -> list[RoomPresence]:
        """See `Cluster`."""
        return [self._rooms[room_id] for room_id in sorted(self._rooms)]
