"""An ASGI server that is not there: requests and WebSockets go straight to an application."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import trio
from attrs import frozen

Headers = Mapping[str, str]


@frozen
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def scope(kind: str, path: str, query: Mapping[str, str], headers: Headers, client: str) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": [(b"host", b"meet.example.org"), *((k.encode(), v.encode()) for k, v in headers.items())],
        "client": (client, 50000),
        "server": ("meet.example.org", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


async def request(
    app: Any,
    method: str,
    path: str,
    query: Mapping[str, str],
    *,
    body: bytes | list[bytes] = b"",
    headers: Headers | None = None,
    client: str = "192.0.2.1",
    gone: trio.Event | None = None,
) -> Answer:
    """Make a request. A body in pieces never ends, as of a client that stalls; `gone` says that the client goes."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    complete = isinstance(body, bytes)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces) or not complete}
        if gone is None:
            await trio.sleep_forever()
        else:
            await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    await app({**scope("http", path, query, headers or {}, client), "method": method}, receive, send)
    if not sent:
        return Answer(0, {}, b"")
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], given, b"".join(message.get("body", b"") for message in sent[1:]))


class WebSocketClient:
    """The client's end of a WebSocket; `run` is the server's."""

    def __init__(
        self, app: Any, path: str, query: Mapping[str, str], headers: Headers | None = None, client: str = "192.0.2.1"
    ) -> None:
        self._app = app
        self._scope = scope("websocket", path, query, headers or {}, client)
        self._to_server, self._incoming = trio.open_memory_channel[dict[str, Any]](math.inf)
        self._outgoing, self.from_server = trio.open_memory_channel[str](math.inf)
        self._reading = trio.Event()
        self._reading.set()
        self.accepted = False
        self.status: int | None = None
        self.refusal = b""
        self.closed: tuple[int, str] | None = None
        self.ended = trio.Event()
        self._to_server.send_nowait({"type": "websocket.connect"})

    async def run(self) -> None:
        try:
            await self._app(self._scope, self._incoming.receive, self._send)
        finally:
            self._outgoing.close()
            self.ended.set()

    def say(self, frame: str | bytes) -> None:
        kind = "text" if isinstance(frame, str) else "bytes"
        self._to_server.send_nowait({"type": "websocket.receive", kind: frame})

    async def hear(self) -> str:
        with trio.fail_after(60):
            return await self.from_server.receive()

    def hang_up(self, code: int = 1000) -> None:
        self._to_server.send_nowait({"type": "websocket.disconnect", "code": code})

    def stop_reading(self) -> None:
        self._reading = trio.Event()

    async def _send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        await self._reading.wait()
        match message["type"]:
            case "websocket.accept":
                self.accepted = True
            case "websocket.send":
                self._outgoing.send_nowait(message["text"])
            case "websocket.close":
                self.closed = (message["code"], message.get("reason", ""))
                self.hang_up(1000)
            case "websocket.http.response.start":
                self.status = message["status"]
            case _:
                self.refusal += message.get("body", b"")
