"""The compiled extension on real sockets and threads: what it raises, answers and cleans up."""

import gc
import itertools
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from videocall import _sfu

PATIENCE = 20.0
"""Seconds; only a broken extension waits them out."""


def options(port: int = 0, **others: Any) -> bytes:
    return json.dumps({"listen": [{"ip": "127.0.0.1", "port": port}], **others}).encode()


def read(channel: _sfu.Channel, count: int) -> list[tuple[int, dict[str, Any]]]:
    """Wait for `count` messages."""
    messages: list[tuple[int, dict[str, Any]]] = []
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    while len(messages) < count:
        assert poll.poll(PATIENCE * 1000), f"only got {messages}"
        messages += [(index, json.loads(text)) for index, text in channel.drain(count - len(messages))]
    return messages


def closed(index: int) -> tuple[int, dict[str, Any]]:
    return index, {"event": "workerClosed", "target": str(index), "data": {"reason": "closed"}}


def request(id_: int, method: str, **data: Any) -> bytes:
    return json.dumps({"id": id_, "method": method, "data": data}).encode()


def test_requests_are_answered_in_order_under_the_workers_index() -> None:
    channel = _sfu.Channel()
    workers = [_sfu.Worker(channel, index, options()) for index in (0, 1)]
    for id_ in range(100):
        workers[id_ % 2].send(request(id_, "createRouter", routerId=f"r{id_}"))
    messages = read(channel, 100)
    for index in (0, 1):
        answers = [message for sender, message in messages if sender == index]
        assert answers == [{"id": id_, "ok": {}} for id_ in range(index, 100, 2)]


def test_what_makes_no_sense_is_answered_with_a_code_or_ignored() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 0, options())
    for nonsense in (b"", b"\xff\xfe", b"[]", b"{", b"null", b'{"id":-1}', b"[" * 10_000):
        worker.send(nonsense)
    worker.send(request(1, "noSuchMethod"))
    worker.send(request(2, "closeRouter", routerId="unknown"))
    worker.send(request(3, "createRouter", routerId=7))
    answers: dict[int, dict[str, Any]] = {}
    while 3 not in answers:
        answers |= {message["id"]: message for _, message in read(channel, 1) if "id" in message}
    assert answers[1]["error"]["code"] in {"BAD_REQUEST", "UNSUPPORTED"}
    assert answers[2]["error"]["code"] == "NOT_FOUND"
    assert answers[3]["error"]["code"] == "BAD_REQUEST"


def test_what_a_worker_logs_is_a_message() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 3, options())
    worker.send(b"{")
    ((index, event),) = read(channel, 1)
    assert (index, event["event"], event["target"], event["data"]["level"]) == (3, "log", "3", 40)
    assert "unreadable request" in event["data"]["message"]


async def test_trio_waits_for_messages() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 5, options())
    assert channel.drain() == []
    worker.send(request(1, "createRouter", routerId="r"))
    with trio.fail_after(PATIENCE):
        await trio.lowlevel.wait_readable(channel.fileno())
    assert [(index, json.loads(text)) for index, text in channel.drain()] == [(5, {"id": 1, "ok": {}})]


def test_a_transport_is_announced_on_the_addresses_listened_on() -> None:
    channel = _sfu.Channel()
    text = {"listen": [{"ip": "127.0.0.1", "port": 0, "announcedAddress": "203.0.113.7"}, {"ip": "::1", "port": 0}]}
    worker = _sfu.Worker(channel, 0, json.dumps(text).encode())
    (first_ip, first_port), (second_ip, second_port) = worker.listen_addresses
    assert (first_ip, second_ip) == ("127.0.0.1", "::1")
    worker.send(request(1, "createRouter", routerId="r"))
    worker.send(request(2, "createWebRtcTransport", routerId="r", transportId="t"))
    answer = next(message for _, message in read(channel, 2) if message.get("id") == 2)
    candidates = {(candidate["ip"], candidate["port"]) for candidate in answer["ok"]["iceCandidates"]}
    assert candidates == {("203.0.113.7", first_port), ("::1", second_port)}


def test_a_port_in_use_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(_sfu.AddressInUse, match=f"127.0.0.1:{port}"):
            _sfu.Worker(_sfu.Channel(), 0, options(port))
    assert issubclass(_sfu.AddressInUse, _sfu.SfuError)
    assert issubclass(_sfu.Backpressure, _sfu.SfuError)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"", "options"),
        (b"{}", "options"),
        (b"[]", "options"),
        (b'{"listen": []}', "listen"),
        (options(-1), r"listen\[0\].port"),
        (options(65_536), r"listen\[0\].port"),
        (b'{"listen": [{"ip": "0.0.0.0", "port": 0}]}', r"listen\[0\].ip"),
        (b'{"listen": [{"ip": "203.0.113.77", "port": 0}]}', "listen"),
        (options(poolSlots="many"), "poolSlots"),
        (options(threads=1), "threads"),
    ],
)
def test_a_wrong_option_is_named(text: bytes, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        _sfu.Worker(_sfu.Channel(), 0, text)


def test_the_port_of_worker_n_is_n_above() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    worker = _sfu.Worker(_sfu.Channel(), 3, options(free - 3))
    assert worker.listen_addresses == [("127.0.0.1", free)]
    with pytest.raises(ValueError, match=r"^port: "):
        _sfu.Worker(_sfu.Channel(), 3, options(65_533))


def test_closing_answers_first_frees_the_port_and_comes_last() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 2, options())
    (_, port) = worker.listen_addresses[0]
    worker.send(request(1, "createRouter", routerId="r"))
    worker.close()
    worker.close()
    assert read(channel, 2) == [(2, {"id": 1, "ok": {}}), closed(2)]
    with pytest.raises(_sfu.Backpressure, match="closed"):
        worker.send(request(2, "dump"))
    _sfu.Worker(channel, 0, options(port))


def test_a_collected_worker_closes() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 1, options())
    del worker
    gc.collect()
    assert read(channel, 1) == [closed(1)]


def test_collecting_the_channel_ends_its_workers_and_leaves_no_descriptor() -> None:
    before = descriptors()
    channel = _sfu.Channel()
    workers = [_sfu.Worker(channel, index, options()) for index in (0, 1)]
    assert descriptors() > before
    del channel
    gc.collect()
    wait_until(lambda: all(worker.metrics()["cpu_ns"] == 0 for worker in workers))
    workers.clear()
    wait_until(lambda: descriptors() == before)


def test_back_pressure_reaches_the_sender_and_nothing_is_lost() -> None:
    channel = _sfu.Channel(capacity=8)
    worker = _sfu.Worker(channel, 0, options())
    taken = itertools.count()

    def send_until_refused() -> None:
        for id_ in taken:
            assert id_ < 100_000, "nothing holds the sender back"
            worker.send(request(id_, "createRouter", routerId=f"r{id_}"))

    with pytest.raises(_sfu.Backpressure, match="full"):
        send_until_refused()
    refused = next(taken) - 1
    assert [message["id"] for _, message in read(channel, refused)] == list(range(refused))


def test_metrics_count_datagrams_and_cpu_time() -> None:
    channel = _sfu.Channel()
    worker = _sfu.Worker(channel, 0, options())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (b"", b"\x00", bytes(range(256)) * 200, os.urandom(1200)):
            stranger.sendto(datagram, worker.listen_addresses[0])
        wait_until(lambda: worker.metrics()["io_datagrams_received"] == 3)
    assert worker.metrics()["cpu_ns"] > 0
    assert worker.metrics()["io_panics"] == 0
    assert worker.metrics()["io_sends"] == 0, "strangers get no answer"


def test_capacity_is_bounded() -> None:
    for capacity in (0, 1 << 40):
        with pytest.raises(ValueError, match=r"^capacity: "):
            _sfu.Channel(capacity)


def test_local_addresses_are_bindable() -> None:
    addresses = _sfu.local_addresses()
    assert "127.0.0.1" in addresses
    listen = [{"ip": address, "port": 0} for address in addresses]
    worker = _sfu.Worker(_sfu.Channel(), 0, json.dumps({"listen": listen}).encode())
    assert [address for address, _ in worker.listen_addresses] == addresses


def test_the_interpreter_ends_while_workers_run() -> None:
    code = """
import json
from videocall import _sfu
channel = _sfu.Channel()
workers = [_sfu.Worker(channel, i, b'{"listen": [{"ip": "127.0.0.1", "port": 0}]}') for i in range(2)]
print("running")
"""
    path = os.pathsep.join(entry for entry in (str(Path(_sfu.__file__).parents[1]), *sys.path) if entry)
    result = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"running\n", b"")


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, without a fixed time, for what another thread brings about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()
