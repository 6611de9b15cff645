"""Tokens of an identity provider, at the real server."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.signers import Signer, ec_signer, key_set, rsa_signer
from tests.integration.conftest import Server, command, running

from videocall.client import RequestError, connect

ISSUER = "https://login.example.org"


@contextmanager
def provider(keys: bytes) -> Iterator[str]:
    """Serve a key set; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
        finally:
            server.shutdown()
            thread.join()


def token(signer: Signer, **claims: object) -> str:
    return signer.sign(
        {"iss": ISSUER, "aud": "videocall", "sub": "ada", "rooms": {"daily": {"role": "host"}}, **claims}
    )


async def outcome(server: Server, given: str, room_id: str = "daily") -> str:
    """The role, or the error's code."""
    async with connect(server.url, room_id=room_id) as client:
        try:
            return (await client.join_room("Guest", token=given)).role
        except RequestError as error:
            return error.code


async def test_tokens_of_a_provider_are_taken_also_while_it_is_down(web_dist: Path, tmp_path: Path) -> None:
    flags = ["--token-issuer", ISSUER, "--token-audience", "videocall"]
    with ExitStack() as stack:
        with provider(key_set(rsa_signer(), ec_signer())) as url:
            server = stack.enter_context(running(web_dist, tmp_path, "--token-jwks", url, *flags))
            assert await outcome(server, token(rsa_signer())) == "host"
        assert await outcome(server, token(ec_signer())) == "host"
        for wrong, room_id, code in (
            (token(rsa_signer("r2")), "daily", "TOKEN_INVALID"),
            (token(rsa_signer(), iss="https://evil.example"), "daily", "TOKEN_INVALID"),
            (token(rsa_signer(), aud="another"), "daily", "TOKEN_INVALID"),
            (token(rsa_signer()), "weekly", "TOKEN_INVALID"),
            (token(rsa_signer(), exp=int(time.time()) - 60), "daily", "TOKEN_EXPIRED"),
        ):
            assert await outcome(server, wrong, room_id) == code


async def test_keys_in_a_file(web_dist: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_set(ec_signer()))
    with running(web_dist, tmp_path, "--token-jwks", str(keys), "--token-audience", "videocall") as server:
        assert await outcome(server, token(ec_signer(), rooms={"*": {"role": "viewer"}})) == "viewer"


@pytest.mark.parametrize("content", ["{}", "nonsense"])
def test_a_file_that_is_no_key_set_is_one_line(web_dist: Path, tmp_path: Path, content: str) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(content)
    arguments = command(web_dist, tmp_path / "log", "--token-jwks", str(keys))
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"videocall: {keys} cannot be used as token_jwks")
    assert ended.stderr.count("\n") == 1
