"""Everything that runs behind the application, from the settings to the end of its last part."""

import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

import trio
from attrs import frozen
from starlette.types import ASGIApp

from videocall import sfu
from videocall.cluster import open_cluster
from videocall.health import Part
from videocall.server.access import Access
from videocall.server.addresses import announced_addresses, media_addresses
from videocall.server.announcing import Announcer
from videocall.server.api import Api, Backend, routes
from videocall.server.app import Services, create_app
from videocall.server.hooks import Hooks
from videocall.server.keys import KeyCache, load_keys
from videocall.server.metrics import Metrics
from videocall.server.pulse import Pulse
from videocall.server.remembering import Remembering
from videocall.server.settings import Settings
from videocall.server.static import load_bundle
from videocall.server.turn import ice_servers, watch_turn
from videocall.server.webhooks import open_webhooks
from videocall.signaling import Hub, open_hub
from videocall.signaling.administration import Administration
from videocall.signaling.media import Engine
from videocall.signaling.rates import Rate, Rates
from videocall.store import Retention, open_store
from videocall.tokens import Verifier, make_token

__all__ = ["DRAIN_S", "OpenEngine", "Running", "open_engine", "run"]

DRAIN_S: Final = 3.0
"""How long sockets may take to go after they were told to."""

OpenEngine = Callable[[Settings], AbstractAsyncContextManager[Engine]]


@frozen
class Running:
    """A server that runs."""

    app: ASGIApp
    hub: Hub
    rooms: Administration
    workers: int


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncGenerator[Engine]:
    """Start the media workers that the settings ask for."""
    listen_infos = [
        sfu.ListenInfo(ip=address.ip, port=settings.rtc_port, announced_address=address.announced)
        for address in media_addresses(settings)
    ]
    async with sfu.open_sfu(workers=settings.workers or None, listen=listen_infos, tcp=settings.rtc_tcp) as engine:
        yield engine


@asynccontextmanager
async def run(settings: Settings, hooks: Hooks, engine: OpenEngine) -> AsyncGenerator[Running]:
    """Run a server's parts during the block; at its end calls are told, and what is queued anywhere is flushed.

    Raises:
        Exception: one of `videocall.server.failures.START_FAILURES`.
    """
    bundle = load_bundle(settings.web_dist)
    keys = await load_keys(settings.token_jwks) if settings.token_jwks else None
    rate = settings.request_rate
    rates = Rates(requests=Rate(10 * rate, rate) if rate else None)
    node = uuid.uuid4().hex
    store = await open_store(
        settings.database_url,
        node=node,
        retention=Retention(messages_days=settings.keep_chat, sessions_days=settings.keep_sessions),
    )
    async with (
        engine(settings) as core,  # before any nursery, so that its refusal to start comes through bare
        open_webhooks(settings.webhook_urls, settings.webhook_secret) as webhooks,
        store.writing(),
        open_cluster(settings.redis_url, node) as cluster,
        open_hub(
            core,
            ice_servers=ice_servers(settings),
            public_addresses=settings.public_addresses,
            verifier=_verifier(settings, keys),
            rates=rates,
            resume_s=settings.resume_within,
        ) as hub,
        hooks.running(),
        trio.open_nursery() as nursery,
    ):
        hub.events.watch(hooks.tell)
        hub.events.watch(webhooks.tell)
        hub.memory = memory = Remembering(hub, store)
        hub.events.watch(memory.tell)
        if store.part.health.state == "down":
            nursery.start_soon(memory.recall)
        else:
            await memory.recall()
        hub.events.watch(Announcer(cluster).tell)
        pulse = Pulse(core.workers)
        nursery.start_soon(pulse.run)
        turn = Part("turn")
        if settings.turn_servers:
            nursery.start_soon(watch_turn, settings, turn, announced_addresses(settings))
        jwks = keys.part if keys else Part("jwks")
        if keys:
            nursery.start_soon(keys.run)
        parts = [pulse.workers, pulse.loop, webhooks.part, store.part, cluster.part, turn, jwks]
        access = Access(settings.api_keys)
        rooms = Administration(hub)
        backend = Backend(hub, rooms, store, cluster, len(core.workers), hub.now_ms(), _token_maker(settings))
        services = Services(
            hub=hub,
            bundle=bundle,
            access=access,
            parts=parts,
            metrics=Metrics(hub, core.workers, parts, pulse, webhooks, hooks),
            allowed_origins=frozenset(settings.allowed_origins),
            trusted_proxies=settings.trusted_proxies,
        )
        yield Running(create_app(services, routes(Api(backend, access))), hub, rooms, len(core.workers))
        await hub.drain(DRAIN_S)
        nursery.cancel_scope.cancel()


def _token_maker(settings: Settings) -> Callable[..., str] | None:
    if settings.token_secret is None:
        return None
    audience, issuer = settings.token_audience, settings.token_issuer
    return partial(make_token, settings.token_secret, audience=audience, issuer=issuer)


def _verifier(settings: Settings, keys: KeyCache | None) -> Verifier | None:
    if settings.open_to_all:
        return None
    return Verifier(
        secret=settings.token_secret,
        keys=keys,
        audience=settings.token_audience,
        issuer=settings.token_issuer,
        leeway_s=settings.token_leeway,
    )
