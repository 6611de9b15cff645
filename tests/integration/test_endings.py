"""How sockets and the server end: slow, dead, hostile and asked to."""

import signal
import socket
import ssl
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest
import trio
from tests.integration.conftest import Server, command, enter, eventually, hear, running

from videocall.client import ConnectError, connect
from videocall.protocol import MAX_MESSAGE_BYTES
from videocall.protocol import notifications as n
from videocall.protocol.protoo import encode_request

HANDSHAKE = (
    "GET /ws?roomId={room} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: protoo\r\n{more}\r\n"
)


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame, masked with zeros (RFC 6455, 5.2)."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


async def shake_hands(server: Server, room_id: str, more: str = "") -> tuple[trio.SocketStream, bytes]:
    """Open a WebSocket by hand: one that answers nothing by itself."""
    stream = await trio.open_tcp_stream(*server.address)
    host = ":".join(map(str, server.address))
    await stream.send_all(HANDSHAKE.format(room=room_id, host=host, more=more).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await stream.receive_some()
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return stream, answer


@pytest.fixture
def room_id() -> str:
    return uuid.uuid4().hex


async def sessions_end(server: Server, count: int, within_s: float) -> None:
    async def ended() -> bool:
        return int(server.health()["sessions"]) == count

    await eventually(ended, within_s)


async def test_a_reader_that_stalls_is_dropped_and_its_socket_ended(own_server: Server, room_id: str) -> None:
    async with connect(own_server.url) as client:
        ada = await enter(client, "Ada", room_id)
        stalled, _ = await shake_hands(own_server, room_id)
        async with stalled:
            await stalled.send_all(frame(encode_request(1, "joinRoom", {"displayName": "Stalled"}).encode()))
            joined = await hear(client, n.ParticipantJoined)
            question = frame(encode_request(2, "getRtpCapabilities", {}).encode())
            async with trio.open_nursery() as nursery:

                async def ask_without_end() -> None:
                    # Its own sends stop too, once the server has dropped it and reads no more.
                    try:
                        while True:
                            await stalled.send_all(question * 20)
                    except trio.BrokenResourceError:
                        pass

                nursery.start_soon(ask_without_end)
                left = await hear(client, n.ParticipantLeft)
                assert left == n.ParticipantLeft(joined.participantId, "timeout")
                await ada.produce()
                await sessions_end(own_server, 1, within_s=20)
                nursery.cancel_scope.cancel()


async def test_a_dead_socket_is_found_within_15_seconds(own_server: Server, room_id: str) -> None:
    async with connect(own_server.url) as client:
        await enter(client, "Ada", room_id)
        dead, _ = await shake_hands(own_server, room_id)
        async with dead:
            await dead.send_all(frame(encode_request(1, "joinRoom", {"displayName": "Dead"}).encode()))
            await hear(client, n.ParticipantJoined)
            await sessions_end(own_server, 1, within_s=15)
            # The other one answers pings, and has said as little.
            await client.set_display_name("still here")


async def test_half_open_connections_are_closed_within_10_seconds(server: Server) -> None:
    async def open_half(opening: bytes) -> None:
        async with await trio.open_tcp_stream(*server.address) as stream:
            await stream.send_all(opening)
            while await stream.receive_some():
                pass

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for opening in (b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n"):
                nursery.start_soon(open_half, opening)


async def closing(stream: trio.SocketStream) -> bytes:
    """Everything the server says until it closes the connection."""
    heard = b""
    with trio.fail_after(20):
        try:
            while chunk := await stream.receive_some():
                heard += chunk
        except trio.BrokenResourceError:
            pass
    return heard


async def test_a_message_that_is_too_long_closes_its_socket_only(server: Server, room_id: str) -> None:
    async with connect(server.url) as client, connect(server.url) as other:
        await enter(other, "Other", room_id)
        await client.send("x" * (MAX_MESSAGE_BYTES + 1))
        assert (await client.wait_closed()).code == 1009
        await other.set_display_name("still here")


async def test_bad_utf8_closes_its_socket_only(server: Server, room_id: str) -> None:
    async with connect(server.url) as other:
        await enter(other, "Other", room_id)
        stream, _ = await shake_hands(server, room_id)
        async with stream:
            await stream.send_all(frame(b'{"request":true,"id":1,"method":"\xff"}'))
            await closing(stream)
        await other.set_display_name("still here")


async def test_deep_json_is_refused(server: Server, room_id: str) -> None:
    async with connect(server.url, room_id=room_id) as client:
        await client.send("[" * 60_000)
        assert (await hear(client, n.MessageRefused)).code == "BAD_REQUEST"
        await client.join_room("Ada")


async def test_compression_is_not_taken_up(server: Server, room_id: str) -> None:
    stream, answer = await shake_hands(server, room_id, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    async with stream:
        assert b"extensions" not in answer.lower()
        assert b"sec-websocket-protocol: protoo" in answer.lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_origins_are_refused(server: Server, origin: str) -> None:
    with pytest.raises(ConnectError) as error:
        async with connect(server.url, origin=origin):
            pass
    assert error.value.status == 403


async def test_our_own_origin_is_let_in(server: Server, room_id: str) -> None:
    async with connect(server.url, room_id=room_id, origin=server.url.rstrip("/")) as client:
        await client.join_room("Ada")


async def test_allowed_origins_are_let_in(web_dist: Path, tmp_path: Path) -> None:
    with running(web_dist, tmp_path, "--allowed-origin", "http://127.0.0.1:3000") as server:
        async with connect(server.url, room_id="x", origin="http://127.0.0.1:3000") as client:
            await client.join_room("Ada")


async def test_a_room_id_that_is_none_is_refused(server: Server) -> None:
    with pytest.raises(ConnectError) as error:
        async with connect(server.url, room_id="a b"):
            pass
    assert error.value.status == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_calls_and_the_server_tidily(own_server: Server, number: signal.Signals) -> None:
    async with connect(own_server.url) as first, connect(own_server.url) as second:
        ada, bob = await enter(first, "Ada", "daily"), await enter(second, "Bob", "daily")
        await bob.consume(await ada.produce())
        own_server.process.send_signal(number)
        for client in (first, second):
            await hear(client, n.ServerDraining)
            ended = await client.wait_closed()
            assert (ended.code, ended.reason) == (1001, "server is shutting down")
    code = await trio.to_thread.run_sync(own_server.process.wait, 10)
    assert code == 0
    assert own_server.events()[-1]["event"] == "ended"
    with pytest.raises(ConnectError):
        async with connect(own_server.url):
            pass


async def test_a_stalled_reader_does_not_keep_the_server(own_server: Server) -> None:
    stalled, _ = await shake_hands(own_server, "daily")
    async with stalled:
        question = frame(encode_request(2, "getRtpCapabilities", {}).encode())
        with trio.move_on_after(2):
            while True:
                await stalled.send_all(question * 20)
        own_server.process.send_signal(signal.SIGTERM)
        code = await trio.to_thread.run_sync(own_server.process.wait, 20)
    assert code == 0


def fails(arguments: list[str]) -> tuple[int, str]:
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def test_a_taken_port_is_one_line(server: Server, web_dist: Path, tmp_path: Path) -> None:
    port = str(server.address[1])
    code, told = fails(command(web_dist, tmp_path / "log", "--port", port))
    assert code == 1
    assert told.startswith(f"videocall: port {port} is taken")
    assert told.count("\n") == 1


def test_a_taken_media_port_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        # The second worker's port is the taken one.
        code, told = fails(command(web_dist, tmp_path / "log", "--rtc-port", str(port - 1)))
    assert code == 1
    assert f"127.0.0.1:{port}" in told
    assert told.count("\n") == 1


def test_a_missing_bundle_is_one_line(tmp_path: Path) -> None:
    code, told = fails(command(tmp_path / "nothing", tmp_path / "log"))
    assert code == 1
    assert told.startswith("videocall: the web bundle is missing")
    assert told.count("\n") == 1


def test_an_address_of_nobody_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    code, told = fails(command(web_dist, tmp_path / "log", "--rtc-address", "192.0.2.1"))
    assert code == 1
    assert "192.0.2.1" in told
    assert told.count("\n") == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {cert} "
        "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1".split(),
        check=True,
        capture_output=True,
    )
    return cert, key


async def test_tls_serves_the_page_and_the_socket(
    certificate: tuple[Path, Path], web_dist: Path, tmp_path: Path
) -> None:
    cert, key = certificate
    trusting = ssl.create_default_context(cafile=str(cert))
    with running(web_dist, tmp_path, "--tls", f"{cert},{key}") as server:
        assert server.url.startswith("https://")
        async with httpx.AsyncClient(verify=trusting) as page:
            assert (await page.get(server.url)).status_code == 200
        async with connect(server.url, room_id="daily", ssl_context=trusting, origin=server.url.rstrip("/")) as client:
            await client.join_room("Ada")


def test_a_certificate_that_is_none_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nonsense")
    pair = f"{tmp_path / 'cert.pem'},{tmp_path / 'cert.pem'}"
    code, told = fails(command(web_dist, tmp_path / "log", "--tls", pair))
    assert code == 1
    assert "cert.pem" in told
    assert told.count("\n") == 1


def test_the_module_runs_like_the_command() -> None:
    ended = subprocess.run([sys.executable, "-m", "videocall", "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("videocall ")
