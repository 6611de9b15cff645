"""What each check finds, in situations that a test can make."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from videocall.doctor import Finding, addresses, certificate, database, limits, ports
from videocall.server.settings import RtcAddress, Settings

LOOPBACK = (RtcAddress("127.0.0.1"),)
LAN = (RtcAddress("192.168.1.5"),)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(port=0, rtc_port=0, rtc_addresses=LOOPBACK, workers=2, data_dir=tmp_path / "data")


def levels(findings: list[Finding]) -> set[str]:
    for finding in findings:
        assert "\n" not in finding.found
        assert (finding.mend is None) == (finding.level == "ok")
    return {finding.level for finding in findings}


def test_free_ports(settings: Settings) -> None:
    assert levels(list(ports.check(settings))) == {"ok"}


def test_a_taken_tcp_port_is_told_with_who_has_it(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        first, *_ = ports.check(attrs.evolve(settings, port=port))
    assert (first.level, f"process {os.getpid()}" in first.found) == ("failure", True)
    assert first.mend == f"end process {os.getpid()}, or choose another --port"


def test_a_taken_port_for_plain_http(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, second, *_ = ports.check(attrs.evolve(settings, redirect_port=taken.getsockname()[1]))
    assert (second.level, str(second.mend).endswith("choose another --redirect-port")) == ("failure", True)


@pytest.mark.parametrize(("kind", "other"), [("udp", "tcp"), ("tcp", "udp")])
def test_a_taken_media_port_too(settings: Settings, kind: str, other: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        found = list(ports.check(attrs.evolve(settings, rtc_port=taken.getsockname()[1], workers=1)))
    (failed,) = [finding for finding in found if finding.level == "failure"]
    assert failed.found.startswith(kind.upper())
    assert f"process {os.getpid()}" in failed.found
    assert "--rtc-port" in str(failed.mend)
    assert any(finding.found.startswith(other.upper()) for finding in found[1:] if finding.level == "ok")


def test_ports_of_a_running_server_are_no_failure(settings: Settings) -> None:
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "videocall", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        first, *_ = ports.check(attrs.evolve(settings, port=int(other.stdout.readline())))
        other.communicate("\n")
    assert first.level == "ok"
    assert f"process {other.pid}" in first.found


def test_ports_past_the_last_and_addresses_of_others(settings: Settings) -> None:
    *_, last = ports.check(attrs.evolve(settings, rtc_port=65535))
    assert (last.level, last.mend) == ("failure", "choose a lower --rtc-port")
    foreign = (RtcAddress("203.0.113.1"),)
    *_, last = ports.check(attrs.evolve(settings, rtc_addresses=foreign, rtc_port=10000, workers=1))
    assert (last.level, "--rtc-address" in str(last.mend)) == ("failure", True)


def test_addresses(settings: Settings) -> None:
    for changes, expected in (
        ({}, {"ok"}),
        ({"host": "192.168.1.5"}, {"ok", "warning"}),  # media on loopback, the page elsewhere
        ({"host": "192.168.1.5", "rtc_addresses": LAN}, {"ok", "warning"}),  # nobody from outside
        ({"host": "192.168.1.5", "rtc_addresses": LAN, "turn_servers": ("turn:t",)}, {"ok"}),
        ({"host": "192.168.1.5", "rtc_addresses": LAN, "public_addresses": ("198.51.100.7",)}, {"ok"}),
    ):
        assert levels(list(addresses.check(attrs.evolve(settings, **changes), signs=()))) == expected, changes  # type: ignore[arg-type]


def test_a_container_announces_its_host(settings: Settings, tmp_path: Path) -> None:
    inner = attrs.evolve(settings, host="", rtc_addresses=(RtcAddress("172.17.0.2"),))
    *_, found = addresses.check(inner, signs=[str(tmp_path)])
    assert (found.level, "container" in found.found) == ("warning", True)
    announced = attrs.evolve(inner, rtc_addresses=(RtcAddress("172.17.0.2", "192.168.1.5"),))
    assert not any("container" in it.found for it in addresses.check(announced, signs=[str(tmp_path)]))


def test_the_certificate_of_the_local_authority(settings: Settings) -> None:
    lan = attrs.evolve(settings, host="localhost.localdomain", tls="auto")
    assert levels(list(certificate.check(attrs.evolve(lan, host="box.local")))) == {"ok"}
    assert levels(list(certificate.check(lan))) == {"ok", "warning"}  # a name that the authority may not speak for
    assert levels(list(certificate.check(settings))) == {"ok"}
    assert levels(list(certificate.check(attrs.evolve(lan, tls="off")))) == {"warning"}


@pytest.mark.parametrize(("in_days", "level"), [(0, "ok"), (80, "warning"), (91, "failure"), (-2, "failure")])
def test_the_end_of_a_certificate(settings: Settings, tmp_path: Path, in_days: int, level: str) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=x"
    names = "-addext subjectAltName=DNS:meet.example.org"
    subprocess.run([*make.split(), *names.split(), "-out", cert, "-keyout", key], check=True, capture_output=True)
    own = attrs.evolve(settings, tls=(cert, key))
    found = list(certificate.check(own, datetime.now(UTC) + timedelta(days=in_days)))
    assert found[0].level == level
    assert "meet.example.org" in found[1].found


def test_a_certificate_without_its_key(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    assert levels(list(certificate.check(attrs.evolve(settings, tls=(tmp_path / "x", tmp_path / "x"))))) == {"failure"}


def test_limits(settings: Settings, tmp_path: Path) -> None:
    small = tmp_path / "rmem_max"
    small.write_text("212992\n")
    assert "sysctl -w net.core.rmem_max" in str([*limits.check(settings, small)][-1].mend)
    small.write_text("4194304\n")
    assert [*limits.check(settings, small)][-1].level == "ok"


def test_databases(settings: Settings, tmp_path: Path) -> None:
    new = tmp_path / "new" / "videocall.db"
    broken = tmp_path / "broken.db"
    broken.write_text("this is no database, and it is longer than a header of one would be" * 20)
    for url, level in (
        ("memory", "ok"),
        (f"sqlite:///{new}", "ok"),
        (f"sqlite:///{broken}/videocall.db", "failure"),
        (f"sqlite:///{broken}", "failure"),
        ("postgresql://ada:hush@127.0.0.1:1/calls", "failure"),
    ):
        (found,) = database.check(attrs.evolve(settings, database_url=url))
        assert found.level == level, (url, found)
        assert "hush" not in found.found
    assert not new.parent.exists()
