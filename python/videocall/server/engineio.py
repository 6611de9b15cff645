"""One Engine.IO session (protocol version 4), whatever carries it: long polling, then perhaps a WebSocket.

For a `videocall.signaling.Session` it is the socket. Carriers, which are HTTP requests and WebSockets, bring what the
client says to `deliver`, and take what the client has to hear from `poll` or `carry`.
"""

import math
import secrets
from collections import deque
from contextlib import suppress
from typing import Final, Literal

import msgspec
import trio

from videocall.protocol.limits import MAX_MESSAGE_BYTES
from videocall.signaling import Connection, ConnectionLost

__all__ = ["PING_INTERVAL_S", "PING_TIMEOUT_S", "STEP_S", "EngineSocket"]

PING_INTERVAL_S: Final = 8.0
PING_TIMEOUT_S: Final = 5.0
"""Whoever answers a ping with nothing for so long is gone, which is found after 13 s at the latest."""

STEP_S: Final = 10.0
"""How long a client may take for a step in which it has nothing to wait for."""

_OPEN, _CLOSE, _PING, _PONG, _UPGRADE, _NOOP = "0", "1", "2", "3", "5", "6"
_PROBE: Final = "probe"

_BATCH: Final = 16
"""Packets that wait for a carrier, and that one poll takes: python-socketio's client takes no more at once."""

_BACKLOG: Final = 16
"""Messages that wait for the session."""

_PROBED_POLL_S: Final = 0.1
"""How long a poll waits while the client tries a WebSocket, to which it changes between two polls."""

_GOING_AWAY: Final = 1001


class EngineSocket:
    """The server's end of a session.

    Args:
        carrier: what the client opened it with. What a client opened with a WebSocket stays on it.
    """

    def __init__(self, carrier: Literal["polling", "websocket"]) -> None:
        self.sid: Final = secrets.token_urlsafe(24)
        self.ended: Final = trio.Event()
        self._carrier = carrier
        self._trying = False
        self._polled = False
        self._clean = True
        self._closing: tuple[int, str] | None = None
        self._heard = trio.Event()
        self._changed = trio.Event()
        self._out: deque[str] = deque()
        self._to_session, self._messages = trio.open_memory_channel[str | bytes](_BACKLOG)
        greeting = {
            "sid": self.sid,
            "upgrades": ["websocket"] if carrier == "polling" else [],
            "pingInterval": int(PING_INTERVAL_S * 1000),
            "pingTimeout": int(PING_TIMEOUT_S * 1000),
            "maxPayload": MAX_MESSAGE_BYTES,
        }
        self._queue(_OPEN + msgspec.json.encode(greeting).decode())

    # The session's side

    async def receive(self) -> str | bytes:
        """Wait for the client's next packet that is not Engine.IO's own affair. Raises `ConnectionLost`."""
        try:
            return await self._messages.receive()
        except trio.EndOfChannel:
            raise ConnectionLost(clean=self._clean) from None

    async def send(self, message: str) -> None:
        """Queue a packet, once there is room for it. Raises `ConnectionLost`."""
        await trio.lowlevel.checkpoint()
        while len(self._out) >= _BATCH and not self.ended.is_set():
            await self._changed.wait()
        if self.ended.is_set():
            raise ConnectionLost(clean=self._clean)
        self._queue(message)

    async def close(self, code: int, reason: str) -> None:
        """End the session when the client has taken what is queued; the code is for a WebSocket's close frame."""
        self._closing = (code, reason)
        self._wake()
        await self.ended.wait()

    async def beat(self) -> None:
        """Ping the client, and end the session when it answers no more."""
        while True:
            await trio.sleep(PING_INTERVAL_S)
            self._heard = trio.Event()
            self._queue(_PING)
            with trio.move_on_after(PING_TIMEOUT_S) as patience:
                await self._heard.wait()
            if patience.cancelled_caught:
                self.end(clean=False)
                return

    def end(self, *, clean: bool) -> None:
        """End the session at once: the client wants that (`clean`), or cannot be reached any more."""
        if not self.ended.is_set():
            self._clean = clean
            self.ended.set()
            self._to_session.close()
            self._wake()

    # The carriers' side

    @property
    def takes_posts(self) -> bool:
        """Whether a request may bring something; on a WebSocket none may."""
        return self._carrier == "polling"

    @property
    def takes_polls(self) -> bool:
        """Whether a request may wait for something; one at a time may."""
        return self._carrier == "polling" and not self._polled

    @property
    def takes_upgrade(self) -> bool:
        """Whether a WebSocket may take over; one at a time may try."""
        return self._carrier == "polling" and not self._trying

    async def deliver(self, packet: str | bytes) -> None:
        """Take a packet of the client's; one that comes after the end is dropped."""
        self._heard.set()
        if packet == _CLOSE:
            self.end(clean=True)
        elif packet not in {_PONG, _NOOP}:
            with suppress(trio.ClosedResourceError):
                await self._to_session.send(packet)

    async def poll(self) -> list[str]:
        """Wait until there is something for the client, and take it. Only when it `takes_polls`."""
        self._polled = True
        try:
            while self._carrier == "polling" and not (self._out or self._closing or self.ended.is_set()):
                with trio.move_on_after(_PROBED_POLL_S if self._trying else math.inf) as patience:
                    await self._changed.wait()
                if patience.cancelled_caught:
                    break
            return self._batch()
        finally:
            self._polled = False

    async def upgrade(self, wire: Connection) -> bool:
        """Let a WebSocket take over, if it may and knows what to say."""
        if not self.takes_upgrade:
            return False
        self._trying = True
        self._wake()
        try:
            with trio.move_on_after(STEP_S):
                if await wire.receive() == _PING + _PROBE:
                    await wire.send(_PONG + _PROBE)
                    if await wire.receive() == _UPGRADE:
                        self._carrier = "websocket"
                        return True
        except ConnectionLost:
            return False
        finally:
            self._trying = False
            self._wake()
        return False

    async def carry(self, wire: Connection) -> None:
        """Carry packets over a WebSocket, until it is gone."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, wire)
            try:
                while True:
                    # Also after the end: Hypercorn would wait for good at a queue that nobody empties.
                    await self.deliver(await wire.receive())
            except ConnectionLost as lost:
                self.end(clean=lost.clean)

    # Helpers

    async def _write(self, wire: Connection) -> None:
        try:
            while not self.ended.is_set():
                if self._out:
                    packet = self._out.popleft()
                    self._wake()
                    await wire.send(packet)
                elif self._closing:
                    break
                else:
                    await self._changed.wait()
            await wire.close(*(self._closing or (_GOING_AWAY, "")))
            self.end(clean=True)
        except ConnectionLost as lost:
            self.end(clean=lost.clean)

    def _batch(self) -> list[str]:
        if self._carrier != "polling":
            return [_NOOP]
        batch = [self._out.popleft() for _ in range(min(len(self._out), _BATCH))]
        if self.ended.is_set() or (self._closing and not self._out):
            batch.append(_CLOSE)
            self.end(clean=True)
        self._wake()
        return batch or [_NOOP]

    def _queue(self, packet: str) -> None:
        self._out.append(packet)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
