"""Whether the TURN servers work, with the account that a participant would get."""

from collections.abc import Iterable
from typing import Final

from videocall.doctor.findings import Finding, failure, ok
from videocall.server.addresses import announced_addresses
from videocall.server.settings import Settings
from videocall.server.turn import try_turn_server
from videocall.turn import TurnError

__all__ = ["check"]

_CHECK: Final = "turn"


async def check(settings: Settings) -> Iterable[Finding]:
    """Allocate a relay address on each, and ask whether it relays to the addresses that clients are told."""
    if not settings.turn_servers:
        return [ok(_CHECK, "no TURN server is set; it is needed where UDP to this server does not come through")]
    peers = announced_addresses(settings)
    return [await _try(settings, url, peers) for url in settings.turn_servers]


async def _try(settings: Settings, url: str, peers: list[str]) -> Finding:
    try:
        await try_turn_server(settings, url, peers)
    except TurnError as error:
        return failure(_CHECK, f"{url}: {error}", _mend(error))
    return ok(_CHECK, f"{url} gave a relay address and relays to this server")


def _mend(error: TurnError) -> str:
    told = str(error)
    if error.code == 401:
        return "make turn_secret (or turn_user and turn_password) the same as the TURN server's"
    if "certificate" in told:
        return "give the TURN server a certificate for the host of that URL"
    if "relays nothing" in told:
        return "allow this server's address there (coturn: allowed-peer-ip)"
    return "start the TURN server, or open its port on the way there"
