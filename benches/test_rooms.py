"""Signaling of whole rooms: what telling everybody costs ``videocall serve``, and what a join does without DTLS."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from subprocess import Popen

import pytest
from benches.measured import in_measured_time, record
from benches.processes import cpu_seconds, meeting_server
from benches.signaling_load import Socket, request
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 5
JOINS = 100
"""In a round."""

NOTIFICATIONS = 2000
"""In a round, about."""

Server = tuple[Popen[bytes], str]

pytestmark = in_measured_time


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with meeting_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.parametrize("members", [10, 100])
def test_fan_out(benchmark: BenchmarkFixture, server: Server, members: int) -> None:
    """One of a room changes its name, and everybody else is told."""
    process, url = server
    changes = NOTIFICATIONS // members
    rename = request("setDisplayName", {"displayName": "Ada"})
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(closing(Socket(url, f"room-{members}", f"P{number}"))) for number in range(members)
        ]
        for number, socket in enumerate(sockets):
            joined_later = socket.messages(members - 1 - number)
            assert all(b"participantJoined" in message for message in joined_later)
        first, *others = sockets

        def measure() -> dict[str, float]:
            before, begun = cpu_seconds(process), time.perf_counter()
            for _ in range(changes):
                first.send(rename)
                assert b'"ok":true' in first.messages(1)[0]
                for other in others:
                    assert b"participantUpdated" in other.messages(1)[0]
            return figures("notification", changes * len(others), cpu_seconds(process) - before, begun)

        record(benchmark, measure, "us_per_notification", ROUNDS)


def test_join(benchmark: BenchmarkFixture, server: Server) -> None:
    """The socket, a room of one's own, two transports, and leaving again."""
    process, url = server
    rest = b"".join(request("createWebRtcTransport", {"direction": way}) for way in ("send", "recv"))
    rest += request("leaveRoom", {})

    def measure() -> dict[str, float]:
        before, begun = cpu_seconds(process), time.perf_counter()
        for number in range(JOINS):
            with closing(Socket(url, f"join-{number}", "Ada")) as socket:
                socket.send(rest)
                assert all(b'"ok":true' in answer for answer in socket.messages(3))
        return figures("join", JOINS, cpu_seconds(process) - before, begun)

    record(benchmark, measure, "us_per_join", ROUNDS)


def figures(what: str, count: int, cpu: float, begun: float) -> dict[str, float]:
    return {
        f"us_per_{what}": cpu * 1e6 / count,
        f"{what}s_per_s_of_a_processor": count / cpu,
        f"{what}s_per_s_reached": count / (time.perf_counter() - begun),
    }
