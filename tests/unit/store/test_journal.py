"""The queue between calls and a database."""

import pytest
import trio
import trio.testing

from videocall.health import Part
from videocall.store import RoomRemoved
from videocall.store.journal import BATCH, Journal

R = [RoomRemoved(str(number)) for number in range(2 * BATCH + 10)]


async def test_records_come_out_in_order_and_stay_pending_until_they_are_written() -> None:
    journal = Journal(Part("database"))
    for record in R:
        journal.put(record)
    taken: list[object] = []
    while batch := journal.take():
        assert list(journal.pending()) == R[len(taken) :]
        taken += batch
        journal.written()
    assert taken == R
    assert len(journal) == 0


async def test_what_was_not_written_is_given_out_again_before_what_came_later() -> None:
    journal = Journal(Part("database"))
    for record in R[:3]:
        journal.put(record)
    assert journal.take() == R[:3]
    journal.put(R[3])
    journal.not_written()
    assert journal.take() == R[:4]


async def test_the_oldest_are_lost_beyond_the_bound_those_that_were_being_written_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    part = Part("database")
    journal = Journal(part, max_waiting=5)
    for record in R[:4]:
        journal.put(record)
    journal.take()
    for record in R[4:8]:
        journal.put(record)
    assert part.lost == 0, "what is being written may still get through"
    journal.not_written()
    assert list(journal.pending()) == R[3:8]
    assert part.lost == 3
    journal.take()
    journal.written()
    assert [record.getMessage() for record in caplog.records] == [
        "too much waits for the database; the oldest is given up",
        "records were lost while the database was down",
    ]


@pytest.mark.usefixtures("autojump_clock")
async def test_news_wakes_whoever_waits_for_it() -> None:
    journal = Journal(Part("database"))
    with trio.move_on_after(1) as waiting:
        await journal.news()
    assert waiting.cancelled_caught
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.news)
        await trio.testing.wait_all_tasks_blocked()
        journal.put(R[0])
    await journal.news()


async def test_what_is_left_at_the_end_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    part = Part("database")
    journal = Journal(part)
    journal.put(R[0])
    journal.close()
    assert part.lost == 1
    assert "records were not written before the end" in caplog.text
