"""Functions of the embedding program that are called when something happens on the server."""

import inspect
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import trio
from attrs import define, field

from videocall.signaling.events import EVENT_NAMES, ServerEvent
from videocall.signaling.log import fields

__all__ = ["FLUSH_S", "MAX_WAITING", "Hooks"]

FLUSH_S: Final = 2.0
"""How long hooks may take at the end for the events that wait for them."""

MAX_WAITING: Final = 1000
"""Events that wait for one hook. Those that come when it is full are lost, and counted."""

Callback = Callable[[Any], object]

logger = logging.getLogger("videocall.server")


@define
class _Hook:
    kind: type[ServerEvent]
    callback: Callback
    send: trio.MemorySendChannel[ServerEvent]
    receive: trio.MemoryReceiveChannel[ServerEvent]
    lost: int = 0

    def lose(self) -> None:
        """Count an event that it does not get."""
        self.lost += 1
        if math.log2(self.lost).is_integer():  # said now and then, not a thousand times a second
            logger.error("hook too slow", extra=fields(about=EVENT_NAMES[self.kind], lost=self.lost))


@define
class Hooks:
    """Calls each hook with its events, one after the other in their order, beside the calls and never in their way."""

    _hooks: list[_Hook] = field(factory=list[_Hook])
    _nursery: trio.Nursery | None = None

    @property
    def lost(self) -> int:
        """How many events came while a hook had too many waiting."""
        return sum(hook.lost for hook in self._hooks)

    def add(self, event: str | type[ServerEvent], callback: Callback) -> None:
        """Have `callback` called with every event of a kind, from now on.

        Raises:
            ValueError: there is no such event.
        """
        kinds = [kind for kind, name in EVENT_NAMES.items() if event in {kind, name}]
        if not kinds:
            raise ValueError(f"there is no event {event!r}; there are: {', '.join(EVENT_NAMES.values())}")
        send, receive = trio.open_memory_channel[ServerEvent](MAX_WAITING)
        hook = _Hook(kinds[0], callback, send, receive)
        self._hooks.append(hook)
        if self._nursery is not None:
            self._nursery.start_soon(_work_off, hook)

    def tell(self, event: ServerEvent) -> None:
        """Queue an event for the hooks of its kind. Never waits."""
        for hook in self._hooks:
            if isinstance(event, hook.kind):
                try:
                    hook.send.send_nowait(event)
                except (trio.WouldBlock, trio.ClosedResourceError):
                    hook.lose()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Call the hooks during the block, and for what then waits `FLUSH_S` seconds more at most."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for hook in self._hooks:
                nursery.start_soon(_work_off, hook)
            try:
                yield
            finally:
                self._nursery = None
                for hook in self._hooks:
                    hook.send.close()
                nursery.cancel_scope.deadline = trio.current_time() + FLUSH_S


async def _work_off(hook: _Hook) -> None:
    async for event in hook.receive:
        await _call(hook, event)


async def _call(hook: _Hook, event: ServerEvent) -> None:
    try:
        result = hook.callback(event)
        if inspect.isawaitable(result):
            await cast("Awaitable[object]", result)
    except Exception:
        logger.exception(
            "hook failed", extra=fields(about=EVENT_NAMES[hook.kind], room=getattr(event, "room_id", None))
        )
