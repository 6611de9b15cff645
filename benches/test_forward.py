"""The forward path on loopback: processor time of the server's process per forwarded packet.

Each round is a meeting of its own: it connects, runs for a moment, and is then measured for a while; the limit program
runs after it on the same processors, so that a machine that is slow for a while is slow for both. A benchmark's time is
the server's processor time per forwarded packet.
"""

import time
from collections.abc import Iterator
from functools import partial

import pytest
from benches.measured import in_measured_time, record
from benches.processes import JsonLines, Load, cpu_seconds, limit, media_server
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 5
SETTLING_S = 1.0
MEASURED_S = 4.0

pytestmark = in_measured_time


@pytest.fixture(scope="module")
def server() -> Iterator[JsonLines]:
    with media_server() as server:
        yield server


@pytest.mark.parametrize("subscribers", [1, 10, 50, 100])
def test_one_to_many(benchmark: BenchmarkFixture, server: JsonLines, subscribers: int) -> None:
    """Receivers without UDP_GRO: the kernel's re-segmentation on loopback is charged to the server."""
    record(benchmark, partial(beside_the_limit, server, subscribers, gro=False), "us_per_packet", ROUNDS)


def test_one_to_100_with_gro(benchmark: BenchmarkFixture, server: JsonLines) -> None:
    """Receivers with UDP_GRO, which stands for a network device with segmentation offload."""
    record(benchmark, partial(beside_the_limit, server, 100, gro=True), "us_per_packet", ROUNDS)


def test_meeting_of_8(benchmark: BenchmarkFixture, server: JsonLines) -> None:
    record(benchmark, partial(meeting, server, 8, 0, gro=False), "us_per_packet", ROUNDS)


def beside_the_limit(server: JsonLines, subscribers: int, *, gro: bool) -> dict[str, float]:
    """One publisher to `subscribers`, and then the limit program on the same work."""
    figures = meeting(server, 1, subscribers, gro=gro)
    reached = limit(subscribers, MEASURED_S, gro=gro)["cpuUsPerPacket"]
    return figures | {"limit_us_per_packet": reached, "times_the_limit": figures["us_per_packet"] / reached}


def meeting(server: JsonLines, publishers: int, subscribers: int, *, gro: bool) -> dict[str, float]:
    """One meeting from its first handshake on."""
    load = Load(gro=gro)
    try:
        sizes = {"publishers": publishers, "subscribers": subscribers}
        opened = server.ask(cmd="meeting", fingerprints=load.fingerprints, **sizes)
        before = server.ask(cmd="metrics")["cpu_ns"]
        for plan in opened["clients"]:
            load.add(plan)
        load.wait_connected()
        handshakes = server.ask(cmd="metrics")["cpu_ns"] - before
        time.sleep(SETTLING_S)
        return measure(server, load) | {"ms_per_handshake": handshakes / 1e6 / len(opened["clients"])}
    finally:
        load.close()


def measure(server: JsonLines, load: Load) -> dict[str, float]:
    before, cpu_before = server.ask(cmd="metrics"), cpu_seconds(server.process)
    load.tell(cmd="begin")
    time.sleep(MEASURED_S)
    report = load.report()
    cpu, after = cpu_seconds(server.process) - cpu_before, server.ask(cmd="metrics")
    grown = {name: after[name] - before[name] for name in after}
    assert report["packetsRefused"] == 0
    segments = grown["video_sent"] / grown["video_sends"]
    assert segments >= 4, f"{segments:.2f} segments per video send"
    return {
        "us_per_packet": cpu * 1e6 / grown["rtp_sent"],
        "media_thread_us_per_packet": grown["cpu_ns"] / 1e3 / grown["rtp_sent"],
        "packets_per_s": report["packetsReceived"] / report["seconds"],
        "segments_per_video_send": segments,
        "packets_lost": report["packetsLost"],
        "video_ms_p50": report["video"]["p50Ms"],
        "video_ms_p99": report["video"]["p99Ms"],
        "processors_used": cpu / report["seconds"],
    }
