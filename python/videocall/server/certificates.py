"""The certificate that HTTPS is served with."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Never

import trio
from attrs import evolve, frozen

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
    authority: Authority | None = None

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
        certificate = Certificate(server, server, authority)
    else:
        certificate = Certificate(*settings.tls)
    certificate.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    return certificate


async def keep_fresh(settings: Settings, context: ssl.SSLContext) -> Never:
    """Take up a renewed certificate; renew the local authority's when addresses change or its end is near."""
    known = await trio.to_thread.run_sync(_content, settings)
    while True:
        await trio.sleep(_EVERY_S)
        try:
            content = await trio.to_thread.run_sync(_content, settings)
            if content != known and (certificate := await trio.to_thread.run_sync(certificate_of, settings)):
                certificate.load_into(context)
                logger.info("certificate renewed", extra=fields(chain=str(certificate.chain)))
                known = content
        except (TlsError, AuthorityError, OSError) as error:
            logger.warning("certificate not renewed", extra=fields(why=str(error)))


def _content(settings: Settings) -> Sequence[bytes]:
    certificate = certificate_of(settings)
    return (certificate.chain.read_bytes(), certificate.key.read_bytes()) if certificate else ()


def _names(settings: Settings) -> Names:
    names = own_names(sfu.local_addresses())
    return names if settings.host in ("", *names.addresses) else evolve(names, hosts=(*names.hosts, settings.host))
