"""The README's web application, and the receiver of webhooks in the operators' manual, do what they say."""

import time
from functools import partial

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from starlette.requests import Request
from tests.examples import server_example, webhook_example
from tests.integration.conftest import eventually
from tests.unit.server.conftest import client_of

from videocall import webhooks
from videocall.client import RequestError, connect
from videocall.server import tune
from videocall.server.listener import as_binds, listen

SECRET = "the secret of the receiver of the example"


async def test_the_web_application_holds_a_call(capsys: pytest.CaptureFixture[str]) -> None:
    sockets = listen("127.0.0.1", 0)
    base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    config = tune(Config())
    config.bind = as_binds(sockets)
    stop = trio.Event()

    async def stopped() -> None:
        await stop.wait()
        await server_example.meetings.drain()

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, server_example.app, config, shutdown_trigger=stopped, mode="asgi"))
        async with client_of(server_example.app) as browser:
            link = (await browser.get("/invite?name=Ada")).headers["location"]
            page = await browser.get(link.partition("#")[0])
        token = link.partition("#token=")[2]
        assert '<base href="/meet/"' in page.text
        async with connect(f"{base}/meet/", room_id="daily") as ada, connect(f"{base}/meet", room_id="daily") as eve:
            assert (await ada.join_room("Nobody", token=token)).role == "host"
            with pytest.raises(RequestError) as refused:
                await eve.join_room("Eve")
            assert refused.value.code == "TOKEN_INVALID"
            (room,) = server_example.meetings.rooms
            assert (room.room_id, room.kept, room.state.maxParticipants) == ("daily", True, 20)
            assert (await server_example.rooms(Request({"type": "http"}))).body == b'{"daily":["Ada"]}'

            async def greeted() -> bool:
                return capsys.readouterr().out == "Ada is in daily as host\n"

            await eventually(greeted, 5)
            stop.set()
            assert (await ada.wait_closed()).code == 1001


async def test_the_receiver_of_webhooks_takes_each_event_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIDEOCALL_WEBHOOK_SECRET", SECRET)
    body = b'{"id":"evt_1","event":"room.started","at":1,"data":{"roomId":"daily"}}'
    async with client_of(webhook_example.app) as server:
        for secret, status in ((SECRET, 204), (SECRET, 204), (SECRET[::-1], 400)):
            headers = webhooks.headers(webhooks.secret_bytes(secret), "evt_1", body, time.time())
            assert (await server.post("/videocall", content=body, headers=headers)).status_code == status
    assert capsys.readouterr().out == "room.started daily\n"
