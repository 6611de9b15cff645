"""Running a server from its settings to its tidy end."""

import logging
import signal
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from typing import Final, cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.typing import ASGIFramework

from videocall import sfu
from videocall.protocol.limits import MAX_MESSAGE_BYTES
from videocall.server.app import create_app
from videocall.server.listener import ListenError, as_binds, listen
from videocall.server.settings import Settings
from videocall.server.static import MissingBundleError, load_bundle
from videocall.server.turn import ice_servers
from videocall.server.websocket import refuse_compression
from videocall.signaling import open_hub
from videocall.signaling.log import fields, logger
from videocall.signaling.media import Engine
from videocall.signaling.rates import Rate, Rates
from videocall.tokens import Verifier

__all__ = ["START_FAILURES", "serve"]

_PING_S: Final = 4.0
_SILENCE_S: Final = 12
"""A live peer answers every ping, so that its socket is never silent for long; a dead one is found within 15 s."""

_DRAIN_S: Final = 3.0
"""How long sockets may take to go after they were told to."""


class TlsError(Exception):
    """The certificate or its key cannot be used; the message is one line for the user."""


START_FAILURES: Final = (MissingBundleError, ListenError, TlsError, sfu.SfuError)
"""Why a server may be unable to start; each says in one line what to do."""

OpenEngine = Callable[[Settings], AbstractAsyncContextManager[Engine]]


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncGenerator[Engine]:
    """Start the media workers that the settings ask for."""
    listen_infos = [
        sfu.ListenInfo(ip=address.ip, port=settings.rtc_port, announced_address=address.announced)
        for address in settings.rtc_addresses
    ] or [sfu.ListenInfo(ip=ip, port=settings.rtc_port) for ip in sfu.local_addresses()]
    async with sfu.open_sfu(workers=settings.workers or None, listen=listen_infos) as engine:
        yield engine


async def serve(
    settings: Settings,
    *,
    started: Callable[[str], None] = lambda _: None,
    engine: OpenEngine = open_engine,
) -> None:
    """Serve until SIGTERM or SIGINT, then tell everybody and end.

    Args:
        settings: what to serve.
        started: called with the server's URL once it listens.
        engine: opens the media core.

    Raises:
        Exception: one of `START_FAILURES`, when the server cannot start.
    """
    bundle = load_bundle(settings.web_dist)
    _check_tls(settings)
    verifier = Verifier(settings.token_secret) if settings.token_secret else None
    rate = settings.request_rate
    rates = Rates(requests=Rate(10 * rate, rate) if rate else None)
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for sock in listen(settings.host, settings.port)]
        url = _url(settings, sockets[0].getsockname()[1])
        async with (
            engine(settings) as core,  # before any nursery, so that its refusal to start comes through bare
            _stop_signal() as stop,
            open_hub(
                core, ice_servers=ice_servers(settings), verifier=verifier, rates=rates, resume_s=settings.resume_within
            ) as hub,
            trio.open_nursery() as nursery,
        ):

            async def stopped() -> None:
                await stop.wait()
                await hub.drain(_DRAIN_S)

            # Starlette's types and Hypercorn's describe the same ASGI in different words.
            app = cast("ASGIFramework", create_app(hub, bundle, frozenset(settings.allowed_origins)))
            config = _config(settings, as_binds(sockets))
            await nursery.start(partial(hypercorn_serve, app, config, shutdown_trigger=stopped, mode="asgi"))
            logger.info("serving", extra=fields(url=url, workers=len(core.workers)))
            started(url)
    logger.info("ended")


def _config(settings: Settings, binds: list[str]) -> Config:
    refuse_compression()
    config = Config()
    config.bind = binds
    config.errorlog = logging.getLogger("hypercorn.error")
    config.alpn_protocols = ["http/1.1"]
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    config.websocket_ping_interval = _PING_S
    config.read_timeout = _SILENCE_S
    config.keep_alive_timeout = 8
    config.ssl_handshake_timeout = 8
    config.graceful_timeout = 3
    config.include_server_header = False
    if settings.tls:
        config.certfile, config.keyfile = (str(path) for path in settings.tls)
    return config


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


def _check_tls(settings: Settings) -> None:
    if settings.tls is None:
        return
    cert, key = settings.tls
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"{cert} and {key} are no certificate and its key in PEM: {error.strerror or error}") from None


def _url(settings: Settings, port: int) -> str:
    scheme = "https" if settings.tls else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{port}/"
