"""What the terminal shows once the server listens."""

import os
from collections.abc import Iterator
from typing import Final

from videocall.lan.qr import qr_code
from videocall.server.addresses import is_loopback
from videocall.server.serve import Started
from videocall.server.settings import STDERR, Settings

__all__ = ["greeting"]

_EXPOSED: Final = "Warning: everybody who reaches it may join, as there is neither token_secret nor token_jwks."


def greeting(started: Started, settings: Settings, columns: int | None) -> str:
    """The lines to show.

    Args:
        started: where the server is.
        settings: of the server.
        columns: how wide the terminal is; `None` when it is none, so that no code is drawn.
    """
    return "\n".join(_lines(started, settings, columns))


def _lines(started: Started, settings: Settings, columns: int | None) -> Iterator[str]:
    best, *others = started.urls
    yield f"videocall is at {best}"
    if settings.log_file != STDERR:
        yield f"The log is {settings.log_file}"
    for url in others:
        yield f"It is also at {url}"
    if started.landing:
        yield f"On a new device begin at {started.landing}: it shows how to trust the server's certificate."
        yield f"Its authority's SHA-256 fingerprint is {started.fingerprint}"
    if started.public:
        yield f"From anywhere it is at {started.public}"
        yield f"Media is UDP and does not go through the tunnel: {_media_way(settings)}"
    to_scan = started.public or (started.landing or best if settings.lan else None)
    code = qr_code(to_scan, columns) if to_scan and columns else None
    if code:
        yield code.rstrip("\n")
    if settings.open_to_all and (started.public or not is_loopback(settings.host)):
        yield _EXPOSED
    yield "Ctrl-C ends it."


def _media_way(settings: Settings) -> str:
    if settings.turn_servers:
        return f"for people elsewhere it goes through {', '.join(settings.turn_servers)}."
    announced = [address.announced for address in settings.rtc_addresses if address.announced]
    if public := [*settings.public_addresses, *announced]:
        last = settings.rtc_port + (settings.workers or len(os.sched_getaffinity(0))) - 1
        return f"people elsewhere need UDP {settings.rtc_port} to {last} open at {', '.join(public)}."
    return (
        "people outside of this network get none until there is a --turn-server, or a --public-address whose UDP ports "
        f"from {settings.rtc_port} on lead here."
    )
