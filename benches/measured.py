"""Gives pytest-benchmark what was measured elsewhere: its own clock would time the waiting."""

from collections.abc import Callable
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture


class MeasuredClock:
    """A timer that stands still but for what is measured."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


clock = MeasuredClock()
in_measured_time = pytest.mark.benchmark(timer=clock)
"""For benchmarks that report through `record`."""


def record(benchmark: BenchmarkFixture, measure: Callable[[], dict[str, float]], time: str, rounds: int) -> None:
    """Run `measure` some times.

    Args:
        benchmark: the fixture, of a test marked with `in_measured_time`.
        measure: one round; returns figures by name.
        time: which of them is the benchmark's time, in microseconds.
        rounds: how many rounds. The medians of all figures become the benchmark's extra info.
    """
    figures: list[dict[str, float]] = []

    def one_round() -> None:
        figures.append(measure())
        clock.now += figures[-1][time] / 1e6

    benchmark.pedantic(one_round, rounds=rounds)
    medians = {name: round(median(each[name] for each in figures), 3) for name in figures[0]}
    benchmark.extra_info.update(medians)
    print("", *(f"  {name:28} {value:>12,.3f}" for name, value in medians.items()), sep="\n")
