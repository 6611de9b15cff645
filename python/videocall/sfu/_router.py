"""A router: a group of transports whose producers and consumers may be joined."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from videocall import ortc
from videocall.ortc.types import RtpCapabilities

from ._channel import Connection
from ._data import DataProducer
from ._data_transport import NO_DATA, DataTransport
from ._direct import DirectTransport
from ._errors import InvalidArgumentError
from ._events import CloseReason
from ._negotiation import negotiating
from ._object import SfuObject
from ._observer import ActiveSpeakerObserver, AudioLevelObserver, RtpObserver
from ._producer import Producer
from ._transport import TransportState, WebRtcTransport

ObserverT = TypeVar("ObserverT", bound=RtpObserver)


class Router(SfuObject):
    """Forwards between its transports; a meeting room has one. Made by `Worker.create_router`. Emits `Closed`."""

    def __init__(
        self,
        router_id: str,
        connection: Connection,
        rtp_capabilities: RtpCapabilities,
        app_data: Mapping[str, Any],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(router_id, connection)
        self._rtp_capabilities = rtp_capabilities
        self._app_data = app_data
        self._forget_me = forget
        self._transports: dict[str, DataTransport] = {}
        self._producers: dict[str, Producer] = {}
        self._data_producers: dict[str, DataProducer] = {}
        self._observers: dict[str, RtpObserver] = {}

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What clients may send to it: a client's device is loaded with this."""
        return self._rtp_capabilities

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._app_data

    @property
    def transports(self) -> tuple[DataTransport, ...]:
        """Open transports, oldest first."""
        return tuple(self._transports.values())

    @property
    def producers(self) -> tuple[Producer, ...]:
        """Open producers of all its transports, oldest first."""
        return tuple(self._producers.values())

    @property
    def data_producers(self) -> tuple[DataProducer, ...]:
        """Open data producers of all its transports, oldest first."""
        return tuple(self._data_producers.values())

    async def create_web_rtc_transport(
        self,
        *,
        enable_sctp: bool = False,
        num_sctp_streams: int = 1024,
        max_sctp_message_size: int = 262144,
        sctp_send_buffer_size: int = 262144,
        initial_available_outgoing_bitrate: int | None = None,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> WebRtcTransport:
        """Make a transport for one peer connection; clients use one to send and one to receive.

        Args:
            enable_sctp: whether it takes data channels.
            num_sctp_streams: streams each way, 1 to 1024.
            max_sctp_message_size: bytes of a message, 524288 at most; who sends more loses the transport.
            sctp_send_buffer_size: bytes that may wait for the client's acknowledgement, over all streams; messages
                beyond are dropped. 16 MiB at most.
            initial_available_outgoing_bitrate: bits per second that the path to the client is taken to carry until more
                is known; `None` for the worker's own choice, 600 kbit/s.
            app_data: kept for the caller.

        Returns:
            The transport, waiting for `WebRtcTransport.connect`.

        Raises:
            InvalidArgumentError: an option is out of its range.
            ClosedError: the router is closed.
            WorkerDiedError: the worker died.
            trio.Cancelled: no transport is left behind: if the worker makes it, it is closed at once.
        """
        initial = initial_available_outgoing_bitrate
        if initial is not None and initial <= 0:
            raise InvalidArgumentError("initial_available_outgoing_bitrate", "must be positive")
        transport_id = str(uuid.uuid4())

        def done(ok: bytes) -> WebRtcTransport:
            state = msgspec.json.decode(ok, type=TransportState)
            transport = WebRtcTransport(transport_id, self._connection, self, state, app_data)
            self._transports[transport_id] = transport
            return transport

        data = {
            "routerId": self.id,
            "transportId": transport_id,
            "enableSctp": enable_sctp,
            "numSctpStreams": num_sctp_streams,
            "maxSctpMessageSize": max_sctp_message_size,
            "sctpSendBufferSize": sctp_send_buffer_size,
            "initialAvailableOutgoingBitrate": initial,
        }
        return await self._call("createWebRtcTransport", data, done, self._close_transport)

    async def create_direct_transport(self, *, app_data: Mapping[str, Any] = NO_DATA) -> DirectTransport:
        """Make a transport whose peer is the application.

        Args:
            app_data: kept for the caller.

        Raises:
            ClosedError: the router is closed.
            trio.Cancelled: no transport is left behind: if the worker makes it, it is closed at once.
        """
        transport_id = str(uuid.uuid4())

        def done(_: bytes) -> DirectTransport:
            transport = DirectTransport(transport_id, self._connection, self, app_data)
            self._transports[transport_id] = transport
            return transport

        data = {"routerId": self.id, "transportId": transport_id}
        return await self._call("createDirectTransport", data, done, self._close_transport)

    async def create_audio_level_observer(
        self,
        *,
        max_entries: int = 1,
        threshold: int = -80,
        interval: float = 1.0,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> AudioLevelObserver:
        """Make an observer of who is loud.

        Args:
            max_entries: producers named at most.
            threshold: average volume from which a producer is named, in dBov, -127 to 0.
            interval: seconds between two events, 0.1 to 60.
            app_data: kept for the caller.

        Raises:
            InvalidArgumentError: an argument is out of its range.
            ClosedError: the router is closed.
            trio.Cancelled: no observer is left behind: if the worker makes it, it is closed at once.
        """
        data = {"maxEntries": max_entries, "threshold": threshold, "interval": round(interval * 1000)}
        return await self._create_observer("createAudioLevelObserver", AudioLevelObserver, data, app_data)

    async def create_active_speaker_observer(
        self, *, interval: float = 0.3, app_data: Mapping[str, Any] = NO_DATA
    ) -> ActiveSpeakerObserver:
        """Make an observer of who has the floor.

        Args:
            interval: seconds between two judgements, 0.1 to 60.
            app_data: kept for the caller.

        Raises:
            InvalidArgumentError: the interval is out of its range.
            ClosedError: the router is closed.
            trio.Cancelled: no observer is left behind: if the worker makes it, it is closed at once.
        """
        data = {"interval": round(interval * 1000)}
        return await self._create_observer("createActiveSpeakerObserver", ActiveSpeakerObserver, data, app_data)

    def can_consume(self, producer_id: str, rtp_capabilities: RtpCapabilities) -> bool:
        """Whether a client with these capabilities can receive a producer of this router.

        Args:
            producer_id: of the producer; for an unknown one the answer is no.
            rtp_capabilities: of the client.

        Raises:
            InvalidArgumentError: capabilities that contradict themselves.
        """
        producer = self._producers.get(producer_id)
        if producer is None:
            return False
        with negotiating():
            capabilities = ortc.validate_rtp_capabilities(rtp_capabilities)
        return ortc.can_consume(producer.consumable_rtp_parameters, capabilities)

    async def close(self) -> None:
        """Close the router with everything in it. Idempotent, and completes even when cancelled."""
        await self._close("closeRouter", {"routerId": self.id})

    def find_producer(self, producer_id: str) -> Producer | None:
        """A producer of this router, by its id."""
        return self._producers.get(producer_id)

    def add_producer(self, producer: Producer) -> None:
        """Take note of a producer. Not for callers."""
        self._producers[producer.id] = producer

    def remove_producer(self, producer_id: str) -> None:
        """Forget a producer. Not for callers."""
        self._producers.pop(producer_id, None)

    def find_data_producer(self, data_producer_id: str) -> DataProducer | None:
        """A data producer of this router, by its id."""
        return self._data_producers.get(data_producer_id)

    def add_data_producer(self, producer: DataProducer) -> None:
        """Take note of a data producer. Not for callers."""
        self._data_producers[producer.id] = producer

    def remove_data_producer(self, data_producer_id: str) -> None:
        """Forget a data producer. Not for callers."""
        self._data_producers.pop(data_producer_id, None)

    def remove_transport(self, transport_id: str) -> None:
        """Forget a transport. Not for callers."""
        self._transports.pop(transport_id, None)

    def _close_transport(self, unwanted: DataTransport) -> None:
        self._connection.post("closeTransport", {"transportId": unwanted.id})

    async def _create_observer(
        self, method: str, make: type[ObserverT], options: Mapping[str, object], app_data: Mapping[str, Any]
    ) -> ObserverT:
        observer_id = str(uuid.uuid4())

        def done(_: bytes) -> ObserverT:
            observer = make(
                observer_id, self._connection, app_data, self._producers.__contains__, self._forget_observer
            )
            self._observers[observer_id] = observer
            return observer

        def undo(unwanted: ObserverT) -> None:
            self._connection.post("closeObserver", {"observerId": unwanted.id})

        return await self._call(method, {"routerId": self.id, "observerId": observer_id, **options}, done, undo)

    def _forget_observer(self, observer_id: str) -> None:
        self._observers.pop(observer_id, None)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for observer in self._observers.values():
            yield observer, "routerClosed"
        for transport in self._transports.values():
            yield transport, "routerClosed"

    def _forget(self) -> None:
        self._forget_me(self.id)
