"""The local authority, judged by openssl."""

import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from videocall.lan import Authority, AuthorityError, Names, own_names

NOW = datetime.now(UTC)
NAMES = Names(("localhost", "box.local"), ("192.168.1.5", "127.0.0.1", "fd00::1"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "share" / "videocall"


def load(directory: Path, now: datetime = NOW) -> Authority:
    return Authority.load(directory, NAMES, now)


def verify(authority: Authority, server: Path, *flags: str) -> str:
    trusted = authority.directory / "trusted.pem"
    trusted.write_bytes(authority.pem)
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        str(trusted),
        *flags,
        str(server),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("name", ["-verify_ip=192.168.1.5", "-verify_ip=fd00::1", "-verify_hostname=box.local"])
def test_openssl_takes_the_certificate_for_its_names(directory: Path, name: str) -> None:
    authority = load(directory)
    assert verify(authority, authority.server_file(NAMES, NOW), *name.split("=")) == ""


def test_and_for_no_others(directory: Path) -> None:
    authority = load(directory)
    assert "mismatch" in verify(authority, authority.server_file(NAMES, NOW), "-verify_ip", "192.168.1.6")


def test_only_the_owner_may_read_what_holds_keys(directory: Path) -> None:
    server = load(directory).server_file(NAMES, NOW)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {path.name for path in directory.iterdir()} == {"ca.pem", server.name}


def test_it_is_kept(directory: Path) -> None:
    first, again = load(directory), load(directory, NOW + timedelta(days=3000))
    assert first.fingerprint == again.fingerprint
    assert first.server_file(NAMES, NOW).read_bytes() == again.server_file(NAMES, NOW).read_bytes()


def test_it_cannot_speak_for_the_internet(directory: Path) -> None:
    authority = load(directory)
    server = authority.server_file(Names(("localhost", "example.org", "local.org"), ("203.0.113.7", "10.0.0.1")), NOW)
    names = x509.load_pem_x509_certificate(server.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.value.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]


def test_but_for_the_addresses_that_its_machine_had(directory: Path) -> None:
    own = Names(("localhost",), ("203.0.113.7", "192.168.1.5"))
    authority = Authority.load(directory, own, NOW)
    assert verify(authority, authority.server_file(own, NOW), "-verify_ip", "203.0.113.7") == ""
    moved = authority.server_file(Names(("localhost",), ("203.0.113.8",)), NOW)
    assert "mismatch" in verify(authority, moved, "-verify_ip", "203.0.113.8")


def test_what_it_signs_beyond_its_names_is_not_believed(directory: Path, tmp_path: Path) -> None:
    authority = load(directory)
    (tmp_path / "ext").write_text("subjectAltName=DNS:example.org\nbasicConstraints=CA:FALSE\n")
    ca = str(directory / "ca.pem")
    for command in (
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout key.pem -out req.pem",
        f"openssl x509 -req -in req.pem -CA {ca} -CAkey {ca} -CAcreateserial -extfile ext -out forged.pem",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert "permitted subtree violation" in verify(authority, tmp_path / "forged.pem")


def test_another_address_makes_another_certificate(directory: Path) -> None:
    authority = load(directory)
    first = authority.server_file(NAMES, NOW).read_bytes()
    moved = Names(NAMES.hosts, (*NAMES.addresses, "192.168.7.7"))
    assert authority.server_file(moved, NOW).read_bytes() != first
    assert verify(authority, authority.server_file(moved, NOW), "-verify_ip", "192.168.7.7") == ""


def test_it_is_renewed_before_its_end(directory: Path) -> None:
    authority = load(directory)
    first = authority.server_file(NAMES, NOW).read_bytes()
    certificate = x509.load_pem_x509_certificate(first)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)
    assert authority.server_file(NAMES, NOW + timedelta(days=300)).read_bytes() == first
    assert authority.server_file(NAMES, NOW + timedelta(days=370)).read_bytes() != first


def test_an_authority_near_its_end_is_replaced(directory: Path) -> None:
    first = load(directory)
    later = NOW + timedelta(days=3640)
    second = load(directory, later)
    assert first.fingerprint != second.fingerprint
    server = x509.load_pem_x509_certificate(second.server_file(NAMES, later).read_bytes())
    assert server.not_valid_after_utc <= second.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_broken_file_is_one_line(directory: Path, content: bytes) -> None:
    directory.mkdir(parents=True)
    (directory / "ca.pem").write_bytes(content)
    with pytest.raises(AuthorityError, match=r"ca\.pem is no certificate authority") as refused:
        load(directory)
    assert "\n" not in str(refused.value)


def test_a_broken_server_file_is_replaced(directory: Path) -> None:
    authority = load(directory)
    (directory / "server.pem").write_bytes(b"nothing")
    assert verify(authority, authority.server_file(NAMES, NOW)) == ""


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthorityError, match="cannot keep a certificate authority"):
        load(tmp_path / "file" / "videocall")


def test_own_names() -> None:
    names = own_names(["10.0.0.1"])
    assert names.addresses == ("10.0.0.1",)
    assert names.hosts[0] == "localhost"
    assert names.hosts[2] == f"{names.hosts[1]}.local"
