"""What participants, and hosts above all, do in the room."""

# ruff: noqa: D103 - each does what its request's class says

import secrets

import trio

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import requests as r
from videocall.protocol import room_requests as rr
from videocall.rooms import Effect
from videocall.signaling.caller import Caller, Place
from videocall.signaling.room_changes import asked_for, prepare

__all__ = [
    "admit",
    "end_room",
    "get_messages",
    "mute_participant",
    "raise_hand",
    "react",
    "reject",
    "remove_participant",
    "send_message",
    "set_display_name",
    "set_permissions",
    "set_role",
    "update_room",
]

_ENTROPY_BYTES = 10
"""With the time a message's id has 128 bits."""


async def set_display_name(caller: Caller, place: Place, request: r.SetDisplayName) -> object:
    return _done(caller, place, place.live.room.set_display_name(place.participant_id, request.displayName))


async def send_message(caller: Caller, place: Place, request: rr.SendMessage) -> results.Sent:
    _check_talk(place)
    message, effects = place.live.room.send_message(
        place.participant_id,
        request.text,
        request.clientMessageId,
        now_ms=caller.hub.now_ms(),
        entropy=secrets.token_hex(_ENTROPY_BYTES),
    )
    caller.afterwards(place.live, effects)
    return results.Sent(message)


async def get_messages(caller: Caller, place: Place, request: rr.GetMessages) -> results.Messages:
    room = place.live.room
    newest = room.chat.before(request.before, request.limit)
    missing = request.limit - len(newest)
    if not missing:
        return results.Messages(newest)
    before = newest[0].messageId if newest else request.before
    older = await caller.hub.memory.messages(room.id, before, missing)
    return results.Messages([m for m in older if m.sentAt >= room.settings.created_at] + newest)


async def raise_hand(caller: Caller, place: Place, request: rr.RaiseHand) -> object:
    _check_talk(place)
    return _done(caller, place, place.live.room.raise_hand(place.participant_id, raised=request.raised))


async def react(caller: Caller, place: Place, request: rr.React) -> object:
    _check_talk(place)
    return _done(caller, place, place.live.room.react(place.participant_id, request.emoji))


async def admit(caller: Caller, place: Place, request: rr.Admit) -> object:
    return _done(caller, place, place.live.room.admit(place.participant_id, request.knockId))


async def reject(caller: Caller, place: Place, request: rr.Reject) -> object:
    return _done(caller, place, place.live.room.reject(place.participant_id, request.knockId))


async def mute_participant(caller: Caller, place: Place, request: rr.MuteParticipant) -> object:
    sources = request.sources or ["microphone"]
    return _done(caller, place, place.live.room.mute(place.participant_id, request.participantId, sources))


async def remove_participant(caller: Caller, place: Place, request: rr.RemoveParticipant) -> object:
    return _done(caller, place, place.live.room.remove(place.participant_id, request.participantId))


async def set_role(caller: Caller, place: Place, request: rr.SetRole) -> object:
    return _done(caller, place, place.live.room.set_role(place.participant_id, request.participantId, request.role))


async def set_permissions(caller: Caller, place: Place, request: rr.SetPermissions) -> object:
    changes = place.live.room.set_permissions(place.participant_id, request.participantId, request.permissions)
    return _done(caller, place, changes)


async def update_room(caller: Caller, place: Place, request: rr.UpdateRoom) -> object:
    room = place.live.room
    room.check_host(place.participant_id)  # before anything is hashed for them
    apply = await prepare(caller.hub.passwords, asked_for(request))
    return _done(caller, place, room.update(place.participant_id, apply(room.settings)))


async def end_room(caller: Caller, place: Place, _: rr.EndRoom) -> object:
    return _done(caller, place, place.live.room.end(place.participant_id))


def _done(caller: Caller, place: Place, effects: list[Effect]) -> object:
    caller.afterwards(place.live, effects)
    return {}


def _check_talk(place: Place) -> None:
    if not place.talk.take(trio.current_time()):
        raise ProtocolError(ErrorCode.RATE_LIMITED)
