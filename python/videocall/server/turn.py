"""TURN as the settings have it."""

from videocall.server.settings import Settings
from videocall.signaling.ice_servers import Accounts, FixedAccount, IceServers, SharedSecret
from videocall.turn import Credentials

__all__ = ["ice_servers", "turn_accounts"]


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
