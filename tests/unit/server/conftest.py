"""A whole server in memory, over media threads that are not there."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp
from tests.fakes.media import FakeMedia

from videocall.server import Server, Settings
from videocall.sfu import Engine, ListenInfo
from videocall.sfu._engine import run_engine

KEY = "key-of-the-tests-0123"
SECRET = "secret-of-the-tests-0123456789abcdef"

OpenServer = Callable[..., Server]


@pytest.fixture
def media() -> Iterator[FakeMedia]:
    with FakeMedia() as media:
        yield media


@pytest.fixture
def web_dist(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<!doctype html><base href="/" /><title>videocall</title>')
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {};")
    return tmp_path


@pytest.fixture
def new_server(media: FakeMedia, web_dist: Path) -> OpenServer:
    """Make a server; it is up to the test to run it."""

    @asynccontextmanager
    async def open_engine(_: Settings) -> AsyncGenerator[Engine]:
        async with run_engine(media, workers=2, listen=[ListenInfo("127.0.0.1", 10000)]) as engine:
            yield engine

    def new_server(**settings: object) -> Server:
        return Server(Settings(web_dist=web_dist, **settings), engine=open_engine)  # type: ignore[arg-type]

    return new_server


@pytest.fixture
async def server(new_server: OpenServer) -> AsyncIterator[Server]:
    async with new_server(api_keys=(KEY,), token_secret=SECRET) as server:
        yield server


def client_of(app: ASGIApp, address: str = "127.0.0.1", **more: object) -> httpx.AsyncClient:
    """A client of an application in memory, calling from `address`."""
    transport = httpx.ASGITransport(app, client=(address, 12345))
    return httpx.AsyncClient(transport=transport, base_url="http://meet.example.org", **more)  # type: ignore[arg-type]
