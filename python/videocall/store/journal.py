"""What is still to be written: a queue with a bound, whatever the database does."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import trio

from videocall.health import Part
from videocall.store.log import fields, logger
from videocall.store.records import Record

__all__ = ["BATCH", "MAX_WAITING", "Journal"]

MAX_WAITING: Final = 20_000
"""Records that wait for a database that is down; a message of 2,000 characters makes that 50 MB or so."""

BATCH: Final = 500
"""Records in one transaction."""


class Journal:
    """Takes records without waiting and gives them out in order, in batches, until each is written.

    Beyond its bound the oldest are given up: counted in the part's ``lost`` and logged.
    """

    def __init__(self, part: Part, max_waiting: int = MAX_WAITING) -> None:
        self._part = part
        self._max = max_waiting
        self._waiting: deque[Record] = deque()
        self._taken: list[Record] = []
        self._news = trio.Event()
        self._losing = 0

    def __len__(self) -> int:
        return len(self._taken) + len(self._waiting)

    def put(self, record: Record) -> None:
        """Remember a record. Never waits."""
        self._waiting.append(record)
        self._trim()
        self._news.set()

    def pending(self) -> Iterator[Record]:
        """What is not known to be written, in order."""
        yield from self._taken
        yield from self._waiting

    async def news(self) -> None:
        """Wait until there is something to write."""
        if not self._waiting:
            self._news = trio.Event()
            await self._news.wait()

    def take(self) -> Sequence[Record]:
        """The next batch; it stays among what is pending until `written` or `not_written`."""
        self._taken = list(islice(self._waiting, BATCH))
        for _ in self._taken:
            self._waiting.popleft()
        return self._taken

    def written(self) -> None:
        """The batch is safe."""
        self._taken = []
        if self._losing:
            logger.error("records were lost while the database was down", extra=fields(lost=self._losing))
            self._losing = 0

    def not_written(self) -> None:
        """The batch is to be written again."""
        self._waiting.extendleft(reversed(self._taken))
        self._taken = []
        self._trim()

    def bad(self, record: Record, why: str) -> None:
        """The database refuses one record for good."""
        self._part.lost += 1
        logger.error("a record cannot be written", extra=fields(record=type(record).__name__, error=why))

    def close(self) -> None:
        """Nothing more will be written."""
        if left := len(self):
            self._part.lost += left
            logger.error("records were not written before the end", extra=fields(lost=left))

    def _trim(self) -> None:
        while len(self._waiting) > self._max:
            self._waiting.popleft()
            if not self._losing:
                logger.error("too much waits for the database; the oldest is given up", extra=fields(kept=self._max))
            self._losing += 1
            self._part.lost += 1
