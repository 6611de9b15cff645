"""nginx in front of the server, as the README has it."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trio
from tests.integration.conftest import Server, eventually, running

README = Path(__file__).parents[2] / "README.md"
VISITOR = "127.0.0.9"
"""Not the proxy's address, so that it is known whether the server goes by it."""

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx"
AROUND = """
daemon off;
error_log stderr;
pid {directory}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{site}
}}
"""


@contextmanager
def nginx(server: Server, directory: Path) -> Iterator[int]:
    """Run the README's configuration, but for TLS and with ports of its own; gives its port."""
    found = re.search(r"```nginx\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = found[1].replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    site = site.replace("127.0.0.1:8080", "{}:{}".format(*server.address))
    config = directory / "nginx.conf"
    config.write_text(AROUND.format(directory=directory, site=site))
    with subprocess.Popen([NGINX, "-p", directory, "-c", config], stderr=subprocess.PIPE, text=True) as process:
        try:
            yield port
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
async def visitor() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=VISITOR), timeout=30)


async def test_the_server_goes_by_what_nginx_says(web_dist: Path, tmp_path: Path, visitor: httpx.AsyncClient) -> None:
    with (
        running(web_dist, tmp_path, "--trusted-proxy", "127.0.0.1") as server,
        nginx(server, tmp_path) as port,
    ):
        own = {"origin": f"http://127.0.0.1:{port}", "x-forwarded-for": "203.0.113.99", "x-forwarded-proto": "https"}
        sid, url = "", f"http://127.0.0.1:{port}/socket.io/"
        query = {"EIO": "4", "transport": "polling", "roomId": "daily"}

        async def is_up() -> bool:
            try:
                return (await visitor.get(url)).status_code == 400
            except httpx.ConnectError:
                return False

        async with visitor:
            await eventually(is_up, 10)
            foreign = await visitor.get(url, params=query, headers={"origin": "http://127.0.0.1:1"})
            assert foreign.status_code == 403
            greeting = await visitor.get(url, params=query, headers=own)
            sid = json.loads(greeting.text.removeprefix("0"))["sid"]
            query["sid"] = sid
            for packet in ("40", '42["joinRoom",{"displayName":"Ada"}]'):
                assert (await visitor.post(url, params=query, content=packet, headers=own)).text == "ok"
            heard = ""
            while "roomJoined" not in heard:
                heard = (await visitor.get(url, params=query, headers=own)).text
            assert await upgraded(port, sid, own["origin"]) == b"HTTP/1.1 101"
            assert await upgraded(port, sid, "http://127.0.0.1:1") == b"HTTP/1.1 403"
        joined, refused = [
            [event for event in server.events() if event["event"] == name] for name in ("joined", "socket refused")
        ]
        assert {event["address"] for event in [*joined, *refused]} == {VISITOR}


async def upgraded(port: int, sid: str, origin: str) -> bytes:
    """The status line that a WebSocket is answered with."""
    async with await trio.open_tcp_stream("127.0.0.1", port, local_address=VISITOR) as stream:
        await stream.send_all(
            f"GET /socket.io/?EIO=4&transport=websocket&sid={sid} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Origin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return (await stream.receive_some())[:12]
