"""The certificate that HTTPS would be served with, and whether browsers will give camera and microphone."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509

from videocall.doctor.findings import Finding, failure, ok, warning
from videocall.lan import AuthorityError
from videocall.server.addresses import is_loopback, url_hosts
from videocall.server.certificates import Certificate, certificate_of
from videocall.server.failures import TlsError
from videocall.server.settings import Settings

__all__ = ["check"]

_CHECK: Final = "certificate"
_SOON: Final = timedelta(days=14)


def check(settings: Settings, now: datetime | None = None) -> Iterable[Finding]:
    """Load it as the server would, and read what it says."""
    now = now or datetime.now(UTC)
    try:
        certificate = certificate_of(settings)
    except (TlsError, AuthorityError) as error:
        mend = "give --tls a certificate chain and its key" if isinstance(error, TlsError) else "see the message"
        yield failure(_CHECK, str(error), mend)
        return
    if certificate is None:
        yield from _plain(settings)
        return
    leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    yield _lifetime(certificate, leaf, now)
    yield from _names(certificate, leaf, url_hosts(settings))
    if certificate.authority:
        yield ok(_CHECK, f"devices trust it once they have the authority from /ca: {certificate.authority.fingerprint}")


def _plain(settings: Settings) -> Iterable[Finding]:
    if is_loopback(settings.host):
        yield ok(_CHECK, "none is needed: browsers trust pages of localhost, and nobody else can connect")
    else:
        yield warning(
            _CHECK,
            "plain HTTP: browsers give no camera and microphone to such pages, but on localhost",
            "put a proxy with TLS in front, or leave --tls off away",
        )


def _lifetime(certificate: Certificate, leaf: x509.Certificate, now: datetime) -> Finding:
    end = leaf.not_valid_after_utc
    if now >= end:
        return failure(_CHECK, f"{certificate.chain} ended on {end:%Y-%m-%d}", "renew it")
    if now < leaf.not_valid_before_utc:
        return failure(_CHECK, f"{certificate.chain} begins on {leaf.not_valid_before_utc:%Y-%m-%d}", "set the clock")
    if now + _SOON >= end:
        return warning(
            _CHECK, f"{certificate.chain} ends on {end:%Y-%m-%d}", "renew it; the server takes it up by itself"
        )
    return ok(_CHECK, f"{certificate.chain} is good until {end:%Y-%m-%d}")


def _names(certificate: Certificate, leaf: x509.Certificate, hosts: Sequence[str]) -> Iterable[Finding]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        yield failure(_CHECK, f"{certificate.chain} has no subjectAltName, and browsers read no other name", "renew it")
        return
    told = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    yield ok(_CHECK, f"it is for {', '.join(told)}")
    if not certificate.authority:
        return  # the name by which people come is not among the settings then
    if missing := [host for host in hosts if not _covers(names, host)]:
        yield warning(
            _CHECK,
            f"it is not for {', '.join(missing)}: the local authority may not speak for that",
            f"remove {certificate.authority.directory}/ca.pem for a new one that may; devices have to trust it anew",
        )


def _covers(names: x509.SubjectAlternativeName, host: str) -> bool:
    try:
        return ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return host in names.get_values_for_type(x509.DNSName)
