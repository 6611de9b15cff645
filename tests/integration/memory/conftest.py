"""Stores on SQLite and on PostgreSQL, the same tests for both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio
from tests.integration.memory.services import PostgreSQL, RedisServer, running

from videocall.store import Retention, Store, open_store

WITHIN_S = 20
FOR_EVER = Retention(messages_days=0, sessions_days=0)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with running(PostgreSQL) as service:
        # A human language's order, so that it shows when ids are not compared byte by byte.
        service.run("CREATE DATABASE suite TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C.UTF-8'")
        yield service


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running(RedisServer) as service:
        yield service


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """A database with nothing in it."""
    postgresql.run("DROP SCHEMA public CASCADE", "suite")
    postgresql.run("CREATE SCHEMA public", "suite")
    return postgresql.url("suite")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sub' / 'videocall.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await open_store(database_url, node="node", retention=FOR_EVER)
    async with store.writing():
        yield store


async def until(condition: Callable[[], bool | Awaitable[bool]], within_s: float = WITHIN_S) -> None:
    """Ask again and again until it is so."""
    with trio.fail_after(within_s):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await trio.sleep(0.02)


async def written(store: Store) -> None:
    """Wait until nothing waits any more."""
    await until(lambda: store.waiting == 0)
