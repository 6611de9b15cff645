"""`Server` as a program uses it."""

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket
from tests.unit.server.conftest import SECRET, OpenServer, client_of

from videocall.server import NotRunningError, Server
from videocall.signaling import Session
from videocall.signaling.events import ParticipantJoined
from videocall.tokens import Verifier


async def test_it_is_an_application_only_while_it_runs(new_server: OpenServer) -> None:
    server = new_server()
    async with client_of(server.asgi) as client:
        assert (await client.get("/healthz")).status_code == 503
        async with server:
            assert (await client.get("/healthz")).json()["status"] == "ok"
            assert server.workers == 2
        assert (await client.get("/readyz")).status_code == 503
    with pytest.raises(NotRunningError):
        _ = server.workers
    with pytest.raises(RuntimeError, match="runs once"):
        await server.__aenter__()


async def test_mounted_below_a_path_the_page_its_files_and_its_routes_are_there(server: Server) -> None:
    app = Starlette(routes=[Mount("/meet", app=server.asgi)])
    async with client_of(app) as client:
        for path in ("/meet/", "/meet/r/daily", "/meet/index.html"):
            page = await client.get(path)
            assert (page.status_code, '<base href="/meet/" />' in page.text) == (200, True)
        assert (await client.get("/meet/assets/app-1a2b.js")).text == "export {};"
        assert (await client.get("/meet/healthz")).json()["status"] == "ok"
        assert (await client.get("/r/daily")).status_code == 404


async def test_at_the_root_it_starts_and_ends_with_its_process(new_server: OpenServer) -> None:
    server = new_server()
    to_app, incoming = trio.open_memory_channel[Message](2)
    outgoing, from_app = trio.open_memory_channel[Message](2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.asgi, {"type": "lifespan"}, incoming.receive, outgoing.send)
        await to_app.send({"type": "lifespan.startup"})
        assert await from_app.receive() == {"type": "lifespan.startup.complete"}
        assert server.workers == 2
        await to_app.send({"type": "lifespan.shutdown"})
        assert await from_app.receive() == {"type": "lifespan.shutdown.complete"}
    with pytest.raises(NotRunningError):
        _ = server.workers


async def test_a_server_that_cannot_start_says_why_to_whoever_runs_it(new_server: OpenServer, media: FakeMedia) -> None:
    media.taken_indexes.add(1)
    sent: list[Message] = []

    async def receive() -> Message:
        await trio.lowlevel.checkpoint()
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    await new_server().asgi({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "127.0.0.1:10001 is in use"}]


async def test_tokens_are_for_its_own_rooms(server: Server, new_server: OpenServer) -> None:
    admission = await Verifier(SECRET).admit(server.token({"daily": "host"}, identity="ada"), "daily")
    assert (admission.role, admission.identity) == ("host", "ada")
    with pytest.raises(ValueError, match="token_secret"):
        new_server().token({"daily": "host"})


async def test_while_it_drains_it_is_alive_but_not_ready(server: Server) -> None:
    async with client_of(server.asgi) as client:
        assert (await client.get("/readyz")).json() == {"ready": True}
        await server.drain()
        assert (await client.get("/readyz")).status_code == 503
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (200, "draining")


async def test_health_is_503_only_when_no_worker_is_left(server: Server, media: FakeMedia) -> None:
    media.workers[0].die()
    degraded = await health_when(server, "degraded")
    assert (degraded.status_code, degraded.json()["parts"]["workers"]["reason"]) == (200, "1 of 2 media workers died")
    media.workers[1].die()
    down = await health_when(server, "down")
    assert (down.status_code, down.json()["parts"]["workers"]["reason"]) == (503, "no media worker is alive")


async def test_reasons_are_for_operators(server: Server, media: FakeMedia) -> None:
    media.workers[0].die()
    answer = await health_when(server, "degraded", address="203.0.113.7")
    assert "reason" not in answer.json()["parts"]["workers"]


async def health_when(server: Server, status: str, address: str = "127.0.0.1") -> httpx.Response:
    """The health once it is so. Not on virtual time: the server's database works in a thread."""
    async with client_of(server.asgi, address) as client:
        with trio.fail_after(10):
            while (answer := await client.get("/healthz")).json()["status"] != status:  # noqa: ASYNC110 - over HTTP
                await trio.sleep(0.05)
    return answer


async def test_hooks_get_typed_events(new_server: OpenServer) -> None:
    server = new_server()
    names: list[str] = []
    rooms: list[str] = []
    ended = trio.Event()

    @server.on("room.started")
    def started(_: object) -> None:
        raise RuntimeError("a hook that fails hurts nobody")

    @server.on("participant.joined")
    async def joined(event: ParticipantJoined) -> None:
        await trio.lowlevel.checkpoint()
        names.append(event.display_name)

    async with server, trio.open_nursery() as nursery:

        @server.on(ParticipantJoined)
        def also(event: ParticipantJoined) -> None:
            rooms.append(event.room_id)
            ended.set()

        socket = FakeSocket()
        nursery.start_soon(Session(server._live().hub, socket).run)
        await FakeClient(socket).join("Ada")
        with trio.fail_after(5):
            await ended.wait()
        socket.hang_up()
    assert (names, rooms) == (["Ada"], ["daily"])
    with pytest.raises(ValueError, match=r"participant\.joined"):
        server.on("participant.jumped")(print)


async def test_a_socket_is_refused_while_it_does_not_run(new_server: OpenServer) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await trio.lowlevel.checkpoint()
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": [], "extensions": {"websocket.http.response": {}}}
    await new_server().asgi(scope, receive, send)
    assert sent[0]["status"] == httpx.codes.SERVICE_UNAVAILABLE
