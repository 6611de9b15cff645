"""``/metrics``, as Prometheus would read it."""

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket, Refused
from tests.unit.server.conftest import KEY, client_of
from tests.unit.signaling.conftest import audio_parameters, capabilities

from videocall.server import Server, metrics
from videocall.signaling import Session


async def scrape(server: Server) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    async with client_of(server.asgi) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


async def test_a_call_in_figures(server: Server, media: FakeMedia, nursery: trio.Nursery) -> None:
    socket = FakeSocket()
    nursery.start_soon(Session(server._live().hub, socket).run)
    client = FakeClient(socket)
    with pytest.raises(Refused):
        await client.request("joinRoom", {"displayName": "Ada", "roomId": "daily"})
    with pytest.raises(Refused):
        await client.request("room-" * 8)
    token = server.token({"daily": "host"})
    await client.request("joinRoom", {"displayName": "Ada", "roomId": "daily", "token": token})
    send = await client.request("createWebRtcTransport", {"direction": "send"})
    recv = await client.request("createWebRtcTransport", {"direction": "recv"})
    audio = {"transportId": send["id"], "kind": "audio", "rtpParameters": audio_parameters()}
    producer = await client.request("produce", audio)
    consume = {"transportId": recv["id"], "producerId": producer["id"], "rtpCapabilities": capabilities()}
    await client.request("consume", consume)
    figures = await scrape(server)
    wanted: dict[tuple[str, ...], float] = {
        ("videocall_rooms",): 1,
        ("videocall_participants",): 1,
        ("videocall_sessions",): 1,
        ("videocall_rooms_started_total",): 1,
        ("videocall_joins_total",): 1,
        ("videocall_join_failures_total", "TOKEN_INVALID"): 1,
        ("videocall_requests_total", "ok", "joinRoom"): 1,
        ("videocall_requests_total", "TOKEN_INVALID", "joinRoom"): 1,
        ("videocall_requests_total", "UNSUPPORTED", "unknown"): 1,
        ("videocall_request_duration_seconds_count", "joinRoom"): 2,
        ("videocall_transports", "new"): 2,
        ("videocall_producers", "audio"): 1,
        ("videocall_consumers", "audio"): 1,
        ("videocall_worker_alive", "0"): 1,
        ("videocall_part_state", "workers", "ok"): 1,
        ("videocall_part_state", "workers", "down"): 0,
        ("videocall_part_state", "webhooks", "off"): 1,
        ("videocall_draining",): 0,
    }
    assert {key: figures.get(key) for key in wanted} == wanted
    await client.request("leaveRoom")
    media.workers[1].die()
    with trio.fail_after(10):
        while not figures["videocall_part_state", "workers", "degraded"]:
            await trio.sleep(0.1)  # not on virtual time: the server's database works in a thread
            figures = await scrape(server)
    assert figures["videocall_leaves_total", "left"] == 1
    assert (figures["videocall_worker_alive", "0"], figures["videocall_worker_alive", "1"]) == (1, 0)
    assert figures["videocall_loop_lag_seconds_count",] >= 1
    assert not any("daily" in str(key) or "room-" in str(key) for key in figures)


async def test_who_asks_again_at_once_gets_the_same_answer(
    server: Server, media: FakeMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "FRESH_S", 3600.0)
    first = await scrape(server)
    media.workers[0].hold()  # it would not answer again
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(scrape, server)
    assert await scrape(server) == first


async def test_a_worker_that_does_not_answer_is_left_out(server: Server, media: FakeMedia) -> None:
    media.workers[0].hold()
    figures = await scrape(server)
    assert ("videocall_worker_answer_seconds", "0") not in figures
    assert ("videocall_worker_answer_seconds", "1") in figures


async def test_they_are_for_operators(server: Server) -> None:
    async with client_of(server.asgi, "203.0.113.7") as client:
        assert (await client.get("/metrics")).status_code == 403
        assert (await client.get("/metrics", headers={"authorization": f"Bearer {KEY}"})).status_code == 200
        assert (await client.get("/metrics", headers={"authorization": "Bearer nonsense"})).status_code == 403
