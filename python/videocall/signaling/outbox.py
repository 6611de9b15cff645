"""The bounded queue of messages that wait for one peer.

Nobody waits for a slow peer: messages are queued without waiting, and a peer that lets its queue fill is dropped.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from videocall.signaling.connection import Connection

__all__ = ["MAX_QUEUED_CHARACTERS", "MAX_QUEUED_MESSAGES", "Outbox"]

MAX_QUEUED_MESSAGES: Final = 2048
MAX_QUEUED_CHARACTERS: Final = 1024 * 1024
"""About a mebibyte: the messages are JSON in ASCII but for names."""


class Outbox:
    """Messages for one socket, in order. `on_overflow` is called once, when the queue has become full."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        self._on_overflow = on_overflow
        self._queue: deque[str] = deque()
        self._characters = 0
        self._full = False
        self._close: tuple[int, str] | None = None
        self._wakeup = trio.Event()

    def put(self, message: str) -> None:
        """Queue a message; after `finish`, or once the queue was full, it is dropped."""
        if self._close is not None or self._full:
            return
        self._queue.append(message)
        self._characters += len(message)
        self._wakeup.set()
        if len(self._queue) > MAX_QUEUED_MESSAGES or self._characters > MAX_QUEUED_CHARACTERS:
            self._full = True
            self._queue.clear()
            self._characters = 0
            self._on_overflow()

    def finish(self, code: int, reason: str) -> None:
        """Close the socket after what is queued. Only the first call counts."""
        if self._close is None:
            self._close = (code, reason)
            self._wakeup.set()

    async def deliver(self, connection: Connection) -> None:
        """Send what is queued, as it comes, until `finish`; then close. Raises `ConnectionLost`."""
        while True:
            while self._queue:
                message = self._queue.popleft()
                self._characters -= len(message)
                await connection.send(message)
            if self._close is not None:
                await connection.close(*self._close)
                return
            self._wakeup = trio.Event()
            await self._wakeup.wait()
