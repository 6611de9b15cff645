"""The methods about the room and the people in it; a `videocall.client.Client` has them beside those about media."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from videocall.protocol import requests, results
from videocall.protocol import room_requests as rr
from videocall.protocol.fields import Role, Source
from videocall.protocol.methods import Request
from videocall.protocol.shapes import ChatMessage, PermissionChanges

__all__ = ["RoomMethods"]

T = TypeVar("T")


class RoomMethods:
    """What follows from `call` and `request`."""

    async def call(self, request: Request, result: type[T]) -> T:
        """Make a request and decode its result."""
        raise NotImplementedError

    async def request(self, method: str, data: object) -> msgspec.Raw:
        """Make a request of any name."""
        raise NotImplementedError

    async def set_display_name(self, display_name: str) -> None:
        """Change what others see."""
        await self.call(requests.SetDisplayName(display_name), dict)

    async def send_message(self, text: str, client_message_id: str | None = None) -> ChatMessage:
        """Write to everyone; with an id of one's own it can be repeated without being doubled."""
        return (await self.call(rr.SendMessage(text, client_message_id), results.Sent)).message

    async def get_messages(self, before: str | None = None, limit: int = 50) -> list[ChatMessage]:
        """The newest messages, or the newest before one, oldest first."""
        return (await self.call(rr.GetMessages(before, limit), results.Messages)).messages

    async def raise_hand(self, *, raised: bool = True) -> None:
        """Raise one's hand, or lower it."""
        await self.call(rr.RaiseHand(raised), dict)

    async def react(self, emoji: str) -> None:
        """Show everyone an emoji."""
        await self.call(rr.React(emoji), dict)

    # For hosts

    async def admit(self, knock_id: str) -> None:
        """Let somebody out of the lobby into the room."""
        await self.call(rr.Admit(knock_id), dict)

    async def reject(self, knock_id: str) -> None:
        """Send somebody in the lobby away."""
        await self.call(rr.Reject(knock_id), dict)

    async def mute_participant(self, participant_id: str, sources: Sequence[Source] | None = None) -> None:
        """Pause what somebody publishes, by default their microphone."""
        await self.call(rr.MuteParticipant(participant_id, None if sources is None else list(sources)), dict)

    async def remove_participant(self, participant_id: str) -> None:
        """Send somebody out."""
        await self.call(rr.RemoveParticipant(participant_id), dict)

    async def set_role(self, participant_id: str, role: Role) -> None:
        """Make somebody host, participant or viewer."""
        await self.call(rr.SetRole(participant_id, role), dict)

    async def set_permissions(self, participant_id: str, changes: PermissionChanges) -> None:
        """Give somebody permissions, or take them."""
        await self.call(rr.SetPermissions(participant_id, changes), dict)

    async def update_room(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of `UpdateRoom`, by their names there
        """Change how the room is set: the fields of `videocall.protocol.room_requests.UpdateRoom`, `None` included."""
        await self.request("updateRoom", changes)

    async def end_room(self) -> None:
        """End the call for everyone."""
        await self.call(rr.EndRoom(), dict)
