"""The REST API. Every answer in here is checked against the OpenAPI document that is committed."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import trio
from tests.fakes.sockets import FakeClient, FakeSocket
from tests.unit.server.conftest import KEY, SECRET, OpenServer, client_of
from tests.unit.signaling.conftest import audio_parameters

from videocall.protocol import MAX_MESSAGE_BYTES, ErrorCode
from videocall.server import Server
from videocall.server.api import openapi
from videocall.server.api.operations import STATUS
from videocall.signaling import Session
from videocall.store import StoreDownError
from videocall.tokens import Verifier

ROOT = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())

Join = Callable[..., Awaitable[FakeClient]]


class Api:
    """A client that believes only what is in the document."""

    def __init__(self, server: Server, key: str | None = KEY, address: str = "203.0.113.7") -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.client = client_of(server.asgi, address, headers=headers)

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["content"] = body if isinstance(body, bytes) else json.dumps(body)
        answer = await self.client.request(method, f"/api/v1{path}", **more)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        check(method, path.partition("?")[0], answer)
        return answer

    async def get(self, path: str) -> Any:
        return await self.done("GET", path)

    async def done(self, method: str, path: str, body: object = None) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        answer = await self.ask(method, path, body)
        assert answer.json()["error"]["message"]
        return answer.status_code, answer.json()["error"]["code"]


def check(method: str, path: str, answer: httpx.Response) -> None:
    """The document knows the operation, this status of it, and this shape of its answer."""
    for template, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path) and method.lower() in operations:
            content = operations[method.lower()]["responses"][str(answer.status_code)]["content"]
            schema = content["application/json"]["schema"]
            break
    else:
        schema = {"$ref": "#/components/schemas/ErrorAnswer"}
        if path != "/openapi.json":
            assert answer.status_code in {401, 403, 404, 405}
        elif answer.is_success:
            return
    jsonschema.validate(answer.json(), {**schema, "components": DOCUMENT["components"]})


@pytest.fixture
async def api(server: Server) -> AsyncIterator[Api]:
    api = Api(server)
    async with api.client:
        yield api


@pytest.fixture
def join(server: Server, nursery: trio.Nursery) -> Join:
    async def join(name: str, room_id: str = "daily", **claims: Any) -> FakeClient:
        socket = FakeSocket()
        nursery.start_soon(Session(server._live().hub, socket).run)
        client = FakeClient(socket)
        token = server.token({room_id: claims.pop("role", "host")}, **claims)
        joined = await client.request("joinRoom", {"displayName": name, "roomId": room_id, "token": token})
        client.me = joined["participantId"]
        return client

    return join


def test_the_committed_document_is_up_to_date() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text() == openapi.render(), "run: python tools/generate_protocol.py"


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


async def test_the_document_is_served(api: Api) -> None:
    assert (await api.get("/openapi.json")) == DOCUMENT


async def test_the_server(api: Api, join: Join) -> None:
    await join("Ada")
    told = await api.get("/server")
    assert (told["rooms"], told["sessions"], told["participants"], told["workers"]) == (1, 1, 1, 2)
    assert told["draining"] is False


async def test_a_room_from_its_making_to_its_end(api: Api, join: Join) -> None:
    wanted = {"roomId": "daily", "lobby": True, "password": "xyz", "permissions": {"chat": False}, "maxParticipants": 5}
    made = await api.done("POST", "/rooms", wanted)
    assert made["hasPassword"] is True
    assert made["permissions"] == {"audio": True, "video": True, "screen": True, "chat": False}
    assert "xyz" not in json.dumps(made)
    assert await api.refused("POST", "/rooms", wanted) == (409, "CONFLICT")
    changed = await api.done("PATCH", "/rooms/daily", {"lobby": False, "password": None, "maxParticipants": None})
    assert (changed["lobby"], changed["hasPassword"], "maxParticipants" in changed) == (False, False, False)
    assert changed["permissions"]["chat"] is False
    ada = await join("Ada")
    room = await api.get("/rooms/daily")
    assert (room["open"], room["kept"], room["participantCount"]) == (True, True, 1)
    assert await api.done("POST", "/rooms/daily/end") == {}
    assert (await ada.hear("roomEnded"))["reason"] == "roomEnded"
    assert (await api.get("/rooms/daily"))["open"] is False
    assert await api.done("DELETE", "/rooms/daily") == {}
    assert await api.refused("GET", "/rooms/daily") == (404, "NOT_FOUND")


async def test_a_room_without_an_id_gets_one(api: Api) -> None:
    first, second = await api.done("POST", "/rooms", {}), await api.done("POST", "/rooms")
    assert first["roomId"] != second["roomId"]
    assert len(first["roomId"]) >= 22


async def test_rooms_come_in_pages(api: Api) -> None:
    for number in range(5):
        await api.done("POST", "/rooms", {"roomId": f"r{number}"})
    first = await api.get("/rooms?limit=2")
    assert ([room["roomId"] for room in first["rooms"]], first["next"]) == (["r0", "r1"], "r1")
    await api.done("DELETE", "/rooms/r1")
    second = await api.get("/rooms?limit=2&after=r1")
    assert [room["roomId"] for room in second["rooms"]] == ["r2", "r3"]
    last = await api.get(f"/rooms?limit=2&after={second['next']}")
    assert ([room["roomId"] for room in last["rooms"]], "next" in last) == (["r4"], False)
    assert len((await api.get("/rooms"))["rooms"]) == 4


async def test_participants(api: Api, join: Join) -> None:
    ada = await join("Ada", identity="ada")
    bob = await join("Bob", role="participant", identity="bob")
    send = await bob.request("createWebRtcTransport", {"direction": "send"})
    audio = {"transportId": send["id"], "kind": "audio", "rtpParameters": audio_parameters()}
    producer = await bob.request("produce", audio)
    told = await api.get("/rooms/daily/participants")
    assert [(one["displayName"], one["role"], one["identity"]) for one in told["participants"]] == [
        ("Ada", "host", "ada"),
        ("Bob", "participant", "bob"),
    ]
    assert [one["producerId"] for one in told["producers"]] == [producer["id"]]
    place = f"/rooms/daily/participants/{bob.me}"
    assert await api.done("POST", f"{place}/mute") == {}
    assert (await ada.hear("producerPaused"))["by"] == "host"
    changed = await api.done("PATCH", place, {"role": "viewer"})
    assert (changed["role"], changed["permissions"]["audio"]) == ("viewer", False)
    assert (await ada.hear("producerClosed"))["participantId"] == bob.me
    assert (await api.done("PATCH", place, {"permissions": {"chat": True}}))["permissions"]["chat"] is True
    assert await api.refused("PATCH", place, {"permissions": {"video": True}}) == (409, "CONFLICT")
    assert await api.done("DELETE", place) == {}
    assert (await bob.hear("removed"))["reason"]
    for method, path, body in (("DELETE", place, None), ("PATCH", place, {}), ("POST", f"{place}/mute", {})):
        assert await api.refused(method, path, body) == (404, "NOT_FOUND")
    only_host = f"/rooms/daily/participants/{ada.me}"
    assert await api.refused("PATCH", only_host, {"role": "viewer"}) == (409, "CONFLICT")


async def test_tokens(api: Api) -> None:
    wanted = {"rooms": {"daily": "host"}, "identity": "ada", "displayName": "Ada", "expiresIn": 60}
    made = await api.done("POST", "/tokens", wanted)
    admission = await Verifier(SECRET).admit(made["token"], "daily")
    assert (admission.role, admission.identity, admission.display_name) == ("host", "ada", "Ada")
    grants = {"*": {"role": "viewer", "permissions": {"chat": False}}}
    made = await api.done("POST", "/tokens", {"rooms": grants})
    admission = await Verifier(SECRET).admit(made["token"], "other")
    assert (admission.role, admission.permissions.chat) == ("viewer", False)
    for wrong in ({}, {"rooms": {}}, {"rooms": {"a b": "host"}}, {"rooms": {"a": "king"}}, {**wanted, "expiresIn": 0}):
        assert await api.refused("POST", "/tokens", wrong) == (400, "BAD_REQUEST")


async def test_tokens_say_what_the_server_asks_of_them(new_server: OpenServer) -> None:
    settings = {"token_secret": SECRET, "token_audience": "meet", "token_issuer": "us"}
    async with new_server(api_keys=(KEY,), **settings) as server:
        verifier = Verifier(SECRET, audience="meet", issuer="us")
        for token in (
            (await Api(server).done("POST", "/tokens", {"rooms": {"daily": "host"}}))["token"],
            server.token({"daily": "host"}),
        ):
            assert (await verifier.admit(token, "daily")).role == "host"


async def test_without_a_secret_there_are_no_tokens(new_server: OpenServer) -> None:
    async with new_server(api_keys=(KEY,)) as server:
        wanted = {"rooms": {"daily": "host"}}
        assert await Api(server).refused("POST", "/tokens", wanted) == (409, "CONFLICT")


@pytest.mark.parametrize("path", ["/server", "/openapi.json", "/rooms/daily", "/nothing", ""])
async def test_only_who_bears_a_key_gets_anything(server: Server, path: str) -> None:
    for key in (None, "nonsense", KEY[:-1]):
        answer = await Api(server, key, "127.0.0.1").ask("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "TOKEN_INVALID")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_keys_cannot_be_tried_without_end(server: Server) -> None:
    tried = Api(server, "nonsense")
    assert await tried.refused("GET", "/server") == (401, "TOKEN_INVALID")
    codes = [await tried.refused("GET", "/server") for _ in range(60)]  # a few of which time itself lets through
    assert codes.count((429, "RATE_LIMITED")) > 20
    assert (await Api(server).get("/server"))["workers"] == 2


@pytest.mark.parametrize("path", ["/server", "/openapi.json", "/nothing"])
async def test_without_a_key_of_its_own_the_server_has_no_api(new_server: OpenServer, path: str) -> None:
    async with new_server() as server:
        assert await Api(server, KEY, "127.0.0.1").refused("GET", path) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "", 404, "NOT_FOUND"),
        ("GET", "/rooms/a%20b", 404, "NOT_FOUND"),
        ("GET", "/rooms/" + "x" * 65, 404, "NOT_FOUND"),
        ("DELETE", "/rooms/none", 404, "NOT_FOUND"),
        ("POST", "/rooms/none/end", 404, "NOT_FOUND"),
        ("GET", "/rooms/none/participants", 404, "NOT_FOUND"),
        ("PUT", "/rooms", 405, "UNSUPPORTED"),
        ("GET", "/tokens", 405, "UNSUPPORTED"),
        ("GET", "/rooms?limit=0", 400, "BAD_REQUEST"),
        ("GET", "/rooms?limit=many", 400, "BAD_REQUEST"),
        ("GET", "/rooms?after=a%20b", 400, "BAD_REQUEST"),
        ("GET", "/rooms?page=2", 400, "BAD_REQUEST"),
    ],
)
async def test_what_there_is_not(api: Api, method: str, path: str, status: int, code: str) -> None:
    assert await api.refused(method, path) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"roomId": "\xed\xa0\x80"}',
        b'{"roomId": 1}',
        b'{"roomId": "a b"}',
        b'{"locked": "yes"}',
        b'{"maxParticipants": 0}',
        b'{"maxParticipants": 1e400}',
        b'{"permissions": {"audio": 1}}',
        b'{"password": ""}',
        b'{"x":' * 40 + b"1" + b"}" * 40,
        b"[" * 60_000,
    ],
)
async def test_a_body_that_makes_no_sense(api: Api, body: bytes) -> None:
    assert await api.refused("POST", "/rooms", body) == (400, "BAD_REQUEST")
    assert (await api.get("/rooms"))["rooms"] == []


async def test_an_error_names_the_field(api: Api) -> None:
    answer = await api.ask("POST", "/rooms", {"permissions": {"audio": "no"}})
    assert answer.json()["error"]["message"] == "permissions.audio: Expected `bool | null`, got `str`"


async def test_a_body_that_is_too_large(api: Api) -> None:
    assert await api.refused("POST", "/rooms", b" " * (MAX_MESSAGE_BYTES + 1)) == (413, "BAD_REQUEST")


async def test_while_it_drains_nothing_is_made_any_more(api: Api, server: Server) -> None:
    await server.drain()
    assert await api.refused("POST", "/rooms", {}) == (503, "DRAINING")
    assert (await api.get("/server"))["draining"] is True


async def test_a_failure_of_ours_is_in_the_log_and_not_in_the_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def boom(_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("videocall.signaling.administration.Administration.room_ids", boom)
    answer = await api.ask("GET", "/rooms")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL")
    assert "hunter2" not in answer.text
    assert "API request failed" in caplog.text


async def test_who_was_there_and_what_was_said_outlives_the_room(api: Api, join: Join) -> None:
    ada, bob = await join("Ada", identity="ada"), await join("Bob", role="participant")
    for number in range(3):
        await ada.request("sendMessage", {"text": str(number)})
    (present,) = (await api.get("/presence"))["rooms"]
    assert [(one["displayName"], one["role"]) for one in present["participants"]] == [
        ("Ada", "host"),
        ("Bob", "participant"),
    ]
    for client in (bob, ada):
        await client.request("leaveRoom")
    assert (await api.get("/presence"))["rooms"] == []
    assert await api.refused("GET", "/rooms/daily") == (404, "NOT_FOUND")
    told = (await api.get("/rooms/daily/messages?limit=2"))["messages"]
    assert [one["text"] for one in told] == ["1", "2"]
    (first,) = (await api.get(f"/rooms/daily/messages?before={told[0]['messageId']}"))["messages"]
    assert (first["text"], first["participantId"]) == ("0", ada.me)
    with trio.fail_after(20):
        while True:  # until it is written
            sessions = (await api.get("/rooms/daily/sessions"))["sessions"]
            if [one.get("reason") for one in sessions] == ["left", "left"]:
                break
            await trio.sleep(0.01)
    assert {(one["participantId"], one.get("identity")) for one in sessions} == {(ada.me, "ada"), (bob.me, None)}
    before = min(one["joinedAt"] for one in sessions)
    assert (await api.get(f"/rooms/daily/sessions?before={before}"))["sessions"] == []
    assert await api.get("/rooms/nowhere/messages") == {"messages": []}


async def test_what_cannot_be_read_is_unavailable(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object) -> None:
        raise StoreDownError("pulled the plug")

    monkeypatch.setattr("videocall.store.Store.messages", down)
    monkeypatch.setattr("videocall.store.Store.sessions", down)
    for path in ("/rooms/daily/messages", "/rooms/daily/sessions"):
        assert await api.refused("GET", path) == (503, "UNAVAILABLE")
