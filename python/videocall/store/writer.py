"""Writes behind: what the journal has goes into the database, which may come and go."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import trio
from attrs import frozen
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from videocall.health import Part
from videocall.store.engine import StoreError, brief, is_bad_record
from videocall.store.journal import Journal
from videocall.store.log import fields, logger
from videocall.store.migrate import upgrade
from videocall.store.records import Record
from videocall.store.writing import Expired, beat, close_sessions_of_the_dead, delete_expired, write

__all__ = ["Retention", "Writer"]

A = TypeVar("A")
T = TypeVar("T")

_BEAT_S: Final = 2.0
"""How often a process says that it lives; a database that is down is noticed as fast."""

_DEAD_S: Final = 15.0
"""How long a process that says nothing is believed to live."""

_RETRY_S: Final = 1.0

_WRITE_S: Final = 5.0
"""How long a transaction may take before the database counts as down."""

_CLEANING_S: Final = 3600.0

_DAY_MS: Final = 86_400_000


@frozen
class Retention:
    """How many days messages are kept after they were sent, and sessions after they ended; 0 stands for ever."""

    messages_days: int = 30
    sessions_days: int = 90


class Writer:
    """Empties a journal into a database, one transaction after the other.

    It never raises: as long as the database is down it tries again every second or so, and `part` says so.

    Args:
        engine: to the database.
        limiter: held by the thread that writes.
        node: this process's name in the database.
        journal: what is to be written.
        part: what is told how the database is.
        retention: what is deleted, now and then.
    """

    def __init__(
        self,
        engine: Engine,
        limiter: trio.CapacityLimiter,
        node: str,
        journal: Journal,
        part: Part,
        retention: Retention,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._limiter = limiter
        self._node = node
        self._journal = journal
        self._part = part
        self._retention = retention
        self.clock = clock
        self._current = False
        self._alive_since = trio.current_time()
        self._clean_at = trio.current_time()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            with trio.move_on_after(_BEAT_S):
                await self._journal.news()
            if not await self.write():
                await trio.sleep(_RETRY_S)

    async def write(self) -> bool:
        """Write the next batch, and do what is to be done beside it; return whether the database took it."""
        batch = self._journal.take()
        try:
            await self._write(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, calls go on, and it is tried again
            self._journal.not_written()
            self.failed(error)
            return False
        self._journal.written()
        self.works()
        return True

    async def empty(self) -> None:
        """Write all there is, or return when the database is down."""
        while len(self._journal) and await self.write():
            pass

    def works(self) -> None:
        """The database did what it was asked to, its tables being up to date."""
        self._current = True
        if self._part.health.state != "ok":
            self._alive_since = trio.current_time()
        if self._part.ok():
            logger.info("the database works", extra=fields(waiting=len(self._journal) or None))

    def failed(self, error: Exception) -> None:
        """It did not."""
        self._current = False  # it may be another one when it is back
        if self._part.down(brief(error)):
            unexpected = None if isinstance(error, SQLAlchemyError | StoreError | trio.TooSlowError) else error
            logger.error(
                "the database is down; calls go on, and what is to be written waits",
                exc_info=unexpected,
                extra=fields(reason=brief(error)),
            )

    async def _write(self, batch: Sequence[Record]) -> None:
        if not self._current:
            await self._in_thread(partial(upgrade, self._engine))
        try:
            await self._transaction(self._put, batch)
        except Exception as error:
            if not batch or not is_bad_record(error):
                raise
            await self._write_singly(batch)
        if self._part.health.state == "ok":
            await self._keep_house()

    async def _write_singly(self, batch: Sequence[Record]) -> None:
        for record in batch:
            try:
                await self._transaction(self._put, [record])
            except Exception as error:
                if not is_bad_record(error):
                    raise
                self._journal.bad(record, brief(error))

    async def _keep_house(self) -> None:
        now, at = trio.current_time(), self._now_ms()
        # Whoever has just come back cannot say who is dead: the others could not say that they live either.
        if now - self._alive_since > _DEAD_S and (
            closed := await self._transaction(close_sessions_of_the_dead, at - int(_DEAD_S * 1000))
        ):
            logger.warning("closed the sessions of a process that was killed", extra=fields(sessions=closed))
        if now >= self._clean_at:
            expired = Expired(
                messages_before=self._before(at, self._retention.messages_days),
                sessions_before=self._before(at, self._retention.sessions_days),
                unused_before=at - _DAY_MS,
                now=at,
            )
            deleted = await self._transaction(delete_expired, expired)
            # A little at a time, so that what is new does not wait for it.
            self._clean_at = now if deleted else now + _CLEANING_S

    def _put(self, connection: Connection, batch: Sequence[Record]) -> None:
        beat(connection, self._node, self._now_ms())
        write(connection, self._node, batch)

    async def _transaction(self, work: Callable[[Connection, A], T], argument: A) -> T:
        def transact() -> T:
            with self._engine.begin() as connection:
                return work(connection, argument)

        return await self._in_thread(transact)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with trio.fail_after(_WRITE_S) as scope:
            scope.shield = True  # a transaction that goes well ends well
            # A thread that hangs keeps the limiter: what it may still write comes before what is written after it.
            return await trio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)

    @staticmethod
    def _before(now: int, days: int) -> int:
        return now - days * _DAY_MS if days else 0
