"""A store whose PostgreSQL goes and comes back."""

from collections.abc import AsyncIterator, Iterator

import pytest
import trio
from tests.integration.memory.conftest import FOR_EVER, until, written
from tests.integration.memory.services import PostgreSQL, running
from tests.integration.memory.test_store import ADA, ROOM, message

from videocall.store import Store, StoreDownError, StoreError, open_store

HEALS_WITHIN_S = 5


@pytest.fixture(scope="module")
def service() -> Iterator[PostgreSQL]:
    """One that these tests may kill."""
    with running(PostgreSQL) as service:
        yield service


@pytest.fixture
async def outage_store(service: PostgreSQL) -> AsyncIterator[Store]:
    service.run("DROP DATABASE IF EXISTS outage WITH (FORCE)")
    service.run("CREATE DATABASE outage")
    store = await open_store(service.url("outage"), node="node", retention=FOR_EVER, max_waiting=1_000)
    async with store.writing():
        yield store


async def heals(store: Store) -> None:
    await until(lambda: store.part.health.state == "ok" and store.waiting == 0, HEALS_WITHIN_S)


async def notices(store: Store) -> None:
    await until(lambda: store.part.health.state == "down")


async def test_what_was_recorded_while_it_was_down_is_written_in_order_when_it_is_back(
    service: PostgreSQL, outage_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store = outage_store
    store.record(message(0))
    await written(store)
    service.kill()
    for number in range(1, 500):
        store.record(message(number))
    store.record(ADA)
    await notices(store)
    assert store.part.health.reason is not None
    assert "hunter2" not in store.part.health.reason
    assert store.waiting == 500
    with pytest.raises(StoreDownError):
        await store.messages("daily")
    service.start()
    await heals(store)
    assert await store.messages("daily", limit=1_000) == [message(number) for number in range(500)]
    assert [session.participant_id for session in await store.sessions("daily")] == ["p1"]
    assert store.part.lost == 0
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == ["the database is down; calls go on, and what is to be written waits"]
    assert "hunter2" not in caplog.text


async def test_beyond_its_bound_the_oldest_are_lost_counted_and_told(
    service: PostgreSQL, outage_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store = outage_store
    service.kill()
    await notices(store)
    for number in range(1_300):
        store.record(message(number))
    assert (store.waiting, store.part.lost) == (1_000, 300)
    service.start()
    await heals(store)
    assert await store.messages("daily", limit=2_000) == [message(number) for number in range(300, 1_300)]
    lost = [record for record in caplog.records if "were lost" in record.getMessage()]
    assert [record.videocall_fields for record in lost] == [{"lost": 300}]  # type: ignore[attr-defined]


async def test_a_server_that_answers_nothing_counts_as_down_and_readers_do_not_hang(
    service: PostgreSQL, outage_store: Store
) -> None:
    store = outage_store
    store.record(message(0))
    await written(store)
    backends = [pid for (pid,) in service.run("SELECT pid FROM pg_stat_activity WHERE datname = 'outage'")]
    with service.frozen(*backends):
        with trio.fail_after(10), pytest.raises(StoreDownError):
            await store.load_room("daily")
        store.record(message(1))
        await notices(store)
    await heals(store)
    assert await store.messages("daily") == [message(0), message(1)]


async def test_a_server_that_starts_first_waits_for_its_database(service: PostgreSQL) -> None:
    service.run("DROP DATABASE IF EXISTS outage WITH (FORCE)")
    service.run("CREATE DATABASE outage")
    service.kill()
    store = await open_store(service.url("outage"), node="node", retention=FOR_EVER)
    async with store.writing():
        assert store.part.health.state == "down"
        store.record(ROOM)
        assert await store.load_room(ROOM.id) == ROOM  # it is known, if not written
        with pytest.raises(StoreDownError):
            await store.load_room("weekly")
        service.start()
        await heals(store)
        assert await store.load_room("weekly") is None
        assert await store.rooms() == [ROOM]


async def test_an_empty_database_in_the_place_of_the_old_one_gets_its_tables(
    service: PostgreSQL, outage_store: Store
) -> None:
    store = outage_store
    store.record(message(0))
    await written(store)
    service.run("DROP DATABASE outage WITH (FORCE)")
    store.record(message(1))
    await notices(store)
    service.run("CREATE DATABASE outage")
    await heals(store)
    assert await store.messages("daily") == [message(1)]


async def test_what_cannot_be_written_before_the_end_is_told_and_does_not_hold_it_up(
    service: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    service.run("DROP DATABASE IF EXISTS outage WITH (FORCE)")
    service.run("CREATE DATABASE outage")
    store = await open_store(service.url("outage"), node="node", retention=FOR_EVER)
    service.kill()
    try:
        with trio.fail_after(10):
            async with store.writing():
                store.record(message(0))
                await notices(store)
        assert store.part.lost == 1
        assert "records were not written before the end" in caplog.text
    finally:
        service.start()


async def test_a_url_of_nonsense_is_no_outage() -> None:
    with pytest.raises(StoreError, match="cannot be understood") as refused:
        await open_store("postgresql://ada:hunter2@host:port/x", node="node")
    assert "hunter2" not in str(refused.value)
