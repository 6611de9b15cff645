"""The endpoint over sessions whose media threads are not there."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.fakes.engineio import PollingClient
from tests.unit.signaling.conftest import engine, hub, media

from videocall.server.socketio import SocketIoEndpoint
from videocall.signaling import Hub

__all__ = ["ALLOWED", "engine", "hub", "media"]

ALLOWED = "https://app.example.org"


@pytest.fixture
async def app(hub: Hub) -> AsyncIterator[Any]:
    """The endpoint. Clients that poll are ended with it, or each would be waited for until it took what is left."""
    endpoint = SocketIoEndpoint(hub, [ALLOWED])
    sids: set[str] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sids.update(parse_qs(scope["query_string"].decode()).get("sid", []))
        await endpoint(scope, receive, send)

    yield app
    for sid in sids:
        await PollingClient(endpoint, sid=sid).post_raw(b"1")
