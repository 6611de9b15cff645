"""URLs of databases and of Redis, as users write them. Secrets in them are never repeated. Pure."""

import re
from pathlib import Path
from typing import Final

__all__ = ["MEMORY", "check_database_url", "check_redis_url", "shown", "sqlite_path"]

MEMORY: Final = "memory"
"""Instead of a URL: what is remembered is gone when the server ends."""

_SQLITE: Final = "sqlite:///"
_REDIS: Final = re.compile(
    r"""rediss?://
        ([^@/?\#\s]*@)?                          # user and password
        (\[[0-9A-Fa-f:]+\] | [^:@/?\#\s\[\]]+)  # host
        (:[0-9]{1,5})?
        (/[0-9]{0,5})?                           # database""",
    re.VERBOSE,
)
_POSTGRESQL: Final = ("postgresql://", "postgres://", "postgresql+psycopg://")


def check_database_url(text: str) -> str:
    """Return a database's URL as it is, or say what it should be.

    Raises:
        ValueError: it is none; its text is not in the message, for there may be a password in it.
    """
    if text == MEMORY or text.startswith(_POSTGRESQL) or sqlite_path(text) is not None:
        return text
    raise ValueError("this takes sqlite:///PATH, postgresql://USER:PASSWORD@HOST/NAME, or memory")


def check_redis_url(text: str) -> str:
    """Return a Redis' URL as it is, or say what it should be.

    Raises:
        ValueError: it is none; its text is not in the message, for there may be a password in it.
    """
    if not _REDIS.fullmatch(text):
        raise ValueError("this takes redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS")
    return text


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; `None` for every other URL."""
    path = url.removeprefix(_SQLITE)
    return Path(path) if path not in {"", url} else None


def shown(url: str | None) -> str:
    """The URL without user, password and query, for logs and messages."""
    return re.sub(r"//[^/]*@", "//", (url or "").partition("?")[0])
