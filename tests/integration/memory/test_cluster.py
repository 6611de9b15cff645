"""Presence and bus, in memory and in a real Redis that goes and comes back."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest
import trio
from tests.integration.memory.conftest import until
from tests.integration.memory.services import RedisServer

from videocall.cluster import BusEvent, Cluster, ClusterDownError, Gap, Person, RoomPresence, listen, open_cluster

HEALS_WITHIN_S = 5
ADA = Person("p1", "Ada \N{DUCK}", "host", 1_000, "ada")
BOB = Person("p2", "Bob", "participant", 2_000)


def room(room_id: str, node: str, *people: Person) -> RoomPresence:
    return RoomPresence(room_id, node, 500, people)


@asynccontextmanager
async def joined(redis: RedisServer, node: str) -> AsyncIterator[Cluster]:
    async with open_cluster(redis.url, node) as cluster:
        await until(lambda: cluster.part.health.state == "ok")
        yield cluster


async def sees(cluster: Cluster, *rooms: RoomPresence, within_s: float = 20) -> None:
    async def seen() -> bool:
        try:
            return await cluster.rooms() == list(rooms)
        except ClusterDownError:
            return False

    await until(seen, within_s)


@pytest.fixture(params=["memory", "redis"])
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    if request.param == "memory":
        async with open_cluster(None, "one") as cluster:
            yield cluster
    else:
        async with joined(request.getfixturevalue("redis"), "one") as cluster:
            yield cluster


async def test_a_server_sees_its_own_rooms(cluster: Cluster) -> None:
    assert await cluster.rooms() == []
    cluster.announce(room("weekly", "one"))
    cluster.announce(room("daily", "one", ADA))
    await sees(cluster, room("daily", "one", ADA), room("weekly", "one"))
    cluster.announce(room("daily", "one", ADA, BOB))
    cluster.withdraw("weekly")
    cluster.withdraw("nothing")
    cluster.publish({"event": "room.ended"})
    await sees(cluster, room("daily", "one", ADA, BOB))


async def test_servers_see_each_other_until_they_leave(redis: RedisServer) -> None:
    async with joined(redis, "one") as one:
        one.announce(room("daily", "one", ADA))
        async with joined(redis, "two") as two:
            two.announce(room("weekly", "two", BOB))
            for cluster in (one, two):
                await sees(cluster, room("daily", "one", ADA), room("weekly", "two", BOB))
        await sees(one, room("daily", "one", ADA), within_s=2)
    assert redis.ask("EXISTS videocall:node:one videocall:node:two videocall:nodes") == ":0"


LISTENER = """
import sys, trio
from videocall.cluster import Gap, listen
async def main():
    async with listen(sys.argv[1]) as events:
        async for event in events:
            print("gap" if isinstance(event, Gap) else f"{event.node} {event.data['number']}", flush=True)
trio.run(main)
"""


@pytest.fixture
def start(redis: RedisServer) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a process with some code and the Redis' URL; it is killed at the end of the test."""
    with ExitStack() as stack:

        def start(code: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", code, redis.url]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            return process

        yield start


async def test_another_process_hears_the_events_in_their_order(
    redis: RedisServer, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    heard = start(LISTENER).stdout
    assert heard is not None
    assert await trio.to_thread.run_sync(heard.readline) == "gap\n"
    async with joined(redis, "one") as one:
        for number in range(100):
            one.publish({"number": number})
        for number in range(100):
            assert await trio.to_thread.run_sync(heard.readline) == f"one {number}\n"


async def test_what_others_put_on_the_channel_is_passed_over(redis: RedisServer) -> None:
    async with listen(redis.url) as events, joined(redis, "one") as one:
        assert isinstance(await events.receive(), Gap)
        for nonsense in ("hello", "{}", '"[1]"'):
            redis.ask(f"PUBLISH videocall:events {nonsense}")
        one.publish({"number": 1})
        assert await events.receive() == BusEvent("one", {"number": 1})


KILLED = """
import sys, trio
from videocall.cluster import Person, RoomPresence, open_cluster
async def main():
    async with open_cluster(sys.argv[1], "killed") as cluster:
        cluster.announce(RoomPresence("daily", "killed", 500, (Person("p1", "Ada", "host", 1000),)))
        await trio.sleep_forever()
trio.run(main)
"""


async def test_the_presence_of_a_killed_process_vanishes(
    redis: RedisServer, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    async with joined(redis, "one") as one:
        process = start(KILLED)
        await sees(one, room("daily", "killed", Person("p1", "Ada", "host", 1_000)))
        process.kill()
        await sees(one, within_s=15)
        assert redis.ask("SCARD videocall:nodes") == ":1"


async def test_when_redis_comes_back_all_is_as_it_is_now(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    async with joined(redis, "one") as one, joined(redis, "two") as two, listen(redis.url) as events:
        assert isinstance(await events.receive(), Gap)
        one.announce(room("daily", "one", ADA))
        one.announce(room("weekly", "one", ADA))
        await sees(two, room("daily", "one", ADA), room("weekly", "one", ADA))
        redis.kill()
        one.withdraw("weekly")
        one.announce(room("daily", "one", ADA, BOB))
        one.publish({"number": 1})
        await until(lambda: {one.part.health.state, two.part.health.state} == {"down"})
        with pytest.raises(ClusterDownError):
            await one.rooms()
        redis.start()
        with trio.fail_after(HEALS_WITHIN_S):
            await sees(two, room("daily", "one", ADA, BOB))
            assert isinstance(await events.receive(), Gap)
        assert {one.part.health.state, two.part.health.state} == {"ok"}
        one.publish({"number": 2})
        heard = await events.receive()
        if heard == BusEvent("one", {"number": 1}):  # it waited for Redis, and the listener was there before
            heard = await events.receive()
        assert heard == BusEvent("one", {"number": 2})
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == ["Redis is down; calls go on"] * 2


async def test_a_redis_that_was_emptied_is_filled_again(redis: RedisServer) -> None:
    async with joined(redis, "one") as one:
        one.announce(room("daily", "one", ADA))
        await sees(one, room("daily", "one", ADA))
        assert redis.ask("FLUSHALL") == "+OK"
        await sees(one, room("daily", "one", ADA), within_s=HEALS_WITHIN_S)


async def test_a_redis_that_answers_nothing_counts_as_down(redis: RedisServer) -> None:
    async with joined(redis, "one") as one, listen(redis.url) as events:
        assert isinstance(await events.receive(), Gap)
        with redis.frozen():
            await until(lambda: one.part.health.state == "down")
            one.announce(room("daily", "one", ADA))
            with pytest.raises(ClusterDownError):
                await one.rooms()
        await sees(one, room("daily", "one", ADA), within_s=HEALS_WITHIN_S)


async def test_events_beyond_the_bound_are_counted_as_lost(redis: RedisServer) -> None:
    async with joined(redis, "one") as one:
        redis.kill()
        await until(lambda: one.part.health.state == "down")
        for number in range(1_500):
            one.publish({"number": number})
        assert one.part.lost == 500


async def test_a_server_starts_without_its_redis_and_ends_without_it(redis: RedisServer) -> None:
    redis.kill()
    with trio.fail_after(10):
        async with open_cluster(redis.url, "one") as one:
            one.announce(room("daily", "one", ADA))
            await until(lambda: one.part.health.state == "down")
            redis.start()
            await sees(one, room("daily", "one", ADA), within_s=HEALS_WITHIN_S)
            redis.kill()
