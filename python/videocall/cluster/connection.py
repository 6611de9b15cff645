"""Connections to Redis, and what goes wrong with them."""

from typing import Final, cast

import trio
from coredis import Redis
from coredis.exceptions import RedisError
from coredis.retry import NoRetryPolicy

__all__ = ["RETRY_S", "brief", "connect", "is_outage"]

RETRY_S: Final = 1.0
"""Between attempts to reach a Redis that is down."""

_ANSWER_S: Final = 3.0
"""How long Redis may take for an answer before it counts as down."""


def connect(url: str) -> "Redis[str]":
    """A client that has not connected yet. What goes wrong goes wrong at once: whoever uses it tries again.

    Its connections live in nurseries, so errors come in groups; when it is cancelled, they may come beside `Cancelled`,
    which has to go on: ``except*`` takes the ones and leaves the other.
    """
    return Redis.from_url(
        url, decode_responses=True, retry_policy=NoRetryPolicy(), connect_timeout=_ANSWER_S, stream_timeout=_ANSWER_S
    )


def is_outage(error: BaseException) -> bool:
    """Whether it is Redis that failed, and not this program."""
    return isinstance(_cause(error), RedisError | OSError | TimeoutError | trio.BrokenResourceError)


def brief(error: BaseException) -> str:
    """One line about an error, without the URL."""
    cause = _cause(error)
    text = str(cause).strip()
    return f"{type(cause).__name__}: {text.splitlines()[0]}" if text else type(cause).__name__


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
