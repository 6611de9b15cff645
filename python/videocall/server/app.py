"""The ASGI application: routes and what answers them."""

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from videocall.protocol.fields import is_room_id
from videocall.server.security import SecurityHeaders
from videocall.server.static import Bundle
from videocall.server.websocket import WebSocketEndpoint
from videocall.signaling import Hub

__all__ = ["create_app"]


def create_app(hub: Hub, bundle: Bundle, allowed_origins: Collection[str] = ()) -> SecurityHeaders:
    """Make the application: ``/`` and ``/r/{roomId}`` are the page, ``/ws`` the socket."""
    socket = WebSocketEndpoint(hub, allowed_origins)

    async def page(request: Request) -> Response:
        return bundle.page(request.headers)

    async def room_page(request: Request) -> Response:
        if not is_room_id(request.path_params["room_id"]):
            return _not_found()
        return bundle.page(request.headers)

    async def file(request: Request) -> Response:
        return bundle.file(request.path_params["path"], request.headers) or _not_found()

    async def health(_: Request) -> Response:
        status = "draining" if hub.draining else "ok"
        body = {"status": status, "rooms": hub.room_count, "sessions": hub.session_count}
        return JSONResponse(body, 503 if hub.draining else 200, {"cache-control": "no-store"})

    async def websocket(websocket: WebSocket) -> None:
        await socket(websocket)

    routes = [
        Route("/", page),
        Route("/r/{room_id}", room_page),
        Route("/healthz", health),
        WebSocketRoute("/ws", websocket),
        Route("/{path:path}", file),
    ]
    return SecurityHeaders(Starlette(routes=routes))


def _not_found() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404, {"cache-control": "no-cache"})
