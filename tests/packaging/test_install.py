"""The wheel alone, in a clean environment without cargo and node, is the whole product."""

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import trio
from tests.packaging.environments import CleanEnvironment
from trio_websocket import open_websocket_url


@dataclass(frozen=True)
class Running:
    """A server that was started from the wheel."""

    url: str


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server(installed: CleanEnvironment) -> Iterator[Running]:
    port, rtc_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    command = [
        *(installed.program("videocall"), "serve", "--port", str(port)),
        *("--rtc-port", str(rtc_port), "--rtc-address", "127.0.0.1", "--workers", "1", "--log-file", "videocall.log"),
        *("--database-url", "sqlite:///videocall.db"),
    ]
    with subprocess.Popen(
        command,
        cwd=installed.directory,
        env=installed.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{port}"
        printed = ""
        for line in process.stdout:
            printed += line
            if url in line:
                break
        else:
            pytest.fail(f"the server ended without naming {url}:\n{printed}")
        yield Running(url)
        process.terminate()
        process.stdout.read()
        assert process.wait() == 0


def test_the_command_knows_its_version(installed: CleanEnvironment) -> None:
    version = installed.run(
        "python", "-c", "from importlib.metadata import version; print(version('videocall'))"
    ).strip()
    assert version in installed.run("videocall", "--version")
    assert version in installed.run("python", "-m", "videocall", "--version")


def test_dependencies_are_consistent(installed: CleanEnvironment) -> None:
    installed.run("python", "-m", "pip", "check")


def test_the_page_is_served_with_all_its_files(server: Running) -> None:
    page = httpx.get(f"{server.url}/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    # Relative to the page's <base>, which names where the server is mounted.
    assert '<base href="/" />' in page.text
    files = re.findall(r'(?:src|href)="\./([^"]+)"', page.text)
    assert any(name.endswith(".js") for name in files)
    for name in files:
        answer = httpx.get(f"{server.url}/{name}")
        assert answer.status_code == 200, name
        assert answer.content, name


def test_a_room_has_a_page_of_its_own(server: Running) -> None:
    assert httpx.get(f"{server.url}/r/some-room").text == httpx.get(f"{server.url}/").text


def test_it_says_that_it_is_healthy(server: Running) -> None:
    assert httpx.get(f"{server.url}/healthz").status_code == 200


async def test_a_client_joins_a_room_and_gets_a_transport(server: Running) -> None:
    url = server.url.replace("http", "ws", 1) + "/ws?roomId=packaging&peerId=test"
    with trio.fail_after(20):
        async with open_websocket_url(url, subprotocols=["protoo"]) as websocket:

            async def request(number: int, method: str, data: dict[str, Any]) -> dict[str, Any]:
                await websocket.send_message(
                    json.dumps({"request": True, "id": number, "method": method, "data": data})
                )
                answer = json.loads(await websocket.get_message())
                assert answer["id"] == number
                assert answer["ok"], answer
                result: dict[str, Any] = answer["data"]
                return result

            joined = await request(1, "joinRoom", {"displayName": "Packaging"})
            assert joined["roomId"] == "packaging"
            assert {codec["mimeType"].lower() for codec in joined["rtpCapabilities"]["codecs"]} >= {
                "audio/opus",
                "video/vp8",
            }
            transport = await request(2, "createWebRtcTransport", {"direction": "send"})
            candidates = [(candidate["ip"], candidate["protocol"]) for candidate in transport["iceCandidates"]]
            assert candidates == [("127.0.0.1", "udp"), ("127.0.0.1", "tcp")]
