"""What a hub asks of whatever remembers rooms beyond their calls."""

from typing import Protocol

from videocall.protocol.shapes import ChatMessage
from videocall.rooms import RoomSettings

__all__ = ["Memory", "NoMemory"]


class Memory(Protocol):
    """A store. What it keeps it learns from the hub's events and from `Hub.settings_of`."""

    async def settings(self, room_id: str) -> RoomSettings | None:
        """How a room is set that was made by the API, or whose call was cut off; `None` for any other.

        Raises:
            ProtocolError: ``UNAVAILABLE``: it cannot be told now, so that nobody shall enter.
        """
        ...

    async def messages(self, room_id: str, before: str | None, limit: int) -> list[ChatMessage]:
        """The last messages of a room, or the last before that one, oldest first.

        Raises:
            ProtocolError: ``UNAVAILABLE``: they cannot be read now.
        """
        ...


class NoMemory:
    """Remembers nothing."""

    async def settings(self, room_id: str) -> RoomSettings | None:
        """See `Memory`."""
        del room_id
        return None

    async def messages(self, room_id: str, before: str | None, limit: int) -> list[ChatMessage]:
        """See `Memory`."""
        del room_id, before, limit
        return []
