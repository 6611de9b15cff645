"""TURN as the settings have it."""

import time
from collections.abc import Sequence
from typing import Final, Never

import trio

from videocall.health import Part
from videocall.server.settings import Settings
from videocall.signaling.ice_servers import Accounts, FixedAccount, IceServers, SharedSecret
from videocall.turn import Credentials, TurnError, TurnUrl
from videocall.turn.probe import probe

__all__ = ["ice_servers", "try_turn_server", "turn_accounts", "watch_turn"]

_EVERY_S: Final = 60.0
_EVERY_WHEN_DOWN_S: Final = 10.0


def ice_servers(settings: Settings) -> IceServers:
    """What clients are told."""
    return IceServers(settings.stun_servers, settings.turn_servers, turn_accounts(settings))


def turn_accounts(settings: Settings) -> Accounts | None:
    """Where accounts on the TURN servers come from; `None` when these ask for none."""
    if settings.turn_secret:
        return SharedSecret(settings.turn_secret, settings.turn_ttl)
    if settings.turn_user and settings.turn_password:
        return FixedAccount(Credentials(settings.turn_user, settings.turn_password))
    return None


async def try_turn_server(settings: Settings, url: str, peers: Sequence[str] = ()) -> None:
    """Use a TURN server as a participant would.

    Args:
        settings: say with which account.
        url: one of their `turn_servers`.
        peers: addresses of ours that it has to relay to.

    Raises:
        TurnError: it does not work, or relays to none of the peers.
    """
    accounts = turn_accounts(settings)
    credentials = accounts.issue("probe", time.time()) if accounts else None
    allocation = await probe(TurnUrl.parse(url), credentials, peers)
    if peers and len(allocation.denied) == len(peers):
        raise TurnError(f"it relays nothing to {', '.join(allocation.denied)}: its peer rules forbid that")


async def watch_turn(settings: Settings, part: Part, peers: Sequence[str] = ()) -> Never:
    """Try the TURN servers again and again and keep their health."""
    while True:
        failures: dict[str, str] = {}
        async with trio.open_nursery() as nursery:
            for url in settings.turn_servers:
                nursery.start_soon(_note_failure, settings, url, peers, failures)
        told = "; ".join(f"{url}: {why}" for url, why in sorted(failures.items()))
        if not failures:
            part.ok()
        elif len(failures) < len(settings.turn_servers):
            part.degraded(told)
        else:
            part.down(told)
        await trio.sleep(_EVERY_WHEN_DOWN_S if failures else _EVERY_S)


async def _note_failure(settings: Settings, url: str, peers: Sequence[str], failures: dict[str, str]) -> None:
    try:
        await try_turn_server(settings, url, peers)
    except TurnError as error:
        failures[url] = str(error)
