"""Checking rooms' passwords: one at a time, beside the loop, and only so often for an address."""

from typing import Final

import trio

from videocall.protocol import ErrorCode, ProtocolError
from videocall.rooms.passwords import hash_password, password_matches
from videocall.signaling.rates import AddressLimiter, Rate

__all__ = ["Passwords"]


class Passwords:
    """Hashes passwords and tries them. A hash takes some 50 ms of a core, so that no two are made at once."""

    def __init__(self, rate: Rate) -> None:
        self._wrong = AddressLimiter(rate)
        self._turn: Final = trio.Lock()

    async def hash(self, password: str) -> str:
        """Make what is kept of a password."""
        async with self._turn:
            return await trio.to_thread.run_sync(hash_password, password)

    async def check(self, address: str, password: str | None, kept: str) -> None:
        """Compare a password that came from an address with what was kept.

        Raises:
            ProtocolError: ``PASSWORD_REQUIRED``, ``PASSWORD_WRONG``, or ``RATE_LIMITED`` after too many wrong ones.
        """
        if password is None:
            raise ProtocolError(ErrorCode.PASSWORD_REQUIRED)
        async with self._turn:
            if self._wrong.is_empty(address, trio.current_time()):
                raise ProtocolError(ErrorCode.RATE_LIMITED, "Too many wrong passwords; wait a minute.")
            if not await trio.to_thread.run_sync(password_matches, password, kept):
                self._wrong.take(address, trio.current_time())
                raise ProtocolError(ErrorCode.PASSWORD_WRONG)
