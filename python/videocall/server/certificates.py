"""The certificate that HTTPS is served with."""

import ssl
from pathlib import Path
from typing import Final, Never, Self

import trio
from attrs import evolve, field, frozen

from videocall import sfu
from videocall.lan import Authority, AuthorityError, Names, own_names
from videocall.server.addresses import is_loopback
from videocall.server.failures import TlsError
from videocall.server.settings import Settings
from videocall.signaling.log import fields, logger

__all__ = ["Certificate", "certificate_of", "keep_fresh"]

_EVERY_S: Final = 60.0


@frozen
class Certificate:
    """Certificate chain and key, two PEM files or one, and the local authority that issued it, if one did."""

    chain: Path
    key: Path
    content: tuple[bytes, bytes] = field(repr=False)
    authority: Authority | None = None

    @classmethod
    def read(cls, chain: Path, key: Path, authority: Authority | None = None) -> Self:
        """Read the files.

        Raises:
            TlsError: they cannot be read, or are no certificate and its key.
        """
        try:
            certificate = cls(chain, key, (chain.read_bytes(), key.read_bytes()), authority)
        except OSError as error:
            raise TlsError(f"cannot read {error.filename}: {error.strerror}") from None
        certificate.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        return certificate

    def load_into(self, context: ssl.SSLContext) -> None:
        """Use it for new connections.

        Raises:
            TlsError: the files cannot be used.
        """
        try:
            context.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(
                f"{self.chain} and {self.key} are no certificate and its key in PEM: {error.strerror or error}"
            ) from None


def certificate_of(settings: Settings) -> Certificate | None:
    """What the settings ask for, issued now if it has to be; `None` for plain HTTP.

    Raises:
        TlsError: the files cannot be used.
        AuthorityError: the local authority cannot be used or made.
    """
    if settings.tls == "off" or (settings.tls == "auto" and is_loopback(settings.host)):
        return None
    if settings.tls == "auto":
        names = _names(settings)
        authority = Authority.load(settings.data_dir, names)
        server = authority.server_file(names)
        return Certificate.read(server, server, authority)
    return Certificate.read(*settings.tls)


async def keep_fresh(settings: Settings, certificate: Certificate, context: ssl.SSLContext) -> Never:
    """Take up a renewed certificate; renew the local authority's when addresses change or its end is near."""
    while True:
        await trio.sleep(_EVERY_S)
        try:
            now = await trio.to_thread.run_sync(certificate_of, settings)
            if now is not None and now.content != certificate.content:
                now.load_into(context)
                certificate = now
                logger.info("certificate renewed", extra=fields(chain=str(certificate.chain)))
        except (TlsError, AuthorityError) as error:
            logger.warning("certificate not renewed", extra=fields(why=str(error)))


def _names(settings: Settings) -> Names:
    names = own_names(sfu.local_addresses())
    return names if settings.host in ("", *names.addresses) else evolve(names, hosts=(*names.hosts, settings.host))
