"""What proxies say, and whom one believes."""

from ipaddress import ip_network
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from tests.fakes.asgi import scope

from videocall.server.entry import client_address
from videocall.server.proxies import TrustedProxies
from videocall.server.security import origin_allowed

NETWORKS = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1"), ip_network("fd00::/8")]


async def seen(client: str, *headers: tuple[str, str], kind: str = "http") -> HTTPConnection:
    """What the application sees of a connection."""
    found: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - as ASGI calls it
        found.append(scope)

    async def nothing(*_: Any) -> Any:
        raise NotImplementedError

    connection = scope(kind, "/", {}, {}, client)
    connection["headers"] += [(name.encode(), value.encode()) for name, value in headers]
    before = list(connection["headers"])
    await TrustedProxies(app, NETWORKS)(connection, nothing, nothing)
    assert connection["headers"] == before
    return HTTPConnection(found[0])


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        (["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, unknown"], "10.0.0.1"),
        (["198.51.100.1, unknown, 10.2.2.2"], "10.2.2.2"),
        (["198.51.100.1,"], "10.0.0.1"),
        (["_hidden"], "10.0.0.1"),
        (["é"], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
async def test_the_client_is_the_right_most_that_is_no_proxy(forwarded: list[str], address: str) -> None:
    headers = [("x-forwarded-for", value) for value in forwarded]
    assert client_address(await seen("10.0.0.1", *headers)) == address


@pytest.mark.parametrize("proxy", ["10.255.0.1", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1"])
async def test_trusted_proxies_say_for_whom_they_ask(proxy: str) -> None:
    told = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "meet.example.com"),
    ]
    connection = await seen(proxy, *told)
    assert client_address(connection) == "203.0.113.7"
    assert str(connection.url) == "https://meet.example.com/"
    assert connection.headers.getlist("host") == ["meet.example.com"]
    socket = await seen(proxy, *told, ("origin", "https://meet.example.com"), kind="websocket")
    assert socket.url.scheme == "wss"
    assert origin_allowed(socket.headers, ())


@pytest.mark.parametrize("stranger", ["203.0.113.1", "127.0.0.2", "2001:db8::1", "", "nonsense"])
async def test_nobody_else_is_believed(stranger: str) -> None:
    told = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")]
    connection = await seen(stranger, *told, ("origin", "https://evil.example"))
    assert client_address(connection) == stranger
    assert str(connection.url) == "http://meet.example.org/"
    assert not origin_allowed(connection.headers, ())


async def test_a_scheme_that_is_none_changes_nothing() -> None:
    assert (await seen("10.0.0.1", ("x-forwarded-proto", "gopher"))).url.scheme == "http"
    assert (await seen("10.0.0.1", ("x-forwarded-proto", "http"), kind="websocket")).url.scheme == "ws"
