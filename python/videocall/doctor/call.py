"""A real call through a media worker, on each address that clients would be told."""

from collections.abc import Iterable
from typing import Final

from videocall.doctor.findings import Finding, failure, ok
from videocall.server.addresses import media_addresses
from videocall.server.settings import Settings
from videocall.sfu import SfuError
from videocall.sfu.loopback import LoopbackError, Stage, loopback_call

__all__ = ["check"]

_CHECK: Final = "call"
_MENDS: Final[dict[Stage, str]] = {
    "ice": "let UDP between this machine and itself through the firewall (nft list ruleset)",
    "dtls": "report it: ICE works and the DTLS handshake does not",
    "rtp": "report it: DTLS works and no media comes",
}


async def check(settings: Settings) -> Iterable[Finding]:
    """Have two clients call each other on every local address for media."""
    return [await _call(address.ip) for address in media_addresses(settings)]


async def _call(ip: str) -> Finding:
    try:
        times = await loopback_call(ip)
    except LoopbackError as error:
        return failure(_CHECK, f"no call on {ip}: {error} ({error.stage})", _MENDS[error.stage])
    except SfuError as error:
        return failure(_CHECK, f"no call on {ip}: {error}", "name an address of this machine with --rtc-address")
    after = f"ICE after {times.ice_ms:.0f} ms, DTLS after {times.dtls_ms:.0f} ms, RTP after {times.rtp_ms:.0f} ms"
    return ok(_CHECK, f"a call on {ip}: {after}")
