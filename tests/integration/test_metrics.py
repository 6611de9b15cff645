"""``/metrics`` of the real server, with real media workers."""

import uuid

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.conftest import Server, enter

from videocall.client import connect
from videocall.server.worker_metrics import COUNTERS


def scrape(server: Server) -> dict[str, dict[tuple[str, ...], float]]:
    families = text_string_to_metric_families(httpx.get(f"{server.url}metrics").text)
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in [sample for family in families for sample in family.samples]:
        samples.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return samples


async def test_what_the_workers_count_is_there(server: Server) -> None:
    async with connect(server.url) as client:
        ada = await enter(client, "Ada", uuid.uuid4().hex)
        await ada.consume(await ada.produce())
        figures = scrape(server)
    assert figures["videocall_participants"][()] >= 1
    assert figures["videocall_transports"]["new",] >= 2
    assert figures["videocall_consumers"]["video",] >= 1
    assert figures["videocall_requests_total"]["ok", "produce"] >= 1
    counters = {f"videocall_{name}_total" for name, _ in COUNTERS.values()} | {"videocall_worker_cpu_seconds_total"}
    for name in (*counters, "videocall_paths", "videocall_path_estimate_sum_bits_per_second"):
        assert set(figures[name]) == {("0",), ("1",)}, name
    assert sum(figures["videocall_worker_cpu_seconds_total"].values()) > 0
    assert set(figures["videocall_worker_answer_seconds"]) == {("0",), ("1",)}
    assert figures["videocall_worker_pool_used_ratio"]["0",] < 1
    assert figures["process_open_fds"][()] > 0
