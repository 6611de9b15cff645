"""Key sets from URLs and files: fetched, kept, and fetched anew, but not at everybody's bidding."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
import trio.testing
from tests.fakes.signers import ec_signer, key_set, rsa_signer
from trio.testing import MockClock

from videocall.jwks import JwksError
from videocall.protocol import ProtocolError
from videocall.server.keys import MAX_BYTES, PAUSE_S, REFRESH_S, TIMEOUT_S, KeyCache, load_keys
from videocall.tokens import Verifier

URL = "https://login.example.org/jwks"


class Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 65536):
            yield self.content[start : start + 65536]


def answer(status: int, content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=Body(content))


class Provider(httpx.AsyncBaseTransport):
    """An identity provider."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.answer: Callable[[], httpx.Response] = lambda: answer(200, self.body)
        self.asked = 0
        self.hangs = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == URL
        self.asked += 1
        await trio.lowlevel.checkpoint()
        if self.hangs:
            await trio.sleep_forever()
        return self.answer()


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual time does not wait for threads."""

    async def run_sync(function: Callable[..., object], *arguments: object, **_: object) -> object:
        await trio.lowlevel.checkpoint()
        return function(*arguments)

    monkeypatch.setattr(trio.to_thread, "run_sync", run_sync)


@asynccontextmanager
async def open_keys(source: str | Path, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[KeyCache]:
    keys = await load_keys(source, transport)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keys.run)
        yield keys
        nursery.cancel_scope.cancel()


@pytest.fixture
def provider() -> Provider:
    return Provider(key_set(rsa_signer()))


async def code(verifier: Verifier, token: str) -> str:
    with pytest.raises(ProtocolError) as refused:
        await verifier.admit(token, "daily")
    return refused.value.code


async def test_the_keys_are_fetched_once_for_many_tokens(provider: Provider, autojump_clock: MockClock) -> None:
    async with open_keys(URL, provider) as keys:
        verifier = Verifier(keys=keys)
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(verifier.admit, rsa_signer().sign(), "daily")
        assert provider.asked == 1
        assert keys.part.health.state == "ok"
    assert autojump_clock.current_time() == 0


async def test_an_unknown_key_is_asked_for_but_not_again_and_again(
    provider: Provider, autojump_clock: MockClock
) -> None:
    async with open_keys(URL, provider) as keys:
        verifier = Verifier(keys=keys)
        await verifier.admit(rsa_signer().sign(), "daily")
        provider.body = key_set(rsa_signer(), ec_signer())
        for number in range(100):
            assert await code(verifier, rsa_signer().sign(kid=f"made up {number}")) == "TOKEN_INVALID"
        assert await code(verifier, ec_signer().sign()) == "TOKEN_INVALID"
        assert provider.asked == 1
        await trio.sleep(PAUSE_S)
        assert (await verifier.admit(ec_signer().sign(), "daily")).role == "host"
        for number in range(100):
            assert await code(verifier, rsa_signer().sign(kid=f"made up {number}")) == "TOKEN_INVALID"
        assert provider.asked == 2
    assert autojump_clock.current_time() < REFRESH_S


async def test_a_key_that_was_taken_out_is_not_taken_for_long(provider: Provider, autojump_clock: MockClock) -> None:
    async with open_keys(URL, provider) as keys:
        verifier = Verifier(keys=keys)
        await verifier.admit(rsa_signer().sign(), "daily")
        provider.body = key_set(ec_signer())
        await trio.sleep(2 * REFRESH_S + PAUSE_S)
        assert await code(verifier, rsa_signer().sign()) == "TOKEN_INVALID"
    assert autojump_clock.current_time() == 2 * REFRESH_S + PAUSE_S


def failing(provider: Provider) -> dict[str, Callable[[], None]]:
    def answers(response: Callable[[], httpx.Response]) -> Callable[[], None]:
        return lambda: setattr(provider, "answer", response)

    def refuse() -> httpx.Response:
        raise httpx.ConnectError("refused")

    return {
        "is down": answers(refuse),
        "hangs": lambda: setattr(provider, "hangs", True),
        "errs": answers(lambda: answer(500, key_set(rsa_signer("r2")))),
        "redirects": answers(lambda: answer(302, b"", location="https://evil.example/")),
        "is too long": answers(lambda: answer(200, b" " * MAX_BYTES + key_set(rsa_signer("r2")))),
        "is packed": answers(lambda: answer(200, b"", **{"content-encoding": "gzip"})),
        "is no set": answers(lambda: answer(200, b"<html>")),
        "has no key": answers(lambda: answer(200, json.dumps({"keys": []}).encode())),
    }


WAYS = sorted(failing(Provider(b"")))


@pytest.mark.parametrize("way", WAYS)
async def test_old_keys_are_kept_while_there_are_no_new_ones(
    provider: Provider, way: str, autojump_clock: MockClock
) -> None:
    async with open_keys(URL, provider) as keys:
        verifier = Verifier(keys=keys)
        await verifier.admit(rsa_signer().sign(), "daily")
        failing(provider)[way]()
        await trio.sleep(3 * REFRESH_S)
        assert provider.asked > 1
        assert keys.part.health.state == "degraded"
        before = autojump_clock.current_time()
        assert (await verifier.admit(rsa_signer().sign(), "daily")).role == "host"
        assert autojump_clock.current_time() == before
        assert await code(verifier, rsa_signer("r2").sign()) == "TOKEN_INVALID"
        assert autojump_clock.current_time() - before <= TIMEOUT_S
        provider.hangs, provider.answer = False, lambda: answer(200, key_set(rsa_signer("r2")))
        await trio.sleep(2 * REFRESH_S)
        assert keys.part.health.state == "ok"


@pytest.mark.parametrize("way", WAYS)
async def test_without_any_keys_nobody_is_let_in_and_the_server_says_why(
    provider: Provider, way: str, autojump_clock: MockClock
) -> None:
    failing(provider)[way]()
    async with open_keys(URL, provider) as keys:
        verifier = Verifier(keys=keys)
        before = autojump_clock.current_time()
        assert await code(verifier, rsa_signer().sign()) == "UNAVAILABLE"
        assert autojump_clock.current_time() - before <= TIMEOUT_S
        assert keys.part.health.state == "down"
        provider.hangs, provider.answer = False, lambda: answer(200, provider.body)
        await trio.sleep(2 * PAUSE_S)
        assert (await verifier.admit(rsa_signer().sign(), "daily")).role == "host"


async def test_a_file_is_read_at_once_and_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(rsa_signer()))
    async with open_keys(file) as keys:
        verifier = Verifier(keys=keys)
        assert keys.part.health.state == "ok"
        await verifier.admit(rsa_signer().sign(), "daily")
        file.write_bytes(key_set(ec_signer()))
        await trio.sleep(PAUSE_S)
        assert (await verifier.admit(ec_signer().sign(), "daily")).role == "host"
    assert autojump_clock.current_time() == PAUSE_S


@pytest.mark.parametrize("content", [None, b"", b"{}", b" " * MAX_BYTES + key_set(rsa_signer())])
async def test_a_file_that_is_none_is_told_of_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(JwksError, match=r"keys\.json cannot be used as token_jwks"):
        await load_keys(file)
