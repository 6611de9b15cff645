"""The server's pulse, on virtual time."""

# ruff: noqa: ARG001 - a clock works by being asked for

import attrs
import trio
import trio.testing
from trio.testing import MockClock

from videocall.server.pulse import PERIOD_S, Pulse
from videocall.sfu import ClosedError


@attrs.define
class FakeWorker:
    closed: bool = False
    silent: bool = False
    asked: int = 0

    async def dump(self) -> object:
        self.asked += 1
        await trio.lowlevel.checkpoint()
        if self.closed:
            raise ClosedError("the worker is closed")
        if self.silent:
            await trio.sleep_forever()
        return {}


async def test_workers_are_asked_now_and_then_and_silent_ones_told(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    workers = [FakeWorker(), FakeWorker()]
    pulse = Pulse(workers)
    nursery.start_soon(pulse.run)
    await trio.sleep(60)
    assert pulse.workers.health.state == "ok"
    assert 10 <= workers[0].asked <= 20
    workers[1].silent = True
    await trio.sleep(10)
    assert pulse.workers.health.reason == "media workers do not answer: 1"
    workers[1].silent = False
    await trio.sleep(10)
    assert pulse.workers.health.state == "ok"


async def test_dead_workers_are_told_at_the_next_beat(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    workers = [FakeWorker(), FakeWorker()]
    pulse = Pulse(workers)
    nursery.start_soon(pulse.run)
    for worker, state in zip(workers, ("degraded", "down"), strict=True):
        worker.closed = True
        await trio.sleep(1.5 * PERIOD_S)
        assert pulse.workers.health.state == state


async def test_a_late_loop_is_degraded_until_it_is_not(nursery: trio.Nursery, mock_clock: MockClock) -> None:
    pulse, lags = Pulse([FakeWorker()]), list[float]()
    pulse.observe_lag = lags.append
    nursery.start_soon(pulse.run)
    for step in (PERIOD_S, PERIOD_S + 0.75, PERIOD_S):
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(step)
        await trio.testing.wait_all_tasks_blocked()
        assert pulse.loop.health.state == ("degraded" if step > PERIOD_S else "ok")
    assert lags == [0, 0.75, 0]
