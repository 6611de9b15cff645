"""What transports that carry media have in common: their producers and consumers."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import msgspec

from videocall import ortc
from videocall.ortc.types import MediaKind, RtpCapabilities, RtpParameters

from ._channel import Connection
from ._consumer import Consumer, ConsumerSpec, ConsumerState
from ._data_transport import NO_DATA, DataTransport, RouterBooks
from ._errors import NotFoundError
from ._events import CloseReason
from ._negotiation import negotiating, random_ssrcs
from ._object import SfuObject
from ._producer import Producer, ProducerSpec, ProducerState


class MediaTransport(DataTransport):
    """Base of the transports that media comes and goes by."""

    def __init__(
        self, transport_id: str, connection: Connection, router: RouterBooks, app_data: Mapping[str, Any]
    ) -> None:
        super().__init__(transport_id, connection, router, app_data)
        self._producers: dict[str, Producer] = {}
        self._consumers: dict[str, Consumer] = {}
        self._cname: str | None = None
        self._next_mid = 0
        self._ssrcs = random_ssrcs()
        self._checked_capabilities: RtpCapabilities | None = None

    @property
    def producers(self) -> tuple[Producer, ...]:
        """Open producers, oldest first."""
        return tuple(self._producers.values())

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """Open consumers, oldest first."""
        return tuple(self._consumers.values())

    async def produce(
        self,
        *,
        kind: MediaKind,
        rtp_parameters: RtpParameters,
        paused: bool = False,
        key_frame_request_delay: float | None = None,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> Producer:
        """Receive media from the client.

        Args:
            kind: of the media.
            rtp_parameters: what the client sends, in its own numbers.
            paused: start without forwarding anything.
            key_frame_request_delay: seconds that must pass between two keyframe requests; `None` for the worker's own.
            app_data: kept for the caller.

        Returns:
            The open producer.

        Raises:
            InvalidArgumentError: parameters that contradict themselves.
            UnsupportedError: a codec that the router does not have.
            ConflictError: an SSRC or RID that another producer of the transport uses.
            ClosedError: the transport is closed.
            trio.Cancelled: no producer is left behind: if the worker makes it, it is closed at once.
        """
        with negotiating():
            parameters = ortc.validate_rtp_parameters(rtp_parameters, kind)
            # All media of one client carry one name, so that browsers play them in step (RFC 8834, 4.9).
            self._cname = self._cname or parameters.rtcp.cname or secrets.token_hex(8)
            parameters = attrs.evolve(parameters, rtcp=attrs.evolve(parameters.rtcp, cname=self._cname))
            capabilities = self._router.rtp_capabilities
            first_ssrc = self._ssrcs.take(len(parameters.encodings))
            mapping = ortc.get_producer_rtp_mapping(parameters, capabilities, first_ssrc=first_ssrc)
            consumable = ortc.get_consumable_rtp_parameters(kind, parameters, capabilities, mapping)
        spec = ProducerSpec(str(uuid.uuid4()), kind, parameters, consumable, app_data)
        delay_ms = None if key_frame_request_delay is None else round(key_frame_request_delay * 1000)
        data = {
            "transportId": self.id,
            "producerId": spec.id,
            "kind": kind,
            "rtpParameters": parameters,
            "rtpMapping": mapping,
            "paused": paused,
            "keyFrameRequestDelay": delay_ms,
        }

        def done(ok: bytes) -> Producer:
            state = msgspec.json.decode(ok, type=ProducerState)
            producer = Producer(self._connection, spec, state, paused=paused, forget=self._forget_producer)
            self._producers[producer.id] = producer
            self._router.add_producer(producer)
            return producer

        return await self._call("produce", data, done, self._closer("closeProducer", "producerId"))

    async def consume(
        self,
        *,
        producer_id: str,
        rtp_capabilities: RtpCapabilities,
        paused: bool = False,
        enable_rtx: bool | None = None,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> Consumer:
        """Send a producer's media to the client.

        A client needs a moment to prepare for what `rtp_parameters` describe: start paused and resume when it is ready,
        or it misses the first keyframe.

        Args:
            producer_id: of a producer of the same router.
            rtp_capabilities: what the client can receive.
            paused: start without sending.
            enable_rtx: offer retransmission; by default for video only.
            app_data: kept for the caller.

        Returns:
            The open consumer, with the next `mid` of this transport.

        Raises:
            NotFoundError: the router has no such producer.
            UnsupportedError: the client can decode none of its codecs.
            InvalidArgumentError: capabilities that contradict themselves.
            ClosedError: the transport is closed.
            trio.Cancelled: no consumer is left behind: if the worker makes it, it is closed at once.
        """
        producer = self._router.find_producer(producer_id)
        if producer is None:
            raise NotFoundError(f"no producer {producer_id} in this router")
        enable_rtx = producer.kind == "video" if enable_rtx is None else enable_rtx
        with negotiating():
            parameters = ortc.get_consumer_rtp_parameters(
                producer.consumable_rtp_parameters,
                self._checked(rtp_capabilities),
                mid=str(self._next_mid),
                ssrc=self._ssrcs.take(2),
                enable_rtx=enable_rtx,
            )
        self._next_mid += 1
        spec = ConsumerSpec(str(uuid.uuid4()), producer.id, producer.kind, parameters, producer.type, app_data)
        data = {
            "transportId": self.id,
            "consumerId": spec.id,
            "producerId": producer.id,
            "kind": spec.kind,
            "rtpParameters": parameters,
            "paused": paused,
        }

        def done(ok: bytes) -> Consumer:
            state = msgspec.json.decode(ok, type=ConsumerState)
            consumer = Consumer(self._connection, spec, state, forget=self._forget_consumer)
            self._consumers[consumer.id] = consumer
            producer.add_consumer(consumer)
            return consumer

        return await self._call("consume", data, done, self._closer("closeConsumer", "consumerId"))

    def _checked(self, capabilities: RtpCapabilities) -> RtpCapabilities:
        # A client's capabilities stay the same object from consume to consume: checking them once is enough.
        if self._checked_capabilities is not capabilities:
            ortc.validate_rtp_capabilities(capabilities)
            self._checked_capabilities = capabilities
        return capabilities

    def _forget_producer(self, producer: Producer) -> None:
        self._producers.pop(producer.id, None)
        self._router.remove_producer(producer.id)

    def _forget_consumer(self, consumer: Consumer) -> None:
        self._consumers.pop(consumer.id, None)
        producer = self._router.find_producer(consumer.producer_id)
        if producer is not None:
            producer.remove_consumer(consumer.id)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        yield from super()._children()
        for child in (*self.consumers, *self.producers):
            yield child, "transportClosed"
