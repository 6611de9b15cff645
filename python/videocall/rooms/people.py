"""Who is in a room, and who is told what."""

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import notifications as n
from videocall.rooms.effects import Effect, Notify, ParticipantChanged
from videocall.rooms.settings import RoomSettings
from videocall.rooms.state import Limits, ParticipantState, ProducerState

__all__ = ["People", "clean", "joined", "not_found"]


class People:
    """The innermost part of a `videocall.rooms.Room`: its participants and how it is set."""

    def __init__(self, room_id: str, limits: Limits | None = None, settings: RoomSettings | None = None) -> None:
        self.id: Final = room_id
        self.limits: Final = limits or Limits()
        self.settings = settings or RoomSettings()
        self._participants: dict[str, ParticipantState] = {}
        self._producers: dict[str, ProducerState] = {}

    @property
    def participants(self) -> list[results.Participant]:
        """Who is there, in order of arrival."""
        return [participant.wire() for participant in self._participants.values()]

    @property
    def capacity(self) -> int:
        """How many may be there."""
        return min(self.limits.participants, self.settings.max_participants or self.limits.participants)

    def participant(self, participant_id: str) -> results.Participant:
        """Someone who is there, or ``NOT_JOINED``."""
        return self._participant(participant_id).wire()

    def set_display_name(self, participant_id: str, display_name: str) -> list[Effect]:
        """Change what the others see."""
        participant = self._participant(participant_id)
        participant.display_name = clean(display_name)
        return self._updated(participant, by=participant_id)

    def raise_hand(self, participant_id: str, *, raised: bool) -> list[Effect]:
        """Raise their hand, or lower it. Doing it twice changes nothing."""
        participant = self._participant(participant_id)
        if participant.hand_raised == raised:
            return []
        participant.hand_raised = raised
        return self._updated(participant, by=participant_id)

    def react(self, participant_id: str, emoji: str) -> list[Effect]:
        """Show everyone an emoji."""
        self._participant(participant_id)
        return list(self._tell(self._participants, n.Reaction(participant_id, emoji)))

    # Helpers, of the outer parts too

    def _participant(self, participant_id: str) -> ParticipantState:
        participant = self._participants.get(participant_id)
        if participant is None:
            raise ProtocolError(ErrorCode.NOT_JOINED)
        return participant

    def _other(self, participant_id: str) -> ParticipantState:
        participant = self._participants.get(participant_id)
        if participant is None:
            raise not_found("participant", participant_id)
        return participant

    def _hosts(self) -> list[str]:
        return [participant.id for participant in self._participants.values() if participant.is_host]

    def _tell(self, to: Iterable[str], notification: n.Notification) -> Iterator[Notify]:
        if receivers := tuple(to):
            yield Notify(receivers, notification)

    def _tell_others(self, participant_id: str, notification: n.Notification) -> Iterator[Notify]:
        return self._tell((other for other in self._participants if other != participant_id), notification)

    def _updated(self, participant: ParticipantState, by: str | None) -> list[Effect]:
        """Tell how somebody is now: everyone, but them when they changed it themselves."""
        wire = participant.wire()
        update = n.ParticipantUpdated(
            wire.participantId, wire.displayName, wire.role, wire.permissions, wire.handRaised
        )
        return [*self._tell_others(participant.id if by == participant.id else "", update), ParticipantChanged(wire)]


def joined(participant: ParticipantState) -> n.ParticipantJoined:
    """What the others are told of somebody who comes in."""
    return n.ParticipantJoined(**attrs.asdict(participant.wire(), recurse=False))


def clean(display_name: str) -> str:
    """A display name without blanks around it; ``BAD_REQUEST`` when nothing of it can be seen."""
    cleaned = display_name.strip()
    if not cleaned:
        raise ProtocolError(ErrorCode.BAD_REQUEST, "A displayName needs a character that can be seen.")
    return cleaned


def not_found(what: str, object_id: str) -> ProtocolError:
    """There is none of that id, here."""
    return ProtocolError(ErrorCode.NOT_FOUND, f"There is no {what} {object_id!r} in your room.")
