"""Requests to the media workers, and their answers and events."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import attrs
import msgspec
import trio

from videocall.ortc import to_wire

from ._errors import (
    ClosedError,
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    SfuError,
    UnsupportedError,
    WorkerDiedError,
)
from ._event_wire import EventData
from ._events import CloseReason
from ._extension import Media, WorkerLike

T = TypeVar("T")

logger = logging.getLogger("videocall.sfu")

BATCH = 1024
"""Messages taken from the queue at once, so that a burst does not hold up the other tasks for long."""


PATIENCE = 10.0
"""Seconds that a worker may take over something that cannot be cancelled before it is taken for dead."""


class Target(Protocol):
    """Whatever can be addressed by an event."""

    def handle_event(self, name: str, data: EventData) -> None:
        """Take in one event; called in order, never concurrently."""
        ...


@attrs.frozen
class _Error:
    code: str
    message: str = ""


_ABSENT: Final = msgspec.Raw(b"{}")


@attrs.frozen
class _Message:
    """Either an answer (`id` with `ok` or `error`) or an event."""

    id: int | None = None
    ok: msgspec.Raw = _ABSENT
    error: _Error | None = None
    event: str | None = None
    target: str | None = None
    data: EventData = attrs.field(factory=EventData)


class _Pending(Generic[T]):
    """A request on its way. What its answer means is done when it arrives, whether or not anyone still waits."""

    def __init__(self, complete: Callable[[bytes], T], undo: Callable[[T], None] | None) -> None:
        self._complete = complete
        self._undo = undo
        self._results: list[T] = []
        self._error: Exception | None = None
        self._abandoned = False
        self._done = trio.Event()

    async def result(self) -> T:
        try:
            await self._done.wait()
        except BaseException:
            self._abandoned = True
            self._undo_if_unwanted()
            raise
        if self._error is not None:
            raise self._error
        return self._results[0]

    def succeed(self, ok: bytes) -> None:
        try:
            self._results.append(self._complete(ok))
        except msgspec.MsgspecError as error:
            self._error = SfuError(f"the worker's answer makes no sense: {error}")
        self._done.set()
        self._undo_if_unwanted()

    def fail(self, error: SfuError) -> None:
        self._error = error
        self._done.set()

    def _undo_if_unwanted(self) -> None:
        if self._abandoned and self._undo is not None and self._results:
            self._undo(self._results.pop())


class Connection:
    """One worker's end of the channel: correlates answers with requests and hands events to their targets."""

    def __init__(self, worker: WorkerLike, backpressure: type[Exception]) -> None:
        self._worker = worker
        self._backpressure = backpressure
        self._next_id = 0
        self._pending: dict[int, _Pending[Any]] = {}
        self._unsent: deque[bytes] = deque()
        self._targets: dict[str, Target] = {}
        self._end: Literal["closed", "died"] | None = None
        self.ended = trio.Event()
        self.closing = False
        """Whether the worker was asked to end: then its end is no accident."""
        self.on_end: Callable[[CloseReason], None] | None = None

    def register(self, target_id: str, target: Target) -> None:
        """Deliver the events of `target_id`."""
        self._targets[target_id] = target

    def unregister(self, target_id: str) -> None:
        """Deliver them no more."""
        self._targets.pop(target_id, None)

    async def request(
        self,
        method: str,
        data: Mapping[str, object],
        complete: Callable[[bytes], T],
        undo: Callable[[T], None] | None = None,
    ) -> T:
        """Send a request and wait for its answer.

        Args:
            method: the worker's name for it.
            data: its arguments; wire types are allowed.
            complete: turns the answer's JSON into the result. Runs before any later event is delivered.
            undo: called with the result when the caller was cancelled meanwhile.

        Raises:
            SfuError: the worker's answer, or its death.
            trio.Cancelled: the request may still take effect, and `undo` then takes it back.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._end is not None:
            raise self._end_error()
        pending = _Pending(complete, undo)
        self._submit(method, data, pending)
        return await pending.result()

    def post(self, method: str, data: Mapping[str, object]) -> None:
        """Send a request whose answer does not matter."""
        if self._end is None:
            self._submit(method, data, None)

    def dispatch(self, raw: bytes) -> None:
        """Take in one message of the worker."""
        message = msgspec.json.decode(raw, type=_Message)
        if message.event == "workerClosed":
            self.end()
        elif message.event == "log":
            logger.log(message.data.level, "worker %s: %s", message.target, message.data.message)
        elif message.event is not None:
            target = self._targets.get(message.target or "")
            if target is not None:
                target.handle_event(message.event, message.data)
        else:
            self._answer(message)
        self._send_rest()

    def end(self) -> None:
        """The worker is gone: close what is on it and fail what is pending. Idempotent."""
        if self._end is not None:
            return
        self._end = "closed" if self.closing else "died"
        if not self.closing:
            self._worker.close()  # in case that it only seems dead
        self._unsent.clear()
        if self.on_end is not None:
            self.on_end("closed" if self.closing else "error")
        pending, self._pending = list(self._pending.values()), {}
        for request in pending:
            request.fail(self._end_error())
        self.ended.set()

    def _submit(self, method: str, data: Mapping[str, object], pending: _Pending[Any] | None) -> None:
        self._next_id += 1
        if pending is not None:
            self._pending[self._next_id] = pending
        self._unsent.append(msgspec.json.encode({"id": self._next_id, "method": method, "data": to_wire(data)}))
        self._send_rest()

    def _send_rest(self) -> None:
        # A full ring means answers to come, and each of them brings us back here.
        try:
            while self._unsent:
                self._worker.send(self._unsent[0])
                self._unsent.popleft()
        except self._backpressure:
            pass

    def _answer(self, message: _Message) -> None:
        pending = self._pending.pop(message.id or 0, None)
        if pending is None:
            return
        if message.error is not None:
            pending.fail(_error(message.error))
        else:
            pending.succeed(bytes(message.ok))

    def _end_error(self) -> SfuError:
        return ClosedError("the worker is closed") if self._end == "closed" else WorkerDiedError("the worker died")


async def drain_forever(media: Media, connections: Sequence[Connection]) -> None:
    """Deliver what the workers say, until cancelled. A worker that says nonsense is treated as dead."""
    while True:
        await trio.lowlevel.wait_readable(media.fileno())
        for index, raw in media.drain(BATCH):
            try:
                connections[index].dispatch(raw)
            except msgspec.MsgspecError:
                logger.exception("worker %d sent a message that makes no sense", index)
                connections[index].end()


def _error(error: _Error) -> SfuError:
    match error.code:
        case "NOT_FOUND":
            return NotFoundError(error.message)
        case "CONFLICT":
            return ConflictError(error.message)
        case "UNSUPPORTED":
            return UnsupportedError(error.message)
        case "BAD_REQUEST":
            argument, colon, problem = error.message.partition(": ")
            if colon and " " not in argument:
                return InvalidArgumentError(argument, problem)
            return InvalidArgumentError("request", error.message)
        case _:
            return SfuError(f"{error.code}: {error.message}")
