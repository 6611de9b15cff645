"""Which SSRCs the server gives away."""

from random import Random
from typing import Final

PROBATOR_SSRC: Final = 1234
"""mediasoup-client's own, in every bundle that has video."""

# 31 bits, so that clients that keep an SSRC in a signed integer are right too; far above the probator's.
_LOWEST, _HIGHEST = 0x1000_0000, 0x7FFF_FFFF


class SsrcPairs:
    """Runs of SSRCs, none of which is in use twice.

    Runs start at even numbers, so a media stream's retransmission stream is the odd number after it.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._used: set[int] = set()

    def take(self, streams: int = 1) -> int:
        """Reserve `streams` pairs; returns the first number. The run is contiguous."""
        while True:
            first = self._random.randrange(_LOWEST, _HIGHEST - 2 * streams, 2)
            run = range(first, first + 2 * streams, 2)
            if self._used.isdisjoint(run):
                self._used.update(run)
                return first

    def release(self, first: int, streams: int = 1) -> None:
        """Give a run back."""
        self._used.difference_update(range(first, first + 2 * streams, 2))
