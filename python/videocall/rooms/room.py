"""One room: who comes in and who goes, its lobby and its chat. See the package for how calls and effects work."""

from collections.abc import Iterable
from typing import Final

import attrs

from videocall.protocol import ErrorCode, ProtocolError, shapes
from videocall.protocol import notifications as n
from videocall.protocol.fields import KnockOutcome, Reason, Role
from videocall.protocol.shapes import PermissionChanges
from videocall.rooms.chat import Chat
from videocall.rooms.effects import CloseTransport, Effect, KnockEnded, KnockStarted, MessageSent
from videocall.rooms.lobby import Knock
from videocall.rooms.moderation import Moderation
from videocall.rooms.people import clean, joined, not_found
from videocall.rooms.rights import Standing, effective
from videocall.rooms.settings import RoomSettings
from videocall.rooms.state import Limits, ParticipantState

__all__ = ["Room"]

_NO_SUCCESSION: Final[frozenset[Reason]] = frozenset(("replaced", "roomEnded", "expired"))


class Room(Moderation):
    """A room and everything in it.

    Every id in a call must be the participant's own, or, for what is consumed and for people, the room's own; any other
    is ``NOT_FOUND``, whether it exists elsewhere or not.
    """

    def __init__(self, room_id: str, limits: Limits | None = None, settings: RoomSettings | None = None) -> None:
        super().__init__(room_id, limits, settings)
        self.chat = Chat()
        self._knocks: dict[str, Knock] = {}

    # Coming and going

    @staticmethod
    def check_display_name(display_name: str) -> None:
        """Raise ``BAD_REQUEST`` unless somebody may be called that."""
        clean(display_name)

    def check_entry(self, granted: Role | None, now_ms: int) -> None:
        """Raise `ProtocolError` unless somebody new may come in, or knock, as far as password and lobby let them.

        Raises:
            ProtocolError: ``ROOM_EXPIRED``, ``ROOM_LOCKED``, ``ROOM_FULL``.
        """
        if self.settings.expires_at is not None and now_ms >= self.settings.expires_at:
            raise ProtocolError(ErrorCode.ROOM_EXPIRED)
        if self.settings.locked and granted != "host":
            raise ProtocolError(ErrorCode.ROOM_LOCKED)
        self._check_capacity()

    def password_hash_for(self, granted: Role | None) -> str | None:
        """The hash of the password that somebody new needs. Hosts by token need none."""
        return None if granted == "host" else self.settings.password_hash

    def has_to_knock(self, granted: Role | None, identity: str | None) -> bool:
        """Whether somebody new has to be admitted."""
        if identity in self._removed:
            return True
        # A room that nobody made beforehand belongs to its first visitor, who would have nobody to be admitted by.
        return self.settings.lobby and granted != "host" and (self.settings.kept or bool(self._participants))

    def join(
        self,
        participant_id: str,
        display_name: str,
        joined_at: int,
        granted: Role | None = None,
        *,
        identity: str | None = None,
        standing: Standing | None = None,
        own: PermissionChanges | None = None,
    ) -> list[Effect]:
        """Take someone in, in the role they were granted; without one, they are host if there is none.

        `own` are permissions that they were granted beside it.

        `joined_at` is in milliseconds since 1970. Who takes the place of their earlier self keeps its `standing`.

        Raises:
            ProtocolError: ``ROOM_FULL``, or ``CONFLICT`` when they are in already.
        """
        if participant_id in self._participants:
            raise ProtocolError(ErrorCode.CONFLICT, "You are in the room already.")
        if standing is None:  # whose earlier self left a place, be there a smaller bound by now
            self._check_capacity()
        standing = standing or Standing(self._role_of_new(granted), own or PermissionChanges())
        permissions = effective(standing, self.settings.permissions)
        new = ParticipantState(participant_id, clean(display_name), joined_at, standing, permissions, identity)
        self._participants[participant_id] = new
        self._host_wanted = self._host_wanted and not new.is_host
        return list(self._tell_others(participant_id, joined(new)))

    def standing(self, participant_id: str) -> Standing:
        """What someone is in the room."""
        return self._participant(participant_id).standing

    def leave(self, participant_id: str, reason: Reason) -> list[Effect]:
        """Let someone go and close all they had. Someone who is gone already is no error.

        When the last host goes the next one is chosen, unless they come again at once or the call ends for all.
        """
        leaver = self._participants.pop(participant_id, None)
        if leaver is None:
            return []
        for consumer in leaver.consumers.values():
            del self._producers[consumer.producer].consumers[consumer.id]
        effects: list[Effect] = []
        for producer in leaver.producers.values():
            effects += self._drop_producer(producer, reason, tell_owner=False)
        effects += self._drop_all_data(leaver, reason)
        effects += self._tell_others(participant_id, n.ParticipantLeft(participant_id, reason))
        effects += [CloseTransport(transport_id) for transport_id in leaver.transports]
        if leaver.is_host and reason not in _NO_SUCCESSION:
            effects += self._choose_host()
        self._host_wanted = self._host_wanted and bool(self._participants)
        return effects

    # The lobby

    @property
    def knocks(self) -> list[Knock]:
        """Who waits there, in order of arrival."""
        return list(self._knocks.values())

    def knocks_for(self, participant_id: str) -> list[shapes.Knock]:
        """Who waits there, as far as somebody may see it."""
        return [knock.wire() for knock in self.knocks] if self._participant(participant_id).is_host else []

    def knock(self, knock_id: str, display_name: str, identity: str | None = None) -> list[Effect]:
        """Have somebody wait in the lobby.

        Raises:
            ProtocolError: ``ROOM_FULL`` when there are too many.
        """
        if len(self._knocks) >= self.limits.knocks:
            raise ProtocolError(ErrorCode.ROOM_FULL, "Too many wait to be let in.")
        knock = self._knocks[knock_id] = Knock(knock_id, clean(display_name), identity)
        return [*self._tell(self._hosts(), n.LobbyKnock(knock_id, knock.display_name)), KnockStarted(knock)]

    def admit(self, by: str | None, knock_id: str) -> list[Effect]:
        """Let somebody out of the lobby; they `join` next. Who was removed before is forgiven.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``, ``ROOM_FULL``.
        """
        self.check_host(by)
        knock = self._find_knock(knock_id)
        self._check_capacity()
        if knock.identity is not None:
            self._removed.pop(knock.identity, None)
        return self._end_knock(knock, "admitted")

    def reject(self, by: str | None, knock_id: str) -> list[Effect]:
        """Send somebody in the lobby away.

        Raises:
            ProtocolError: ``FORBIDDEN``, ``NOT_FOUND``.
        """
        self.check_host(by)
        return self._end_knock(self._find_knock(knock_id), "rejected")

    def give_up(self, knock_id: str) -> list[Effect]:
        """Somebody waits no more. Who does not wait is no error."""
        return self._end_knock(self._knocks[knock_id], "gone") if knock_id in self._knocks else []

    def update(self, by: str | None, settings: RoomSettings) -> list[Effect]:
        """See `Moderation.update`. Without a lobby who waits there is admitted, as far as there is room."""
        effects = super().update(by, settings)
        if not settings.lobby:
            welcome = [knock for knock in self.knocks if knock.identity not in self._removed]
            for knock in welcome[: max(0, self.capacity - len(self._participants))]:
                effects += self._end_knock(knock, "admitted")
        return effects

    # Chat

    def send_message(
        self, participant_id: str, text: str, client_message_id: str | None, *, now_ms: int, entropy: str
    ) -> tuple[shapes.ChatMessage, list[Effect]]:
        """Write to everyone. A message that was sent already, under that id of the sender's, is not sent again.

        Raises:
            ProtocolError: ``FORBIDDEN``, or ``BAD_REQUEST`` when nothing of the text can be seen.
        """
        sender = self._participant(participant_id)
        if earlier := self.chat.sent(participant_id, client_message_id):
            return earlier, []
        if not sender.permissions.chat:
            raise ProtocolError(ErrorCode.FORBIDDEN, "You have no permission to write.")
        message = self.chat.add(
            participant_id,
            sender.display_name,
            text,
            now_ms=now_ms,
            entropy=entropy,
            client_message_id=client_message_id,
        )
        announcement = n.Message(**attrs.asdict(message))
        return message, [*self._tell(self._participants, announcement), MessageSent(message)]

    def restore_messages(self, messages: Iterable[shapes.ChatMessage]) -> None:
        """Remember what was written before the room was opened, oldest first."""
        self.chat.restore(messages)

    # Helpers

    def _check_capacity(self) -> None:
        if len(self._participants) >= self.capacity:
            raise ProtocolError(ErrorCode.ROOM_FULL)

    def _role_of_new(self, granted: Role | None) -> Role:
        if granted == "viewer":
            return granted
        if self._host_wanted or (granted is None and not self._hosts()):
            return "host"
        return granted or "participant"

    def _settle(self, participant: ParticipantState, standing: Standing, by: str | None) -> list[Effect]:
        was_host = participant.is_host
        effects = super()._settle(participant, standing, by)
        if participant.is_host and not was_host:
            for knock in self._knocks.values():
                effects += self._tell((participant.id,), n.LobbyKnock(knock.id, knock.display_name))
        return effects

    def _find_knock(self, knock_id: str) -> Knock:
        knock = self._knocks.get(knock_id)
        if knock is None:
            raise not_found("knock", knock_id)
        return knock

    def _end_knock(self, knock: Knock, outcome: KnockOutcome) -> list[Effect]:
        del self._knocks[knock.id]
        return [*self._tell(self._hosts(), n.LobbyKnockEnded(knock.id, outcome)), KnockEnded(knock, outcome)]
