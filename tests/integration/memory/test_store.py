"""What a store remembers, on SQLite and on PostgreSQL."""

import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.integration.memory.conftest import FOR_EVER, until, written

from videocall.store import (
    Retention,
    RoomRemoved,
    SessionEnded,
    SessionStarted,
    Store,
    StoredMessage,
    StoredRoom,
    StoredSession,
    StoreError,
    Upgrade,
    make_engine,
    open_store,
    upgrade,
)
from videocall.store.tables import metadata

ROOM = StoredRoom(
    "daily",
    created_at=1_000,
    kept=True,
    locked=True,
    lobby=True,
    password_hash="scrypt$1",
    permissions={"audio": True, "screen": False},
    max_participants=7,
    expires_at=9_000_000_000_000,
    used_at=1_000,
)
ADA = SessionStarted("p1", "daily", "ada", "Ada \N{DUCK}", "host", 1_000)
DAY_MS = 86_400_000


def message(number: int, room_id: str = "daily", text: str = "hello") -> StoredMessage:
    return StoredMessage(room_id, f"{number:08d}", "p1", "Ada", text, number, f"c{number}")


@asynccontextmanager
async def reopened(url: str, node: str = "later", retention: Retention = FOR_EVER) -> AsyncIterator[Store]:
    store = await open_store(url, node=node, retention=retention)
    async with store.writing():
        yield store


async def test_a_room_is_as_it_was_written(store: Store, database_url: str) -> None:
    store.record(ROOM)
    assert await store.load_room("daily") == ROOM
    await written(store)
    assert await store.load_room("daily") == ROOM
    assert "scrypt" not in repr(ROOM)
    async with reopened(database_url) as other:
        assert await other.load_room("daily") == ROOM
        assert await other.load_room("weekly") is None


async def test_a_room_changes_and_goes(store: Store) -> None:
    store.record(ROOM)
    await written(store)
    for changed in (attrs.evolve(ROOM, locked=False, password_hash=None, permissions={}), None):
        store.record(changed or RoomRemoved("daily"))
        rooms = [changed] if changed else []
        assert (await store.load_room("daily"), await store.rooms()) == (changed, rooms)
        await written(store)
        assert (await store.load_room("daily"), await store.rooms()) == (changed, rooms)


async def test_sessions_say_who_was_where_and_when(store: Store) -> None:
    store.record(ADA)
    store.record(SessionStarted("p2", "daily", None, "Bob", "participant", 1_500))
    store.record(SessionStarted("p3", "weekly", None, "Cyd", "participant", 1_500))
    store.record(SessionEnded("p1", 2_000, "left"))
    await written(store)
    assert await store.sessions("daily") == [
        StoredSession("p2", "daily", None, "Bob", "participant", 1_500, None, None),
        StoredSession("p1", "daily", "ada", "Ada \N{DUCK}", "host", 1_000, 2_000, "left"),
    ]
    assert [session.participant_id for session in await store.sessions("daily", 1)] == ["p2"]


async def test_chat_is_read_in_pages_written_or_not(store: Store) -> None:
    for number in range(250):
        store.record(message(number))
    store.record(message(7, "weekly"))
    for _ in range(2):
        assert await store.messages("daily", limit=3) == [message(247), message(248), message(249)]
        assert await store.messages("daily", message(2).id) == [message(0), message(1)]
        page = await store.messages("daily", message(249).id, limit=100)
        assert page == [message(number) for number in range(149, 249)]
        await written(store)


async def test_ids_are_compared_byte_by_byte(store: Store) -> None:
    ids = sorted(["a", "B", "_", "-", "a-b", "aB", "0"])
    for sent_at, message_id in enumerate(ids):
        store.record(StoredMessage("daily", message_id, "p1", "Ada", "hello", sent_at))
    await written(store)
    assert [each.id for each in await store.messages("daily")] == ids
    assert [each.id for each in await store.messages("daily", "a")] == ids[: ids.index("a")]


async def test_what_is_written_twice_is_there_once_and_as_it_was_first(store: Store) -> None:
    for _ in range(2):
        store.record(message(1))
        store.record(ADA)
        store.record(SessionEnded("p1", 2_000, "left"))
        await written(store)
    assert await store.messages("daily") == [message(1)]
    assert [session.reason for session in await store.sessions("daily")] == ["left"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_a_record_that_cannot_be_written_holds_up_no_other(
    database_url: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_store(database_url, node="node", retention=FOR_EVER)
    store.record(message(1))
    store.record(message(2, text=text))
    store.record(message(3))
    async with store.writing():
        await written(store)
        numbers = [each.sent_at for each in await store.messages("daily")]
        assert store.part.health.state == "ok"
    # SQLite takes a NUL.
    assert numbers == ([1, 2, 3] if not store.part.lost else [1, 3])
    refused = [record for record in caplog.records if record.getMessage() == "a record cannot be written"]
    assert len(refused) == store.part.lost
    if text == "\ud800":
        assert store.part.lost == 1


async def test_what_is_recorded_last_is_written_before_the_end(database_url: str) -> None:
    store = await open_store(database_url, node="node", retention=FOR_EVER)
    async with store.writing():
        for number in range(1_000):
            store.record(message(number))
    assert (store.waiting, store.part.lost) == (0, 0)
    async with reopened(database_url) as other:
        assert len(await other.messages("daily", limit=2_000)) == 1_000


async def test_retention_deletes_what_is_old_and_nothing_else(database_url: str) -> None:
    now = 0

    def aged(days: float) -> int:
        return now - int(days * DAY_MS)

    async with reopened(database_url, "first") as store:
        now = int(1000 * store.writer.clock())
        for number in range(2_500):
            store.record(attrs.evolve(message(number), sent_at=aged(31)))
        store.record(attrs.evolve(message(3_000), sent_at=aged(29)))
        for participant, joined, left in (("old", 92, 91), ("long", 92, 89), ("new", 1, 0.5)):
            store.record(attrs.evolve(ADA, participant_id=participant, joined_at=aged(joined)))
            store.record(SessionEnded(participant, aged(left), "left"))
        store.record(attrs.evolve(ADA, participant_id="still there", room_id="lasting", joined_at=aged(100)))
        store.record(attrs.evolve(ROOM, id="expired", expires_at=aged(0.1)))
        store.record(attrs.evolve(ROOM, id="made", used_at=aged(400)))
        store.record(attrs.evolve(ROOM, id="left behind", kept=False, used_at=aged(2)))
        store.record(attrs.evolve(ROOM, id="lasting", kept=False, used_at=aged(2)))
        store.record(attrs.evolve(ROOM, id="just ended", kept=False, used_at=aged(0.5)))
        await written(store)
        assert len(await store.messages("daily", limit=5_000)) == 2_501
    async with reopened(database_url, "second", Retention()) as store:

        async def cleaned() -> bool:
            return [each.sent_at for each in await store.messages("daily", limit=5_000)] == [aged(29)]

        await until(cleaned)
        assert [session.participant_id for session in await store.sessions("daily")] == ["new", "long"]
        assert [session.left_at for session in await store.sessions("lasting")] == [None]
        assert [room.id for room in await store.rooms()] == ["just ended", "lasting", "made"]


async def test_sessions_of_a_process_that_was_killed_are_closed_as_of_its_last_sign_of_life(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videocall.store.writer._DEAD_S", 3.0)
    killed = await open_store(database_url, node="killed")
    killed.record(ADA)
    assert await killed.writer.write()
    killed._engine.dispose()
    seen = int(1000 * killed.writer.clock())
    async with reopened(database_url, "living") as store, reopened(database_url, "third") as third:
        third.record(attrs.evolve(ADA, participant_id="p2"))

        async def closed() -> bool:
            return [session.reason for session in await store.sessions("daily")] == ["error", None]

        await until(closed)
        session = (await store.sessions("daily"))[0]
        assert session.left_at is not None
        assert seen - 5_000 < session.left_at <= seen


def test_migrations_make_the_tables(database_url: str) -> None:
    engine = make_engine(database_url)
    assert upgrade(engine) == Upgrade(None, "0001")
    assert upgrade(engine) == Upgrade("0001", "0001")
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_tables_of_a_newer_version_are_left_alone(database_url: str) -> None:
    engine = make_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999, which is that of a newer videocall"):
        upgrade(engine)
    engine.dispose()


def test_processes_that_migrate_at_the_same_time_do_not_clash(database_url: str) -> None:
    code = (
        "import sys; from videocall.store import *; sys.stdin.read(1); print(upgrade(make_engine(sys.argv[1])).before)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers: list[str] = []

    def end(process: subprocess.Popen[str]) -> None:
        answers.append(process.communicate("x", timeout=60)[0].strip())

    threads = [threading.Thread(target=end, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["0001", "0001", "0001", "None"]
    assert {process.returncode for process in processes} == {0}


async def test_two_processes_write_to_one_database(database_url: str) -> None:
    async with reopened(database_url, "one") as one, reopened(database_url, "two") as two:
        async with trio.open_nursery() as nursery:

            async def chat(store: Store, room_id: str) -> None:
                for number in range(300):
                    store.record(message(number, room_id))
                    await trio.lowlevel.checkpoint()
                await written(store)

            nursery.start_soon(chat, one, "daily")
            nursery.start_soon(chat, two, "weekly")
        for room_id in ("daily", "weekly"):
            assert len(await one.messages(room_id, limit=1_000)) == 300
        assert {one.part.health.state, two.part.health.state} == {"ok"}


async def test_sqlites_file_is_its_users_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("home") / "share" / "videocall" / "videocall.db"
    async with reopened(f"sqlite:///{path}") as store:
        store.record(message(1))
        await written(store)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_that_is_no_database_is_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("home") / "videocall.db"
    path.write_text("something else" * 100)
    with pytest.raises(StoreError, match=rf"cannot use the database sqlite:///{path}: DatabaseError: file is not"):
        await open_store(f"sqlite:///{path}", node="node")
    with pytest.raises(StoreError, match="cannot make the database"):
        await open_store(f"sqlite:///{path}/videocall.db", node="node")
    assert path.read_text() == "something else" * 100
