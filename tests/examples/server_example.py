"""Meetings below /meet of a web application, which says who may join, and hears what happens."""

import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from videocall import Server, Settings
from videocall.server import tune
from videocall.signaling.events import ParticipantJoined

meetings = Server(Settings(token_secret=secrets.token_hex(32), rtc_port=0))


@meetings.on("participant.joined")
async def greet(event: ParticipantJoined) -> None:
    print(f"{event.display_name} is in {event.room_id} as {event.role}")


async def invite(request: Request) -> Response:
    """Let whoever the application knows in; a real one would ask for a login first."""
    name = request.query_params["name"]
    token = meetings.token({"daily": "host" if name == "Ada" else "participant"}, identity=name, display_name=name)
    return RedirectResponse(f"/meet/r/daily#token={token}")


async def rooms(_: Request) -> Response:
    return JSONResponse({room.room_id: [one.displayName for one in room.participants] for room in meetings.rooms})


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with meetings:
        await meetings.create_room("daily", max_participants=20)
        yield


app = Starlette(
    routes=[Route("/invite", invite), Route("/rooms", rooms), Mount("/meet", meetings.asgi)], lifespan=lifespan
)


async def stopped() -> None:
    """Wait for the end, and tell the calls before their sockets are closed."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            break
    await meetings.drain()


if __name__ == "__main__":
    config = tune(Config())
    config.bind = ["127.0.0.1:8000"]
    trio.run(lambda: serve(app, config, shutdown_trigger=stopped, mode="asgi"))
