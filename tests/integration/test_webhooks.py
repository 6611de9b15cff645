"""Webhooks of the real server, to a receiver over HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from tests.integration.conftest import enter, eventually, running

from videocall import webhooks
from videocall.client import connect

SECRET = "the secret of this receiver, of 32 bytes"


@attrs.define
class Receiver:
    url: str = ""
    failures: int = 0
    events: list[dict[str, Any]] = attrs.field(factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = webhooks.verify(SECRET, dict(self.headers), body)
            if receiver.failures:
                receiver.failures -= 1
                self.send_error(503)
                return
            receiver.events.append(event)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/videocall"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


async def test_a_call_is_told_to_its_end_though_the_receiver_failed_first_and_the_server_ends(
    receiver: Receiver, web_dist: Path, tmp_path: Path
) -> None:
    receiver.failures = 1
    flags = ["--webhook-url", receiver.url, "--webhook-secret", SECRET]
    with running(web_dist, tmp_path, *flags) as server:
        async with connect(server.url) as client:
            ada = await enter(client, "Ada", "daily")

            async def told() -> bool:
                return len(receiver.events) == 2

            await eventually(told, 20)
            await ada.produce()
            # What follows from the end of the server is told by it still.
            assert await trio.to_thread.run_sync(server.stop) == 0
    names = [event["event"] for event in receiver.events]
    assert names == [
        "room.started",
        "participant.joined",
        "producer.started",
        "producer.closed",
        "participant.left",
        "room.ended",
    ]
    assert {event["data"]["roomId"] for event in receiver.events} == {"daily"}
    log = json.dumps(server.events())
    assert "webhook receiver fails" in log
    assert "webhook receiver takes events again" in log
    assert SECRET not in log
