"""A router: a group of transports whose producers and consumers may be joined."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from videocall import ortc
from videocall.ortc.types import RtpCapabilities

from ._channel import Connection
from ._events import CloseReason
from ._negotiation import negotiating
from ._object import SfuObject
from ._producer import Producer
from ._transport import NO_DATA, TransportState, WebRtcTransport


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
        self._transports: dict[str, WebRtcTransport] = {}
        self._producers: dict[str, Producer] = {}

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What clients may send to it: a client's device is loaded with this."""
        return self._rtp_capabilities

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._app_data

    @property
    def transports(self) -> tuple[WebRtcTransport, ...]:
        """Open transports, oldest first."""
        return tuple(self._transports.values())

    @property
    def producers(self) -> tuple[Producer, ...]:
        """Open producers of all its transports, oldest first."""
        return tuple(self._producers.values())

    async def create_web_rtc_transport(self, *, app_data: Mapping[str, Any] = NO_DATA) -> WebRtcTransport:
        """Make a transport for one peer connection; clients use one to send and one to receive.

        Args:
            app_data: kept for the caller.

        Returns:
            The transport, waiting for `WebRtcTransport.connect`.

        Raises:
            ClosedError: the router is closed.
            WorkerDiedError: the worker died.
            trio.Cancelled: no transport is left behind: if the worker makes it, it is closed at once.
        """
        transport_id = str(uuid.uuid4())

        def done(ok: bytes) -> WebRtcTransport:
            state = msgspec.json.decode(ok, type=TransportState)
            transport = WebRtcTransport(transport_id, self._connection, self, state, app_data)
            self._transports[transport_id] = transport
            return transport

        def undo(unwanted: WebRtcTransport) -> None:
            self._connection.post("closeTransport", {"transportId": unwanted.id})

        data = {"routerId": self.id, "transportId": transport_id}
        return await self._call("createWebRtcTransport", data, done, undo)

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

    def remove_transport(self, transport_id: str) -> None:
        """Forget a transport. Not for callers."""
        self._transports.pop(transport_id, None)

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for transport in self._transports.values():
            yield transport, "routerClosed"

    def _forget(self) -> None:
        self._forget_me(self.id)
