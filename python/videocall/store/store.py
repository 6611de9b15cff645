"""The store: records go in without waiting and are written when the database can; what is read includes them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import trio
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from videocall.health import Part
from videocall.store import reading
from videocall.store.engine import ONLY_READS, StoreError, brief, is_sqlite, make_engine
from videocall.store.journal import MAX_WAITING, Journal
from videocall.store.log import fields, logger
from videocall.store.migrate import upgrade
from videocall.store.records import Record, RoomRemoved, StoredMessage, StoredRoom, StoredSession
from videocall.store.writer import Retention, Writer
from videocall.urls import MEMORY, shown

__all__ = ["Store", "StoreDownError", "open_store"]

T = TypeVar("T")

_READ_S: Final = 5.0
"""How long a reader waits before the database counts as down."""

_READERS: Final = 3

_FAREWELL_S: Final = 3.0
"""How long the end waits for what is not written yet."""


class StoreDownError(Exception):
    """What was asked for cannot be read now."""


async def open_store(
    url: str, *, node: str, retention: Retention | None = None, max_waiting: int = MAX_WAITING
) -> "Store":
    """Bring a database up to date and return its store; nothing is written until `Store.writing`.

    A PostgreSQL server that cannot be reached is no reason not to start: its tables are brought up to date once it can.

    Args:
        url: ``sqlite:///PATH``, ``postgresql://USER:PASSWORD@HOST/NAME``, or ``memory``.
        node: this process's name among those that write there.
        retention: how long what is kept.
        max_waiting: how many records wait for a database that is down.

    Raises:
        StoreError: the database cannot be used, and waiting would not mend it.
    """
    engine = make_engine(url)
    store = Store(engine, node, retention or Retention(), max_waiting, Part("database"))
    if url == MEMORY:
        store.part = Part("database")  # which stays off: what is remembered is gone when the process ends
    try:
        done = await trio.to_thread.run_sync(upgrade, engine)
    except SQLAlchemyError as error:
        if is_sqlite(engine):
            raise StoreError(f"cannot use the database {shown(url)}: {brief(error)}") from None
        store.writer.failed(error)
    else:
        if url != MEMORY:
            engine.dispose()  # should something else fail to start, no connection is left behind
        store.writer.works()
        logger.info("database opened", extra=fields(url=shown(url), before=done.before, revision=done.after))
    return store


class Store:
    """Rooms, sessions and chat of a server.

    Attributes:
        part: how the database is: ``ok``, ``down`` since when and why, or ``off`` when there is only memory; and how
            many records were lost.
        writer: what writes.
    """

    def __init__(self, engine: Engine, node: str, retention: Retention, max_waiting: int, part: Part) -> None:
        self.part = part
        self._part = part
        self._engine = engine
        self._journal = Journal(part, max_waiting)
        writing = trio.CapacityLimiter(1)
        # In memory there is one connection for all.
        self._reading = writing if engine.url.database is None else trio.CapacityLimiter(_READERS)
        self.writer: Final = Writer(engine, writing, node, self._journal, part, retention)

    @property
    def waiting(self) -> int:
        """How many records are not written yet."""
        return len(self._journal)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Write what is recorded inside this context; on leaving, what is left, for three seconds at most."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.writer.run)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()
        with trio.move_on_after(_FAREWELL_S, shield=True):
            await self.writer.empty()
        self._journal.close()
        self._engine.dispose()

    def record(self, record: Record) -> None:
        """Have something written. Never waits; records are written in this order."""
        self._journal.put(record)

    async def load_room(self, room_id: str) -> StoredRoom | None:
        """A room's settings; `None` when there are none.

        Raises:
            StoreDownError: the database is down.
        """
        for record in reversed(list(self._journal.pending())):
            match record:
                case StoredRoom(id=id) if id == room_id:
                    return record
                case RoomRemoved(id) if id == room_id:
                    return None
                case _:
                    pass
        return await self._read(lambda connection: reading.room(connection, room_id))

    async def rooms(self) -> list[StoredRoom]:
        """Every room that has settings, in order of their ids.

        Raises:
            StoreDownError: the database is down.
        """
        pending = list(self._journal.pending())  # before the database is asked: it may be written while it answers
        rooms = {room.id: room for room in await self._read(reading.all_rooms)}
        for record in pending:
            if isinstance(record, StoredRoom):
                rooms[record.id] = record
            elif isinstance(record, RoomRemoved):
                rooms.pop(record.id, None)
        return [rooms[room_id] for room_id in sorted(rooms)]

    async def messages(self, room_id: str, before: str | None = None, limit: int = 100) -> list[StoredMessage]:
        """The last `limit` messages of a room whose ids are smaller than `before`, the oldest first.

        Raises:
            StoreDownError: the database is down.
        """
        pending = list(self._journal.pending())
        found = await self._read(lambda connection: reading.messages_before(connection, room_id, before, limit))
        by_id = {message.id: message for message in found}
        for record in pending:
            match record:
                case StoredMessage(room_id=room, id=message_id) if room == room_id and (
                    not before or message_id < before
                ):
                    by_id[message_id] = record
                case _:
                    pass
        return [by_id[message_id] for message_id in sorted(by_id)[-limit:]]

    async def sessions(self, room_id: str, limit: int = 100, before: int | None = None) -> list[StoredSession]:
        """Who was in a room, as far as that is written: the last `limit` sessions that began `before`, latest first.

        Raises:
            StoreDownError: the database is down.
        """
        return await self._read(lambda connection: reading.sessions_of(connection, room_id, limit, before))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        def read() -> T:
            with self._engine.connect().execution_options(**{ONLY_READS: True}) as connection:
                return work(connection)

        if self._part.health.state != "ok":
            raise StoreDownError(self._part.health.reason)
        try:
            with trio.fail_after(_READ_S):
                return await trio.to_thread.run_sync(read, limiter=self._reading, abandon_on_cancel=True)
        except (SQLAlchemyError, trio.TooSlowError) as error:
            raise StoreDownError(brief(error)) from error
