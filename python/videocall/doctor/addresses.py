"""Which addresses clients would be told for media, and who could reach them."""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from videocall.doctor.findings import Finding, ok, warning
from videocall.server.addresses import announced_addresses, is_loopback
from videocall.server.settings import Settings

__all__ = ["check"]

_CHECK: Final = "addresses"
_CONTAINER_SIGNS: Final = ("/.dockerenv", "/run/.containerenv")


def check(settings: Settings, signs: Iterable[str] = _CONTAINER_SIGNS) -> Iterable[Finding]:
    """Judge the addresses; `signs` are files that only containers have."""
    told = announced_addresses(settings)
    yield ok(_CHECK, f"clients are told {', '.join(told)} for media")
    others = [ip for ip in told if not ip_address(ip).is_loopback]
    if is_loopback(settings.host):
        return
    if not others:
        yield warning(_CHECK, "nobody else can reach the media: loopback only", "name a LAN address with --rtc-address")
        return
    if settings.public_addresses or any(ip_address(ip).is_global for ip in others):
        return
    if any(Path(sign).exists() for sign in signs) and not any(it.announced for it in settings.rtc_addresses):
        yield warning(
            _CHECK,
            "this is a container, and clients are told its inner addresses",
            "publish the media ports, and announce the host: --rtc-address INNER=HOST, or --public-address HOST",
        )
    elif not settings.turn_servers:
        yield warning(
            _CHECK,
            "all of them are private: people outside of this network will not get media",
            "for them, send the media ports on at the router and set --public-address, or set --turn-server",
        )
