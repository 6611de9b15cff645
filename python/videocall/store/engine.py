"""Connections to SQLite and PostgreSQL, so set that the rest needs not know which of them it is."""

import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.pool import Pool, QueuePool, StaticPool

from videocall.urls import MEMORY, shown, sqlite_path

if TYPE_CHECKING:
    import psycopg

__all__ = ["ONLY_READS", "StoreError", "brief", "is_bad_record", "is_sqlite", "make_engine"]

ONLY_READS: Final = "videocall_only_reads"
"""An execution option of transactions that write nothing."""

_CONNECT_S: Final = 3
_STATEMENT_MS: Final = 10_000
_LOCK_MS: Final = 5_000
"""How long another process may hold what is needed here."""

_POOL: Final = 4


class StoreError(Exception):
    """The database cannot be used, and waiting would not mend it; the message is one line without secrets."""


def make_engine(url: str) -> Engine:
    """An engine that has not connected yet. SQLite's directory is made, for the user alone.

    Raises:
        StoreError: the URL or the directory is wrong.
    """
    try:
        if url == MEMORY:
            return _sqlite(URL.create("sqlite"), StaticPool)
        if path := sqlite_path(url):
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            return _sqlite(URL.create("sqlite", database=str(path)), QueuePool)
        return _postgresql(make_url(url))
    except OSError as error:
        raise StoreError(f"cannot make the database {url}: {error.strerror}") from None
    except (ArgumentError, ValueError):
        raise StoreError(f"the database URL {shown(url)} cannot be understood") from None


def is_sqlite(engine: Engine) -> bool:
    """SQLite has one writer, and no server that could be away."""
    return engine.dialect.name == "sqlite"


def is_bad_record(error: Exception) -> bool:
    """Whether what was to be written is at fault. Everything else may be mended by waiting."""
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        return True  # SQLAlchemy itself could not make a parameter of it
    return isinstance(error, DataError | IntegrityError | ValueError | TypeError)


def brief(error: BaseException) -> str:
    """One line about an error, without statement, parameters and URL."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {lines[0].strip()}" if lines else type(cause).__name__


def _sqlite(url: URL, pool: type[Pool]) -> Engine:
    # Threads come one after the other, but not always the same one.
    arguments = {"check_same_thread": False, "timeout": _LOCK_MS / 1000}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, poolclass=pool)

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:  # pyright: ignore[reportUnusedFunction]
        # The driver's own transactions leave out CREATE TABLE; those of `began` do not.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        # What a power cut may cost is the last moments; a killed process loses nothing.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # A transaction that begins by reading and then writes would fail, not wait, when another process writes. One
        # that only reads waits for nobody.
        only_reads = connection.get_execution_options().get(ONLY_READS)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_S,
        "tcp_user_timeout": 1000 * _CONNECT_S,
        "application_name": "videocall",
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        # Poolers between here and the server know nothing of statements prepared on another connection.
        connect_args={**arguments, "prepare_threshold": None},
        pool_size=_POOL,
        max_overflow=0,
        pool_timeout=_CONNECT_S,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def connected(connection: "psycopg.Connection[object]", _: object) -> None:  # pyright: ignore[reportUnusedFunction]
        for name, value in (("statement_timeout", _STATEMENT_MS), ("lock_timeout", _LOCK_MS)):
            connection.execute("SELECT set_config(%s, %s, false)", (name, str(value)))
        connection.commit()

    return engine
