"""Running a server from its settings to its tidy end."""

import logging
import signal
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Final, cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.typing import ASGIFramework

from videocall.protocol.limits import MAX_MESSAGE_BYTES
from videocall.server.failures import TlsError
from videocall.server.listener import as_binds, listen
from videocall.server.running import OpenEngine, open_engine
from videocall.server.server import Server
from videocall.server.settings import Settings
from videocall.server.websocket import refuse_compression
from videocall.signaling.log import fields, logger

__all__ = ["serve"]

_PING_S: Final = 4.0
_SILENCE_S: Final = 12
"""A live peer answers every ping, so that its socket is never silent for long; a dead one is found within 15 s."""


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
        Exception: one of `videocall.server.START_FAILURES`, when the server cannot start.
    """
    _check_tls(settings)
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for sock in listen(settings.host, settings.port)]
        url = _url(settings, sockets[0].getsockname()[1])
        async with Server(settings, engine=engine) as server, _stop_signal() as stop, trio.open_nursery() as nursery:

            async def stopped() -> None:
                await stop.wait()
                await server.drain()

            # Starlette's types and Hypercorn's describe the same ASGI in different words.
            app = cast("ASGIFramework", server.asgi)
            config = _config(settings, as_binds(sockets))
            await nursery.start(partial(hypercorn_serve, app, config, shutdown_trigger=stopped, mode="asgi"))
            logger.info("serving", extra=fields(url=url, workers=server.workers))
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
