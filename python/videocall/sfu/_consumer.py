"""A consumer: one producer's media on its way to one client."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from videocall.ortc.types import MediaKind, RtpParameters

from ._channel import Connection
from ._errors import InvalidArgumentError
from ._events import ConsumerScore, Event, ProducerPause, ProducerResume
from ._object import SfuObject, ignore, parse_stats
from ._producer import ProducerType

MAX_LAYER = 7
"""The highest layer that a codec or a simulcast producer has."""

MAX_PRIORITY = 255


@attrs.frozen
class ConsumerSpec:
    """What a consumer is made of."""

    id: str
    producer_id: str
    kind: MediaKind
    rtp_parameters: RtpParameters
    type: ProducerType
    app_data: Mapping[str, Any]


@attrs.frozen
class ConsumerState:
    """What the worker answers to ``consume``."""

    paused: bool
    producerPaused: bool


class Consumer(SfuObject):
    """Media sent to a client. Made by `WebRtcTransport.consume`.

    Emits `ProducerPause`, `ProducerResume`, `LayersChange`, `ConsumerScore` and `Closed`.
    """

    def __init__(
        self, connection: Connection, spec: ConsumerSpec, state: ConsumerState, forget: Callable[["Consumer"], None]
    ) -> None:
        super().__init__(spec.id, connection)
        self._spec = spec
        self._paused = state.paused
        self._priority = 1
        self._producer_paused = state.producerPaused
        self._score: ConsumerScore | None = None
        self._forget_me = forget

    @property
    def producer_id(self) -> str:
        """Id of the producer whose media this is."""
        return self._spec.producer_id

    @property
    def kind(self) -> MediaKind:
        """``audio`` or ``video``."""
        return self._spec.kind

    @property
    def rtp_parameters(self) -> RtpParameters:
        """What the client needs in order to receive: one encoding, the router's payload types, the `mid`."""
        return self._spec.rtp_parameters

    @property
    def type(self) -> ProducerType:
        """The producer's type."""
        return self._spec.type

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._spec.app_data

    @property
    def paused(self) -> bool:
        """Whether this consumer is paused; its producer may be paused besides."""
        return self._paused

    @property
    def priority(self) -> int:
        """How much it matters beside the other consumers of its transport, from 1 to 255."""
        return self._priority

    @property
    def producer_paused(self) -> bool:
        """Whether the producer is paused."""
        return self._producer_paused

    @property
    def score(self) -> ConsumerScore | None:
        """How well it arrives, newest; `None` until something is known."""
        return self._score

    async def pause(self) -> None:
        """Send no more media to this client. Idempotent.

        Raises:
            ClosedError: the consumer is closed.
            trio.Cancelled: the consumer may be paused all the same.
        """
        await self._set_paused("pauseConsumer", paused=True)

    async def resume(self) -> None:
        """Send media again; video starts with a keyframe, which the producer is asked for. Idempotent.

        Raises:
            ClosedError: the consumer is closed.
            trio.Cancelled: the consumer may be resumed all the same.
        """
        await self._set_paused("resumeConsumer", paused=False)

    async def request_key_frame(self) -> None:
        """Ask the producer for a keyframe; at short intervals requests are merged. Does nothing for audio.

        Raises:
            ClosedError: the consumer is closed.
            trio.Cancelled: the request may have been made all the same.
        """
        await self._call("requestKeyFrame", {"consumerId": self.id}, ignore)

    async def set_preferred_layers(self, spatial_layer: int, temporal_layer: int | None = None) -> None:
        """Choose the most that is wanted of a producer with several streams or temporal layers.

        It is given that much at most: the best that its client's path has room for.
        A switch between streams waits for a keyframe, which is asked for; `LayersChange` tells of it. A producer of
        one stream is not affected by `spatial_layer`, one without VP8 temporal layers not by `temporal_layer`.

        Args:
            spatial_layer: index of the highest stream, 0 being the smallest.
            temporal_layer: the highest temporal layer; `None` takes all.

        Raises:
            InvalidArgumentError: a layer is not from 0 to 7.
            ClosedError: the consumer is closed.
            trio.Cancelled: the choice may have been made all the same.
        """
        for name, layer in (("spatial_layer", spatial_layer), ("temporal_layer", temporal_layer)):
            if layer is not None and not 0 <= layer <= MAX_LAYER:
                raise InvalidArgumentError(name, f"{layer} is not from 0 to {MAX_LAYER}")
        data = {"consumerId": self.id, "spatialLayer": spatial_layer, "temporalLayer": temporal_layer}
        await self._call("setPreferredLayers", data, ignore)

    async def set_priority(self, priority: int) -> None:
        """Say how much it matters beside the other consumers of its transport, where the client's path is too narrow.

        Twice the priority, twice the share. Everybody gets the smallest picture before anybody gets more; where even
        that is too much, the less important get nothing for a while. Does nothing for audio, which comes first.

        Args:
            priority: 1, which is where it begins, to 255.

        Raises:
            InvalidArgumentError: the priority is not from 1 to 255.
            ClosedError: the consumer is closed.
            trio.Cancelled: the priority may have been set all the same.
        """
        if not 1 <= priority <= MAX_PRIORITY:
            raise InvalidArgumentError("priority", f"{priority} is not from 1 to {MAX_PRIORITY}")

        def done(_: bytes) -> None:
            self._priority = priority

        await self._call("setPriority", {"consumerId": self.id, "priority": priority}, done)

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics of the streams, one mapping each, with the worker's names and units.

        Raises:
            ClosedError: the consumer is closed.
        """
        return await self._call("getStats", {"consumerId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the consumer; its producer is not affected. Idempotent, and completes even when cancelled."""
        await self._close("closeConsumer", {"consumerId": self.id})

    async def _set_paused(self, method: str, *, paused: bool) -> None:
        def done(_: bytes) -> None:
            self._paused = paused

        await self._call(method, {"consumerId": self.id}, done)

    def _apply(self, event: Event) -> None:
        if isinstance(event, ProducerPause):
            self._producer_paused = True
        elif isinstance(event, ProducerResume):
            self._producer_paused = False
        elif isinstance(event, ConsumerScore):
            self._score = event

    def _forget(self) -> None:
        self._forget_me(self)
