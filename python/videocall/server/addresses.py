"""Which addresses the server has, and which it tells others."""

import socket
from ipaddress import ip_address
from typing import Final

from videocall import sfu
from videocall.server.settings import EVERY_ADDRESS, RtcAddress, Settings

__all__ = ["announced_addresses", "is_loopback", "lan_addresses", "media_addresses", "url_hosts"]

_EVERY: Final = frozenset({EVERY_ADDRESS, "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def media_addresses(settings: Settings) -> tuple[RtcAddress, ...]:
    """Where media is received: the addresses that the settings name, or all there are."""
    return settings.rtc_addresses or tuple(RtcAddress(ip) for ip in sfu.local_addresses())


def announced_addresses(settings: Settings) -> list[str]:
    """What clients are told of them, the public ones included, in no order that matters."""
    local = (address.announced or address.ip for address in media_addresses(settings))
    return list(dict.fromkeys([*local, *settings.public_addresses]))


def lan_addresses() -> list[str]:
    """Addresses by which others on the local network reach this machine, the most likely one first."""
    found = [ip for ip in sfu.local_addresses() if not ip_address(ip).is_loopback]
    main = _main_address()
    return sorted(found, key=lambda ip: (ip != main, ":" in ip))


def url_hosts(settings: Settings) -> list[str]:
    """Hosts for URLs of the server, the best first; never none."""
    if settings.host not in _EVERY:
        return [settings.host]
    return lan_addresses() or ["localhost"]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _main_address() -> str | None:
    """The address that packets to elsewhere leave from. Connecting UDP sends none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(sock.getsockname()[0])
