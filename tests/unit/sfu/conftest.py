"""An engine on media threads that are not there."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.fakes.media import FakeMedia
from tests.unit.sfu.calls import LISTEN, Call, start_call

from videocall.sfu import Engine
from videocall.sfu._engine import run_engine


@pytest.fixture
def media() -> Iterator[FakeMedia]:
    with FakeMedia() as media:
        yield media


@pytest.fixture
async def engine(media: FakeMedia) -> AsyncIterator[Engine]:
    async with run_engine(media, workers=2, listen=LISTEN) as engine:
        yield engine


@pytest.fixture
async def call(engine: Engine, media: FakeMedia) -> Call:
    return await start_call(engine, media)
