"""Negotiation on behalf of the library: its errors become those of this package."""

from collections.abc import Generator
from contextlib import contextmanager
from random import SystemRandom

from videocall import ortc

from ._errors import InvalidArgumentError, UnsupportedError


@contextmanager
def negotiating() -> Generator[None]:
    """Turn the errors of `videocall.ortc` into those of `videocall.sfu`."""
    try:
        yield
    except ortc.InvalidParameterError as error:
        raise InvalidArgumentError(error.argument, error.problem) from None
    except ortc.UnsupportedError as error:
        raise UnsupportedError(str(error)) from None


def random_ssrcs() -> ortc.SsrcSequence:
    """SSRCs that nobody can guess."""
    return ortc.SsrcSequence(SystemRandom())
