"""What the public port serves over HTTP."""

import httpx
import pytest
from tests.integration.conftest import Server


@pytest.mark.parametrize("path", ["", "r/daily", "r/A-z_0"])
def test_the_routes_of_the_page(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<title>videocall</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["r/", "r/a%20b", "r/a/b", "r/" + "x" * 65, "nothing", "assets/", "..%2f..%2fetc%2fpasswd", "ws"]
)
def test_anything_else_is_not_found(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}{path}").status_code == 404


def test_assets(server: Server) -> None:
    answer = httpx.get(f"{server.url}assets/index-1a2b.js")
    assert answer.text == "export {};" * 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    head = httpx.head(f"{server.url}assets/index-1a2b.js")
    assert (head.status_code, head.content) == (200, b"")
    assert httpx.post(f"{server.url}assets/index-1a2b.js").status_code == 405


@pytest.mark.parametrize("path", ["", "assets/index-1a2b.js", "healthz", "nothing"])
def test_every_answer_is_locked_down(server: Server, path: str) -> None:
    headers = httpx.get(f"{server.url}{path}").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert f"ws://{server.address[0]}:{server.address[1]}" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_health(server: Server) -> None:
    health = server.health()
    parts = health.pop("parts")
    assert health == {"status": "ok", "rooms": 0, "sessions": 0}
    states = {name: part["state"] for name, part in parts.items()}
    assert states.items() >= {"workers": "ok", "loop": "ok", "webhooks": "off"}.items()
    assert httpx.get(f"{server.url}readyz").json() == {"ready": True}
