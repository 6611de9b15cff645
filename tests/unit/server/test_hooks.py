# ruff: noqa: ARG001 - a clock works by being asked for

import trio
import trio.testing
from trio.testing import MockClock

from videocall.server.hooks import FLUSH_S, MAX_WAITING, Hooks
from videocall.signaling.events import RoomEnded, RoomStarted


async def hang(_: RoomStarted) -> None:
    await trio.sleep_forever()


async def test_events_come_in_order_and_what_waits_at_the_end_still_comes(autojump_clock: MockClock) -> None:
    hooks, heard = Hooks(), list[str]()

    async def slowly(event: RoomStarted) -> None:
        await trio.sleep(0.1)
        heard.append(event.room_id)

    hooks.add("room.started", slowly)
    async with hooks.running():
        for room in "abc":
            hooks.tell(RoomStarted(1, room))
            hooks.tell(RoomEnded(2, room))
    assert heard == ["a", "b", "c"]


async def test_the_end_does_not_wait_for_a_hook_that_hangs(autojump_clock: MockClock) -> None:
    hooks = Hooks()
    hooks.add(RoomStarted, hang)
    began = trio.current_time()
    async with hooks.running():
        hooks.tell(RoomStarted(1, "a"))
    assert trio.current_time() - began <= FLUSH_S


async def test_a_hook_that_is_too_slow_loses_events_and_delays_no_other(autojump_clock: MockClock) -> None:
    hooks, heard = Hooks(), list[str]()
    hooks.add(RoomStarted, hang)
    hooks.add(RoomStarted, lambda event: heard.append(event.room_id))
    async with hooks.running():
        for number in range(MAX_WAITING + 10):
            hooks.tell(RoomStarted(1, str(number)))
            await trio.testing.wait_all_tasks_blocked()
        assert hooks.lost == 9  # the first one is with the hook, not waiting
        assert len(heard) == MAX_WAITING + 10
