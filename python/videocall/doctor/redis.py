"""Whether Redis answers."""

from collections.abc import Iterable
from typing import Final

from videocall.cluster.connection import brief, connect, is_outage
from videocall.doctor.findings import Finding, failure, ok
from videocall.server.settings import Settings
from videocall.urls import shown

__all__ = ["check"]

_CHECK: Final = "redis"


async def check(settings: Settings) -> Iterable[Finding]:
    """Ask it for an answer."""
    if settings.redis_url is None:
        return [ok(_CHECK, "none is set; only several servers need one")]
    try:
        async with connect(settings.redis_url) as client:
            await client.ping()
    except Exception as error:
        if not is_outage(error):
            raise
        return [failure(_CHECK, f"{shown(settings.redis_url)}: {brief(error)}", "start it, or change redis_url")]
    return [ok(_CHECK, f"{shown(settings.redis_url)} answers")]
