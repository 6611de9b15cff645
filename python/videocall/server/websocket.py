"""``/ws``: the socket of a session, on Starlette and Hypercorn."""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

import trio
from h11 import LocalProtocolError
from hypercorn.protocol import ws_stream
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from videocall.protocol.protoo import SUBPROTOCOL
from videocall.server.entry import client_address, label, refusal
from videocall.signaling import ConnectionLost, Hub, Session

__all__ = ["StarletteConnection", "WebSocketEndpoint", "accept", "refuse_compression"]

_ABNORMAL_CLOSURE: Final = 1006


def refuse_compression() -> None:
    """Keep Hypercorn from accepting ``permessage-deflate``, which it has no setting for.

    A compressed message is inflated before its size is checked: 64 KiB of it can become 64 MiB. Beside that each socket
    would keep 20 to 120 KiB of zlib's state, for messages that are mostly smaller than a packet.
    """
    ws_stream.server_extensions_handshake = lambda *_: None  # type: ignore[attr-defined]


class WebSocketEndpoint:
    """Checks where a socket comes from, accepts it and runs its session."""

    def __init__(self, hub: Hub, allowed_origins: Collection[str]) -> None:
        self._hub = hub
        self._allowed_origins = allowed_origins

    async def __call__(self, websocket: WebSocket) -> None:
        """Serve one socket."""
        if refused := refusal(websocket, self._hub, self._allowed_origins):
            status, why = refused
            await websocket.receive()
            await websocket.send_denial_response(PlainTextResponse(f"{why}\n", status_code=status))
            return
        offered = websocket.scope.get("subprotocols", [])
        if not await accept(websocket, SUBPROTOCOL if SUBPROTOCOL in offered else None):
            return
        session = Session(
            self._hub,
            StarletteConnection(websocket),
            room_id=websocket.query_params.get("roomId"),
            address=client_address(websocket),
            label=label(websocket),
        )
        await session.run()
        await _await_end(websocket)


class StarletteConnection:
    """A `videocall.signaling.Connection`."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes:
        """See `Connection`."""
        try:
            message = await self._websocket.receive()
        except WebSocketDisconnected:
            raise ConnectionLost(clean=False) from None
        if message["type"] == "websocket.disconnect":
            raise ConnectionLost(clean=message.get("code") != _ABNORMAL_CLOSURE)
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, message: str) -> None:
        """See `Connection`."""
        try:
            await self._websocket.send_text(message)
        except (WebSocketDisconnect, WebSocketDisconnected):
            raise ConnectionLost(clean=False) from None

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`."""
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.close(code, reason)


async def accept(websocket: WebSocket, subprotocol: str | None = None) -> bool:
    """Answer the handshake; false when the client is gone, or could not await the answer before it sent more."""
    try:
        await websocket.accept(subprotocol)
    except (LocalProtocolError, WebSocketDisconnected):
        return False
    return True


async def _await_end(websocket: WebSocket) -> None:
    """Discard what still comes, until the socket is gone.

    Hypercorn hands messages over through a bounded queue and would wait for good at a full one. A client that does not
    answer our close frame and is silent ends with the read timeout.
    """
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    except WebSocketDisconnected:
        await trio.lowlevel.checkpoint()
