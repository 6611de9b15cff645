"""The REST API of the real server."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trio
from tests.integration.conftest import Server, hear, running

from videocall.client import connect
from videocall.protocol import notifications as n

KEY = "the-api-key-of-these-tests"
SECRET = "the secret of the tokens of these tests"


@pytest.fixture(scope="module")
def api_server(web_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    flags = ["--api-key", "another-key-0123456789", "--api-key", KEY, "--token-secret", SECRET]
    with running(web_dist, tmp_path_factory.mktemp("api"), *flags) as server:
        yield server


@pytest.fixture
async def api(api_server: Server) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=f"{api_server.url}api/v1", headers=headers)


async def test_a_room_is_made_entered_with_a_token_and_ended(api_server: Server, api: httpx.AsyncClient) -> None:
    async with api, connect(api_server.url) as client:
        assert (await api.post("/rooms", json={"roomId": "daily", "locked": True})).status_code == 201
        token = (await api.post("/tokens", json={"rooms": {"daily": "host"}, "identity": "ada"})).json()["token"]
        joined = await client.join_room("Ada", "daily", token=token)
        participants = (await api.get("/rooms/daily/participants")).json()["participants"]
        assert [(one["participantId"], one["identity"]) for one in participants] == [(joined.participantId, "ada")]
        assert (await api.delete("/rooms/daily")).status_code == 200
        assert (await hear(client, n.RoomEnded)).reason == "roomEnded"
        assert (await client.wait_closed()).code == 4000
        log = api_server.log.read_text()
        assert {"API createRoom", "API deleteRoom"} <= {json.loads(line)["event"] for line in log.splitlines()}
        assert not any(secret in log for secret in (KEY, SECRET, token))


async def test_a_body_without_end_is_cut_off(api_server: Server) -> None:
    head = (
        f"POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    async with await trio.open_tcp_stream(*api_server.address) as stream, trio.open_nursery() as nursery:

        async def send_without_end() -> None:
            with suppress(trio.BrokenResourceError):
                await stream.send_all(head.encode())
                while True:
                    await stream.send_all(chunk)

        nursery.start_soon(send_without_end)
        with trio.fail_after(20):
            answer = await stream.receive_some()
            with suppress(trio.BrokenResourceError):
                while await stream.receive_some():
                    pass
        nursery.cancel_scope.cancel()
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_key_is_needed(api_server: Server) -> None:
    answer = httpx.get(f"{api_server.url}api/v1/rooms")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "TOKEN_INVALID")


def test_without_a_key_of_its_own_it_is_off(server: Server) -> None:
    answer = httpx.get(f"{server.url}api/v1/rooms", headers={"authorization": f"Bearer {KEY}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
