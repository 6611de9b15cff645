"""ICE candidates that the media core does not know of. Pure."""

from collections.abc import Sequence
from ipaddress import ip_address

from attrs import evolve

from videocall.ortc.types import IceCandidate

__all__ = ["with_public"]


def with_public(candidates: Sequence[IceCandidate], public: Sequence[str]) -> list[IceCandidate]:
    """Add candidates for public addresses whose packets arrive at a local one, by a NAT that keeps ports.

    Each port gets one, where an address of the same family is announced that others could reach at all. They come after
    the local ones, so that those who are near take the direct way.

    Args:
        candidates: of the core.
        public: IP addresses.
    """
    known = {candidate.address for candidate in candidates}
    added: dict[tuple[str, str, int, str | None], IceCandidate] = {}
    for number, address in enumerate(ip for ip in public if ip not in known):
        for candidate in candidates:
            local = ip_address(candidate.address)
            if local.is_loopback or local.version != ip_address(address).version:
                continue
            key = (address, candidate.protocol, candidate.port, candidate.tcpType)
            priority = min(it.priority for it in candidates) - 1 - 2 * number - (candidate.protocol == "tcp")
            foundation = f"public{number}{candidate.protocol}"
            added.setdefault(
                key, evolve(candidate, ip=address, address=address, foundation=foundation, priority=priority)
            )
    return [*candidates, *added.values()]
