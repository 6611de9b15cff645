"""What a client needs to be let in to where a session begins, whatever its transport."""

from collections.abc import Collection
from typing import Final

from starlette.requests import HTTPConnection

from videocall.protocol.fields import is_room_id
from videocall.server.security import origin_allowed
from videocall.signaling import Hub
from videocall.signaling.log import fields, logger

__all__ = ["client_address", "label", "refusal"]

_MAX_LABEL: Final = 64


def refusal(connection: HTTPConnection, hub: Hub, allowed_origins: Collection[str]) -> tuple[int, str] | None:
    """Why no session may begin here, as an HTTP status and a sentence; `None` when one may."""
    found = _refusal(connection, hub, allowed_origins)
    if found:
        extra = fields(why=found[1], origin=connection.headers.get("origin"), address=client_address(connection))
        logger.warning("socket refused", extra=extra)
    return found


def client_address(connection: HTTPConnection) -> str:
    """The client's IP address; empty when it has none."""
    return connection.client.host if connection.client else ""


def label(connection: HTTPConnection) -> str:
    """What the client calls itself, for the log."""
    return connection.query_params.get("peerId", "")[:_MAX_LABEL]


def _refusal(connection: HTTPConnection, hub: Hub, allowed_origins: Collection[str]) -> tuple[int, str] | None:
    if not origin_allowed(connection.headers, allowed_origins):
        return 403, "this origin may not connect"
    room_id = connection.query_params.get("roomId")
    if room_id is not None and not is_room_id(room_id):
        return 400, "roomId must have 1 to 64 characters out of A-Z a-z 0-9 _ -"
    if not hub.may_connect(client_address(connection)):
        return 429, "too many sockets from this address; wait a moment"
    if hub.draining:
        return 503, "the server is shutting down"
    return None
