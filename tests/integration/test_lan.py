"""``videocall serve --lan`` and TLS, on the real process."""

import os
import pty
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import httpx
import pytest
from tests.integration.conftest import Server, command, running

from videocall import sfu


@attrs.frozen
class Lan:
    """A server on every address, and what it printed."""

    server: Server
    data: Path
    printed: dict[str, str]

    @property
    def landing(self) -> str:
        return self.printed["landing"]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(httpx.get(f"{self.landing}ca.crt").content))


@pytest.fixture(scope="module")
def lan(web_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lan]:
    directory = tmp_path_factory.mktemp("lan")
    data = directory / "data"
    flags = ["--lan", "--redirect-port", "0", "--data-dir", str(data)]
    with running(web_dist, directory, *flags) as server:
        printed = {}
        assert server.process.stdout is not None
        for line in server.process.stdout:
            if found := re.match(r"On a new device begin at (\S+):", line):
                printed["landing"] = found[1]
            if found := re.match(r"Its authority's SHA-256 fingerprint is (\S+)", line):
                printed["fingerprint"] = found[1]
            if line.startswith("Ctrl-C"):
                break
        yield Lan(server, data, printed)


def test_every_local_address_serves_https_that_the_authority_vouches_for(lan: Lan) -> None:
    _, port = lan.server.address
    for ip in sfu.local_addresses():
        host = f"[{ip}]" if ":" in ip else ip
        answer = httpx.get(f"https://{host}:{port}/r/daily", verify=lan.trust)
        assert (answer.status_code, "<title>videocall</title>" in answer.text) == (200, True), ip
    assert httpx.get(f"https://localhost:{port}/healthz", verify=lan.trust).json()["status"] == "ok"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://127.0.0.1:{port}/")


def test_the_url_is_one_that_others_reach(lan: Lan) -> None:
    host, _ = lan.server.address
    assert host not in {"0.0.0.0", "::", "127.0.0.1"}
    assert lan.server.url.startswith("https://")


def test_the_authority_is_handed_out_as_phones_want_it(lan: Lan) -> None:
    for base, verify in ((lan.landing, True), (lan.server.url, lan.trust)):
        answer = httpx.get(f"{base}ca.crt", verify=verify)
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        assert answer.headers["content-disposition"] == 'attachment; filename="videocall-ca.crt"'
        shown = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256"],
            input=answer.content,
            capture_output=True,
            check=True,
        )
        assert shown.stdout.decode().strip().split("=")[1] == lan.printed["fingerprint"]
        assert b"BEGIN CERTIFICATE" in httpx.get(f"{base}ca.pem", verify=verify).content
        assert b"PRIVATE" not in httpx.get(f"{base}ca.pem", verify=verify).content


def test_the_page_says_how(lan: Lan) -> None:
    for base, verify in ((lan.landing, True), (lan.server.url, lan.trust)):
        page = httpx.get(f"{base}ca", verify=verify)
        assert lan.printed["fingerprint"] in page.text
        assert 'data-forward="no"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for path in re.findall(r'(?:href|src)="(/[^"]+)"', page.text):
            assert httpx.get(f"{base.rstrip('/')}{path}", verify=verify).status_code == 200, path


def test_plain_http_leads_to_the_same_place_over_https(lan: Lan) -> None:
    page = httpx.get(f"{lan.landing}r/daily?x=1&y=%22")
    host, port = lan.server.address
    assert f'data-target="https://{host}:{port}/r/daily?x=1&amp;y=%22" data-forward="yes"' in page.text
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert " https:;" in page.headers["content-security-policy"]


def test_plain_http_has_nothing_else(lan: Lan) -> None:
    assert "rooms" not in httpx.get(f"{lan.landing}healthz").text
    assert httpx.get(f"{lan.landing}ca", headers={"host": 'evil"><script>'}).status_code == 400
    url = httpx.URL(lan.landing)
    with closing(socket.create_connection((url.host, url.port or 0), 10)) as sock:
        upgrade = "GET /ws?roomId=r&peerId=p HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        sock.sendall(f"{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 403")


def test_whoever_trusts_it_is_told_so_across_origins(lan: Lan) -> None:
    answer = httpx.get(f"{lan.server.url}ca/trusted", verify=lan.trust)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")


def test_a_second_run_has_the_same_authority(lan: Lan, web_dist: Path, tmp_path: Path) -> None:
    with running(web_dist, tmp_path, "--lan", "--redirect-port", "0", "--data-dir", str(lan.data)) as again:
        assert httpx.get(f"{again.url}healthz", verify=lan.trust).status_code == 200


def test_another_host_serves_https_too_and_loopback_does_not(web_dist: Path, tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    with running(web_dist, tmp_path, "--host", "0.0.0.0", *data) as server:
        assert server.url.startswith("https://")
    with running(web_dist, tmp_path, "--host", "0.0.0.0", "--tls", "off", *data) as server:
        assert server.url.startswith("http://")
    with running(web_dist, tmp_path, *data) as server:
        assert server.url.startswith("http://127.0.0.1:")


def test_a_broken_authority_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    ran = subprocess.run(
        command(web_dist, tmp_path / "log", "--lan", "--data-dir", str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "ca.pem" in ran.stderr


def test_a_taken_redirect_port_is_one_line(web_dist: Path, tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        ran = subprocess.run(
            command(web_dist, tmp_path / "log", "--lan", "--data-dir", str(tmp_path), "--redirect-port", str(port)),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ran.returncode == 1
    assert f"port {port} is taken" in ran.stderr
    assert "--redirect-port" in ran.stderr


def test_in_a_terminal_there_is_a_code_to_scan(web_dist: Path, tmp_path: Path) -> None:
    ours, its = pty.openpty()
    with subprocess.Popen(
        command(web_dist, tmp_path / "log", "--lan", "--redirect-port", "0", "--data-dir", str(tmp_path)),
        stdout=its,
        stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "60"},
    ) as process:
        os.close(its)
        shown = ""
        while "Ctrl-C" not in shown:
            shown += os.read(ours, 4096).decode("utf-8", "replace")
        process.terminate()
        assert process.wait(30) == 0
    os.close(ours)
    assert shown.count("\x1b[97;40m") > 10
