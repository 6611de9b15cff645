"""A WebRTC transport: one peer connection's server side."""

import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import attrs
import msgspec

from videocall import ortc
from videocall.ortc.types import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    MediaKind,
    RtpCapabilities,
    RtpParameters,
)

from ._channel import Connection
from ._consumer import Consumer, ConsumerSpec, ConsumerState
from ._errors import InvalidArgumentError, NotFoundError
from ._events import (
    CloseReason,
    DtlsState,
    DtlsStateChange,
    Event,
    IceSelectedTupleChange,
    IceState,
    IceStateChange,
    IceTuple,
)
from ._negotiation import negotiating, random_ssrcs
from ._object import SfuObject, ignore, parse_stats
from ._producer import Producer, ProducerSpec, ProducerState

NO_DATA: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen
class TransportState:
    """What the worker answers to ``createWebRtcTransport``."""

    iceParameters: IceParameters
    iceCandidates: tuple[IceCandidate, ...]
    dtlsParameters: DtlsParameters


@attrs.frozen
class _Restarted:
    iceParameters: IceParameters


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

    def remove_transport(self, transport_id: str) -> None:
        """Forget a transport."""
        ...


class WebRtcTransport(SfuObject):
    """ICE, DTLS and SRTP with one client, for any number of producers and consumers.

    Made by `Router.create_web_rtc_transport`. Emits `IceStateChange`, `IceSelectedTupleChange`, `DtlsStateChange` and
    `Closed`.
    """

    def __init__(
        self,
        transport_id: str,
        connection: Connection,
        router: RouterBooks,
        state: TransportState,
        app_data: Mapping[str, Any],
    ) -> None:
        super().__init__(transport_id, connection)
        self._router = router
        self._app_data = app_data
        self._ice_parameters = state.iceParameters
        self._ice_candidates = state.iceCandidates
        self._dtls_parameters = state.dtlsParameters
        self._ice_state: IceState = "new"
        self._dtls_state: DtlsState = "new"
        self._ice_selected_tuple: IceTuple | None = None
        self._producers: dict[str, Producer] = {}
        self._consumers: dict[str, Consumer] = {}
        self._cname: str | None = None
        self._next_mid = 0
        self._ssrcs = random_ssrcs()
        self._checked_capabilities: RtpCapabilities | None = None

    @property
    def ice_parameters(self) -> IceParameters:
        """The server's ICE credentials; new ones after `restart_ice`."""
        return self._ice_parameters

    @property
    def ice_candidates(self) -> tuple[IceCandidate, ...]:
        """Where the client can reach the server. An ICE-lite server needs no candidates of the client."""
        return self._ice_candidates

    @property
    def dtls_parameters(self) -> DtlsParameters:
        """The server's certificate fingerprints; role ``auto``."""
        return self._dtls_parameters

    @property
    def ice_state(self) -> IceState:
        """Current ICE state."""
        return self._ice_state

    @property
    def dtls_state(self) -> DtlsState:
        """Current DTLS state."""
        return self._dtls_state

    @property
    def ice_selected_tuple(self) -> IceTuple | None:
        """Addresses in use, once the client has nominated a pair."""
        return self._ice_selected_tuple

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._app_data

    @property
    def producers(self) -> tuple[Producer, ...]:
        """Open producers, oldest first."""
        return tuple(self._producers.values())

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """Open consumers, oldest first."""
        return tuple(self._consumers.values())

    async def connect(self, dtls_parameters: DtlsParameters) -> None:
        """Tell the transport whom it talks to.

        Args:
            dtls_parameters: the client's. With role ``server`` the transport starts the handshake, else it waits.

        Raises:
            ConflictError: it was connected before.
            InvalidArgumentError: no fingerprint that the server can check.
            ClosedError: the transport is closed.
            trio.Cancelled: the transport may be connected all the same.
        """
        with negotiating():
            dtls_parameters = ortc.from_wire(DtlsParameters, dtls_parameters, name="dtlsParameters")
        await self._call("connectWebRtcTransport", {"transportId": self.id, "dtlsParameters": dtls_parameters}, ignore)

    async def restart_ice(self) -> IceParameters:
        """Make new ICE credentials, for a client whose network has changed. The old last until the new are used.

        Returns:
            The new credentials.

        Raises:
            ClosedError: the transport is closed.
            trio.Cancelled: `ice_parameters` may have changed all the same.
        """

        def done(ok: bytes) -> IceParameters:
            self._ice_parameters = msgspec.json.decode(ok, type=_Restarted).iceParameters
            return self._ice_parameters

        return await self._call("restartIce", {"transportId": self.id}, done)

    async def set_max_incoming_bitrate(self, bits_per_second: int) -> None:
        """Limit what the client is allowed to send, over all its producers.

        Args:
            bits_per_second: the limit; 0 means none.

        Raises:
            InvalidArgumentError: the limit is negative.
            ClosedError: the transport is closed.
        """
        if bits_per_second < 0:
            raise InvalidArgumentError("bitsPerSecond", "must not be negative")
        await self._call("setMaxIncomingBitrate", {"transportId": self.id, "bitrate": bits_per_second}, ignore)

    async def set_max_outgoing_bitrate(self, bits_per_second: int) -> None:
        """Limit what the client is sent, over all its consumers: they share this much at most.

        Args:
            bits_per_second: the limit; 0 means none.

        Raises:
            InvalidArgumentError: the limit is negative.
            ClosedError: the transport is closed.
        """
        if bits_per_second < 0:
            raise InvalidArgumentError("bitsPerSecond", "must not be negative")
        await self._call("setMaxOutgoingBitrate", {"transportId": self.id, "bitrate": bits_per_second}, ignore)

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

    async def get_stats(self) -> tuple[Mapping[str, Any], ...]:
        """Statistics of the transport, with the worker's names and units.

        Raises:
            ClosedError: the transport is closed.
        """
        return await self._call("getStats", {"transportId": self.id}, parse_stats)

    async def close(self) -> None:
        """Close the transport with its producers and consumers. Idempotent, and completes even when cancelled."""
        await self._close("closeTransport", {"transportId": self.id})

    def _checked(self, capabilities: RtpCapabilities) -> RtpCapabilities:
        # A client's capabilities stay the same object from consume to consume: checking them once is enough.
        if self._checked_capabilities is not capabilities:
            ortc.validate_rtp_capabilities(capabilities)
            self._checked_capabilities = capabilities
        return capabilities

    def _closer(self, method: str, key: str) -> Callable[[SfuObject], None]:
        return lambda unwanted: self._connection.post(method, {key: unwanted.id})

    def _apply(self, event: Event) -> None:
        match event:
            case IceStateChange():
                self._ice_state = event.ice_state
            case DtlsStateChange():
                self._dtls_state = event.dtls_state
            case IceSelectedTupleChange():
                self._ice_selected_tuple = event.tuple
            case _:
                pass

    def _forget_producer(self, producer: Producer) -> None:
        self._producers.pop(producer.id, None)
        self._router.remove_producer(producer.id)

    def _forget_consumer(self, consumer: Consumer) -> None:
        self._consumers.pop(consumer.id, None)
        producer = self._router.find_producer(consumer.producer_id)
        if producer is not None:
            producer.remove_consumer(consumer.id)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for child in (*self.consumers, *self.producers):
            yield child, "transportClosed"

    def _forget(self) -> None:
        self._ice_state = "closed"
        self._dtls_state = "closed"
        self._router.remove_transport(self.id)
