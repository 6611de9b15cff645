"""``/socket.io/``: sessions for clients of Socket.IO, by long polling, WebSocket, or the one and then the other."""

import math
import secrets
from collections.abc import Collection
from contextlib import aclosing
from functools import partial
from typing import Final, Literal

import trio
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from videocall.protocol.limits import MAX_MESSAGE_BYTES
from videocall.protocol.socketio import DISCONNECT, SOCKET_IO, Control, connected, decode_control, refuse_namespace
from videocall.server.engineio import STEP_S, EngineSocket
from videocall.server.entry import client_address, label, refusal
from videocall.server.security import cors_headers, origin_allowed
from videocall.server.websocket import StarletteConnection, accept
from videocall.signaling import Connection, ConnectionLost, Hub, Session

__all__ = ["SocketIoConnection", "SocketIoEndpoint"]

_Carrier = Literal["polling", "websocket"]

_SEPARATOR: Final = "\x1e"
"""Between the packets of a poll or a post."""

_FOR_GOOD: Final = 4000
"""The close code after which a client shall not come back."""

_UNKNOWN_TRANSPORT: Final = (400, 0, "Transport unknown")
_UNKNOWN_SID: Final = (400, 1, "Session ID unknown")
_BAD_METHOD: Final = (400, 2, "Bad handshake method")
_BAD_REQUEST: Final = (400, 3, "Bad request")
_FORBIDDEN: Final = (403, 4, "Forbidden")
_OTHER_VERSION: Final = (400, 5, "Unsupported protocol version")
_TOO_SLOW: Final = (408, 3, "The body took too long")
_TOO_LONG: Final = (413, 3, f"A body may have {MAX_MESSAGE_BYTES} bytes at most")

_Problem = tuple[int, int, str]
"""HTTP status, and the code and sentence that Engine.IO's own server answers with."""


class SocketIoEndpoint:
    """An ASGI application that finds the session of each request and WebSocket, or begins one."""

    def __init__(self, hub: Hub, allowed_origins: Collection[str]) -> None:
        self._hub = hub
        self._allowed_origins = allowed_origins
        self._engines: dict[str, EngineSocket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "websocket":
            await self._serve_websocket(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        response.headers.update(cors_headers(request.headers, self._allowed_origins))
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            allowed = origin_allowed(request.headers, self._allowed_origins)
            return Response(status_code=204) if allowed else _response(_FORBIDDEN)
        found = self._find(request, "polling")
        if not isinstance(found, EngineSocket):
            return _response(found)
        if request.method == "GET":
            return await self._poll(request, found)
        return await self._take(request, found)

    def _find(self, connection: HTTPConnection, carrier: _Carrier) -> EngineSocket | _Problem:
        query = connection.query_params
        method = connection.scope.get("method", "GET")
        if query.get("EIO") != "4":
            return _OTHER_VERSION
        if query.get("transport") != carrier:
            return _UNKNOWN_TRANSPORT
        if "j" in query or method not in {"GET", "POST"}:
            return _BAD_REQUEST
        sid = query.get("sid")
        if sid is None:
            return self._begin(connection, carrier) if method == "GET" else _BAD_METHOD
        if not origin_allowed(connection.headers, self._allowed_origins):
            return _FORBIDDEN
        return self._engines.get(sid) or _UNKNOWN_SID

    # Long polling

    async def _poll(self, request: Request, engine: EngineSocket) -> Response:
        if not engine.takes_polls:
            return _response(_BAD_REQUEST)
        packets: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_end_with, request, engine)
            packets = await engine.poll()
            nursery.cancel_scope.cancel()
        return PlainTextResponse(_SEPARATOR.join(packets))

    async def _take(self, request: Request, engine: EngineSocket) -> Response:
        if not engine.takes_posts:
            return _response(_BAD_REQUEST)
        body = await _body(request)
        if not isinstance(body, bytes):
            return _response(body)
        try:
            packets = body.decode().split(_SEPARATOR)
        except UnicodeDecodeError:
            return _response(_BAD_REQUEST)
        for packet in packets:
            await engine.deliver(packet)
        return PlainTextResponse("ok")

    # WebSocket

    async def _serve_websocket(self, websocket: WebSocket) -> None:
        upgrade = "sid" in websocket.query_params
        found = self._find(websocket, "websocket")
        if isinstance(found, EngineSocket) and upgrade and not found.takes_upgrade:
            found = _BAD_REQUEST
        if not isinstance(found, EngineSocket):
            await websocket.receive()
            await websocket.send_denial_response(_response(found))
            return
        if not await accept(websocket):
            if not upgrade:
                found.end(clean=False)
            return
        wire = StarletteConnection(websocket)
        if upgrade and not await found.upgrade(wire):
            await wire.close(1002, "no upgrade")
            return
        await found.carry(wire)

    # Sessions

    def _begin(self, connection: HTTPConnection, carrier: _Carrier) -> EngineSocket | _Problem:
        if refused := refusal(connection, self._hub, self._allowed_origins):
            status, why = refused
            return _FORBIDDEN if status == _FORBIDDEN[0] else (status, _BAD_REQUEST[1], why)
        engine = EngineSocket(carrier)
        self._engines[engine.sid] = engine
        session = Session(
            self._hub,
            SocketIoConnection(engine),
            room_id=connection.query_params.get("roomId"),
            address=client_address(connection),
            label=label(connection),
            framing=SOCKET_IO,
        )
        self._hub.host(partial(self._run, engine, session))
        return engine

    async def _run(self, engine: EngineSocket, session: Session) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(engine.beat)
                await session.run()
                nursery.cancel_scope.cancel()
        finally:
            engine.end(clean=True)
            del self._engines[engine.sid]


class SocketIoConnection:
    """A session's `Connection`: the default namespace of Socket.IO, which has to be opened first."""

    def __init__(self, engine: Connection) -> None:
        self._engine = engine
        self._connected = False

    async def receive(self) -> str | bytes:
        """Wait for the next packet that is neither for opening nor for ending. Raises `ConnectionLost`."""
        while True:
            frame: str | bytes | None = None
            with trio.move_on_after(math.inf if self._connected else STEP_S):
                frame = await self._engine.receive()
            if frame is None:
                raise ConnectionLost(clean=False)
            control = decode_control(frame)
            if control is not None:
                await self._heed(control)
            elif self._connected:
                return frame
            else:
                raise ConnectionLost(clean=False)

    async def send(self, message: str) -> None:
        """See `Connection`."""
        await self._engine.send(message)

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`. Clients come back by themselves unless their namespace was closed before."""
        try:
            if code == _FOR_GOOD:
                await self._engine.send(DISCONNECT)
        except ConnectionLost:
            return
        await self._engine.close(code, reason)

    async def _heed(self, control: Control) -> None:
        if control.kind == "disconnect":
            if control.namespace == "/":
                raise ConnectionLost(clean=True)
        elif control.namespace != "/":
            await self._engine.send(refuse_namespace(control.namespace))
        elif not self._connected:
            self._connected = True
            await self._engine.send(connected(secrets.token_urlsafe(16)))


async def _end_with(request: Request, engine: EngineSocket) -> None:
    """A poll whose client went away ends the session: what it would have taken might be lost."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    engine.end(clean=False)


async def _body(request: Request) -> bytes | _Problem:
    body = bytearray()
    with trio.move_on_after(STEP_S):
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > MAX_MESSAGE_BYTES:
                    return _TOO_LONG
        return bytes(body)
    return _TOO_SLOW


def _response(problem: _Problem) -> Response:
    status, code, message = problem
    return JSONResponse({"code": code, "message": message}, status)
