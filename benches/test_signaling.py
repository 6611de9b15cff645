"""Signaling: processor time of ``videocall serve`` per request and its answer, over plain WebSockets, no fan-out."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from subprocess import Popen

import pytest
import trio
from benches.measured import in_measured_time, record
from benches.processes import cpu_seconds, meeting_server
from pytest_benchmark.fixture import BenchmarkFixture

from videocall.client import Client, connect

ROUNDS = 5
CLIENTS = 8
REQUESTS = 500
"""Of each client in a round."""

pytestmark = in_measured_time

Server = tuple[Popen[bytes], str]
Request = Callable[[Client, str], Awaitable[None]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with meeting_server(tmp_path_factory.mktemp("server")) as server:
        yield server


async def set_name(client: Client, _: str) -> None:
    await client.set_display_name("Grace")


async def restart_ice(client: Client, transport_id: str) -> None:
    await client.restart_ice(transport_id)


@pytest.mark.parametrize("request_", [set_name, restart_ice], ids=["answered_by_python", "answered_by_the_media_core"])
def test_requests(benchmark: BenchmarkFixture, server: Server, request_: Request) -> None:
    record(benchmark, partial(trio.run, converse, server, request_), "us_per_request", ROUNDS)


async def converse(server: Server, request: Request) -> dict[str, float]:
    """Some clients, each alone in its room, that ask again as soon as they are answered."""
    process, url = server
    async with AsyncExitStack() as stack:
        clients = []
        for at in range(CLIENTS):
            client = await stack.enter_async_context(connect(url, room_id=f"room{at}"))
            await client.join_room("Ada")
            clients.append((client, (await client.create_web_rtc_transport("send")).id))
        before, begun = cpu_seconds(process), time.perf_counter()
        async with trio.open_nursery() as nursery:
            for client, transport_id in clients:
                nursery.start_soon(ask, request, client, transport_id)
        cpu, lasted = cpu_seconds(process) - before, time.perf_counter() - begun
    requests = CLIENTS * REQUESTS
    return {
        "us_per_request": cpu * 1e6 / requests,
        "requests_per_s_of_a_processor": requests / cpu,
        "requests_per_s_reached": requests / lasted,
    }


async def ask(request: Request, client: Client, transport_id: str) -> None:
    for _ in range(REQUESTS):
        await request(client, transport_id)
