"""The ways in, ``/ws`` and ``/socket.io/``, against those who should not get in or hold a place for nothing."""

import json
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import trio
from tests.integration.conftest import Server, eventually, running
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from videocall.protocol import MAX_MESSAGE_BYTES
from videocall.tokens import make_token

SECRET = "correct horse battery staple, twice over"
POLLING = {"EIO": "4", "transport": "polling"}
FOREIGN = ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example", "file://", ""]
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
ENTRIES = ["/ws", "/socket.io/?EIO=4&transport=websocket"]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as http:
        yield http


@pytest.fixture
def room_id() -> str:
    return uuid.uuid4().hex


@asynccontextmanager
async def websocket(server: Server, path: str) -> AsyncIterator[WebSocketConnection]:
    # The stream is ours, since trio-websocket leaves it open when the other side closes first.
    async with await trio.open_tcp_stream(*server.address) as stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(nursery, stream, server.address[0], path)
        nursery.cancel_scope.cancel()


async def handshake(server: Server, path: str, **headers: str) -> int:
    """The HTTP status that opening a WebSocket is answered with."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    host = ":".join(map(str, server.address))
    async with await trio.open_tcp_stream(*server.address) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{UPGRADE}{more}\r\n".encode())
        answer = b""
        while b"\r\n" not in answer:
            answer += await stream.receive_some()
    return int(answer.split()[1])


def frame(payload: bytes) -> bytes:
    """A short text frame of a client, masked with zeros (RFC 6455, 5.2)."""
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


async def open_polling(http: httpx.AsyncClient, server: Server, **query: str) -> str:
    """A session that polls, its namespace open; returns the URL for all that follows."""
    url = f"{server.url}socket.io/"
    greeting = await http.get(url, params={**POLLING, **query})
    sid = json.loads(greeting.text.removeprefix("0"))["sid"]
    url = f"{url}?EIO=4&transport=polling&sid={sid}"
    assert (await http.post(url, content="40")).text == "ok"
    assert (await http.get(url)).text.startswith("40{")
    return url


async def ask(http: httpx.AsyncClient, url: str, method: str, data: object) -> Any:
    """One request of a session that polls, and its answer."""
    assert (await http.post(url, content=f"427{json.dumps([method, data])}")).text == "ok"
    while True:
        for packet in (await http.get(url)).text.split("\x1e"):
            if packet.startswith("437["):
                return json.loads(packet[3:])[0]


async def ask_socket(socket: WebSocketConnection, path: str, method: str, data: object) -> Any:
    """One request on either WebSocket, and its answer."""
    if path == "/ws":
        await socket.send_message(json.dumps({"request": True, "id": 7, "method": method, "data": data}))
        answer = json.loads(await socket.get_message())
        return answer["data"] if answer["ok"] else {"error": {"code": answer["errorCode"]}}
    await socket.get_message()
    await socket.send_message("40")
    await socket.get_message()
    await socket.send_message(f"427{json.dumps([method, data])}")
    return json.loads((await socket.get_message())[3:])[0]


async def sessions_end(server: Server, within_s: float) -> None:
    async def ended() -> bool:
        return int(server.health()["sessions"]) == 0

    await eventually(ended, within_s)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_foreign_page_gets_in_anywhere(server: Server, http: httpx.AsyncClient, origin: str) -> None:
    for path in ENTRIES:
        assert await handshake(server, path, origin=origin) == 403
    answer = await http.get(f"{server.url}socket.io/", params=POLLING, headers={"origin": origin})
    assert answer.status_code == 403
    url = await open_polling(http, server)
    for stolen in (await http.get(url, headers={"origin": origin}), await http.post(url, headers={"origin": origin})):
        assert stolen.status_code == 403
        assert "access-control-allow-origin" not in stolen.headers
    assert (await http.post(url, content="1")).text == "ok"


async def test_no_wrong_token_gets_in_anywhere(web_dist: Path, tmp_path: Path, http: httpx.AsyncClient) -> None:
    wrong = {
        make_token(SECRET, {"daily": "host"}, now=time.time() - 7200): "TOKEN_EXPIRED",
        make_token(SECRET, {"weekly": "host"}): "TOKEN_INVALID",
        make_token("another secret that is long enough too", {"daily": "host"}): "TOKEN_INVALID",
        "": "TOKEN_INVALID",
    }
    with running(web_dist, tmp_path, "--token-secret", SECRET) as server:
        url = await open_polling(http, server)
        for token, code in wrong.items():
            request = {"displayName": "Eve", "roomId": "daily", "token": token}
            for path in ENTRIES:
                async with websocket(server, path) as socket:
                    assert (await ask_socket(socket, path, "joinRoom", request))["error"]["code"] == code
            assert (await ask(http, url, "joinRoom", request))["error"]["code"] == code
        assert server.health()["rooms"] == 0
        good = {"displayName": "Ada", "roomId": "daily", "token": make_token(SECRET, {"daily": "viewer"})}
        assert (await ask(http, url, "joinRoom", good))["role"] == "viewer"
        assert (await http.post(url, content="1")).text == "ok"


async def test_a_message_has_64_kib_at_most_on_every_entry(server: Server, http: httpx.AsyncClient) -> None:
    for path in ENTRIES:
        async with websocket(server, path) as socket:
            if path != "/ws":
                await socket.get_message()  # the handshake
            await socket.send_message("4" * (MAX_MESSAGE_BYTES + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await socket.get_message()
            assert closed.value.reason.code == 1009
    url = await open_polling(http, server)
    assert (await http.post(url, content="4" * (MAX_MESSAGE_BYTES + 1))).status_code == 413
    assert (await ask(http, url, "getRtpCapabilities", {}))["codecs"]
    assert (await http.post(url, content="1")).text == "ok"


async def test_pollers_that_vanish_are_found_within_15_seconds(
    own_server: Server, http: httpx.AsyncClient, room_id: str
) -> None:
    url = await open_polling(http, own_server, roomId=room_id)
    assert "resumeToken" in await ask(http, url, "joinRoom", {"displayName": "Ada"})
    await open_polling(http, own_server)
    await http.get(f"{own_server.url}socket.io/", params=POLLING)  # no more than the handshake
    assert own_server.health()["sessions"] == 3
    await sessions_end(own_server, within_s=15)
    assert (await http.get(url)).json()["code"] == 1


async def test_half_open_requests_are_ended_within_15_seconds(own_server: Server, http: httpx.AsyncClient) -> None:
    url = httpx.URL(await open_polling(http, own_server))
    head = f" {url.raw_path.decode()} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
    upgrade = head.replace("polling", "websocket") + f"{UPGRADE}\r\n"
    openings = ["GET", f"GET{head}", f"POST{head}Content-Length: 1000\r\n\r\n427[", f"GET{upgrade}"]

    async def open_half(opening: str) -> None:
        async with await trio.open_tcp_stream(*own_server.address) as stream:
            await stream.send_all(opening.encode())
            try:
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                pass

    with trio.fail_after(15):
        async with trio.open_nursery() as nursery:
            for opening in openings:
                nursery.start_soon(open_half, opening)
    await sessions_end(own_server, within_s=15)


def garbage() -> list[bytes]:
    """What nobody should send, each as the first of a connection."""
    random = Random(7)
    opening = f"HTTP/1.1\r\nHost: x\r\n{UPGRADE}".encode()
    words = [bytes(random.randrange(256) for _ in range(60)) for _ in range(40)]
    return [
        *words,
        *[b"GET /" + word.translate(None, b"\r\n") + b" HTTP/1.1\r\nHost: x\r\n\r\n" for word in words],
        *[b"GET " + path.encode() + b" " + opening + b"\r\n" + frame(b"early") for path in ENTRIES],
        *[b"GET " + path.encode() + b" " + opening + b"\r\n" + words[0] for path in ENTRIES],
        *[b"GET /ws " + opening + name + b": \xe9, protoo\r\n\r\n" for name in (b"Sec-WebSocket-Protocol", b"Origin")],
        b"GET /ws " + opening + b"Sec-WebSocket-Extensions: \xe9; ;;\r\n\r\n",
        b"GET /ws?roomId=%ff " + opening + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + words[0],
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAAA\r\n\r\n" + words[0],
        b"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /socket.io/?EIO=4&transport=polling&sid=%00%ff HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: [\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ]


async def test_whatever_a_connection_begins_with_ends_no_other(own_server: Server, http: httpx.AsyncClient) -> None:
    url = await open_polling(http, own_server, roomId="daily")
    await ask(http, url, "joinRoom", {"displayName": "Ada"})
    async with websocket(own_server, "/ws") as socket:
        for bytes_ in garbage() * 2:
            async with await trio.open_tcp_stream(*own_server.address) as stream:
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(bytes_)
                    await stream.send_eof()
                    while await stream.receive_some():
                        pass
        assert "error" not in await ask_socket(socket, "/ws", "getRtpCapabilities", {})
    assert (await ask(http, url, "getRtpCapabilities", {}))["codecs"]
    assert (await http.post(url, content="1")).text == "ok"
    assert [event for event in own_server.events() if event["level"] == "error"] == []


@pytest.mark.parametrize("path", ENTRIES)
async def test_a_socket_that_reads_nothing_is_ended(own_server: Server, path: str) -> None:
    async with await trio.open_tcp_stream(*own_server.address) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\n{UPGRADE}\r\n".encode())
        assert (await stream.receive_some(1024)).startswith(b"HTTP/1.1 101")
        await stream.send_all(frame(b"40") if path != "/ws" else b"")
        question = (
            b'{"request":true,"id":1,"method":"getRtpCapabilities"}' if path == "/ws" else b'421["getRtpCapabilities"]'
        )
        with trio.move_on_after(20), suppress(trio.BrokenResourceError):
            while int(own_server.health()["sessions"]):
                with trio.move_on_after(0.2):
                    await stream.send_all(frame(question) * 50)
        assert own_server.health()["sessions"] == 0
    assert await trio.to_thread.run_sync(own_server.stop) == 0


async def test_a_body_that_trickles_in_is_given_up(server: Server, http: httpx.AsyncClient) -> None:
    url = httpx.URL(await open_polling(http, server))
    head = f"POST {url.raw_path.decode()} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nContent-Length: 1000\r\n\r\n"
    async with await trio.open_tcp_stream(*server.address) as stream:
        await stream.send_all(head.encode())
        with trio.fail_after(15):
            async with trio.open_nursery() as nursery:

                async def trickle() -> None:
                    while True:
                        await stream.send_all(b"4")
                        await trio.sleep(0.5)

                nursery.start_soon(trickle)
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 408")
                nursery.cancel_scope.cancel()


async def test_those_who_poll_are_told_when_the_server_ends(own_server: Server, http: httpx.AsyncClient) -> None:
    url = await open_polling(http, own_server, roomId="daily")
    await ask(http, url, "joinRoom", {"displayName": "Ada"})
    packets: list[str] = []
    async with trio.open_nursery() as nursery:

        async def poll() -> None:
            while "1" not in packets:
                packets.extend((await http.get(url)).text.split("\x1e"))

        nursery.start_soon(poll)
        own_server.process.send_signal(signal.SIGTERM)
    assert packets[-2:] == ['42["serverDraining",{}]', "1"]
    assert await trio.to_thread.run_sync(own_server.process.wait, 10) == 0


async def test_only_a_trusted_proxy_says_whose_request_it_is(
    web_dist: Path, tmp_path: Path, server: Server, http: httpx.AsyncClient
) -> None:
    client = {"x-forwarded-for": "203.0.113.7", "x-forwarded-host": "meet.example.org", "x-forwarded-proto": "https"}
    page = {**client, "origin": "https://meet.example.org"}

    async def statuses(of: Server, headers: dict[str, str], count: int) -> set[int]:
        return {
            (await http.get(f"{of.url}socket.io/", params=POLLING, headers=headers)).status_code for _ in range(count)
        }

    assert await statuses(server, page, 1) == {403}
    assert await statuses(server, client, 250) == {200}
    with running(web_dist, tmp_path, "--trusted-proxy", "127.0.0.1") as proxied:
        assert await statuses(proxied, page, 1) == {200}
        assert await statuses(proxied, client, 250) == {200, 429}
        for path in ENTRIES:
            assert await handshake(proxied, path, **client) == 429
        assert await statuses(proxied, {**client, "x-forwarded-for": "203.0.113.8"}, 1) == {200}
        refusals = [event for event in proxied.events() if event["event"] == "socket refused"]
        assert {event["address"] for event in refusals} == {"203.0.113.7"}
