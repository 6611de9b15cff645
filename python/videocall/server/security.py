"""Which pages may connect, and what the page itself may do."""

import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SecurityHeaders", "content_security_policy", "cors_headers", "origin_allowed"]

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?")

_FIXED: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), geolocation=()",
}


def origin_allowed(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether a WebSocket request comes from our own page, an allowed one, or a client that is no browser.

    Browsers always send ``Origin``, and let any page connect to any server: without this check a page elsewhere could
    act from the visitor's place in the network (RFC 6455, 10.2). The scheme is not compared: a proxy may do TLS for us.
    """
    origins = headers.getlist("origin")
    if not origins:
        return True
    if len(origins) > 1:
        return False
    host = headers.get("host", "").lower()
    own = {f"http://{host}", f"https://{host}"} if host else set[str]()
    return origins[0] in allowed or origins[0].lower() in own


def cors_headers(headers: Headers, allowed: Collection[str]) -> dict[str, str]:
    """What lets an allowed page on another origin read the answer to a request (Fetch, CORS protocol)."""
    cors = {"vary": "origin, access-control-request-headers"}
    if "origin" in headers and origin_allowed(headers, allowed):
        cors |= {
            "access-control-allow-origin": headers["origin"],
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": headers.get("access-control-request-headers", "content-type"),
            "access-control-max-age": "600",
        }
    return cors


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every HTTP response.

    Args:
        app: what answers.
        connect: what its pages may connect to beside the host they came from, as in a policy's ``connect-src``.
    """

    def __init__(self, app: ASGIApp, connect: str = "") -> None:
        self._app = app
        self._connect = connect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = content_security_policy(Headers(scope=scope).get("host", ""), self._connect)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_FIXED)
                headers["content-security-policy"] = policy
            await send(message)

        await self._app(scope, receive, send_with_headers)


def content_security_policy(host: str, connect: str = "") -> str:
    """The page's policy: nothing from anywhere but the host it came from, and connections to `connect`."""
    # Some browsers do not count ws: and wss: of the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            f"connect-src 'self'{sockets} {connect}".rstrip(),
            "base-uri 'self'",  # the page says where it is mounted
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
