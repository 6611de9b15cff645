"""Running a server from its settings to its tidy end."""

import logging
import re
import signal
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from ipaddress import ip_network
from socket import socket
from typing import Final, cast
from urllib.parse import urlsplit

import trio
from attrs import evolve, frozen
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp, Receive, Scope, Send

from videocall.lan.page import ca_page, landing
from videocall.server.addresses import url_hosts
from videocall.server.certificates import Certificate, certificate_of, keep_fresh
from videocall.server.listener import ListenError, as_binds, listen
from videocall.server.running import OpenEngine, open_engine
from videocall.server.security import SecurityHeaders
from videocall.server.server import Server
from videocall.server.settings import Settings
from videocall.server.tuning import tune
from videocall.server.tunnel import TunnelError, find_program, run_tunnel
from videocall.signaling.log import fields, logger

__all__ = ["Started", "serve"]

_CA_PATH: Final = re.compile(r"/ca(?:$|[./])")
_LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@frozen
class Started:
    """A server that listens.

    Attributes:
        urls: by which it is reached, the best first.
        landing: where a device that does not trust the certificate's authority yet begins, when there is a local one.
        fingerprint: SHA-256 of that authority.
        public: the tunnel's URL.
    """

    urls: tuple[str, ...]
    landing: str | None = None
    fingerprint: str | None = None
    public: str | None = None


async def serve(
    settings: Settings,
    *,
    started: Callable[[Started], None] = lambda _: None,
    engine: OpenEngine = open_engine,
) -> None:
    """Serve until SIGTERM or SIGINT, then tell everybody and end.

    Args:
        settings: what to serve.
        started: called once it listens.
        engine: opens the media core.

    Raises:
        Exception: one of `videocall.server.START_FAILURES`, when the server cannot start.
    """
    if settings.tunnel:  # its program connects from here and says for whom
        settings = evolve(settings, trusted_proxies=(*settings.trusted_proxies, *_LOOPBACK))
    certificate = certificate_of(settings)
    program = find_program(settings.tunnel) if settings.tunnel else None
    no_tunnel: TunnelError | None = None
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for sock in listen(settings.host, settings.port)]
        port = sockets[0].getsockname()[1]
        plain = [stack.enter_context(sock) for sock in _listen_plain(settings, certificate, port)]
        where = _where(settings, certificate, port, plain[0].getsockname()[1] if plain else None)
        async with Server(settings, engine=engine) as server, _stop_signal() as stop, trio.open_nursery() as nursery:

            async def stopped() -> None:
                await stop.wait()
                await server.drain()

            async def run_hypercorn(task_status: trio.TaskStatus[list[str]]) -> None:
                # Starlette's types and Hypercorn's describe the same ASGI in different words.
                app = cast("ASGIFramework", _application(server, certificate, port))
                await hypercorn_serve(app, config, shutdown_trigger=stopped, mode="asgi", task_status=task_status)
                nursery.cancel_scope.cancel()

            config = _Config(as_binds(sockets), as_binds(plain), certificate)
            await nursery.start(run_hypercorn)
            if certificate and config.context is not None:
                nursery.start_soon(keep_fresh, settings, certificate, config.context)
            logger.info("serving", extra=fields(urls=where.urls, workers=server.workers))
            try:
                if program:
                    public = await nursery.start(run_tunnel, program, _tunnel_target(settings, where))
                    where = evolve(where, public=public)
                started(where)
            except TunnelError as error:  # raised again where no nursery wraps it
                no_tunnel = error
                nursery.cancel_scope.cancel()
    if no_tunnel:
        raise no_tunnel
    logger.info("ended")


class _Config(Config):
    """Hypercorn's settings, and the TLS context that it works with, for certificates to be renewed in."""

    def __init__(self, binds: list[str], plain_binds: list[str], certificate: Certificate | None) -> None:
        super().__init__()
        self.context: ssl.SSLContext | None = None
        self.bind = binds
        self.insecure_bind = plain_binds
        if certificate:
            self.certfile, self.keyfile = str(certificate.chain), str(certificate.key)
        self.errorlog = logging.getLogger("hypercorn.error")
        tune(self)

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Make the context; it is made once."""
        self.context = super().create_ssl_context()
        return self.context


def _application(server: Server, certificate: Certificate | None, port: int) -> ASGIApp:
    """The server's application, behind what a local authority adds to it."""
    if certificate is None or certificate.authority is None:
        return server.asgi
    ca = SecurityHeaders(ca_page(certificate.authority, port))
    plain = SecurityHeaders(landing(certificate.authority, port), connect="https:")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and scope["scheme"] in {"http", "ws"}:
            await plain(scope, receive, send)
        elif scope["type"] == "http" and _CA_PATH.match(scope["path"]):
            await ca(scope, receive, send)
        else:
            await server.asgi(scope, receive, send)

    return application


def _listen_plain(settings: Settings, certificate: Certificate | None, port: int) -> list[socket]:
    if certificate is None or certificate.authority is None:
        return []
    if settings.redirect_port is not None:
        return listen(settings.host, settings.redirect_port, setting="--redirect-port")
    try:
        return listen(settings.host, port + 1)
    except ListenError:  # nobody asked for that very port
        return listen(settings.host, 0)


def _where(settings: Settings, certificate: Certificate | None, port: int, plain_port: int | None) -> Started:
    scheme = "https" if certificate else "http"
    hosts = [f"[{host}]" if ":" in host else host for host in url_hosts(settings)]
    authority = certificate.authority if certificate else None
    return Started(
        urls=tuple(f"{scheme}://{host}:{port}/" for host in hosts),
        landing=f"http://{hosts[0]}:{plain_port}/" if plain_port else None,
        fingerprint=authority.fingerprint if authority else None,
    )


def _tunnel_target(settings: Settings, where: Started) -> str:
    """The server's URL for a program on the same machine."""
    url = urlsplit(where.urls[0])
    return where.urls[0] if settings.host else f"{url.scheme}://127.0.0.1:{url.port}/"


@asynccontextmanager
async def _stop_signal() -> AsyncGenerator[trio.Event]:
    """An event that SIGTERM or SIGINT sets. A second one of them ends everything without further ado."""
    stop = trio.Event()

    async def watch(task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for _ in signals:
                if stop.is_set():
                    nursery.cancel_scope.cancel()
                stop.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(watch)
        yield stop
        nursery.cancel_scope.cancel()
