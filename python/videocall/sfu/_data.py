"""Data producers and consumers: messages from a client, or from the application, to others."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs
import msgspec

from videocall.ortc.types import SctpStreamParameters

from ._channel import Connection
from ._errors import InvalidArgumentError
from ._events import CloseReason, DataProducerPause, DataProducerResume, Event
from ._object import SfuObject, ignore, parse_stats

DataType: TypeAlias = Literal["sctp", "direct"]

MAX_MESSAGE = 256 << 10
"""Bytes of a message that the application may send; clients' transports have a bound of their own."""


@attrs.frozen
class DataProducerSpec:
    """What a data producer is made of."""

    id: str
    label: str
    protocol: str
    app_data: Mapping[str, Any]


@attrs.frozen
class DataProducerState:
    """What the worker answers to ``produceData``."""

    type: DataType
    sctpStreamParameters: SctpStreamParameters | None = None


@attrs.frozen
class DataConsumerSpec:
    """What a data consumer is made of."""

    id: str
    data_producer_id: str
    app_data: Mapping[str, Any]


@attrs.frozen
class DataConsumerState:
    """What the worker answers to ``consumeData``."""

    type: DataType
    label: str
    protocol: str
    dataProducerPaused: bool
    sctpStreamParameters: SctpStreamParameters | None = None


@attrs.frozen
class _Buffered:
    bufferedAmount: int


class DataProducer(SfuObject):
    """Messages of a client or of the application. Made by `produce_data` of a transport. Emits `Closed`."""

    def __init__(
        self,
        connection: Connection,
        spec: DataProducerSpec,
        state: DataProducerState,
        *,
        paused: bool,
        forget: Callable[["DataProducer"], None],
    ) -> None:
        super().__init__(spec.id, connection)
        self._spec = spec
        self._state = state
        self._paused = paused
        self._forget_me = forget
        self._consumers: dict[str, DataConsumer] = {}

    @property
    def type(self) -> DataType:
        """``sctp`` (a client's) or ``direct`` (the application's)."""
        return self._state.type

    @property
    def sctp_stream_parameters(self) -> SctpStreamParameters | None:
        """The client's stream; `None` for the application's."""
        return self._state.sctpStreamParameters

    @property
    def label(self) -> str:
        """The channel's name."""
        return self._spec.label

    @property
    def protocol(self) -> str:
        """The channel's subprotocol."""
        return self._spec.protocol

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._spec.app_data

    @property
    def paused(self) -> bool:
        """Whether its messages go to nobody."""
        return self._paused

    async def pause(self) -> None:
        """Drop its messages until `resume`; consumers get `DataProducerPause`. Idempotent.

        Raises:
            ClosedError: the producer is closed.
        """
        await self._set_paused("pauseDataProducer", paused=True)

    async def resume(self) -> None:
        """Forward its messages again; consumers get `DataProducerResume`. Idempotent.

        Raises:
            ClosedError: the producer is closed.
        """
        await self._set_paused("resumeDataProducer", paused=False)

    async def send(
        self, message: str | bytes, *, subchannels: Sequence[int] = (), required_subchannel: int | None = None
    ) -> None:
        """Send a message to the consumers of a direct producer.

        Args:
            message: text or bytes, 262144 bytes at most.
            subchannels: send only to consumers of at least one of these; to all when empty.
            required_subchannel: send only to consumers of this one.

        Raises:
            InvalidArgumentError: the message is too long.
            UnsupportedError: the producer is a client's.
            ClosedError: the producer is closed.
            trio.Cancelled: the message may have been sent all the same.
        """
        data: dict[str, object] = {"dataProducerId": self.id, "subchannels": list(subchannels)} | encode(message)
        await self._call("sendData", data | {"requiredSubchannel": required_subchannel}, ignore)

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics, one mapping: ``messagesReceived`` and ``bytesReceived``.

        Raises:
            ClosedError: the producer is closed.
        """
        return await self._call("getStats", {"dataProducerId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the producer and all its consumers. Idempotent, and completes even when cancelled."""
        await self._close("closeDataProducer", {"dataProducerId": self.id})

    def add_consumer(self, consumer: "DataConsumer") -> None:
        """Take note of a consumer. Not for callers."""
        self._consumers[consumer.id] = consumer

    def remove_consumer(self, consumer_id: str) -> None:
        """Forget a consumer. Not for callers."""
        self._consumers.pop(consumer_id, None)

    async def _set_paused(self, method: str, *, paused: bool) -> None:
        def done(_: bytes) -> None:
            self._paused = paused

        await self._call(method, {"dataProducerId": self.id}, done)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for consumer in self._consumers.values():
            yield consumer, "dataProducerClosed"

    def _forget(self) -> None:
        self._forget_me(self)


class DataConsumer(SfuObject):
    """Messages on their way to a client or to the application. Made by `consume_data` of a transport.

    Emits `DataProducerPause`, `DataProducerResume`, `BufferedAmountLow`, `SctpSendBufferFull`, on a direct transport
    `Message`, and `Closed`.
    """

    def __init__(
        self,
        connection: Connection,
        spec: DataConsumerSpec,
        state: DataConsumerState,
        *,
        paused: bool,
        forget: Callable[["DataConsumer"], None],
    ) -> None:
        super().__init__(spec.id, connection)
        self._spec = spec
        self._state = state
        self._paused = paused
        self._producer_paused = state.dataProducerPaused
        self._forget_me = forget

    @property
    def data_producer_id(self) -> str:
        """Id of the producer whose messages these are."""
        return self._spec.data_producer_id

    @property
    def type(self) -> DataType:
        """``sctp`` (to a client) or ``direct`` (to the application)."""
        return self._state.type

    @property
    def sctp_stream_parameters(self) -> SctpStreamParameters | None:
        """What the client needs to receive: the stream chosen for it; `None` on a direct transport."""
        return self._state.sctpStreamParameters

    @property
    def label(self) -> str:
        """The channel's name."""
        return self._state.label

    @property
    def protocol(self) -> str:
        """The channel's subprotocol."""
        return self._state.protocol

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._spec.app_data

    @property
    def paused(self) -> bool:
        """Whether this consumer is paused; its producer may be paused besides."""
        return self._paused

    @property
    def data_producer_paused(self) -> bool:
        """Whether the producer is paused."""
        return self._producer_paused

    async def pause(self) -> None:
        """Send nothing until `resume`; messages of that time are lost. Idempotent.

        Raises:
            ClosedError: the consumer is closed.
        """
        await self._set_paused("pauseDataConsumer", paused=True)

    async def resume(self) -> None:
        """Send messages again. Idempotent.

        Raises:
            ClosedError: the consumer is closed.
        """
        await self._set_paused("resumeDataConsumer", paused=False)

    async def send(self, message: str | bytes) -> None:
        """Send a message of the application to this consumer's client alone.

        What does not fit into the transport's send buffer is dropped, see `SctpSendBufferFull`.

        Raises:
            InvalidArgumentError: the message is too long.
            ClosedError: the consumer is closed.
        """
        await self._call("sendData", {"dataConsumerId": self.id} | encode(message), ignore)

    async def set_subchannels(self, subchannels: Sequence[int]) -> None:
        """Choose which of the producer's subchannels to take.

        Args:
            subchannels: numbers from 0 to 65535, 1024 of them at most.

        Raises:
            InvalidArgumentError: too many, or one is out of its range.
            ClosedError: the consumer is closed.
        """
        data = {"dataConsumerId": self.id, "subchannels": list(subchannels)}
        await self._call("setSubchannels", data, ignore)

    async def set_buffered_amount_low_threshold(self, threshold: int) -> None:
        """Choose at how many bytes `BufferedAmountLow` comes; 0 at first.

        Raises:
            InvalidArgumentError: the threshold is negative.
            UnsupportedError: the consumer is direct.
            ClosedError: the consumer is closed.
        """
        if threshold < 0:
            raise InvalidArgumentError("threshold", "must not be negative")
        data = {"dataConsumerId": self.id, "threshold": threshold}
        await self._call("setBufferedAmountLowThreshold", data, ignore)

    async def get_buffered_amount(self) -> int:
        """Bytes that wait for the client's acknowledgement; 0 on a direct transport.

        Raises:
            ClosedError: the consumer is closed.
        """

        def read(ok: bytes) -> int:
            return msgspec.json.decode(ok, type=_Buffered).bufferedAmount

        return await self._call("getBufferedAmount", {"dataConsumerId": self.id}, read)

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics, one mapping: ``messagesSent``, ``bytesSent``, ``messagesDropped`` and ``bufferedAmount``.

        Raises:
            ClosedError: the consumer is closed.
        """
        return await self._call("getStats", {"dataConsumerId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the consumer; its producer is not affected. Idempotent, and completes even when cancelled."""
        await self._close("closeDataConsumer", {"dataConsumerId": self.id})

    async def _set_paused(self, method: str, *, paused: bool) -> None:
        def done(_: bytes) -> None:
            self._paused = paused

        await self._call(method, {"dataConsumerId": self.id}, done)

    def _apply(self, event: Event) -> None:
        if isinstance(event, DataProducerPause):
            self._producer_paused = True
        elif isinstance(event, DataProducerResume):
            self._producer_paused = False

    def _forget(self) -> None:
        self._forget_me(self)


def encode(message: str | bytes) -> dict[str, object]:
    """A message as the worker takes it."""
    size = len(message.encode()) if isinstance(message, str) else len(message)
    if size > MAX_MESSAGE:
        raise InvalidArgumentError("message", f"{size} bytes are more than {MAX_MESSAGE}")
    if isinstance(message, str):
        return {"text": message}
    return {"binary": base64.b64encode(message).decode()}
