"""Which SSRCs the server gives away."""

from random import Random
from typing import Final

PROBATOR_SSRC: Final = 1234
"""mediasoup-client's own, in every bundle that has video."""

# 31 bits, so that clients that keep an SSRC in a signed integer are right too; far above the probator's.
_LOWEST, _HIGHEST = 0x1000_0000, 0x7FFF_FFFF


class SsrcSequence:
    """SSRCs of one transport, none of them given twice.

    They count up from a random start. That no two transports share a number is likely, and not needed.
    """

    def __init__(self, random: Random) -> None:
        self._next = random.randrange(_LOWEST, _HIGHEST, 2)

    def take(self, count: int) -> int:
        """Take `count` consecutive numbers; returns the first, which is even."""
        count += count % 2
        if self._next + count > _HIGHEST:
            self._next = _LOWEST
        first = self._next
        self._next += count
        return first
