"""What was, and what is elsewhere: sessions and chat from the database, presence from the cluster."""

from videocall.cluster import ClusterDownError
from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.shapes import ChatMessage
from videocall.server.api import types
from videocall.server.api.handlers import Backend, Call
from videocall.store import StoreDownError

__all__ = ["get_presence", "list_messages", "list_sessions"]

_PAGE = 100


async def list_sessions(backend: Backend, call: Call) -> types.SessionList:
    """Who was in a room, the latest first."""
    limit, before = call.query.get("limit", _PAGE), call.query.get("before")
    try:
        found = await backend.store.sessions(call.room_id, limit, before)
    except StoreDownError:
        raise ProtocolError(ErrorCode.UNAVAILABLE) from None
    return types.SessionList(
        [
            types.RoomSession(
                one.participant_id,
                one.display_name,
                one.role,
                one.joined_at,
                identity=one.identity,
                leftAt=one.left_at,
                reason=one.reason,
            )
            for one in found
        ]
    )


async def list_messages(backend: Backend, call: Call) -> types.MessageList:
    """What was written in a room, the oldest first."""
    limit, before = call.query.get("limit", _PAGE), call.query.get("before")
    try:
        found = await backend.store.messages(call.room_id, before, limit)
    except StoreDownError:
        raise ProtocolError(ErrorCode.UNAVAILABLE) from None
    return types.MessageList(
        [
            ChatMessage(one.id, one.participant_id, one.display_name, one.text, one.sent_at, one.client_message_id)
            for one in found
        ]
    )


async def get_presence(backend: Backend, _: Call) -> types.Presence:
    """Who is where now, on all servers."""
    try:
        rooms = await backend.cluster.rooms()
    except ClusterDownError:
        raise ProtocolError(ErrorCode.UNAVAILABLE) from None
    return types.Presence(
        [
            types.PresentRoom(
                room.room_id,
                room.node,
                room.opened_at,
                [
                    types.PresentPerson(
                        one.participant_id, one.display_name, one.role, one.joined_at, identity=one.identity
                    )
                    for one in room.people
                ],
            )
            for room in rooms
        ]
    )
