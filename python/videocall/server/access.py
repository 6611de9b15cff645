"""Who may use what is for operators: the REST API, metrics, the reasons behind a health state."""

import hmac
from collections.abc import Sequence
from ipaddress import ip_address

from attrs import field, frozen
from starlette.requests import HTTPConnection

__all__ = ["Access", "is_local"]


@frozen
class Access:
    """The API keys of a server; none closes the REST API."""

    keys: Sequence[str] = field(default=(), repr=False)

    @property
    def configured(self) -> bool:
        """Whether there is a key."""
        return bool(self.keys)

    def has_key(self, connection: HTTPConnection) -> bool:
        """Whether a request bears one of the keys, as ``Authorization: Bearer KEY``."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        # Every key is compared, each in a time that does not depend on what is right about the given one.
        offered = given.strip().encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(offered, key.encode()) for key in self.keys]
        return any(matches)

    def is_operator(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from an operator: it bears a key, or was made on this very machine."""
        return self.has_key(connection) or is_local(connection)


def is_local(connection: HTTPConnection) -> bool:
    """Whether a request was made on this machine, and not handed on by a proxy that runs here."""
    if any(name in connection.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via")):
        return False
    try:
        address = ip_address(connection.client.host if connection.client else "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
