"""How often somebody may do something: token buckets, told the time."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

from attrs import define, field, frozen

__all__ = ["AddressLimiter", "Bucket", "Rate", "Rates"]

_MAX_ADDRESSES: Final = 10_000
_IPV6_NETWORK: Final = 64
"""The part of an IPv6 address that one customer has to themselves (RFC 6177)."""


@frozen
class Rate:
    """So many at once, and so many a second in the long run."""

    burst: int
    per_second: float


@frozen
class Rates:
    """What sessions and addresses may do.

    Attributes:
        requests: of one session; `None` for no limit. Whoever enters a room of hundreds resumes hundreds of consumers
            at once.
        joins: attempts of one address to open a socket, and to join a room. A whole office may share one, and come
            back at once after a restart. Addresses of this machine, which a reverse proxy has, are not limited.
        passwords: wrong passwords from one address.
        talk: messages, reactions and raised hands of one participant.
    """

    requests: Rate | None = Rate(1000, 100)
    joins: Rate = Rate(200, 10)
    passwords: Rate = Rate(10, 0.1)
    talk: Rate = Rate(30, 5)


@define
class Bucket:
    """Fills with the time and is emptied by use."""

    rate: Rate
    level: float = field(default=0.0, init=False)
    filled_at: float = field(default=float("-inf"), init=False)

    def is_empty(self, now: float) -> bool:
        """Whether none is there to take; `now` is in seconds and never goes back."""
        self.level = min(self.rate.burst, self.level + (now - self.filled_at) * self.rate.per_second)
        self.filled_at = now
        return self.level < 1

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        if self.is_empty(now):
            return False
        self.level -= 1
        return True


class AddressLimiter:
    """A bucket for each address; when there are too many the one that was used longest ago is forgotten."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str, now: float) -> bool:
        """Take one for an address, as text; anything that is no address, and this machine's own, is not limited."""
        bucket = self._bucket(address)
        return bucket is None or bucket.take(now)

    def is_empty(self, address: str, now: float) -> bool:
        """Whether an address can take none now."""
        bucket = self._bucket(address)
        return bucket is not None and bucket.is_empty(now)

    def _bucket(self, address: str) -> Bucket | None:
        network = _network(address)
        if network is None:
            return None
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = Bucket(self._rate)
            if len(self._buckets) > _MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(network)
        return bucket


def _network(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif not address.is_loopback:
            return address.exploded[: _IPV6_NETWORK // 4 + _IPV6_NETWORK // 16]
    return None if address.is_loopback else str(address)
