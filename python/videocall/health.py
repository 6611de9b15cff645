"""How the parts of a server are doing. Pure."""

import time
from collections.abc import Callable
from typing import Literal

from attrs import define, field, frozen

__all__ = ["Health", "HealthState", "Part"]

HealthState = Literal["ok", "degraded", "down", "off"]
"""``degraded``: it works, though not as it should. ``off``: it is not configured, and nothing is missed."""


@frozen
class Health:
    """How a part is. ``since`` is when it became so, in milliseconds since 1970; ``reason`` says why it is not ok."""

    state: HealthState
    since: int
    reason: str | None = None


def _off() -> Health:
    return Health("off", int(time.time() * 1000))


@define
class Part:
    """A part whose health changes, a database or Redis. Whoever works with it sets it; anybody may read it.

    Attributes:
        name: what it is called in logs and health reports.
        health: now.
        lost: how many records or events were given up because it was down for too long, since the start.
    """

    name: str
    clock: Callable[[], float] = time.time
    health: Health = field(factory=_off)
    lost: int = 0

    def ok(self) -> bool:
        """It works. Return whether that is news."""
        return self._become("ok", None)

    def degraded(self, reason: str) -> bool:
        """It works in part. Return whether that is news; the first reason stays."""
        return self._become("degraded", reason)

    def down(self, reason: str) -> bool:
        """It does not work. Return whether that is news; the first reason stays."""
        return self._become("down", reason)

    def _become(self, state: HealthState, reason: str | None) -> bool:
        if self.health.state == state:
            return False
        self.health = Health(state, int(self.clock() * 1000), reason)
        return True
