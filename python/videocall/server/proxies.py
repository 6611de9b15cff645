"""Reverse proxies that tell the truth about whom they speak for."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Network", "TrustedProxies"]

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_SECURE: Final = {"http": "https", "ws": "wss", "https": "https", "wss": "wss"}
_PLAIN: Final = {"http": "http", "ws": "ws", "https": "http", "wss": "ws"}


class TrustedProxies:
    """ASGI middleware that puts the client in a trusted proxy's place.

    It takes the client's address from ``X-Forwarded-For``, and what it asked for from ``X-Forwarded-Proto`` and
    ``X-Forwarded-Host``. What others say there counts for nothing.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[Network]) -> None:
        self._app = app
        self._networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] in {"http", "websocket"} and self._trusts(_parse((scope.get("client") or ("",))[0])):
            scope = self._as_the_client_asked(scope)
        await self._app(scope, receive, send)

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def _as_the_client_asked(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        asked = dict(scope)
        asked["client"] = (self._client(headers, scope["client"][0]), 0)
        match _last(headers, "x-forwarded-proto"):
            case "https":
                asked["scheme"] = _SECURE[scope["scheme"]]
            case "http":
                asked["scheme"] = _PLAIN[scope["scheme"]]
            case _:
                pass
        if host := _last(headers, "x-forwarded-host"):
            changed = MutableHeaders(raw=list(scope["headers"]))
            changed["host"] = host
            asked["headers"] = changed.raw
        return asked

    def _client(self, headers: Headers, proxy: str) -> str:
        """The right-most address that no trusted proxy has: what stands left of it may be made up."""
        client = proxy
        for text in reversed(_listed(headers, "x-forwarded-for")):
            address = _parse(text)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client


def _listed(headers: Headers, name: str) -> list[str]:
    return [part.strip() for value in headers.getlist(name) for part in value.split(",")]


def _last(headers: Headers, name: str) -> str:
    listed = _listed(headers, name)
    return listed[-1] if listed else ""


def _parse(text: str) -> _Address | None:
    """An address, without the port that some proxies add."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
