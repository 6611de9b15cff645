"""Certificates that change while a server runs, seen through handshakes."""

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from cryptography import x509
from trio.testing import MockClock

from videocall.server.certificates import certificate_of, keep_fresh
from videocall.server.failures import TlsError
from videocall.server.settings import Settings


def make(directory: Path, name: str) -> tuple[Path, Path]:
    cert, key = directory / "cert.pem", directory / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subprocess.run(
        [*command.split(), "-subj", f"/CN={name}", "-out", cert, "-keyout", key], check=True, capture_output=True
    )
    return cert, key


def served(context: ssl.SSLContext) -> str:
    """The name in the certificate that a new connection is shown."""
    client_context = ssl.create_default_context()
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).subject.rfc4514_string()


async def test_a_renewed_certificate_is_taken_up(
    tmp_path: Path, nursery: trio.Nursery, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(tls=make(tmp_path, "old"))
    certificate = certificate_of(settings)
    assert certificate is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_into(context)
    nursery.start_soon(keep_fresh, settings, certificate, context)
    (tmp_path / "cert.pem").write_text("half a certif")  # whoever writes it is not done yet
    await until(lambda: "certificate not renewed" in caplog.text)
    assert served(context) == "CN=old"
    make(tmp_path, "new")
    await until(lambda: served(context) == "CN=new")
    assert autojump_clock.current_time() >= 60
    nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Files are read in threads, which virtual time does not wait for."""
    with trio.fail_after(1_000_000):
        while not condition():  # noqa: ASYNC110 - that is what it is for
            await trio.sleep(60)


def test_loopback_and_off_need_none(tmp_path: Path) -> None:
    for settings in (Settings(), Settings(host="::1"), Settings(host="localhost"), Settings(host="", tls="off")):
        assert certificate_of(settings) is None
    local = certificate_of(Settings(host="", data_dir=tmp_path))
    assert local is not None
    assert local.authority is not None


def test_files_that_are_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(TlsError, match="no certificate and its key"):
        certificate_of(Settings(tls=(tmp_path / "x", tmp_path / "x")))
