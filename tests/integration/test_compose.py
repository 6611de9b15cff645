"""What stands in compose/, with real programs: settings are read, nginx leads to the server, coturn to it alone."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.integration.conftest import Server, running

from videocall.cli.loading import load_settings
from videocall.cli.options import OPTIONS
from videocall.client import connect
from videocall.turn import TurnUrl, ephemeral
from videocall.turn.probe import probe

COMPOSE = Path(__file__).parents[2] / "compose"
FILES = sorted(COMPOSE.glob("docker-compose*.yml"))
ENVIRONMENT = {
    "DOMAIN": "localhost",
    "PUBLIC_ADDRESS": "203.0.113.10",
    "LOCAL_ADDRESS": "127.0.0.1",
    "CERTIFICATES": "/certificates",
    **dict.fromkeys(("POSTGRES_PASSWORD", "TURN_SECRET", "TOKEN_SECRET", "API_KEY"), "0123456789abcdef" * 4),
}


def interpolated(text: str) -> str:
    """What Compose makes of ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?why}``."""

    def value(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        return ENVIRONMENT.get(name, default or "") if default is not None else ENVIRONMENT[name]

    return re.sub(r"\$\{(?P<name>[A-Z_]+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}", value, text)


def settings_in(file: Path) -> Mapping[str, str]:
    lines = re.findall(r"^ +(VIDEOCALL_[A-Z_]+): (.*)$", interpolated(file.read_text("utf-8")), re.MULTILINE)
    return {name: text.strip('"') for name, text in lines}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_setting_is_known_and_understood(file: Path, tmp_path: Path) -> None:
    found = settings_in(file)
    assert found
    assert set(found) <= {option.variable for option in OPTIONS}
    load_settings({}, found | {"HOME": str(tmp_path)}, tmp_path)


def test_there_is_an_example_of_all_that_has_to_be_filled_in() -> None:
    wanted = {name for file in FILES for name in re.findall(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}", file.read_text("utf-8"))}
    example = re.findall(r"^([A-Z_]+)=", (COMPOSE / "env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(wanted) == sorted(example) == sorted(ENVIRONMENT)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = "-addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-out", str(directory / "fullchain.pem"), "-keyout", str(directory / "privkey.pem")]
    subprocess.run([*make.split(), *names.split(), *files], check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def proxied(web_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(web_dist, tmp_path_factory.mktemp("proxied"), "--trusted-proxy", "127.0.0.1/32") as server:
        yield server


@pytest.fixture(scope="module")
def nginx(proxied: Server, certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real nginx with the template, before the server."""
    directory = tmp_path_factory.mktemp("nginx")
    http, https = free_ports(2)
    site = interpolated((COMPOSE / "nginx" / "videocall.conf.template").read_text("utf-8"))
    for before, after in (
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
        ("127.0.0.1:8080", f"127.0.0.1:{proxied.address[1]}"),
        ("/certificates/", f"{certificates}/"),
    ):
        assert before in site
        site = site.replace(before, after)
    site = re.sub(r"^ *listen \[::\].*\n", "", site, flags=re.MULTILINE)
    places = "\n".join(f"{name}_temp_path {directory}/{name};" for name in PLACES)
    (directory / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {directory}/pid; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; {places}\n{site} }}\n"
    )
    with started(["nginx", "-p", str(directory), "-c", "nginx.conf", "-e", "stderr"], directory / "log", https):
        yield f"https://localhost:{https}"


PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(sock.getsockname()[1]) for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


@contextmanager
def started(command: list[str], log: Path, port: int) -> Iterator[None]:
    """A program that has to listen on a TCP port, until the end of the block."""
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/usr/local/bin")
    assert program is not None, f"there is no {command[0]}"
    with log.open("wb") as output, subprocess.Popen([program, *command[1:]], stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + 20
            while True:
                with socket.socket() as sock:
                    if sock.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
            yield
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def trusting(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates / "fullchain.pem"))


async def test_a_call_is_joined_through_nginx_under_the_clients_own_address(
    nginx: str, proxied: Server, trusting: ssl.SSLContext
) -> None:
    async with connect(nginx, ssl_context=trusting, origin=nginx) as client:
        joined = await client.join_room("Ada", room_id="behind-nginx")
    assert joined.roomId == "behind-nginx"
    told = [event for event in proxied.events() if event.get("room") == "behind-nginx" and event["event"] == "joined"]
    assert len(told) == 1


def test_pages_and_polls_come_through_and_figures_do_not(nginx: str, trusting: ssl.SSLContext) -> None:
    with httpx.Client(base_url=nginx, verify=trusting) as client:
        assert client.get("/r/daily").headers["content-type"].startswith("text/html")
        opened = client.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
        assert opened.status_code == 200
        assert opened.text.startswith('0{"sid":')
        assert client.get("/metrics").status_code == 404
        assert client.get("/healthz").json()["status"] == "ok"


async def test_coturn_relays_to_the_media_server_and_to_nobody_else(certificates: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    text = interpolated((COMPOSE / "docker-compose.prod.yml").read_text("utf-8"))
    service = text[text.index("\n  coturn:") : text.index("\n  postgres:")]
    flags = re.findall(r"^ +- (--[a-z-]+=.*)$", service, re.MULTILINE)
    assert {flag.partition("=")[0] for flag in flags} >= {"--static-auth-secret", "--allowed-peer-ip"}
    file = tmp_path / "turnserver.conf"
    conf = (COMPOSE / "coturn" / "turnserver.conf").read_text("utf-8")
    file.write_text(
        conf.replace("listening-port=3478", f"listening-port={port}").replace("/certificates", str(certificates))
    )
    # On loopback, where no relay goes by default, without the address of another machine, and with this test's files.
    here = ["--allow-loopback-peers", "--no-tls", "--no-dtls", f"--pidfile={tmp_path}/pid", f"--userdb={tmp_path}/db"]
    flags = [flag for flag in flags if not flag.startswith("--external-ip")]
    with started(["turnserver", "-c", str(file), *flags, *here], tmp_path / "log", port):
        account = ephemeral(ENVIRONMENT["TURN_SECRET"], "ada", int(time.time()) + 60)
        allocation = await probe(
            TurnUrl.parse(f"turn:127.0.0.1:{port}?transport=tcp"), account, ["127.0.0.1", "127.0.0.2"]
        )
    assert allocation.relayed.ip == "127.0.0.1"
    assert 49160 <= allocation.relayed.port <= 49200
    assert allocation.denied == ("127.0.0.2",)
