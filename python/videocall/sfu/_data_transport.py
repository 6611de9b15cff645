"""What all transports have in common: their place in the router, and their data producers and consumers."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from videocall import ortc
from videocall.ortc.types import RtpCapabilities, SctpStreamParameters

from ._channel import Connection
from ._data import DataConsumer, DataConsumerSpec, DataConsumerState, DataProducer, DataProducerSpec, DataProducerState
from ._errors import InvalidArgumentError, NotFoundError
from ._events import CloseReason
from ._negotiation import negotiating
from ._object import SfuObject, parse_stats
from ._producer import Producer

NO_DATA: Final[Mapping[str, Any]] = MappingProxyType({})


class RouterBooks(Protocol):
    """What a transport needs of its router."""

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """The router's capabilities."""
        ...

    def find_producer(self, producer_id: str) -> Producer | None:
        """A producer of the router."""
        ...

    def add_producer(self, producer: Producer) -> None:
        """Take note of a producer."""
        ...

    def remove_producer(self, producer_id: str) -> None:
        """Forget a producer."""
        ...

    def find_data_producer(self, data_producer_id: str) -> DataProducer | None:
        """A data producer of the router."""
        ...

    def add_data_producer(self, producer: DataProducer) -> None:
        """Take note of a data producer."""
        ...

    def remove_data_producer(self, data_producer_id: str) -> None:
        """Forget a data producer."""
        ...

    def remove_transport(self, transport_id: str) -> None:
        """Forget a transport."""
        ...


class DataTransport(SfuObject):
    """Base of all transports."""

    def __init__(
        self, transport_id: str, connection: Connection, router: RouterBooks, app_data: Mapping[str, Any]
    ) -> None:
        super().__init__(transport_id, connection)
        self._router = router
        self._app_data = app_data
        self._data_producers: dict[str, DataProducer] = {}
        self._data_consumers: dict[str, DataConsumer] = {}

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._app_data

    @property
    def data_producers(self) -> tuple[DataProducer, ...]:
        """Open data producers, oldest first."""
        return tuple(self._data_producers.values())

    @property
    def data_consumers(self) -> tuple[DataConsumer, ...]:
        """Open data consumers, oldest first."""
        return tuple(self._data_consumers.values())

    async def produce_data(
        self,
        *,
        sctp_stream_parameters: SctpStreamParameters | None = None,
        label: str = "",
        protocol: str = "",
        paused: bool = False,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> DataProducer:
        """Receive messages: from the client on an SCTP stream, or on a direct transport from `DataProducer.send`.

        Args:
            sctp_stream_parameters: the stream that the client will send on; `None` on a direct transport.
            label: the channel's name, which consumers are told.
            protocol: the channel's subprotocol, likewise.
            paused: start without forwarding anything.
            app_data: kept for the caller.

        Raises:
            InvalidArgumentError: a stream that was not negotiated, or contradicting parameters.
            UnsupportedError: the transport has no SCTP.
            ConflictError: the stream is in use.
            ClosedError: the transport is closed.
            trio.Cancelled: no producer is left behind: if the worker makes it, it is closed at once.
        """
        with negotiating():
            if sctp_stream_parameters is not None:
                sctp_stream_parameters = ortc.from_wire(
                    SctpStreamParameters, sctp_stream_parameters, name="sctpStreamParameters"
                )
        spec = DataProducerSpec(str(uuid.uuid4()), label, protocol, app_data)
        data = {
            "transportId": self.id,
            "dataProducerId": spec.id,
            "sctpStreamParameters": sctp_stream_parameters,
            "label": label,
            "protocol": protocol,
            "paused": paused,
        }

        def done(ok: bytes) -> DataProducer:
            state = msgspec.json.decode(ok, type=DataProducerState)
            producer = DataProducer(self._connection, spec, state, paused=paused, forget=self._forget_data_producer)
            self._data_producers[producer.id] = producer
            self._router.add_data_producer(producer)
            return producer

        return await self._call("produceData", data, done, self._closer("closeDataProducer", "dataProducerId"))

    async def consume_data(
        self,
        *,
        data_producer_id: str,
        ordered: bool | None = None,
        max_packet_life_time: int | None = None,
        max_retransmits: int | None = None,
        subchannels: Sequence[int] = (),
        paused: bool = False,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> DataConsumer:
        """Send a data producer's messages to the client, on an SCTP stream that is chosen here, or to `Message` events.

        Args:
            data_producer_id: of a data producer of the same router.
            ordered: deliver in order; `None` is as the producer has it.
            max_packet_life_time: milliseconds, 1 to 65535, after which a message is given up; `None` with
                `max_retransmits` `None` is as the producer has it.
            max_retransmits: repetitions, 0 to 65535, after which a message is given up.
            subchannels: which of the producer's subchannels to take, 0 to 65535 each.
            paused: start without sending.
            app_data: kept for the caller.

        Raises:
            NotFoundError: the router has no such data producer.
            InvalidArgumentError: arguments that contradict each other.
            UnsupportedError: the transport has no SCTP.
            ConflictError: every stream is in use.
            ClosedError: the transport is closed.
            trio.Cancelled: no consumer is left behind: if the worker makes it, it is closed at once.
        """
        producer = self._router.find_data_producer(data_producer_id)
        if producer is None:
            raise NotFoundError(f"no data producer {data_producer_id} in this router")
        for name, value in (("maxPacketLifeTime", max_packet_life_time), ("maxRetransmits", max_retransmits)):
            if value is not None and not 0 <= value <= 65535:
                raise InvalidArgumentError(name, f"{value} is not from 0 to 65535")
        spec = DataConsumerSpec(str(uuid.uuid4()), producer.id, app_data)
        data = {
            "transportId": self.id,
            "dataConsumerId": spec.id,
            "dataProducerId": producer.id,
            "ordered": ordered,
            "maxPacketLifeTime": max_packet_life_time,
            "maxRetransmits": max_retransmits,
            "subchannels": list(subchannels),
            "paused": paused,
        }

        def done(ok: bytes) -> DataConsumer:
            state = msgspec.json.decode(ok, type=DataConsumerState)
            consumer = DataConsumer(self._connection, spec, state, paused=paused, forget=self._forget_data_consumer)
            self._data_consumers[consumer.id] = consumer
            producer.add_consumer(consumer)
            return consumer

        return await self._call("consumeData", data, done, self._closer("closeDataConsumer", "dataConsumerId"))

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics of the transport, with the worker's names and units.

        Raises:
            ClosedError: the transport is closed.
        """
        return await self._call("getStats", {"transportId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the transport with its producers and consumers. Idempotent, and completes even when cancelled."""
        await self._close("closeTransport", {"transportId": self.id})

    def _closer(self, method: str, key: str) -> Callable[[SfuObject], None]:
        return lambda unwanted: self._connection.post(method, {key: unwanted.id})

    def _forget_data_producer(self, producer: DataProducer) -> None:
        self._data_producers.pop(producer.id, None)
        self._router.remove_data_producer(producer.id)

    def _forget_data_consumer(self, consumer: DataConsumer) -> None:
        self._data_consumers.pop(consumer.id, None)
        producer = self._router.find_data_producer(consumer.data_producer_id)
        if producer is not None:
            producer.remove_consumer(consumer.id)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for child in (*self.data_consumers, *self.data_producers):
            yield child, "transportClosed"

    def _forget(self) -> None:
        self._router.remove_transport(self.id)
