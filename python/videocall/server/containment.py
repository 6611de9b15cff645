"""Keeps what a client does to its own connection from reaching the others."""

import logging
from functools import cache
from typing import cast

import trio
from hypercorn.events import Closed, Event
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer

from videocall.signaling.log import fields

__all__ = ["contain_failures"]

logger = logging.getLogger("videocall.server")


@cache  # once is enough
def contain_failures() -> None:
    """Have each connection of Hypercorn end alone when it fails, and speak HTTP/1.1.

    Hypercorn runs connections as tasks of one nursery and lets their exceptions through, so that a client could end the
    whole server: by a WebSocket frame before the handshake is answered, or by a byte beyond ASCII in a subprotocol. And
    whatever its ALPN protocols are, it changes to HTTP/2 without TLS for whoever asks.
    """
    serve = TCPServer.run

    async def run(self: TCPServer) -> None:
        try:
            await serve(self)
        except* Exception as failures:  # noqa: BLE001 - whatever it is, the others go on
            # No traceback: clients can provoke this as often as they like.
            logger.warning("connection failed", extra=fields(error=repr(_first(failures))))

    send = TCPServer.protocol_send

    async def protocol_send(self: TCPServer, event: Event) -> None:
        try:
            await send(self, event)
        except trio.BusyResourceError:  # closed meanwhile, as its client is gone
            await self.protocol.handle(Closed())

    async def stay(*_: object) -> None:
        """Change to no other protocol."""

    TCPServer.run = run  # type: ignore[method-assign]
    TCPServer.protocol_send = protocol_send  # type: ignore[method-assign]
    H11Protocol._check_protocol = stay  # type: ignore[assignment, method-assign] # noqa: SLF001


def _first(failure: BaseException) -> BaseException:
    if isinstance(failure, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", failure).exceptions[0])
    return failure
