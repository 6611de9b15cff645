"""The TURN client and the watch over TURN servers, against a real coturn."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio
from tests.coturn import SECRET, Coturn, running_coturn
from tests.integration.conftest import Server, eventually, running

from videocall.health import Part
from videocall.server.settings import Settings
from videocall.server.turn import try_turn_server, watch_turn
from videocall.turn import Credentials, TurnError, TurnUrl, ephemeral
from videocall.turn.probe import probe


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=turn"
    names = "-addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), *names.split(), "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[Coturn]:
    cert, key = certificate
    flags = ["--use-auth-secret", f"--static-auth-secret={SECRET}", f"--cert={cert}", f"--pkey={key}"]
    with running_coturn(tmp_path_factory.mktemp("coturn"), *flags) as coturn:
        yield coturn


def account(secret: str = SECRET, after_s: int = 60) -> Credentials:
    return ephemeral(secret, "ada", int(time.time()) + after_s)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_allocation(coturn: Coturn, transport: str) -> None:
    peers = ["127.0.0.1", "127.0.0.2", "::1"]
    allocation = await probe(TurnUrl.parse(coturn.url(transport)), account(), peers)
    assert allocation.relayed.ip == "127.0.0.1"
    assert allocation.relayed.port != allocation.mapped.port
    assert allocation.denied == ("127.0.0.2",)


async def test_an_allocation_over_tls(coturn: Coturn, certificate: tuple[Path, Path]) -> None:
    url = TurnUrl.parse(f"turns:127.0.0.1:{coturn.tls_port}")
    allocation = await probe(url, account(), tls=ssl.create_default_context(cafile=str(certificate[0])))
    assert allocation.relayed.ip == "127.0.0.1"
    with pytest.raises(TurnError, match=r"certificate is not good for 127\.0\.0\.1"):
        await probe(url, account())


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (None, "wants credentials"),
        (Credentials("ada", "x"), "does not take the credentials"),
        (account("south"), "does not take the credentials"),
        (account(after_s=-1), "does not take the credentials"),
    ],
)
async def test_who_has_no_account_gets_nothing(coturn: Coturn, credentials: Credentials | None, told: str) -> None:
    for transport in ("udp", "tcp"):
        with pytest.raises(TurnError, match=told):
            await probe(TurnUrl.parse(coturn.url(transport)), credentials)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_where_nothing_is(transport: str) -> None:
    with socket.socket(type=socket.SOCK_STREAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(TurnError, match="nothing listens there"):
            await probe(TurnUrl.parse(f"turn:127.0.0.1:{port}?transport={transport}"))


async def test_where_something_else_is() -> None:
    async with trio.open_nursery() as nursery:

        async def greet(stream: trio.SocketStream) -> None:
            await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        listener, *_ = await nursery.start(partial(trio.serve_tcp, greet, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        with pytest.raises(TurnError, match="no TURN server"):
            await probe(TurnUrl.parse(f"turn:127.0.0.1:{port}?transport=tcp"))
        nursery.cancel_scope.cancel()


async def test_silence_has_an_end() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(TurnError, match=r"no answer within 0\.2 s"):
            await probe(TurnUrl.parse(f"turn:127.0.0.1:{silent.getsockname()[1]}"), timeout_s=0.2)


async def test_a_server_that_does_not_relay_to_us(coturn: Coturn) -> None:
    settings = Settings(turn_servers=(coturn.url("udp"),), turn_secret=SECRET)
    await try_turn_server(settings, coturn.url("udp"), ["127.0.0.1"])
    with pytest.raises(TurnError, match=r"relays nothing to 127\.0\.0\.9"):
        await try_turn_server(settings, coturn.url("udp"), ["127.0.0.9"])


async def test_the_health_of_several(coturn: Coturn, nursery: trio.Nursery) -> None:
    gone = "turn:127.0.0.1:1?transport=tcp"
    settings = Settings(turn_servers=(coturn.url("udp"), coturn.url("tcp"), gone), turn_secret=SECRET)
    for servers, state, reason in (
        (settings.turn_servers[:2], "ok", None),
        (settings.turn_servers, "degraded", f"{gone}: nothing listens there"),
        ((gone,), "down", f"{gone}: nothing listens there"),
    ):
        part = Part("turn")
        with trio.fail_after(20):
            nursery.start_soon(watch_turn, attrs.evolve(settings, turn_servers=servers), part)
            while part.health.state == "off":  # noqa: ASYNC110 - Part has no event
                await trio.sleep(0.01)
        assert (part.health.state, part.health.reason) == (state, reason)
    nursery.cancel_scope.cancel()


async def test_a_fixed_account(tmp_path: Path) -> None:
    with running_coturn(tmp_path, "--lt-cred-mech", "--user=ada:lovelace") as coturn:
        settings = Settings(turn_servers=(coturn.url("udp"),), turn_user="ada", turn_password="lovelace")
        await try_turn_server(settings, coturn.url("udp"), ["127.0.0.1"])


async def test_the_server_says_how_its_turn_servers_are(coturn: Coturn, web_dist: Path, tmp_path: Path) -> None:
    gone = "turn:127.0.0.1:1?transport=tcp"
    flags = ["--turn-server", coturn.url("udp"), "--turn-secret", SECRET]
    for more, state in (([], "ok"), (["--turn-server", gone], "degraded")):
        with running(web_dist, tmp_path, *flags, *more) as server:

            async def told(server: Server = server, state: str = state) -> bool:
                return bool(server.health()["parts"]["turn"]["state"] == state)

            await eventually(told, 20)
            assert SECRET not in server.log.read_text()
