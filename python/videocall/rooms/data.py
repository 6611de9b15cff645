"""What participants say on data channels, and who listens."""

from typing import Final

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import notifications as n
from videocall.protocol.fields import Reason, Role
from videocall.rooms.effects import CloseDataConsumer, CloseDataProducer, Effect, Notify
from videocall.rooms.media import Media
from videocall.rooms.people import not_found
from videocall.rooms.state import DataConsumerState, DataProducerState, ParticipantState

__all__ = ["DataChannels"]

_MAY_SPEAK: Final[frozenset[Role]] = frozenset(("host", "participant"))


class DataChannels(Media):
    """A room's data producers and consumers, by their owners."""

    @property
    def data_producers(self) -> list[results.DataProducer]:
        """The channels that are open, in order of their beginning."""
        return [p.wire() for participant in self._participants.values() for p in participant.data_producers.values()]

    def data_consumers(self, participant_id: str) -> list[results.OwnDataConsumer]:
        """The channels that they receive."""
        consumers = self._participant(participant_id).data_consumers.values()
        return [results.OwnDataConsumer(consumer.id, consumer.producer) for consumer in consumers]

    # Producers

    def check_produce_data(self, participant_id: str, transport_id: str) -> None:
        """Raise `ProtocolError` unless they may open one more channel on that transport."""
        self.check_transport(participant_id, transport_id, "send")
        owner = self._participant(participant_id)
        if owner.standing.role not in _MAY_SPEAK:
            raise ProtocolError(ErrorCode.FORBIDDEN, "Viewers open no data channels.")
        self._check_limit(len(owner.data_producers), self.limits.data_producers_each, "data producers")

    def add_data_producer(
        self, participant_id: str, transport_id: str, data_producer_id: str, label: str, protocol: str
    ) -> list[Effect]:
        """Announce a new channel."""
        self.check_produce_data(participant_id, transport_id)
        producer = DataProducerState(data_producer_id, participant_id, transport_id, label, protocol)
        self._participants[participant_id].data_producers[data_producer_id] = producer
        return list(self._tell_others(participant_id, n.NewDataProducer(producer.id, participant_id, label, protocol)))

    def close_data_producer(self, participant_id: str, data_producer_id: str) -> list[Effect]:
        """Their owner ends it."""
        producer = self._participant(participant_id).data_producers.get(data_producer_id)
        if producer is None:
            raise not_found("data producer", data_producer_id)
        return [*self._drop_data_producer(producer, "closed", tell_owner=False), CloseDataProducer(data_producer_id)]

    def data_producer_closed(self, participant_id: str, data_producer_id: str, reason: Reason) -> list[Effect]:
        """The media core closed a data producer. One that is not known any more is no error."""
        owner = self._participants.get(participant_id)
        producer = owner.data_producers.get(data_producer_id) if owner else None
        return self._drop_data_producer(producer, reason, tell_owner=True) if producer else []

    # Consumers

    def check_consume_data(self, participant_id: str, transport_id: str, data_producer_id: str) -> None:
        """Raise `ProtocolError` unless they may receive that channel on that transport."""
        self.check_transport(participant_id, transport_id, "recv")
        if self._find_data_producer(data_producer_id) is None:
            raise not_found("data producer", data_producer_id)
        owner = self._participant(participant_id)
        self._check_limit(len(owner.data_consumers), self.limits.data_consumers_each, "data consumers")

    def add_data_consumer(
        self, participant_id: str, transport_id: str, data_consumer_id: str, data_producer_id: str
    ) -> None:
        """Remember a new consumer."""
        self.check_consume_data(participant_id, transport_id, data_producer_id)
        consumer = DataConsumerState(data_consumer_id, participant_id, transport_id, data_producer_id)
        self._participants[participant_id].data_consumers[data_consumer_id] = consumer

    def close_data_consumer(self, participant_id: str, data_consumer_id: str) -> list[Effect]:
        """Their owner wants it no more."""
        if self._participant(participant_id).data_consumers.pop(data_consumer_id, None) is None:
            raise not_found("data consumer", data_consumer_id)
        return [CloseDataConsumer(data_consumer_id)]

    def data_consumer_closed(self, participant_id: str, data_consumer_id: str, reason: Reason) -> list[Effect]:
        """The media core closed a data consumer. One that is not known any more is no error."""
        owner = self._participants.get(participant_id)
        consumer = owner.data_consumers.get(data_consumer_id) if owner else None
        return [self._drop_data_consumer(consumer, reason)] if consumer else []

    def transport_closed(self, participant_id: str, transport_id: str) -> list[Effect]:
        """See `Media.transport_closed`; its channels are closed with it."""
        owner = self._participants.get(participant_id)
        effects: list[Effect] = []
        if owner is not None and transport_id in owner.transports:
            for producer in [p for p in owner.data_producers.values() if p.transport == transport_id]:
                effects += self._drop_data_producer(producer, "transportClosed", tell_owner=True)
            for consumer in [c for c in owner.data_consumers.values() if c.transport == transport_id]:
                effects.append(self._drop_data_consumer(consumer, "transportClosed"))
        return effects + super().transport_closed(participant_id, transport_id)

    # Helpers, of the outer parts too

    def _drop_all_data(self, leaver: ParticipantState, reason: Reason) -> list[Effect]:
        """End the channels of somebody who is gone from the books already."""
        effects: list[Effect] = []
        for producer in list(leaver.data_producers.values()):
            effects += self._drop_data_producer(producer, reason, tell_owner=False)
        return effects

    def _close_forbidden(self, owner: ParticipantState) -> list[Effect]:
        effects: list[Effect] = []
        if owner.standing.role not in _MAY_SPEAK:
            for producer in list(owner.data_producers.values()):
                effects += self._drop_data_producer(producer, "removed", tell_owner=True)
                effects.append(CloseDataProducer(producer.id))
        return effects + super()._close_forbidden(owner)

    def _find_data_producer(self, data_producer_id: str) -> DataProducerState | None:
        everyone = (participant.data_producers.get(data_producer_id) for participant in self._participants.values())
        return next((producer for producer in everyone if producer), None)

    def _drop_data_producer(self, producer: DataProducerState, reason: Reason, *, tell_owner: bool) -> list[Effect]:
        if owner := self._participants.get(producer.owner):
            del owner.data_producers[producer.id]
        effects: list[Effect] = [
            self._drop_data_consumer(consumer, reason)
            for participant in self._participants.values()
            for consumer in list(participant.data_consumers.values())
            if consumer.producer == producer.id
        ]
        closed = n.DataProducerClosed(producer.id, producer.owner, reason)
        return [*effects, *self._tell_others("" if tell_owner else producer.owner, closed)]

    def _drop_data_consumer(self, consumer: DataConsumerState, reason: Reason) -> Notify:
        del self._participants[consumer.owner].data_consumers[consumer.id]
        return Notify((consumer.owner,), n.DataConsumerClosed(consumer.id, consumer.producer, reason))

    @staticmethod
    def _check_limit(count: int, limit: int, what: str) -> None:
        if count >= limit:
            raise ProtocolError(ErrorCode.LIMIT_REACHED, f"You may have {limit} {what} at most.")
