"""Between the hub, whose rooms live in memory, and the store, which outlives them."""

from typing import Final

import trio
from attrs import asdict, evolve

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.shapes import ChatMessage, Permissions
from videocall.rooms import RoomSettings
from videocall.signaling import Hub, events
from videocall.store import (
    RoomRemoved,
    SessionChanged,
    SessionEnded,
    SessionStarted,
    Store,
    StoredMessage,
    StoreDownError,
    StoredRoom,
)

__all__ = ["Remembering"]

_RETRY_S: Final = 1.0


class Remembering:
    """Writes down what happens, and is the hub's `Memory`.

    While the database is down, calls are opened as if nothing were known of a room but what was read at the start and
    has happened since; if even the start could read nothing, nobody may enter a room, for it may have a password.
    """

    def __init__(self, hub: Hub, store: Store) -> None:
        self._hub = hub
        self._store = store
        self._cut_off: dict[str, RoomSettings] | None = None
        self._entered: set[str] = set()

    async def recall(self) -> None:
        """Give the hub the rooms that are to be kept, as soon as the database can be read."""
        while self._cut_off is None:
            try:
                rooms = {room.id: _settings(room) for room in await self._store.rooms()}
            except StoreDownError:
                await trio.sleep(_RETRY_S)
                continue
            self._cut_off = {room_id: settings for room_id, settings in rooms.items() if not settings.kept}
            for room_id, settings in rooms.items():
                if settings.kept:
                    self._hub.kept.setdefault(room_id, settings)  # what was made since the start is newer

    def tell(self, event: events.ServerEvent) -> None:
        """Have what is to be remembered of an event written. Never waits."""
        match event:
            case events.MessageSent(_, room_id, message):
                self._store.record(_stored_message(room_id, message))
            case events.ParticipantJoined(at, room_id, participant_id, display_name, role, identity):
                if room_id not in self._entered:
                    self._entered.add(room_id)
                    self._write_room(room_id, at)
                self._store.record(SessionStarted(participant_id, room_id, identity, display_name, role, at))
            case events.ParticipantUpdated(_, _, participant):
                who = participant.participantId
                self._store.record(SessionChanged(who, participant.displayName, participant.role))
            case events.ParticipantLeft(at, _, participant_id, reason):
                self._store.record(SessionEnded(participant_id, at, reason))
            case events.RoomCreated(at, room_id) | events.RoomUpdated(at, room_id):
                self._write_room(room_id, at)
            case events.RoomEnded(_, room_id) if room_id in self._entered:
                # One that nobody could enter stays as it was left, with its password.
                self._entered.discard(room_id)
                if room_id not in self._hub.kept:
                    self._forget(room_id)
            case events.RoomDeleted(_, room_id):
                self._forget(room_id)
            case _:
                pass

    async def settings(self, room_id: str) -> RoomSettings | None:
        """See `videocall.signaling.memory.Memory`."""
        try:
            room = await self._store.load_room(room_id)
        except StoreDownError:
            if self._cut_off is None:
                raise ProtocolError(ErrorCode.UNAVAILABLE) from None
            return self._cut_off.get(room_id)
        return _settings(room) if room else None

    async def messages(self, room_id: str, before: str | None, limit: int) -> list[ChatMessage]:
        """See `videocall.signaling.memory.Memory`."""
        try:
            found = await self._store.messages(room_id, before, limit)
        except StoreDownError:
            raise ProtocolError(ErrorCode.UNAVAILABLE) from None
        return [_message(message) for message in found]

    def _write_room(self, room_id: str, at: int) -> None:
        if settings := self._hub.settings_of(room_id):
            self._store.record(_stored_room(room_id, settings, at))

    def _forget(self, room_id: str) -> None:
        if self._cut_off:
            self._cut_off.pop(room_id, None)
        self._store.record(RoomRemoved(room_id))


def _stored_room(room_id: str, settings: RoomSettings, at: int) -> StoredRoom:
    return StoredRoom(
        room_id,
        created_at=settings.created_at,
        kept=settings.kept,
        locked=settings.locked,
        lobby=settings.lobby,
        password_hash=settings.password_hash,
        permissions=asdict(settings.permissions),
        max_participants=settings.max_participants,
        expires_at=settings.expires_at,
        used_at=at,
    )


def _settings(room: StoredRoom) -> RoomSettings:
    settings = RoomSettings(
        locked=room.locked,
        lobby=room.lobby,
        password_hash=room.password_hash,
        permissions=Permissions(**room.permissions),
        max_participants=room.max_participants,
        expires_at=room.expires_at,
        created_at=room.created_at,
        kept=room.kept,
    )
    # A room that is not kept is here because its server was killed. Nobody is in it any more who could let others in.
    return settings if room.kept else evolve(settings, locked=False, lobby=False)


def _stored_message(room_id: str, message: ChatMessage) -> StoredMessage:
    return StoredMessage(
        room_id,
        message.messageId,
        message.participantId,
        message.displayName,
        message.text,
        message.sentAt,
        message.clientMessageId,
    )


def _message(message: StoredMessage) -> ChatMessage:
    return ChatMessage(
        message.id,
        message.participant_id,
        message.display_name,
        message.text,
        message.sent_at,
        message.client_message_id,
    )
