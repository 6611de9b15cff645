"""Tells other servers of events, by signed POSTs; see `videocall.webhooks` for how they are signed.

Each room's events arrive in their order: the next one waits until the one before it was taken, or given up. Rooms do
not wait for each other.
"""

import logging
import random
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import trio
from attrs import define, field, frozen

from videocall import webhooks
from videocall.health import Part
from videocall.server.event_data import event_data
from videocall.signaling.events import EVENT_NAMES, ServerEvent
from videocall.signaling.log import fields

__all__ = ["FLUSH_S", "MAX_AGE_S", "MAX_WAITING", "TIMEOUT_S", "Webhooks", "open_webhooks"]

MAX_WAITING: Final = 10_000
"""Events that wait for one receiver. Those that come when there are so many are lost, and counted."""

MAX_AGE_S: Final = 3600.0
"""How long an event is tried to be told; then it is lost, and counted."""

TIMEOUT_S: Final = 10.0
FLUSH_S: Final = 5.0
"""How long what waits at the end may take."""

_FIRST_DELAY_S: Final = 1.0
_MAX_DELAY_S: Final = 60.0
_AT_ONCE: Final = 16

logger = logging.getLogger("videocall.server")


@frozen
class _Message:
    id: str
    room_id: str
    event: str
    body: bytes
    born: float


@define
class _Receiver:
    """One URL: a queue for each room that has something to tell."""

    url: str
    key: bytes = field(repr=False)
    slots: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(_AT_ONCE))
    lanes: dict[str, deque[_Message]] = field(factory=dict[str, deque[_Message]])
    waiting: int = 0
    failing: bool = False

    @property
    def host(self) -> str:
        """For the log: the rest of a URL may be a secret."""
        return urlsplit(self.url).hostname or ""


class Webhooks:
    """Queues events and delivers them in the background.

    Attributes:
        part: ``webhooks``: degraded while a receiver does not take what it is told.
        delivered: how many were taken, by all receivers.
        failed_attempts: how often one was not; most are tried again.
    """

    def __init__(
        self,
        urls: Sequence[str],
        key: bytes,
        client: httpx.AsyncClient,
        nursery: trio.Nursery,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.part: Final = Part("webhooks")
        self.delivered = 0
        self.failed_attempts = 0
        self._receivers = [_Receiver(url, key) for url in urls]
        self._client = client
        self._nursery = nursery
        self._clock = clock
        self._closing = trio.Event()
        if urls:
            self.part.ok()

    @property
    def waiting(self) -> int:
        """Events that are not told yet, for all receivers."""
        return sum(receiver.waiting for receiver in self._receivers)

    def tell(self, event: ServerEvent) -> None:
        """Queue an event for every receiver. Never waits."""
        if not self._receivers:
            return
        message = self._message(event)
        for receiver in self._receivers:
            if self._closing.is_set() or receiver.waiting >= MAX_WAITING:
                self._lose(receiver, message, "too many wait already")
                continue
            receiver.waiting += 1
            lane = receiver.lanes.get(message.room_id)
            if lane is not None:
                lane.append(message)
            else:
                receiver.lanes[message.room_id] = deque([message])
                self._nursery.start_soon(self._deliver, receiver, message.room_id)

    def close(self) -> None:
        """Take no more, and try once more at once to tell what waits."""
        self._closing.set()

    def give_up(self) -> None:
        """Count what still waits as lost."""
        for receiver in self._receivers:
            for message in [message for lane in receiver.lanes.values() for message in lane]:
                self._lose(receiver, message, "the server ended")

    def _message(self, event: ServerEvent) -> _Message:
        message_id = f"evt_{uuid.uuid4().hex}"
        body = msgspec.json.encode({"id": message_id, **event_data(event)})
        return _Message(message_id, event.room_id, EVENT_NAMES[type(event)], body, trio.current_time())

    async def _deliver(self, receiver: _Receiver, room_id: str) -> None:
        lane = receiver.lanes[room_id]
        while lane:
            await self._persist(receiver, lane[0])
            lane.popleft()
            receiver.waiting -= 1
        del receiver.lanes[room_id]

    async def _persist(self, receiver: _Receiver, message: _Message) -> None:
        delay = _FIRST_DELAY_S
        while True:
            last = self._closing.is_set()
            problem = await self._attempt(receiver, message)
            self._note(receiver, message, problem)
            if problem is None:
                return
            if last or trio.current_time() - message.born > MAX_AGE_S:
                self._lose(receiver, message, problem)
                return
            with trio.move_on_after(delay * random.uniform(0.5, 1.5)):  # noqa: S311 - spreads load, guards nothing
                await self._closing.wait()
            delay = min(2 * delay, _MAX_DELAY_S)

    async def _attempt(self, receiver: _Receiver, message: _Message) -> str | None:
        """Try once; what went wrong is returned."""
        headers = webhooks.headers(receiver.key, message.id, message.body, self._clock())
        headers["content-type"] = "application/json"
        async with receiver.slots:
            with trio.move_on_after(TIMEOUT_S):
                try:
                    request = self._client.stream("POST", receiver.url, content=message.body, headers=headers)
                    async with request as answer:  # whose body is not read: it could be of any size
                        return None if answer.is_success else f"status {answer.status_code}"
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    return type(error).__name__
        return "no answer in time"

    def _note(self, receiver: _Receiver, message: _Message, problem: str | None) -> None:
        if problem is None:
            self.delivered += 1
        else:
            self.failed_attempts += 1
        if receiver.failing != (problem is not None):
            receiver.failing = problem is not None
            level = logging.WARNING if problem else logging.INFO
            what = "webhook receiver fails" if problem else "webhook receiver takes events again"
            logger.log(level, what, extra=fields(receiver=receiver.host, room=message.room_id, problem=problem))
            failing = sorted({each.host for each in self._receivers if each.failing})
            if failing:
                self.part.degraded(f"does not take events: {', '.join(failing)}")
            else:
                self.part.ok()

    def _lose(self, receiver: _Receiver, message: _Message, problem: str) -> None:
        self.part.lost += 1
        logger.warning(
            "webhook lost",
            extra=fields(
                receiver=receiver.host, room=message.room_id, about=message.event, id=message.id, problem=problem
            ),
        )


@asynccontextmanager
async def open_webhooks(
    urls: Sequence[str], secret: str | None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[Webhooks]:
    """Deliver events during the block; what waits at its end has `FLUSH_S` more seconds.

    Raises:
        ValueError: there are URLs and no secret, or one that is too short.
    """
    key = webhooks.secret_bytes(secret or "") if urls else b""
    async with (
        httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S, follow_redirects=False) as client,
        trio.open_nursery() as nursery,
    ):
        hooks = Webhooks(urls, key, client, nursery)
        yield hooks
        hooks.close()
        nursery.cancel_scope.deadline = trio.current_time() + FLUSH_S
    hooks.give_up()
