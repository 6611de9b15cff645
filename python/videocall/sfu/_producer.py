"""A producer: one client's media on its way in."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from videocall.ortc.types import MediaKind, RtpParameters

from ._channel import Connection
from ._events import CloseReason, Event, ProducerScore, StreamScore
from ._object import SfuObject, parse_stats

if TYPE_CHECKING:
    from ._consumer import Consumer

ProducerType: TypeAlias = Literal["simple", "simulcast", "svc"]


@attrs.frozen
class ProducerSpec:
    """What a producer is made of."""

    id: str
    kind: MediaKind
    rtp_parameters: RtpParameters
    consumable_rtp_parameters: RtpParameters
    app_data: Mapping[str, Any]


@attrs.frozen
class ProducerState:
    """What the worker answers to ``produce``."""

    type: ProducerType


class Producer(SfuObject):
    """Media received from a client. Made by `WebRtcTransport.produce`. Emits `ProducerScore` and `Closed`."""

    def __init__(
        self,
        connection: Connection,
        spec: ProducerSpec,
        state: ProducerState,
        *,
        paused: bool,
        forget: Callable[["Producer"], None],
    ) -> None:
        super().__init__(spec.id, connection)
        self._spec = spec
        self._type: ProducerType = state.type
        self._paused = paused
        self._scores: tuple[StreamScore, ...] = ()
        self._forget_me = forget
        self._consumers: dict[str, Consumer] = {}

    @property
    def kind(self) -> MediaKind:
        """``audio`` or ``video``."""
        return self._spec.kind

    @property
    def type(self) -> ProducerType:
        """``simple`` (one stream), ``simulcast`` (several) or ``svc`` (layers in one stream)."""
        return self._type

    @property
    def rtp_parameters(self) -> RtpParameters:
        """What the client sends, in its own numbers."""
        return self._spec.rtp_parameters

    @property
    def consumable_rtp_parameters(self) -> RtpParameters:
        """The same in the router's numbers, from which consumers' parameters are made."""
        return self._spec.consumable_rtp_parameters

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._spec.app_data

    @property
    def paused(self) -> bool:
        """Whether its media is held back from all consumers."""
        return self._paused

    @property
    def scores(self) -> tuple[StreamScore, ...]:
        """How well each of its streams arrives, newest; empty until something is known."""
        return self._scores

    async def pause(self) -> None:
        """Hold its media back from all consumers, which get `ProducerPause`. Idempotent.

        Raises:
            ClosedError: the producer is closed.
            trio.Cancelled: the producer may be paused all the same.
        """
        await self._set_paused("pauseProducer", paused=True)

    async def resume(self) -> None:
        """Forward its media again, from a keyframe on; consumers get `ProducerResume`. Idempotent.

        Raises:
            ClosedError: the producer is closed.
            trio.Cancelled: the producer may be resumed all the same.
        """
        await self._set_paused("resumeProducer", paused=False)

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics of the streams, one mapping each, with the worker's names and units.

        Raises:
            ClosedError: the producer is closed.
        """
        return await self._call("getStats", {"producerId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the producer and all its consumers. Idempotent, and completes even when cancelled."""
        await self._close("closeProducer", {"producerId": self.id})

    def add_consumer(self, consumer: "Consumer") -> None:
        """Take note of a consumer. Not for callers."""
        self._consumers[consumer.id] = consumer

    def remove_consumer(self, consumer_id: str) -> None:
        """Forget a consumer. Not for callers."""
        self._consumers.pop(consumer_id, None)

    async def _set_paused(self, method: str, *, paused: bool) -> None:
        def done(_: bytes) -> None:
            self._paused = paused

        await self._call(method, {"producerId": self.id}, done)

    def _apply(self, event: Event) -> None:
        if isinstance(event, ProducerScore):
            self._scores = event.scores

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for consumer in self._consumers.values():
            yield consumer, "producerClosed"

    def _forget(self) -> None:
        self._forget_me(self)
