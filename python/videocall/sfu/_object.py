"""What workers, routers, transports, producers and consumers have in common: they close once, with a reason."""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

import msgspec
import trio

from ._channel import PATIENCE, Connection
from ._errors import ClosedError, NotFoundError, WorkerDiedError
from ._event_wire import EventData, event_from_wire
from ._events import Closed, CloseReason, Event

E = TypeVar("E", bound=Event)
T = TypeVar("T")

logger = logging.getLogger("videocall.sfu")


class SfuObject:
    """Base of everything that a worker keeps. Not made by callers."""

    def __init__(self, object_id: str, connection: Connection) -> None:
        self._id = object_id
        self._connection = connection
        self._close_reason: CloseReason | None = None
        self._closed_event = trio.Event()
        self._listeners: dict[type[Event], list[Callable[[Any], object]]] = {}
        connection.register(object_id, self)

    @property
    def id(self) -> str:
        """The object's unique id."""
        return self._id

    @property
    def closed(self) -> bool:
        """Whether the object is closed."""
        return self._close_reason is not None

    @property
    def close_reason(self) -> CloseReason | None:
        """Why it is closed: by `close` of itself or of what it depends on, or by an error. `None` while it is open."""
        return self._close_reason

    async def wait_closed(self) -> None:
        """Wait until the object is closed, for whatever reason. May be cancelled without effect."""
        await self._closed_event.wait()

    def on(self, event: type[E], callback: Callable[[E], object]) -> Callable[[], None]:
        """Call `callback` for every event of a type.

        Callbacks run in the order of the events, in the task that drains the workers: they must not block. What a
        callback raises is logged and goes no further. After `Closed` there are no more events.

        Args:
            event: one of the event classes of this package.
            callback: takes the event; what it returns is ignored.

        Returns:
            A function that ends the subscription; calling it again does nothing.
        """
        callbacks = self._listeners.setdefault(event, [])
        callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return unsubscribe

    def handle_event(self, name: str, data: EventData) -> None:
        """Take in an event of the worker. Not for callers."""
        event = event_from_wire(name, data)
        if isinstance(event, Closed):
            self.finish(event.reason, event.detail)
        elif event is not None and not self.closed:
            self._apply(event)
            self._emit(event)

    def _apply(self, event: Event) -> None:
        """Bring properties up to date, before callbacks see the event."""

    def _children(self) -> Iterable[tuple["SfuObject", CloseReason]]:
        """What cannot outlive this object, and with what reason it closes."""
        return ()

    def _forget(self) -> None:
        """Leave the parent's books."""

    def finish(self, reason: CloseReason, detail: str | None = None) -> None:
        """Close without asking the worker, which has said so or is gone. Not for callers."""
        if self.closed:
            return
        for child, why in list(self._children()):
            child.finish("error" if reason == "error" else why)
        self._close_reason = reason
        self._connection.unregister(self._id)
        self._forget()
        self._closed_event.set()
        self._emit(Closed(reason, detail))
        self._listeners.clear()

    def _emit(self, event: Event) -> None:
        for callback in list(self._listeners.get(type(event), ())):
            try:
                callback(event)
            except Exception:
                logger.exception("a callback for %s of %s failed", type(event).__name__, self._id)

    async def _call(
        self,
        method: str,
        data: Mapping[str, object],
        complete: Callable[[bytes], T],
        undo: Callable[[T], None] | None = None,
    ) -> T:
        if self.closed:
            raise self._closed_error()
        try:
            return await self._connection.request(method, data, complete, undo)
        except NotFoundError:
            if self.closed:
                raise self._closed_error() from None
            raise

    async def _close(self, method: str, data: Mapping[str, object]) -> None:
        """Close by request, undisturbed by cancellation; the worker announces every object that goes with it.

        A worker that does not answer is taken for dead: nobody could cancel the wait.
        """
        if self.closed:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        with trio.move_on_after(PATIENCE, shield=True) as scope:
            # The object's or the worker's end may overtake the request.
            with suppress(NotFoundError, ClosedError, WorkerDiedError):
                await self._connection.request(method, data, ignore)
        if scope.cancelled_caught:
            self._connection.end()
        self.finish("closed")

    def _closed_error(self) -> ClosedError:
        return ClosedError(f"{type(self).__name__.lower()} {self._id} is closed ({self._close_reason})")


def ignore(_: bytes) -> None:
    """Take no notice of an answer."""


def parse_stats(ok: bytes) -> tuple[Mapping[str, Any], ...]:
    """Read the answer to ``getStats``."""
    answer = msgspec.json.decode(ok, type=dict[str, list[dict[str, Any]]])
    return tuple(cast("list[Mapping[str, Any]]", answer["stats"]))
