"""What hosts do, and the server in their place: roles, permissions, muting, removing, the room's settings.

`by` is the participant who wants it, or `None` for the server itself, which may do all of it.
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

import attrs

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol import notifications as n
from videocall.protocol.fields import Role, Source
from videocall.protocol.shapes import PermissionChanges
from videocall.rooms.data import DataChannels
from videocall.rooms.effects import Effect, EndCall, Expel, SettingsChanged
from videocall.rooms.rights import Standing, changed, publishes
from videocall.rooms.settings import RoomSettings
from videocall.rooms.state import Limits, ParticipantState

__all__ = ["Moderation"]

_MAX_REMOVED: Final = 1000
"""Identities that are kept out; the one that was removed longest ago is let in again when there are more."""


class Moderation(DataChannels):
    """A room's rights and how they change."""

    def __init__(self, room_id: str, limits: Limits | None = None, settings: RoomSettings | None = None) -> None:
        super().__init__(room_id, limits, settings)
        self._removed: OrderedDict[str, None] = OrderedDict()
        self._host_wanted = False

    def check_host(self, by: str | None) -> None:
        """Raise ``FORBIDDEN`` unless they are a host."""
        if by is not None and not self._participant(by).is_host:
            raise ProtocolError(ErrorCode.FORBIDDEN, "Only a host may do that.")

    def set_role(self, by: str | None, participant_id: str, role: Role) -> list[Effect]:
        """Make somebody host, participant or viewer, with the permissions of that role.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``, or ``CONFLICT`` when they are the last host.
        """
        self.check_host(by)
        participant = self._other(participant_id)
        if participant.standing.role == role:
            return []
        if participant.is_host and len(self._hosts()) == 1:
            raise ProtocolError(ErrorCode.CONFLICT, "The room needs a host: make another one first.")
        return self._settle(participant, Standing(role), by=None)

    def set_permissions(self, by: str | None, participant_id: str, changes: PermissionChanges) -> list[Effect]:
        """Give somebody permissions, or take them; what they publish without one is closed.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``, or ``CONFLICT`` when their role does not allow it.
        """
        self.check_host(by)
        participant = self._other(participant_id)
        if participant.is_host:
            raise ProtocolError(ErrorCode.CONFLICT, "A host has all permissions; change the role first.")
        if participant.standing.role == "viewer" and publishes(changes):
            raise ProtocolError(ErrorCode.CONFLICT, "A viewer publishes nothing; change the role first.")
        own = changed(participant.standing.own, changes)
        return self._settle(participant, attrs.evolve(participant.standing, own=own), by=None)

    def mute(self, by: str | None, participant_id: str, sources: Collection[Source]) -> list[Effect]:
        """Pause what somebody publishes of these sources; they may resume it.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``.
        """
        self.check_host(by)
        effects: list[Effect] = []
        for producer in self._other(participant_id).producers.values():
            if producer.source in sources:
                effects += self._set_pause(producer, muted=True)
        return effects

    def remove(self, by: str | None, participant_id: str) -> list[Effect]:
        """Send somebody out; with an identity they have to be admitted from then on.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``, or ``CONFLICT`` when it is oneself.
        """
        self.check_host(by)
        participant = self._other(participant_id)
        if participant_id == by:
            raise ProtocolError(ErrorCode.CONFLICT, "Leave the room instead.")
        if participant.identity is not None:
            self._removed[participant.identity] = None
            if len(self._removed) > _MAX_REMOVED:
                self._removed.popitem(last=False)
        return [Expel(participant_id)]

    def update(self, by: str | None, settings: RoomSettings) -> list[Effect]:
        """Set the room otherwise. Who is in it stays, with the permissions they have then.

        Raises:
            ProtocolError: ``FORBIDDEN``.
        """
        self.check_host(by)
        before, self.settings = self.settings, settings
        effects: list[Effect] = []
        if settings.wire() != before.wire():
            effects += self._tell(self._participants, n.RoomUpdated(**attrs.asdict(settings.wire(), recurse=False)))
        if settings != before:
            effects.append(SettingsChanged(settings))
        for participant in self._participants.values():
            effects += self._settle(participant, participant.standing, by=None)
        return effects

    def end(self, by: str | None) -> list[Effect]:
        """End the call for everyone; ``FORBIDDEN`` unless they are a host."""
        self.check_host(by)
        return [EndCall("roomEnded")]

    # Helpers, of the outer part too

    def _settle(self, participant: ParticipantState, standing: Standing, by: str | None) -> list[Effect]:
        """Give somebody a standing, tell everyone, and close what they may not publish any more."""
        if not participant.settle(standing, self.settings.permissions):
            return []
        self._host_wanted = self._host_wanted and not participant.is_host
        return self._updated(participant, by) + self._close_forbidden(participant)

    def _choose_host(self) -> list[Effect]:
        """The last host left: whoever is there longest and no viewer is the next one.

        When there are viewers alone, whoever comes next and is none will be.
        """
        if self._hosts():
            return []
        for participant in self._participants.values():
            if participant.standing.role != "viewer":
                return self._settle(participant, Standing("host"), by=None)
        self._host_wanted = bool(self._participants)
        return []
