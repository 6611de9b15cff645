"""Whether the STUN servers answer, and whether what they see of us is what clients are told."""

from collections.abc import Iterable
from typing import Final

from videocall.doctor.findings import Finding, failure, ok, warning
from videocall.server.addresses import announced_addresses, is_loopback
from videocall.server.settings import Settings
from videocall.turn import TurnError
from videocall.turn.probe import own_address

__all__ = ["check"]

_CHECK: Final = "stun"


async def check(settings: Settings) -> Iterable[Finding]:
    """Ask each for our own address."""
    if not settings.stun_servers:
        return [ok(_CHECK, "no STUN server is set; none is needed, as this server has the addresses that it tells")]
    return [await _ask(settings, url) for url in settings.stun_servers]


async def _ask(settings: Settings, url: str) -> Finding:
    try:
        seen = (await own_address(url)).ip
    except TurnError as error:
        return failure(_CHECK, f"{url}: {error}", "start the STUN server, or open its port on the way there")
    told = announced_addresses(settings)
    if seen in told or is_loopback(seen) or is_loopback(settings.host):
        return ok(_CHECK, f"{url} answers, and sees this machine as {seen}")
    return warning(
        _CHECK,
        f"{url} sees this machine as {seen}, behind a NAT, and clients are told {', '.join(told)} only",
        f"send the media ports on at the router and set --public-address {seen}, or set --turn-server",
    )
