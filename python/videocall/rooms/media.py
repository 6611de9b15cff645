"""What participants publish and receive: their transports, producers and consumers."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import notifications as n
from videocall.protocol.fields import Kind, Reason, Source
from videocall.protocol.shapes import Speaker
from videocall.rooms.effects import (
    CloseConsumer,
    CloseProducer,
    Effect,
    Notify,
    PauseProducer,
    ProducerEnded,
    ProducerStarted,
    ResumeProducer,
)
from videocall.rooms.people import People, not_found
from videocall.rooms.rights import may_publish
from videocall.rooms.state import ConsumerState, ParticipantState, ProducerState, TransportState

__all__ = ["Media"]


_KIND_OF: Final[dict[Source, Kind]] = {
    "microphone": "audio",
    "camera": "video",
    "screen": "video",
    "screenAudio": "audio",
}


class Media(People):
    """A room's media objects, by their owners. Every right to publish is checked here, and held to when it is lost."""

    @property
    def producers(self) -> list[results.Producer]:
        """What is published, in order of its beginning."""
        return [producer.wire() for producer in self._producers.values()]

    def possessions(self, participant_id: str) -> tuple[list[str], list[results.OwnConsumer]]:
        """The ids of their transports, and what they receive."""
        owner = self._participant(participant_id)
        return list(owner.transports), [results.OwnConsumer(c.id, c.producer) for c in owner.consumers.values()]

    # Transports

    def check_new_transport(self, participant_id: str) -> None:
        """Raise `ProtocolError` unless they may have one more transport."""
        _check_limit(len(self._participant(participant_id).transports), self.limits.transports_each, "transports")

    def add_transport(self, participant_id: str, transport_id: str, direction: Literal["send", "recv"]) -> None:
        """Remember a new transport."""
        self.check_new_transport(participant_id)
        transport = TransportState(transport_id, participant_id, direction)
        self._participants[participant_id].transports[transport_id] = transport

    def check_transport(
        self, participant_id: str, transport_id: str, direction: Literal["send", "recv"] | None = None
    ) -> None:
        """Raise `ProtocolError` unless the transport is theirs and, when asked for, of that direction."""
        transport = self._participant(participant_id).transports.get(transport_id)
        if transport is None:
            raise not_found("transport", transport_id)
        if direction is not None and transport.direction != direction:
            raise ProtocolError(ErrorCode.CONFLICT, f"That transport does not {_VERBS[direction]}.")

    def transport_closed(self, participant_id: str, transport_id: str) -> list[Effect]:
        """The media core closed a transport. One that is not known any more is no error."""
        owner = self._participants.get(participant_id)
        if owner is None or owner.transports.pop(transport_id, None) is None:
            return []
        effects: list[Effect] = []
        for producer in [p for p in owner.producers.values() if p.transport == transport_id]:
            effects += self._drop_producer(producer, "transportClosed", tell_owner=True)
        for consumer in [c for c in owner.consumers.values() if c.transport == transport_id]:
            effects += self._drop_consumer(consumer, "transportClosed")
        effects += self._settle_cameras(owner)
        return effects

    # Producers

    def check_produce(self, participant_id: str, transport_id: str, kind: Kind, source: Source | None) -> Source:
        """Say what the source of a new producer is, or raise `ProtocolError` when it may not be made."""
        self.check_transport(participant_id, transport_id, "send")
        _check_limit(len(self._participant(participant_id).producers), self.limits.producers_each, "producers")
        resolved: Source = source or ("microphone" if kind == "audio" else "camera")
        if _KIND_OF[resolved] != kind:
            raise ProtocolError(ErrorCode.BAD_REQUEST, f"The source {resolved} is not {kind}.")
        if not may_publish(self._participants[participant_id].permissions, resolved):
            raise ProtocolError(ErrorCode.FORBIDDEN, f"You have no permission to publish a {resolved}.")
        return resolved

    def starts_held(self, participant_id: str, source: Source) -> bool:
        """Whether a new producer of that source would be paused at once, its owner's screen being in its place."""
        return source == "camera" and _screen_takes_over(self._participant(participant_id))

    def add_producer(
        self,
        participant_id: str,
        transport_id: str,
        producer_id: str,
        kind: Kind,
        source: Source | None,
        *,
        paused: bool = False,
        keeps_camera: bool = False,
        media_paused: bool = False,
    ) -> list[Effect]:
        """Announce a new producer.

        It is `paused` when its owner wants it so; a screen that `keeps_camera` has the camera go on beside it. Media
        that was made other than it is to be, `media_paused` or not, is changed by an effect.
        """
        resolved = self.check_produce(participant_id, transport_id, kind, source)
        owner = self._participants[participant_id]
        held = self.starts_held(participant_id, resolved)
        producer = ProducerState(producer_id, participant_id, transport_id, kind, resolved, paused, keeps_camera, held)
        owner.producers[producer_id] = producer
        self._producers[producer_id] = producer
        effects = self._settle_cameras(owner)
        if producer.paused != media_paused:
            effects.append(PauseProducer(producer_id) if producer.paused else ResumeProducer(producer_id))
        effects += self._tell_others(
            participant_id, n.NewProducer(producer.id, producer.owner, kind, resolved, producer.paused)
        )
        effects.append(ProducerStarted(producer.wire()))
        return effects

    def heard(self, volumes: Mapping[str, int]) -> list[Effect]:
        """Tell everyone who can be heard: volumes in dBov by producer id, in their order."""
        speakers = [
            Speaker(producer.owner, producer.id, volume)
            for producer_id, volume in volumes.items()
            if (producer := self._producers.get(producer_id))
        ]
        return list(self._tell(self._participants, n.ActiveSpeakers(speakers)))

    def pause_producer(self, participant_id: str, producer_id: str) -> list[Effect]:
        """Their owner wants it paused. Pausing twice changes nothing."""
        return self._set_pause(self._own_producer(participant_id, producer_id), paused_by_owner=True)

    def resume_producer(self, participant_id: str, producer_id: str) -> list[Effect]:
        """Their owner wants it to go on, be it muted; a camera that a screen stands in for goes on after the screen."""
        return self._set_pause(self._own_producer(participant_id, producer_id), paused_by_owner=False, muted=False)

    def close_producer(self, participant_id: str, producer_id: str) -> list[Effect]:
        """Their owner ends it."""
        producer = self._own_producer(participant_id, producer_id)
        effects = self._drop_producer(producer, "closed", tell_owner=False)
        effects.append(CloseProducer(producer_id))
        effects += self._settle_cameras(self._participants[participant_id])
        return effects

    def producer_closed(self, producer_id: str, reason: Reason) -> list[Effect]:
        """The media core closed a producer. One that is not known any more is no error."""
        producer = self._producers.get(producer_id)
        if producer is None:
            return []
        effects = self._drop_producer(producer, reason, tell_owner=True)
        effects += self._settle_cameras(self._participants[producer.owner])
        return effects

    def check_producer(self, participant_id: str, producer_id: str) -> None:
        """Raise `ProtocolError` unless the producer is theirs."""
        self._own_producer(participant_id, producer_id)

    # Consumers

    def check_consume(self, participant_id: str, transport_id: str, producer_id: str) -> None:
        """Raise `ProtocolError` unless they may receive that producer on that transport."""
        self.check_transport(participant_id, transport_id, "recv")
        if producer_id not in self._producers:
            raise not_found("producer", producer_id)
        _check_limit(len(self._participant(participant_id).consumers), self.limits.consumers_each, "consumers")

    def add_consumer(
        self, participant_id: str, transport_id: str, consumer_id: str, producer_id: str
    ) -> results.Producer:
        """Remember a new consumer, and say how its producer is now."""
        self.check_consume(participant_id, transport_id, producer_id)
        consumer = ConsumerState(consumer_id, participant_id, transport_id, producer_id)
        producer = self._producers[producer_id]
        self._participants[participant_id].consumers[consumer_id] = consumer
        producer.consumers[consumer_id] = consumer
        return producer.wire()

    def check_consumer(self, participant_id: str, consumer_id: str) -> None:
        """Raise `ProtocolError` unless the consumer is theirs."""
        if consumer_id not in self._participant(participant_id).consumers:
            raise not_found("consumer", consumer_id)

    def close_consumer(self, participant_id: str, consumer_id: str) -> list[Effect]:
        """Their owner wants it no more."""
        self.check_consumer(participant_id, consumer_id)
        self._forget_consumer(self._participants[participant_id].consumers[consumer_id])
        return [CloseConsumer(consumer_id)]

    def consumer_closed(self, participant_id: str, consumer_id: str, reason: Reason) -> list[Effect]:
        """The media core closed a consumer. One that is not known any more is no error."""
        owner = self._participants.get(participant_id)
        consumer = owner.consumers.get(consumer_id) if owner else None
        return list(self._drop_consumer(consumer, reason)) if consumer else []

    # Helpers, of the outer parts too

    def _own_producer(self, participant_id: str, producer_id: str) -> ProducerState:
        producer = self._participant(participant_id).producers.get(producer_id)
        if producer is None:
            raise not_found("producer", producer_id)
        return producer

    def _drop_producer(self, producer: ProducerState, reason: Reason, *, tell_owner: bool) -> list[Effect]:
        del self._producers[producer.id]
        if owner := self._participants.get(producer.owner):
            del owner.producers[producer.id]
        effects: list[Effect] = []
        for consumer in list(producer.consumers.values()):
            effects += self._drop_consumer(consumer, reason)
        notification = n.ProducerClosed(producer.id, producer.owner, reason)
        effects += self._tell_others("" if tell_owner else producer.owner, notification)
        effects.append(ProducerEnded(producer.wire(), reason))
        return effects

    def _drop_consumer(self, consumer: ConsumerState, reason: Reason) -> Iterator[Effect]:
        self._forget_consumer(consumer)
        yield Notify((consumer.owner,), n.ConsumerClosed(consumer.id, consumer.producer, reason))

    def _forget_consumer(self, consumer: ConsumerState) -> None:
        del self._participants[consumer.owner].consumers[consumer.id]
        if producer := self._producers.get(consumer.producer):
            del producer.consumers[consumer.id]

    def _set_pause(
        self,
        producer: ProducerState,
        *,
        paused_by_owner: bool | None = None,
        muted: bool | None = None,
        held: bool | None = None,
    ) -> list[Effect]:
        was_paused, was_muted = producer.paused, producer.muted
        producer.paused_by_owner = producer.paused_by_owner if paused_by_owner is None else paused_by_owner
        producer.muted = producer.muted if muted is None else muted
        producer.held = producer.held if held is None else held
        newly_muted = producer.muted and not was_muted
        paused = n.ProducerPaused(producer.id, producer.owner, producer.paused_by)
        if producer.paused == was_paused:
            # To the others nothing is new; but its owner has to know that it stays paused.
            return [Notify((producer.owner,), paused)] if newly_muted else []
        consumers = producer.consumers.values()
        if producer.paused:
            effects: list[Effect] = [PauseProducer(producer.id)]
            effects += self._tell_others("" if newly_muted else producer.owner, paused)
            effects += [Notify((c.owner,), n.ConsumerPaused(c.id, producer.id)) for c in consumers]
        else:
            effects = [ResumeProducer(producer.id)]
            effects += self._tell_others(producer.owner, n.ProducerResumed(producer.id, producer.owner))
            effects += [Notify((c.owner,), n.ConsumerResumed(c.id, producer.id)) for c in consumers]
        return effects

    def _close_forbidden(self, owner: ParticipantState) -> list[Effect]:
        """Close what they publish and may not publish any more."""
        forbidden = [p for p in owner.producers.values() if not may_publish(owner.permissions, p.source)]
        effects: list[Effect] = []
        for producer in forbidden:
            effects += self._drop_producer(producer, "removed", tell_owner=True)
            effects.append(CloseProducer(producer.id))
        return effects + self._settle_cameras(owner)

    def _settle_cameras(self, owner: ParticipantState) -> list[Effect]:
        held = _screen_takes_over(owner)
        effects: list[Effect] = []
        for producer in owner.producers.values():
            if producer.source == "camera":
                effects += self._set_pause(producer, held=held)
        return effects


_VERBS: Final = {"send": "send to the server", "recv": "receive from the server"}


def _screen_takes_over(owner: ParticipantState) -> bool:
    return any(producer.source == "screen" and not producer.keeps_camera for producer in owner.producers.values())


def _check_limit(count: int, limit: int, what: str) -> None:
    if count >= limit:
        raise ProtocolError(ErrorCode.LIMIT_REACHED, f"You may have {limit} {what} at most.")
