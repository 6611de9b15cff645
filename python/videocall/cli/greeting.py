"""What the terminal shows once the server listens."""

from collections.abc import Iterator
from pathlib import Path

from videocall.lan.qr import qr_code
from videocall.server.serve import Started

__all__ = ["greeting"]


def greeting(started: Started, log_file: Path, *, lan: bool, columns: int | None) -> str:
    """The lines to show.

    Args:
        started: where the server is.
        log_file: where its log is.
        lan: whether others on the local network are to come in.
        columns: how wide the terminal is; `None` when it is none, so that no code is drawn.
    """
    return "\n".join(_lines(started, log_file, lan=lan, columns=columns))


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
    yield "Ctrl-C ends it."
