"""Database URLs, as users write them. Secrets in them are never repeated."""

import re
from pathlib import Path
from typing import Final

__all__ = ["MEMORY", "check_url", "shown", "sqlite_path"]

MEMORY: Final = "memory"
"""Instead of a URL: what is remembered is gone when the server ends."""

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")


def check_url(text: str) -> str:
    """Return a database URL as it is, or say what it should be.

    Raises:
        ValueError: it is none; its text is not in the message, for there may be a password in it.
    """
    if text == MEMORY or text.startswith(_POSTGRESQL) or (sqlite_path(text) is not None):
        return text
    raise ValueError(f"that is no postgresql://USER:PASSWORD@HOST/NAME, no sqlite:///PATH, and not {MEMORY!r}")


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; `None` for every other URL."""
    path = url.removeprefix(_SQLITE)
    return Path(path) if path not in {"", url} else None


def shown(url: str) -> str:
    """The URL without user, password and query, for logs and messages."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])
