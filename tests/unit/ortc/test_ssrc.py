"""SSRCs that the server gives away."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from videocall.ortc import PROBATOR_SSRC, SsrcSequence


@given(st.integers(0, 2**64), st.lists(st.integers(1, 8), max_size=50))
def test_no_number_comes_twice(seed: int, counts: list[int]) -> None:
    ssrcs = SsrcSequence(Random(seed))
    taken = [number for count in counts for first in [ssrcs.take(count)] for number in range(first, first + count)]
    assert len(set(taken)) == len(taken)
    assert all(PROBATOR_SSRC < number < 2**31 for number in taken)


class Highest(Random):
    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        assert stop is not None
        return range(start, stop, step)[-1]


def test_it_starts_again_at_the_bottom() -> None:
    ssrcs = SsrcSequence(Highest())
    first, second = ssrcs.take(4), ssrcs.take(2)
    assert first % 2 == 0
    assert first + 4 == second < 2**31
