"""``turn:`` and ``turns:`` URLs (RFC 7065)."""

import re
from typing import Final, Literal, Self, cast

from attrs import frozen

__all__ = ["TurnUrl"]

_URL: Final = re.compile(
    r"(?P<scheme>turns?):(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.\-]+))(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)


@frozen
class TurnUrl:
    """Where a TURN server is and how it is spoken to.

    Attributes:
        secure: whether over TLS, on TCP.
        host: a name or an IP address, without brackets.
        transport: between client and server. The relay itself is always UDP.
    """

    secure: bool
    host: str
    port: int
    transport: Literal["udp", "tcp"]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL; without a transport it is UDP for ``turn:`` and TCP for ``turns:``, as browsers take it.

        Raises:
            ValueError: it is none.
        """
        found = _URL.fullmatch(text)
        port = int(found["port"] or 0) if found else 0
        if not found or port > 65535 or (found["port"] and not port):
            raise ValueError(f"{text!r} is not a TURN URL such as turn:turn.example.org:3478?transport=udp")
        secure = found["scheme"] == "turns"
        if secure and found["transport"] == "udp":
            raise ValueError(f"{text!r} asks for DTLS, which browsers do not speak to TURN servers")
        transport = cast('Literal["udp", "tcp"]', found["transport"] or ("tcp" if secure else "udp"))
        return cls(secure, found["v6"] or found["host"], port or (5349 if secure else 3478), transport)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'turns' if self.secure else 'turn'}:{host}:{self.port}?transport={self.transport}"
