"""The ASGI application: routes and what answers them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from attrs import frozen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from videocall.health import Part
from videocall.protocol.fields import is_room_id
from videocall.server import health
from videocall.server.access import Access
from videocall.server.answers import json_response
from videocall.server.metrics import Metrics
from videocall.server.proxies import Network, TrustedProxies
from videocall.server.security import SecurityHeaders
from videocall.server.socketio import SocketIoEndpoint
from videocall.server.static import Bundle
from videocall.server.websocket import WebSocketEndpoint
from videocall.signaling import Hub

__all__ = ["Services", "create_app"]

_SOCKET_IO: Final = ("/socket.io/", "/socket.io")
"""With the slash, unless a client's ``addTrailingSlash`` is off."""
Endpoint = Callable[[Request], Awaitable[Response]]


@frozen
class Services:
    """What the application is an application of."""

    hub: Hub
    bundle: Bundle
    access: Access
    parts: Sequence[Part]
    metrics: Metrics
    allowed_origins: Collection[str] = ()
    trusted_proxies: Sequence[Network] = ()


def create_app(services: Services, more: Sequence[BaseRoute] = ()) -> ASGIApp:
    """Make the application: ``/`` and ``/r/{roomId}`` are the page, ``/ws`` and ``/socket.io/`` the sockets.

    What is in `more` goes before files.
    """
    socket = WebSocketEndpoint(services.hub, services.allowed_origins)
    socket_io = SocketIoEndpoint(services.hub, services.allowed_origins)

    async def websocket(websocket: WebSocket) -> None:
        await socket(websocket)

    routes = [
        *_page_routes(services.bundle),
        *_health_routes(services),
        Route("/metrics", _metrics(services)),
        WebSocketRoute("/ws", websocket),
        *(Route(path, socket_io) for path in _SOCKET_IO),
        *(WebSocketRoute(path, socket_io) for path in _SOCKET_IO),
        *more,
        Route("/{path:path}", _files(services.bundle)),
    ]
    app = SecurityHeaders(Starlette(routes=routes))
    return TrustedProxies(app, services.trusted_proxies) if services.trusted_proxies else app


def _page_routes(bundle: Bundle) -> list[Route]:
    async def page(request: Request) -> Response:
        return bundle.page(request.headers, request.scope.get("root_path", ""))

    async def room_page(request: Request) -> Response:
        if not is_room_id(request.path_params["room_id"]):
            return _not_found()
        return await page(request)

    return [Route("/", page), Route("/r/{room_id}", room_page)]


def _files(bundle: Bundle) -> Endpoint:
    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "index.html":
            return bundle.page(request.headers, request.scope.get("root_path", ""))
        return bundle.file(path, request.headers) or _not_found()

    return file


def _health_routes(services: Services) -> list[Route]:
    hub = services.hub

    async def healthz(request: Request) -> Response:
        report = health.report(
            services.parts,
            rooms=hub.room_count,
            sessions=hub.session_count,
            draining=hub.draining,
            reasons=services.access.is_operator(request),
        )
        return json_response(report, health.status_code(report))

    async def readyz(_: Request) -> Response:
        if hub.draining:
            return json_response(health.Readiness(ready=False, reason="the server is shutting down"), 503)
        return json_response(health.Readiness(ready=True))

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def _metrics(services: Services) -> Endpoint:
    async def metrics(request: Request) -> Response:
        if not services.access.is_operator(request):
            why = "Metrics are for requests from this machine itself, or with an API key (Authorization: Bearer KEY).\n"
            return PlainTextResponse(why, 403, {"cache-control": "no-store"})
        content_type, body = await services.metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={"cache-control": "no-store", "content-type": content_type})

    return metrics


def _not_found() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404, {"cache-control": "no-cache"})
