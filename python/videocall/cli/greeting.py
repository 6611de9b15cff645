"""What the terminal shows once the server listens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from videocall.lan.qr import qr_code
from videocall.server.serve import Started

__all__ = ["greeting"]


def greeting(started: Started, log_file: Path, *, lan: bool, columns: int | None, exposed: bool = False) -> str:
    """The lines to show.

    Args:
        started: where the server is.
        log_file: where its log is.
        lan: whether others on the local network are to come in.
        columns: how wide the terminal is; `None` when it is none, so that no code is drawn.
        exposed: whether other machines reach it and nobody needs a token.
    """
    lines = _lines(started, log_file, lan=lan, columns=columns)
    return "\n".join([*lines, *([_EXPOSED] if exposed else []), "Ctrl-C ends it."])


_EXPOSED: Final = "Warning: everybody who reaches it may join, as there is neither token_secret nor token_jwks."


def _lines(started: Started, log_file: Path, *, lan: bool, columns: int | None) -> Iterator[str]:
    best, *others = started.urls
    yield f"videocall is at {best}"
    yield f"The log is {log_file}"
    for url in others:
        yield f"It is also at {url}"
    if started.landing:
        yield f"On a new device begin at {started.landing}: it shows how to trust the server's certificate."
        yield f"Its authority's SHA-256 fingerprint is {started.fingerprint}"
    code = qr_code(started.landing or best, columns) if lan and columns else None
    if code:
        yield code.rstrip("\n")
