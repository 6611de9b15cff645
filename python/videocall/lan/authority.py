"""This machine's certificate authority, and the certificates it issues for the server."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, Self

from attrs import frozen
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from videocall.lan.files import replace_file, write_once

__all__ = ["Authority", "AuthorityError", "Names", "own_names"]

_CA_FILE: Final = "ca.pem"
_SERVER_FILE: Final = "server.pem"
_CA_LIFE: Final = timedelta(days=3652)
_SERVER_LIFE: Final = timedelta(days=397)
"""Browsers take no certificate that lives for longer than 398 days, from some authorities."""

_RENEW_BEFORE: Final = timedelta(days=30)
_CLOCK_SKEW: Final = timedelta(days=1)

_NETWORKS: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)
_DOMAINS: Final = ("localhost", "local", "lan", "internal", "home.arpa")


class AuthorityError(Exception):
    """The authority's files cannot be used; the message is one line for the user."""


@frozen
class Names:
    """What a server is called: host names and IP addresses."""

    hosts: tuple[str, ...]
    addresses: tuple[str, ...]


def own_names(addresses: Sequence[str]) -> Names:
    """The names by which this machine, with these addresses, is reached on a local network."""
    host = _own_host()
    return Names(("localhost", host, f"{host}.local"), tuple(addresses))


@frozen
class Authority:
    """A certificate authority that can speak for local names and its own machine only.

    These are name constraints (RFC 5280, 4.2.1.10): whoever steals its key can impersonate nothing on the Internet to
    the devices that trust it.
    """

    directory: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, directory: Path, names: Names, now: datetime | None = None) -> Self:
        """Read the authority out of a directory, made there when there is none or it has ended.

        Args:
            directory: where it is kept.
            names: of this machine, for which one that is made can speak even where they are not local ones.
            now: the time, for tests.

        Raises:
            AuthorityError: its file cannot be read, written or understood.
        """
        now = now or datetime.now(UTC)
        path = directory / _CA_FILE
        try:
            if not path.exists():
                write_once(path, _new_authority(names, now))
            authority = cls._read(path)
            if authority.certificate.not_valid_after_utc < now + _RENEW_BEFORE:
                replace_file(path, _new_authority(names, now))
                authority = cls._read(path)
        except OSError as error:
            raise AuthorityError(f"cannot keep a certificate authority in {directory}: {error.strerror}") from None
        except (ValueError, x509.ExtensionNotFound):
            raise AuthorityError(f"{path} is no certificate authority of this server's; remove it to get one") from None
        return authority

    @classmethod
    def _read(cls, path: Path) -> Self:
        pem = path.read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key is of another kind")  # noqa: TRY004 - a wrong file, not a wrong argument
        certificate = x509.load_pem_x509_certificate(pem)
        certificate.extensions.get_extension_for_class(x509.NameConstraints)
        return cls(path.parent, certificate, key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as systems show it: ``AB:CD:...``."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def der(self) -> bytes:
        """The certificate, without the key, for other devices to trust."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The same as text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def server_file(self, names: Names, now: datetime | None = None) -> Path:
        """A PEM file with the server's key and certificate, issued anew when names are missing or its end is near.

        Names that are not local are left out: the authority cannot speak for them.

        Raises:
            AuthorityError: it cannot be written.
        """
        now = now or datetime.now(UTC)
        path = self.directory / _SERVER_FILE
        wanted = self._speakable(names)
        try:
            if not self._is_good(path, wanted, now):
                replace_file(path, self._issue(wanted, now))
        except OSError as error:
            raise AuthorityError(f"cannot write {path}: {error.strerror}") from None
        return path

    def _is_good(self, path: Path, wanted: Sequence[x509.GeneralName], now: datetime) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            certificate.verify_directly_issued_by(self.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        return set(wanted) <= set(names) and now + _RENEW_BEFORE < certificate.not_valid_after_utc

    def _issue(self, names: Sequence[x509.GeneralName], now: datetime) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        end = min(now - _CLOCK_SKEW + _SERVER_LIFE, self.certificate.not_valid_after_utc)
        certificate = (
            _builder("videocall server", key.public_key(), now, end)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return _pem(key, certificate)

    def _speakable(self, names: Names) -> list[x509.GeneralName]:
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        domains = [it.value for it in permitted if isinstance(it, x509.DNSName)]
        networks = [it.value for it in permitted if isinstance(it, x509.IPAddress)]
        hosts = [host for host in names.hosts if any(f".{host}".endswith(f".{domain}") for domain in domains)]
        addresses = [
            address
            for address in map(ip_address, names.addresses)
            if any(isinstance(it, IPv4Network | IPv6Network) and address in it for it in networks)
        ]
        return [*map(x509.DNSName, dict.fromkeys(hosts)), *map(x509.IPAddress, dict.fromkeys(addresses))]


def _own_host() -> str:
    """The first label of this machine's name; what cannot be one becomes ``localhost``."""
    label = socket.gethostname().split(".")[0].lower()
    return label if label and all(char.isascii() and (char.isalnum() or char == "-") for char in label) else "localhost"


def _new_authority(names: Names, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    host = _own_host()
    own = (ip_network(address) for address in names.addresses)  # some sites give public addresses to desks
    networks = [*_NETWORKS, *(it for it in own if not any(_contains(wide, it) for wide in _NETWORKS))]
    permitted = [*map(x509.DNSName, dict.fromkeys((*_DOMAINS, host))), *map(x509.IPAddress, networks)]
    certificate = (
        _builder(f"videocall on {host}", key.public_key(), now, now + _CA_LIFE)
        .issuer_name(_name(f"videocall on {host}"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pem(key, certificate)


def _contains(wide: IPv4Network | IPv6Network, narrow: IPv4Network | IPv6Network) -> bool:
    return narrow.network_address in wide


def _builder(name: str, public_key: ec.EllipticCurvePublicKey, now: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """Both in one file, so that they can never be found to differ."""
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return secret + certificate.public_bytes(serialization.Encoding.PEM)
