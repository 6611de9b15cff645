"""``/healthz``: how the server and each of its parts is. ``/readyz``: whether it takes new calls."""

from collections.abc import Sequence
from typing import Final, Literal

from attrs import field, frozen

from videocall.health import HealthState, Part

__all__ = ["HealthReport", "PartReport", "Readiness", "report", "status_code"]

VITAL: Final = frozenset({"workers"})
"""Without these there are no calls. All others may be down while calls go on."""


@frozen
class PartReport:
    """How a part is. ``since`` is in milliseconds since 1970; ``reason`` is told to operators only."""

    state: HealthState
    since: int
    reason: str | None = None
    lost: int = 0


@frozen
class HealthReport:
    """The server's health: ``down`` when a part is down that calls need, ``degraded`` when another one is not ok."""

    status: Literal["ok", "degraded", "down", "draining"]
    rooms: int
    sessions: int
    parts: dict[str, PartReport] = field(factory=dict[str, PartReport])


@frozen
class Readiness:
    """Whether the server takes new calls, and why not."""

    ready: bool
    reason: str | None = None


def report(parts: Sequence[Part], *, rooms: int, sessions: int, draining: bool, reasons: bool) -> HealthReport:
    """Put the parts' states together; `reasons`, which may name hosts and paths, are for operators."""
    told = {
        part.name: PartReport(
            part.health.state, part.health.since, part.health.reason if reasons else None, part.lost if reasons else 0
        )
        for part in parts
    }
    return HealthReport(_status(parts, draining=draining), rooms, sessions, told)


def status_code(health: HealthReport) -> int:
    """Of the HTTP answer: 503 only when starting the server anew would help, so not while it drains."""
    return 503 if health.status == "down" else 200


def _status(parts: Sequence[Part], *, draining: bool) -> Literal["ok", "degraded", "down", "draining"]:
    states = {part.name: part.health.state for part in parts}
    if any(states.get(name) == "down" for name in VITAL):
        return "down"
    if draining:
        return "draining"
    return "ok" if set(states.values()) <= {"ok", "off"} else "degraded"
