"""The real server process, its database and its Redis: what is remembered, and calls while both are away."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from tests.integration.conftest import Server, enter, hear, running
from tests.integration.memory import services
from tests.integration.memory.conftest import FOR_EVER, until
from tests.integration.memory.services import PostgreSQL, RedisServer

from videocall.client import connect
from videocall.cluster import RoomPresence, open_cluster
from videocall.protocol import notifications as n
from videocall.store import Store, StoredSession, open_store

HEALS_WITHIN_S = 5


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQL]:
    """One that these tests may kill."""
    with services.running(PostgreSQL) as service:
        yield service


async def sessions(database_url: str, room_id: str = "daily") -> list[StoredSession]:
    """As they stand in the database."""
    store: Store = await open_store(database_url, node="reader", retention=FOR_EVER)
    async with store.writing():
        return await store.sessions(room_id)


async def chat(database_url: str, room_id: str = "daily") -> list[str]:
    store: Store = await open_store(database_url, node="reader", retention=FOR_EVER)
    async with store.writing():
        return [message.text for message in await store.messages(room_id)]


def parts(server: Server) -> dict[str, Any]:
    """How its parts are, by ``/healthz``."""
    found: dict[str, Any] = server.health()["parts"]
    return found


def is_so(server: Server, **states: str) -> Callable[[], bool]:
    return lambda: all(parts(server)[name]["state"] == state for name, state in states.items())


async def test_it_is_remembered_who_was_where(database_url: str, web_dist: Path, tmp_path: Path) -> None:
    with running(web_dist, tmp_path, "--database-url", database_url) as server:
        assert parts(server)["database"]["state"] == "ok"
        assert parts(server)["redis"]["state"] == "off"
        async with connect(server.url) as first, connect(server.url) as second:
            ada, bob = await enter(first, "Ada", "daily"), await enter(second, "Bob", "daily")
            await second.leave_room()
            await hear(first, n.ParticipantLeft)

            async def told() -> bool:
                return [each.reason for each in await sessions(database_url)].count("left") == 1

            await until(told)
        assert server.stop() == 0
    by_id = {each.participant_id: each for each in await sessions(database_url)}
    assert by_id.keys() == {ada.id, bob.id}
    assert [(by_id[who.id].display_name, by_id[who.id].role) for who in (ada, bob)] == [
        ("Ada", "host"),
        ("Bob", "participant"),
    ]
    assert all(each.left_at is not None and each.joined_at <= each.left_at for each in by_id.values())
    assert {each.reason for each in by_id.values()} == {"left"}


async def test_a_killed_server_remembers_chat_and_closes_sessions(
    database_url: str, web_dist: Path, tmp_path: Path
) -> None:
    flags = ("--database-url", database_url)
    with running(web_dist, tmp_path, *flags) as server:
        async with connect(server.url) as client:
            await enter(client, "Ada", "daily")
            for text in ("one", "two", "three"):
                await client.request("sendMessage", {"text": text})

            async def written() -> bool:
                return len(await chat(database_url)) == 3

            await until(written)
            server.process.kill()
            await trio.to_thread.run_sync(server.process.wait)
    assert [each.left_at for each in await sessions(database_url)] == [None]
    with running(web_dist, tmp_path, *flags) as server:
        async with connect(server.url) as client:
            joined = await client.join_room("Ada", "daily")
            assert [message.text for message in joined.messages] == ["one", "two", "three"]
            await client.leave_room()

        async def closed() -> bool:
            return sorted(each.reason or "" for each in await sessions(database_url)) == ["error", "left"]

        await until(closed, 40)


async def test_a_call_goes_on_while_postgresql_and_redis_are_down(
    own_postgresql: PostgreSQL, redis: RedisServer, web_dist: Path, tmp_path: Path
) -> None:
    own_postgresql.run("CREATE DATABASE outage")
    url = own_postgresql.url("outage")
    flags = ("--database-url", url, "--redis-url", redis.url)
    with running(web_dist, tmp_path, *flags, says=("the database is down", "Redis is down")) as server:
        await until(is_so(server, database="ok", redis="ok"))
        async with connect(server.url) as first, connect(server.url) as second, connect(server.url) as third:
            ada, bob = await enter(first, "Ada", "daily"), await enter(second, "Bob", "daily")
            consumer = await bob.consume(await ada.produce())
            own_postgresql.kill()
            redis.kill()
            await until(is_so(server, database="down", redis="down"))

            for text in ("one", "two"):
                await first.request("sendMessage", {"text": text})
            screen = await ada.produce(ssrc=5000, source="screen")
            await bob.consume(screen)
            await second.resume_consumer(consumer.id)
            cyd = await enter(third, "Cyd", "daily")
            await hear(first, n.ParticipantJoined)
            await second.leave_room()
            await hear(first, n.ParticipantLeft)

            own_postgresql.start()
            redis.start()
            await until(is_so(server, database="ok", redis="ok"), HEALS_WITHIN_S)

            async def written() -> bool:
                left = {each.participant_id: each.reason for each in await sessions(url)}
                return left == {ada.id: None, bob.id: "left", cyd.id: None}

            await until(written, HEALS_WITHIN_S)
            assert await chat(url) == ["one", "two"]
            (present,) = await presence(redis)
            assert [person.display_name for person in present.people] == ["Ada", "Cyd"]
    assert "hunter2" not in server.log.read_text()


async def presence(redis: RedisServer) -> list[RoomPresence]:
    async with open_cluster(redis.url, "reader") as cluster:
        await until(lambda: cluster.part.health.state == "ok")
        return await cluster.rooms()


async def test_a_server_starts_while_its_database_is_down_and_heals(
    own_postgresql: PostgreSQL, web_dist: Path, tmp_path: Path
) -> None:
    own_postgresql.run("CREATE DATABASE late")
    own_postgresql.kill()
    url = own_postgresql.url("late")
    with running(web_dist, tmp_path, "--database-url", url, says=("the database is down",)) as server:
        assert parts(server)["database"]["state"] == "down"
        own_postgresql.start()
        await until(is_so(server, database="ok"), HEALS_WITHIN_S)
        async with connect(server.url) as client:
            await enter(client, "Ada", "daily")


def test_a_database_that_cannot_be_made_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    flags = ("--database-url", f"sqlite:///{tmp_path}/taken/x.db")
    with (
        pytest.raises(AssertionError, match=r"^videocall: cannot make the database sqlite:///[^\n]*\n\s*\nassert"),
        running(web_dist, tmp_path, *flags),
    ):
        pytest.fail("it started")


async def test_the_end_does_not_wait_for_a_database_that_is_down(
    own_postgresql: PostgreSQL, web_dist: Path, tmp_path: Path
) -> None:
    url = own_postgresql.url("postgres")
    says = ("the database is down", "records were not written before the end")
    with running(web_dist, tmp_path, "--database-url", url, says=says) as server:
        async with connect(server.url) as client:
            await enter(client, "Ada", "daily")
            own_postgresql.kill()
            try:
                await until(is_so(server, database="down"))
                server.process.send_signal(signal.SIGTERM)
                assert await trio.to_thread.run_sync(server.process.wait, 15) == 0
            finally:
                own_postgresql.start()
