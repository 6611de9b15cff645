"""All checks, one after the other."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Final

import trio

from videocall.doctor import addresses, call, certificate, database, limits, ports, redis, stun, turn
from videocall.doctor.findings import Finding
from videocall.server.settings import Settings

__all__ = ["examine"]

_QUICK: Final[tuple[Callable[[Settings], Iterable[Finding]], ...]] = (
    ports.check,
    addresses.check,
    certificate.check,
    limits.check,
    database.check,
)
_SLOW: Final[tuple[Callable[[Settings], Awaitable[Iterable[Finding]]], ...]] = (
    redis.check,
    stun.check,
    turn.check,
    call.check,
)


async def examine(settings: Settings) -> AsyncGenerator[Finding]:
    """Find out whether a server with these settings would work.

    Nothing is left changed, but for a local certificate authority that was missing: it is made as the server would.

    Yields:
        Findings as they are made.
    """
    for quick in _QUICK:
        for finding in await trio.to_thread.run_sync(_all_of, quick, settings):
            yield finding
    for slow in _SLOW:
        for finding in await slow(settings):
            yield finding


def _all_of(check: Callable[[Settings], Iterable[Finding]], settings: Settings) -> list[Finding]:
    return list(check(settings))
