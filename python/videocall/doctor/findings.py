"""What the doctor finds."""

from typing import Literal

from attrs import frozen

__all__ = ["Finding", "Level", "failure", "ok", "warning"]

Level = Literal["ok", "warning", "failure"]
"""``warning``: it works, though not for everybody or not as it should."""


@frozen
class Finding:
    """One thing that was examined.

    Attributes:
        check: the part: ``ports``, ``certificate``, ``addresses``, ``limits``, ``database``, ``redis``, ``stun``,
            ``turn`` or ``call``.
        level: how it is.
        found: in one line.
        mend: what to do about it, in one line; `None` when it is ok.
    """

    check: str
    level: Level
    found: str
    mend: str | None = None


def ok(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, mend: str) -> Finding:
    """It works, though not for everybody or not as it should."""
    return Finding(check, "warning", found, mend)


def failure(check: str, found: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(check, "failure", found, mend)
