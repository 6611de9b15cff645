"""Rates and tokens hold here as on every other entry."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fakes.engineio import PollingClient
from trio.testing import MockClock

from videocall.sfu import Engine
from videocall.signaling import Hub, open_hub
from videocall.signaling.rates import Rate, Rates
from videocall.tokens import Verifier, make_token

SECRET = "correct horse battery staple, twice over"


@pytest.fixture
async def hub(engine: Engine) -> AsyncIterator[Hub]:
    rates = Rates(requests=Rate(20, 2), joins=Rate(3, 0.5))
    async with open_hub(engine, verifier=Verifier(SECRET), rates=rates) as hub:
        yield hub


async def join(client: PollingClient, token: str) -> str:
    """The role, or the error's code."""
    answer = await client.ask("joinRoom", {"displayName": "Guest", "roomId": "daily", "token": token})
    code: str = answer["error"]["code"] if "error" in answer else answer["role"]
    return code


async def test_a_token_is_needed_and_has_to_be_for_the_room(app: Any) -> None:
    client = await PollingClient(app, address="127.0.0.1").connect()
    for token, code in (
        ("", "TOKEN_INVALID"),
        (make_token("another secret that is long enough too", {"daily": "host"}), "TOKEN_INVALID"),
        (make_token(SECRET, {"weekly": "host"}), "TOKEN_INVALID"),
        (make_token(SECRET, {"daily": "host"}, now=0), "TOKEN_EXPIRED"),
        (make_token(SECRET, {"daily": "viewer"}), "viewer"),
    ):
        assert await join(client, token) == code


async def test_the_same_identity_replaces_its_earlier_self(app: Any) -> None:
    first, second = [await PollingClient(app, address="127.0.0.1").connect() for _ in "12"]
    ada = make_token(SECRET, {"daily": "host"}, identity="ada")
    assert await join(first, ada) == "host"
    await first.event("roomJoined")
    assert await join(second, ada) == "host"
    assert (await first.poll())[-2:] == ["41", "1"]


async def test_an_address_may_try_to_join_only_so_often(app: Any, autojump_clock: MockClock) -> None:
    client = await PollingClient(app, address="203.0.113.7").connect()
    assert [await join(client, "") for _ in range(5)] == ["TOKEN_INVALID"] * 3 + ["RATE_LIMITED"] * 2
    other = await PollingClient(app, address="203.0.113.8").connect()
    assert await join(other, make_token(SECRET, {"daily": "host"})) == "host"
    assert autojump_clock.current_time() == 0


async def test_a_session_may_ask_only_so_often(app: Any, autojump_clock: MockClock) -> None:
    client = await PollingClient(app).connect()
    answers = [await client.ask("getRtpCapabilities") for _ in range(25)]
    assert ["codecs" in answer for answer in answers] == [True] * 20 + [False] * 5
    assert {answer["error"]["code"] for answer in answers[20:]} == {"RATE_LIMITED"}
    assert autojump_clock.current_time() == 0
