"""A worker: one media thread, seen from Trio."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from videocall import ortc
from videocall.ortc.types import RtpCodecCapability

from ._channel import PATIENCE, Connection
from ._data_transport import NO_DATA
from ._events import CloseReason
from ._extension import WorkerLike
from ._negotiation import negotiating
from ._object import SfuObject
from ._router import Router
from ._transport import WebRtcTransport


class Worker(SfuObject):
    """One media thread with its sockets. Made by `open_sfu`. Emits `Closed`, with reason ``error`` when it died."""

    def __init__(self, index: int, connection: Connection, media_worker: WorkerLike) -> None:
        super().__init__(f"worker-{index}", connection)
        self._index = index
        self._media_worker = media_worker
        self._routers: dict[str, Router] = {}
        connection.on_end = self.finish

    @property
    def index(self) -> int:
        """Number of the worker, from 0; its ports are the base ports plus this."""
        return self._index

    @property
    def listen_addresses(self) -> tuple[tuple[str, int], ...]:
        """Where its sockets are bound: address and port."""
        return tuple((ip, port) for ip, port in self._media_worker.listen_addresses)

    @property
    def routers(self) -> tuple[Router, ...]:
        """Open routers, oldest first."""
        return tuple(self._routers.values())

    @property
    def load(self) -> tuple[int, int, int]:
        """How busy the worker is: consumers, transports and routers on it. Compares as a tuple does."""
        transports = self._web_rtc_transports()
        return sum(len(transport.consumers) for transport in transports), len(transports), len(self._routers)

    def census(self) -> Counter[tuple[str, str]]:
        """How many objects there are on it: ``transports`` by ICE state, ``producers`` and ``consumers`` by kind."""
        census: Counter[tuple[str, str]] = Counter()
        for transport in self._web_rtc_transports():
            census["transports", transport.ice_state] += 1
            census.update(("producers", producer.kind) for producer in transport.producers)
            census.update(("consumers", consumer.kind) for consumer in transport.consumers)
        return census

    def metrics(self) -> Mapping[str, int]:
        """Counters of the worker since its start; empty once it is closed. Does not wait for the thread."""
        return {} if self.closed else dict(self._media_worker.metrics())

    async def create_router(
        self,
        *,
        media_codecs: Sequence[RtpCodecCapability] = ortc.DEFAULT_CODECS,
        app_data: Mapping[str, Any] = NO_DATA,
    ) -> Router:
        """Make a router.

        Args:
            media_codecs: what its clients may send, in order of preference; RTX is added for every video codec.
            app_data: kept for the caller.

        Raises:
            UnsupportedError: a codec that the media core does not know.
            InvalidArgumentError: codecs that contradict each other.
            ClosedError: the worker is closed.
            WorkerDiedError: it died.
            trio.Cancelled: no router is left behind: if the worker makes it, it is closed at once.
        """
        with negotiating():
            capabilities = ortc.generate_router_rtp_capabilities(media_codecs)
        router_id = str(uuid.uuid4())

        def done(_: bytes) -> Router:
            router = Router(router_id, self._connection, capabilities, app_data, self._forget_router)
            self._routers[router_id] = router
            return router

        def undo(unwanted: Router) -> None:
            self._connection.post("closeRouter", {"routerId": unwanted.id})

        return await self._call("createRouter", {"routerId": router_id}, done, undo)

    async def dump(self) -> Mapping[str, Any]:
        """The worker's own books, for debugging; their form may change with every version.

        Raises:
            ClosedError: the worker is closed.
        """
        return await self._call("dump", {}, _parse_dump)

    async def close(self) -> None:
        """End the thread and close everything on it. Idempotent, and completes even when cancelled."""
        if self.closed:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        self._connection.closing = True
        self._media_worker.close()
        with trio.move_on_after(PATIENCE, shield=True):
            await self._connection.ended.wait()
        self._connection.end()

    def _web_rtc_transports(self) -> list[WebRtcTransport]:
        transports = (transport for router in self._routers.values() for transport in router.transports)
        return [transport for transport in transports if isinstance(transport, WebRtcTransport)]

    def _children(self) -> Iterable[tuple[SfuObject, CloseReason]]:
        for router in self._routers.values():
            yield router, "closed"

    def _forget_router(self, router_id: str) -> None:
        self._routers.pop(router_id, None)


def _parse_dump(ok: bytes) -> Mapping[str, Any]:
    return msgspec.json.decode(ok, type=dict[str, Any])
