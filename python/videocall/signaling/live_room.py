"""A room with its members, those in its lobby, and its media."""

import math
from collections.abc import Callable
from typing import Final, Protocol

import trio

from videocall import sfu
from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol.fields import Reason
from videocall.protocol.framing import Announcement
from videocall.rooms import (
    Effect,
    EndCall,
    Expel,
    Knock,
    KnockEnded,
    KnockStarted,
    MessageSent,
    Notify,
    ParticipantChanged,
    ProducerEnded,
    ProducerStarted,
    Room,
    SettingsChanged,
)
from videocall.signaling import events, media
from videocall.signaling.live_events import Told, event_of
from videocall.signaling.live_media import LiveMedia
from videocall.signaling.log import fields, logger
from videocall.tokens import Admission

__all__ = ["Knocker", "LiveRoom", "Member"]

_LOOK_S: Final = 60.0
"""How long the room sleeps at most before it looks at the clock, which may be set, for whether its time is over."""


class Member(Protocol):
    """Whoever sits at a participant's socket."""

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        ...

    def room_failed(self) -> None:
        """The room is gone with its worker."""
        ...

    def replaced(self) -> None:
        """The same person enters the room anew; leaves at once."""
        ...

    def removed(self) -> None:
        """Sent out; leaves at once."""
        ...

    def call_ended(self, reason: Reason) -> None:
        """The call ended for everyone, who are in it no more."""
        ...


class Knocker(Protocol):
    """Whoever waits in the lobby."""

    def admitted(self) -> None:
        """Let in: enters at once."""
        ...

    def rejected(self, reason: Reason) -> None:
        """Not let in."""
        ...


class LiveRoom:
    """Runs what `Room` decides. `execute` never waits: notifications go to the members' queues at once.

    Attributes:
        started: whether anybody ever came in.
        over: whether the call ended, so that nobody comes in any more.
    """

    def __init__(
        self,
        room: Room,
        router: media.Router,
        *,
        on_unused: Callable[["LiveRoom"], None],
        watched: events.Events,
        now_ms: Callable[[], int],
    ) -> None:
        self.room: Final = room
        self.members: Final[dict[str, Member]] = {}
        self.media: Final = LiveMedia(room, router, self.execute)
        self.started = False
        self.over = False
        self._knockers: dict[str, Knocker] = {}
        self._identities: dict[str, str] = {}
        self._on_unused = on_unused
        self._events = watched
        self._now_ms = now_ms
        self._settings_changed = trio.Event()
        router.on(sfu.Closed, lambda _: self._router_closed())

    @property
    def in_use(self) -> bool:
        """Whether anybody is in it, or waits to be let in by somebody who may still come."""
        return bool(self.members) or (bool(self._knockers) and self.room.settings.kept and not self.over)

    async def run(self) -> None:
        """Carry out what the room decides until `close`, and end the call when its time is over.

        A failure of ours ends this room and no other.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch_the_clock)
                await self.media.run()
                nursery.cancel_scope.cancel()
        except Exception:  # noqa: BLE001 - whatever it is, the other rooms go on
            logger.exception("room failed", extra=fields(room=self.room.id))
            self._failed()

    def close(self) -> None:
        """End `run` when what is queued is done. Nobody is in any more."""
        self.over = True
        self._turn_away("roomEnded")
        self.media.close()

    # Members

    def enter(
        self,
        participant_id: str,
        member: Member,
        display_name: str,
        admission: Admission,
        earlier: str | None = None,
    ) -> results.Participant:
        """Take someone in, or raise what `Room.join` raises.

        Their earlier self, by identity or known as `earlier`, goes, and they keep what that one was in the room.
        """
        if self.over:
            raise ProtocolError(ErrorCode.NOT_FOUND, "The call has just ended.")
        self.room.check_display_name(display_name)  # or they would be gone and nobody come
        selves = [earlier] if earlier is not None else []
        selves += [one for one in self._selves(admission.identity) if one != earlier]
        standing = self.room.standing(selves[0]) if selves else None
        for one in selves:
            self.members[one].replaced()
        joined_at, identity = self._now_ms(), admission.identity
        effects = self.room.join(
            participant_id,
            display_name,
            joined_at,
            admission.role,
            identity=identity,
            standing=standing,
            own=admission.permissions,
        )
        if identity is not None:
            self._identities[identity] = participant_id
        self.members[participant_id] = member
        self.execute(effects)
        me = self.room.participant(participant_id)
        if not self.started:
            self.started = True
            self._events.tell(events.RoomStarted(joined_at, self.room.id))
        self._events.tell(
            events.ParticipantJoined(joined_at, self.room.id, participant_id, me.displayName, me.role, identity)
        )
        return me

    @property
    def identities(self) -> dict[str, str]:
        """Who the participants are whose token said so, by participant id."""
        return {participant_id: identity for identity, participant_id in self._identities.items()}

    def is_back(self, identity: str | None) -> bool:
        """Whether somebody of that identity is in the room already."""
        return bool(self._selves(identity))

    def leave(self, participant_id: str, reason: Reason) -> None:
        """Let someone go; the last one ends the room."""
        if self.members.pop(participant_id, None) is None:
            return
        self._let_go(participant_id, reason)
        if not self.members:
            self._on_unused(self)

    def end(self, reason: Reason) -> None:
        """End the call for everyone."""
        if self.over:
            return
        self.over = True
        logger.info("call ended", extra=fields(room=self.room.id, reason=reason))
        self._turn_away(reason)
        members = dict(self.members)
        self.members.clear()  # nobody hears of the others' leaving
        for participant_id, member in members.items():
            self._let_go(participant_id, reason)
            member.call_ended(reason)
        self._on_unused(self)

    # The lobby

    def knock(self, knock_id: str, knocker: Knocker, display_name: str, identity: str | None) -> None:
        """Have someone wait, or raise what `Room.knock` raises."""
        if self.over:
            raise ProtocolError(ErrorCode.NOT_FOUND, "The call has just ended.")
        effects = self.room.knock(knock_id, display_name, identity)
        self._knockers[knock_id] = knocker
        self.execute(effects)

    def give_up(self, knock_id: str) -> None:
        """They wait no more. Who does not wait is no error."""
        self.execute(self.room.give_up(knock_id))
        if not self.in_use:
            self._on_unused(self)

    def execute(self, effects: list[Effect]) -> None:
        """Carry out a room's effects."""
        for effect in effects:
            match effect:
                case Notify(to, notification):
                    announcement = Announcement(notification)
                    for participant_id in to:
                        if member := self.members.get(participant_id):
                            member.tell(announcement)
                case Expel(participant_id):
                    self.members[participant_id].removed()
                case EndCall(reason):
                    self.end(reason)
                case KnockEnded(knock, outcome):
                    self._tell_watchers(effect)
                    self._end_knock(knock, outcome)
                case SettingsChanged():
                    self._settings_changed.set()
                    self._tell_watchers(effect)
                case ProducerStarted() | ProducerEnded() | ParticipantChanged() | MessageSent() | KnockStarted():
                    self._tell_watchers(effect)
                case _:
                    self.media.command(effect)

    # Helpers

    def _selves(self, identity: str | None) -> list[str]:
        return [self._identities[identity]] if identity is not None and identity in self._identities else []

    def _let_go(self, participant_id: str, reason: Reason) -> None:
        self._identities = {who: other for who, other in self._identities.items() if other != participant_id}
        # Here and not in the session: whoever's socket broke has none any more when the time to come back is over.
        logger.info("left", extra=fields(room=self.room.id, participant=participant_id, reason=reason))
        self.execute(self.room.leave(participant_id, reason))
        self._events.tell(events.ParticipantLeft(self._now_ms(), self.room.id, participant_id, reason))

    def _end_knock(self, knock: Knock, outcome: str) -> None:
        knocker = self._knockers.pop(knock.id)
        if outcome == "admitted":
            knocker.admitted()
        elif outcome == "rejected":
            knocker.rejected("removed")

    def _turn_away(self, reason: Reason) -> None:
        for knock_id, knocker in list(self._knockers.items()):
            self.execute(self.room.give_up(knock_id))
            knocker.rejected(reason)

    def _tell_watchers(self, effect: Told) -> None:
        self._events.tell(event_of(effect, self._now_ms(), self.room.id))

    async def _watch_the_clock(self) -> None:
        while True:
            expires_at = self.room.settings.expires_at
            left_s = math.inf if expires_at is None else (expires_at - self._now_ms()) / 1000
            if left_s <= 0:
                self.end("expired")
                return
            self._settings_changed = trio.Event()
            with trio.move_on_after(min(left_s, _LOOK_S) if expires_at is not None else math.inf):
                await self._settings_changed.wait()

    def _router_closed(self) -> None:
        if self.members or self._knockers:
            logger.error("room lost its media worker", extra=fields(room=self.room.id))
            self._failed()

    def _failed(self) -> None:
        self._turn_away("error")
        for member in list(self.members.values()):
            member.room_failed()
