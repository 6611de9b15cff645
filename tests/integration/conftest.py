"""The real server in a process of its own, and clients of it."""

import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import httpx
import pytest
import trio
from tests.unit.ortc import devices

from videocall.client import Client
from videocall.ortc.types import RtpCapabilities
from videocall.protocol.notifications import Notification
from videocall.protocol.results import Consumer, RoomJoined

N = TypeVar("N", bound=Notification)


@attrs.frozen
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        assert url.port is not None
        return url.host, url.port

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = httpx.get(f"{self.url}healthz").json()
        return health

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def web_dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("web_dist")
    (directory / "assets").mkdir()
    (directory / "index.html").write_text("<!doctype html><title>videocall</title>")
    (directory / "assets" / "index-1a2b.js").write_text("export {};" * 200)
    return directory


def command(web_dist: Path, log: Path, *flags: str) -> list[str]:
    ports = ["--port", "0", "--rtc-port", "0", "--rtc-address", "127.0.0.1", "--workers", "2"]
    files = ["--web-dist", str(web_dist), "--log-file", str(log)]
    database = ["--database-url", f"sqlite:///{log.parent / 'videocall.db'}"]
    return [sys.executable, "-m", "videocall", "serve", *ports, *files, *database, *flags]


@contextmanager
def running(web_dist: Path, directory: Path, *flags: str, says: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server until the end of the block; it has to print on stderr what it `says`, in any order, and no more."""
    log = directory / "videocall.log"
    with subprocess.Popen(
        command(web_dist, log, *flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            first = process.stdout.readline()
            assert first.startswith("videocall is at http"), process.stderr.read()
            assert process.stdout.readline() == f"The log is {log}\n"
            yield Server(process, first.split()[-1], log)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(30)
        printed = sorted(process.stderr.read().splitlines())
        assert len(printed) == len(says), printed
        for line, text in zip(printed, sorted(says), strict=True):
            assert line.startswith(f"videocall: {text}"), printed


@pytest.fixture(scope="module")
def server(web_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(web_dist, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def own_server(web_dist: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that the test may stop."""
    with running(web_dist, tmp_path) as server:
        yield server


@attrs.define
class Participant:
    """A client in a room with a transport each way."""

    client: Client
    joined: RoomJoined
    send: str
    recv: str

    @property
    def id(self) -> str:
        return self.joined.participantId

    @property
    def capabilities(self) -> RtpCapabilities:
        return devices.receiving("chromium", self.joined.rtpCapabilities)

    async def produce(self, kind: str = "video", ssrc: int = 1000, **more: Any) -> str:
        codec = "VP8" if kind == "video" else "opus"
        encoding: dict[str, Any] = {"ssrc": ssrc, "rtx": {"ssrc": ssrc + 1}} if kind == "video" else {"ssrc": ssrc}
        parameters = devices.sending("chromium", kind, codec, encodings=[encoding])  # type: ignore[arg-type]
        parameters = attrs.evolve(parameters, mid=str(ssrc))
        return await self.client.produce(self.send, kind, parameters, **more)  # type: ignore[arg-type]

    async def consume(self, producer_id: str) -> Consumer:
        return await self.client.consume(self.recv, producer_id, self.capabilities)


async def enter(client: Client, name: str, room_id: str) -> Participant:
    """Join and make a transport each way."""
    joined = await client.join_room(name, room_id)
    send = await client.create_web_rtc_transport("send")
    recv = await client.create_web_rtc_transport("recv")
    return Participant(client, joined, send.id, recv.id)


async def hear(client: Client, kind: type[N]) -> N:
    """The next notification of that kind; those before it are skipped."""
    with trio.fail_after(20):
        async for notification in client.notifications:
            if isinstance(notification, kind):
                return notification
    pytest.fail(f"the socket closed before {kind.__name__} came")


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Ask again and again until it is so."""
    with trio.fail_after(within_s):
        while not await condition():  # noqa: ASYNC110 - it is so in another process
            await trio.sleep(0.05)
