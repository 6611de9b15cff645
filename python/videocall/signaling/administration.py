"""What the server itself does to rooms and to the people in them, without being a participant: for APIs and hooks."""

import secrets
from collections.abc import Collection, Mapping
from typing import Final, Unpack

from attrs import frozen

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol.fields import Role, Source, is_room_id
from videocall.protocol.shapes import Knock, PermissionChanges, RoomState
from videocall.rooms import RoomSettings
from videocall.signaling.events import RoomCreated, RoomDeleted, RoomUpdated
from videocall.signaling.hub import Hub
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.room_changes import SettingsChanges, prepare

__all__ = ["Administration", "RoomInfo"]

_MICROPHONE: Final[tuple[Source, ...]] = ("microphone",)


@frozen
class RoomInfo:
    """A room as the server sees it.

    Attributes:
        kept: whether it stays when nobody is in it.
        is_open: whether somebody is in it, or waits to be let in.
        created_at: in milliseconds since 1970.
        identities: of those participants whose token had one, by participant id.
    """

    room_id: str
    created_at: int
    kept: bool
    is_open: bool
    state: RoomState
    participants: list[results.Participant]
    identities: Mapping[str, str]
    producers: list[results.Producer]
    knocks: list[Knock]


class Administration:
    """Acts on a hub's rooms. Everyone concerned is told as when a host does it.

    Raises `ProtocolError` throughout: ``NOT_FOUND`` for a room that is neither open nor kept, and for a participant or
    knock that is not in it; ``CONFLICT`` for what a host could not do either, as taking the last host's role.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub: Final = hub

    # Rooms

    async def create_room(self, room_id: str | None = None, **settings: Unpack[SettingsChanges]) -> RoomInfo:
        """Make a room that stays until it is deleted, whoever is in it. Without an id it gets one nobody can guess.

        Raises:
            ProtocolError: ``CONFLICT`` when there is one of that id, ``BAD_REQUEST`` when none can have it.
        """
        room_id = room_id or secrets.token_urlsafe(16)
        if not is_room_id(room_id):
            raise ProtocolError(ErrorCode.BAD_REQUEST, "A room id has 1 to 64 characters out of A-Z a-z 0-9 _ -.")
        apply = await prepare(self._hub.passwords, settings)
        if self._hub.knows(room_id):
            raise ProtocolError(ErrorCode.CONFLICT, f"There is a room {room_id!r} already.")
        made = self._hub.kept[room_id] = apply(RoomSettings(created_at=self._hub.now_ms(), kept=True))
        self._hub.events.tell(RoomCreated(self._hub.now_ms(), room_id, made.wire()))
        return self.room(room_id)

    def room(self, room_id: str) -> RoomInfo:
        """A room that is open or kept."""
        settings = self._settings(room_id)
        live = self._hub.live_room(room_id)
        return RoomInfo(
            room_id,
            settings.created_at,
            settings.kept,
            live is not None,
            settings.wire(),
            live.room.participants if live else [],
            live.identities if live else {},
            live.room.producers if live else [],
            [knock.wire() for knock in live.room.knocks] if live else [],
        )

    def rooms(self) -> list[RoomInfo]:
        """Every room that is open or kept, by id."""
        return [self.room(room_id) for room_id in self.room_ids()]

    def room_ids(self) -> list[str]:
        """The ids of the rooms that are open or kept, in their order."""
        return sorted({live.room.id for live in self._hub.live_rooms} | self._hub.kept.keys())

    async def update_room(self, room_id: str, **changes: Unpack[SettingsChanges]) -> RoomInfo:
        """Change how a room is set."""
        self._settings(room_id)
        apply = await prepare(self._hub.passwords, changes)
        before = self._settings(room_id)
        settings = apply(before)
        if live := self._hub.live_room(room_id):
            live.execute(live.room.update(None, settings))
        else:
            self._hub.kept[room_id] = settings
            if settings != before:
                self._hub.events.tell(RoomUpdated(self._hub.now_ms(), room_id, settings.wire()))
        return self.room(room_id)

    def end_room(self, room_id: str) -> None:
        """End the call in a room for everyone; a kept one stays, and may be entered again."""
        self._settings(room_id)
        if live := self._hub.live_room(room_id):
            live.end("roomEnded")

    def delete_room(self, room_id: str) -> None:
        """End the call in a room, and keep the room no more."""
        kept = self._settings(room_id).kept
        self.end_room(room_id)
        if kept:
            self._hub.kept.pop(room_id, None)
            self._hub.events.tell(RoomDeleted(self._hub.now_ms(), room_id))

    # People

    def remove_participant(self, room_id: str, participant_id: str) -> None:
        """Send somebody out; with an identity they have to be admitted from then on."""
        live = self._live(room_id)
        live.execute(live.room.remove(None, participant_id))

    def mute_participant(self, room_id: str, participant_id: str, sources: Collection[Source] = _MICROPHONE) -> None:
        """Pause what somebody publishes of these sources; they may resume it."""
        live = self._live(room_id)
        live.execute(live.room.mute(None, participant_id, sources))

    def set_role(self, room_id: str, participant_id: str, role: Role) -> None:
        """Make somebody host, participant or viewer."""
        live = self._live(room_id)
        live.execute(live.room.set_role(None, participant_id, role))

    def set_permissions(self, room_id: str, participant_id: str, changes: PermissionChanges) -> None:
        """Give somebody permissions, or take them."""
        live = self._live(room_id)
        live.execute(live.room.set_permissions(None, participant_id, changes))

    def admit(self, room_id: str, knock_id: str) -> None:
        """Let somebody out of the lobby into the room."""
        live = self._live(room_id)
        live.execute(live.room.admit(None, knock_id))

    def reject(self, room_id: str, knock_id: str) -> None:
        """Send somebody in the lobby away."""
        live = self._live(room_id)
        live.execute(live.room.reject(None, knock_id))

    # Helpers

    def _settings(self, room_id: str) -> RoomSettings:
        settings = self._hub.settings_of(room_id)
        if settings is None:
            raise _no_room(room_id)
        return settings

    def _live(self, room_id: str) -> LiveRoom:
        live = self._hub.live_room(room_id)
        if live is None:
            raise _no_room(room_id)
        return live


def _no_room(room_id: str) -> ProtocolError:
    return ProtocolError(ErrorCode.NOT_FOUND, f"There is no room {room_id[:64]!r}.")
