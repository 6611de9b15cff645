"""Whether the server's own threads keep up: the event loop's lag, and whether each media worker lives and answers."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import trio

from videocall.health import Part

__all__ = ["PERIOD_S", "Pulse", "Worker"]

PERIOD_S: Final = 0.5
_LATE_S: Final = 0.5
"""A loop that is this late is felt in a call: answers, joins and chat wait for it."""

_PROBE_EVERY: Final = 10
_ANSWER_S: Final = 2.0


class Worker(Protocol):
    """What is asked of a media worker; see `videocall.sfu.Worker`."""

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        ...

    async def dump(self) -> object:
        """Its books; any answer will do."""
        ...


class Pulse:
    """Measures in the background, while `run` runs.

    Attributes:
        workers: the part ``workers``: down when none is alive, degraded when some are not, or do not answer.
        loop: the part ``loop``: degraded while the event loop is late.
        observe_lag: called at every beat with how late the loop was, in seconds.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers: Final = Part("workers")
        self.loop: Final = Part("loop")
        self.observe_lag: Callable[[float], object] = lambda _: None
        self._workers = workers
        self._silent: frozenset[int] = frozenset()
        self.workers.ok()
        self.loop.ok()

    async def run(self) -> None:
        """Beat until cancelled."""
        beat = 0
        async with trio.open_nursery() as nursery:
            while True:
                due = trio.current_time() + PERIOD_S
                await trio.sleep_until(due)
                self._note_lag(trio.current_time() - due)
                if beat % _PROBE_EVERY == 0:
                    nursery.start_soon(self._probe)
                beat += 1
                self.check_workers()

    def check_workers(self) -> None:
        """Look who is alive now."""
        alive = sum(not worker.closed for worker in self._workers)
        if alive == 0:
            self.workers.down("no media worker is alive")
        elif alive < len(self._workers):
            self.workers.degraded(f"{len(self._workers) - alive} of {len(self._workers)} media workers died")
        elif self._silent:
            self.workers.degraded(f"media workers do not answer: {', '.join(map(str, sorted(self._silent)))}")
        else:
            self.workers.ok()

    def _note_lag(self, lag_s: float) -> None:
        self.observe_lag(max(0.0, lag_s))
        if lag_s > _LATE_S:
            self.loop.degraded(f"the event loop was {lag_s:.1f} s late")
        else:
            self.loop.ok()

    async def _probe(self) -> None:
        silent: set[int] = set()

        async def ask(index: int, worker: Worker) -> None:
            with trio.move_on_after(_ANSWER_S) as patience:
                await _answer(worker)
            if patience.cancelled_caught:
                silent.add(index)

        async with trio.open_nursery() as nursery:
            for index, worker in enumerate(self._workers):
                nursery.start_soon(ask, index, worker)
        self._silent = frozenset(silent)
        self.check_workers()


async def _answer(worker: Worker) -> None:
    try:
        await worker.dump()
    except Exception:  # noqa: BLE001 - a worker that is gone is found by being closed
        await trio.lowlevel.checkpoint()
