"""Coming into a room, coming back, and going."""

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import requests as r
from videocall.protocol.version import check_version
from videocall.signaling.caller import Caller
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.snapshots import room_joined, session_resumed
from videocall.tokens import Admission

__all__ = ["join_room", "leave_room", "resume_session"]


async def join_room(caller: Caller, request: r.JoinRoom) -> results.RoomJoined | results.InLobby:
    """Let somebody in, or have them knock.

    Whoever is in the room already, which the resume token or a token's identity proves, takes their own place.
    """
    check_version(request.protocolVersion)
    room_id = request.roomId or caller.room_id
    _check_nowhere(caller)
    if room_id is None:
        raise ProtocolError(ErrorCode.BAD_REQUEST, "joinRoom: no roomId, neither here nor in the socket's query.")
    admission = await caller.hub.admit(caller.address, room_id, request.token)
    name = admission.display_name or request.displayName
    async with caller.hub.room(room_id) as live:
        live.room.check_display_name(name)
        if not _is_back(caller, live, request, admission):
            await _check_entry(caller, live, request, admission)
        earlier = caller.hub.seats.find(request.resumeToken)
        if earlier is not None and earlier.live is not live:
            earlier.moved()
            earlier = None
        if earlier is None and not live.is_back(admission.identity) and _has_to_knock(live, admission):
            knock_id = caller.knock(live, name, admission)
            return results.InLobby(roomId=room_id, knockId=knock_id)
        seat = caller.enter(live, name, admission, earlier.participant_id if earlier else None)
        return room_joined(caller.hub, seat)


async def resume_session(caller: Caller, request: r.ResumeSession) -> results.SessionResumed:
    """Sit down on the seat of a socket that broke."""
    check_version(request.protocolVersion)
    _check_nowhere(caller)
    if caller.hub.draining:
        raise ProtocolError(ErrorCode.DRAINING)
    caller.hub.check_rate(caller.address)
    seat = await caller.hub.seats.settled(request.resumeToken)
    caller.resume(seat)
    return session_resumed(caller.hub, seat)


def leave_room(caller: Caller) -> object:
    """Leave the room, or its lobby."""
    if caller.place is None and not caller.waits:
        raise ProtocolError(ErrorCode.NOT_JOINED)
    caller.leave("left")
    return {}


def _check_nowhere(caller: Caller) -> None:
    if caller.place is not None:
        raise ProtocolError(ErrorCode.CONFLICT, "You are in a room already; leave it first.")
    if caller.waits:
        raise ProtocolError(ErrorCode.CONFLICT, "You wait to be let in already; leave first.")


def _is_back(caller: Caller, live: LiveRoom, request: r.JoinRoom, admission: Admission) -> bool:
    seat = caller.hub.seats.find(request.resumeToken)
    return (seat is not None and seat.live is live) or live.is_back(admission.identity)


async def _check_entry(caller: Caller, live: LiveRoom, request: r.JoinRoom, admission: Admission) -> None:
    room = live.room
    room.check_entry(admission.role, caller.hub.now_ms())
    checked: str | None = None
    while (needed := room.password_hash_for(admission.role)) is not None and needed != checked:
        await caller.hub.passwords.check(caller.address, request.password, needed)
        checked = needed
        room.check_entry(admission.role, caller.hub.now_ms())  # which may be otherwise by now


def _has_to_knock(live: LiveRoom, admission: Admission) -> bool:
    return live.room.has_to_knock(admission.role, admission.identity)
