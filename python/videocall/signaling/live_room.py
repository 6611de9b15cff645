"""A room with its router, its media objects and its members."""

import logging
import math
from collections.abc import Callable
from typing import Final, Protocol, TypeVar, assert_never

import trio
from attrs import define, field

from videocall import sfu
from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol.fields import Reason
from videocall.protocol.framing import Announcement
from videocall.rooms import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    Effect,
    Notify,
    PauseProducer,
    ProducerEnded,
    ProducerStarted,
    ResumeProducer,
    Room,
)
from videocall.signaling import events, media
from videocall.signaling.log import fields, logger
from videocall.tokens import Admission

__all__ = ["LiveRoom", "Member"]

T = TypeVar("T")

_Command = PauseProducer | ResumeProducer | CloseTransport | CloseProducer | CloseConsumer


class Member(Protocol):
    """Whoever sits at a participant's socket."""

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        ...

    def room_failed(self) -> None:
        """The room is gone with its worker."""
        ...

    def replaced(self) -> None:
        """The same identity enters the room anew; leaves at once."""
        ...


@define
class _Media:
    transports: dict[str, media.Transport] = field(factory=dict[str, media.Transport])
    producers: dict[str, media.Producer] = field(factory=dict[str, media.Producer])
    consumers: dict[str, media.Consumer] = field(factory=dict[str, media.Consumer])


class LiveRoom:
    """Runs what `Room` decides.

    `execute` never waits: notifications go to the members' queues at once, and commands to the media core into one
    queue, which `run` works off in order. What the core closes by itself comes back through the objects' events.
    """

    def __init__(
        self,
        room: Room,
        router: media.Router,
        *,
        on_empty: Callable[["LiveRoom"], None],
        watched: events.Events,
        now_ms: Callable[[], int],
    ) -> None:
        self.room: Final = room
        self.router: Final = router
        self.members: Final[dict[str, Member]] = {}
        self.media: Final = _Media()
        self._identities: dict[str, str] = {}
        self._on_empty = on_empty
        self._events = watched
        self._now_ms = now_ms
        self._commands, self._todo = trio.open_memory_channel[_Command](math.inf)
        router.on(sfu.Closed, lambda _: self._router_closed())

    async def run(self) -> None:
        """Carry out media commands until `close`, then close the router."""
        async with self._todo:
            async for command in self._todo:
                await self._carry_out(command)
        await self.router.close()

    def close(self) -> None:
        """End `run` when what is queued is done."""
        self._commands.close()

    # Members

    def enter(
        self, participant_id: str, member: Member, display_name: str, joined_at: int, admission: Admission
    ) -> results.Participant:
        """Take someone in, or raise what `Room.join` raises. Their earlier self, by identity, goes."""
        identity, name = admission.identity, admission.display_name or display_name
        if identity is not None and (earlier := self._identities.get(identity)):
            self.room.check_display_name(name)  # or they would be gone and nobody come
            self.members[earlier].replaced()
        effects = self.room.join(participant_id, name, joined_at, admission.role)
        if identity is not None:
            self._identities[identity] = participant_id
        self.members[participant_id] = member
        self.execute(effects)
        me = self.room.participant(participant_id)
        self._events.tell(
            events.ParticipantJoined(joined_at, self.room.id, participant_id, me.displayName, me.role, identity)
        )
        return me

    def leave(self, participant_id: str, reason: Reason) -> None:
        """Let someone go; the last one ends the room."""
        if self.members.pop(participant_id, None) is None:
            return
        self._identities = {who: other for who, other in self._identities.items() if other != participant_id}
        self.execute(self.room.leave(participant_id, reason))
        self._events.tell(events.ParticipantLeft(self._now_ms(), self.room.id, participant_id, reason))
        if not self.members:
            self._on_empty(self)

    def execute(self, effects: list[Effect]) -> None:
        """Carry out a room's effects."""
        for effect in effects:
            match effect:
                case Notify(to, notification):
                    announcement = Announcement(notification)
                    for participant_id in to:
                        if member := self.members.get(participant_id):
                            member.tell(announcement)
                case ProducerStarted(producer):
                    where = (self._now_ms(), self.room.id, producer.participantId, producer.producerId)
                    self._events.tell(events.ProducerStarted(*where, producer.kind, producer.source))
                case ProducerEnded(producer, reason):
                    where = (self._now_ms(), self.room.id, producer.participantId, producer.producerId)
                    self._events.tell(events.ProducerClosed(*where, reason))
                case _:
                    self._commands.send_nowait(effect)

    # Media objects, from their making to their end

    def transport(self, transport_id: str) -> media.Transport:
        """A transport that the room knows; ``NOT_FOUND`` when the core closed it this moment."""
        return _present(self.media.transports.get(transport_id))

    def producer(self, producer_id: str) -> media.Producer:
        """Likewise for a producer."""
        return _present(self.media.producers.get(producer_id))

    def consumer(self, consumer_id: str) -> media.Consumer:
        """Likewise for a consumer."""
        return _present(self.media.consumers.get(consumer_id))

    def add_transport(self, owner: str, transport: media.Transport) -> None:
        """Follow a transport until it is closed."""
        self.media.transports[transport.id] = transport

        def closed() -> None:
            if self.media.transports.pop(transport.id, None):
                self.execute(self.room.transport_closed(owner, transport.id))

        _when_closed(transport, closed)
        self._log_states(owner, transport)

    def add_producer(self, producer: media.Producer) -> None:
        """Follow a producer until it is closed."""
        self.media.producers[producer.id] = producer

        def closed() -> None:
            if self.media.producers.pop(producer.id, None):
                self.execute(self.room.producer_closed(producer.id, _reason(producer)))

        _when_closed(producer, closed)

    def add_consumer(self, owner: str, consumer: media.Consumer) -> None:
        """Follow a consumer until it is closed."""
        self.media.consumers[consumer.id] = consumer

        def closed() -> None:
            if self.media.consumers.pop(consumer.id, None):
                self.execute(self.room.consumer_closed(owner, consumer.id, _reason(consumer)))

        _when_closed(consumer, closed)

    # Helpers

    async def _carry_out(self, command: _Command) -> None:
        try:
            match command:
                case CloseTransport(transport_id):
                    await _close(self.media.transports.get(transport_id))
                case CloseProducer(producer_id):
                    await _close(self.media.producers.get(producer_id))
                case CloseConsumer(consumer_id):
                    await _close(self.media.consumers.get(consumer_id))
                case PauseProducer(producer_id):
                    if producer := self.media.producers.get(producer_id):
                        await producer.pause()
                case ResumeProducer(producer_id):
                    if producer := self.media.producers.get(producer_id):
                        await producer.resume()
                case _:
                    assert_never(command)
        except (sfu.NotFoundError, sfu.ClosedError):
            pass  # closed in the meantime: what the command wanted has no object any more
        except sfu.SfuError as error:
            logger.error(
                "media command failed", extra=fields(room=self.room.id, command=str(command), error=str(error))
            )

    def _log_states(self, owner: str, transport: media.Transport) -> None:
        def log(what: str, state: str) -> None:
            level = logging.WARNING if state == "failed" else logging.INFO
            extra = fields(room=self.room.id, participant=owner, transport=transport.id, state=state)
            logger.log(level, what, extra=extra)

        transport.on(sfu.IceStateChange, lambda event: log("ice", event.ice_state))
        transport.on(sfu.DtlsStateChange, lambda event: log("dtls", event.dtls_state))

    def _router_closed(self) -> None:
        if self.members:
            logger.error("room lost its media worker", extra=fields(room=self.room.id))
            for member in list(self.members.values()):
                member.room_failed()


def _present(item: T | None) -> T:
    if item is None:
        raise ProtocolError(ErrorCode.NOT_FOUND)
    return item


async def _close(item: media.Closable | None) -> None:
    if item is not None:
        await item.close()


def _when_closed(item: media.Closable, callback: Callable[[], None]) -> None:
    item.on(sfu.Closed, lambda _: callback())
    if item.closed:
        callback()


def _reason(item: media.Closable) -> Reason:
    match item.close_reason:
        case "transportClosed":
            return "transportClosed"
        case "error" | "routerClosed":
            return "error"
        case _:
            return "closed"
