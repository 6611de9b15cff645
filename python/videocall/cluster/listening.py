"""Hearing the events of all servers on a Redis."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import trio
from coredis.retry import NoRetryPolicy

from videocall.cluster import keys
from videocall.cluster.connection import RETRY_S, brief, connect
from videocall.cluster.interface import GAP, BusEvent, Gap
from videocall.log import fields

__all__ = ["listen"]

logger = logging.getLogger("videocall.cluster")

_IDLE_S: Final = 3.0
"""How long nothing is heard before Redis is asked whether it is there."""


@asynccontextmanager
async def listen(url: str) -> AsyncGenerator[trio.MemoryReceiveChannel[BusEvent | Gap]]:
    """Hear the events of all servers on a Redis, for as long as the context lasts.

    A `Gap` comes first, and again each time when events may have been missed. A listener that does not keep up holds
    up Redis' connection, which Redis then closes: that is a gap too.
    """
    heard, events = trio.open_memory_channel[BusEvent | Gap](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen, url, heard)
        yield events
        nursery.cancel_scope.cancel()


async def _listen(url: str, heard: trio.MemorySendChannel[BusEvent | Gap]) -> None:
    while True:
        try:
            async with (
                connect(url) as client,
                client.pubsub(
                    channels=[keys.EVENTS],
                    ignore_subscribe_messages=True,
                    retry_policy=NoRetryPolicy(),
                    max_idle_seconds=_IDLE_S,
                ) as messages,
            ):
                await heard.send(GAP)
                async for message in messages:
                    if (event := _event(message["data"])) is not None:
                        await heard.send(event)
            # The iteration may end without an error when the connection does.
        except* Exception as error:  # noqa: BLE001 - whatever it is, it is tried again; see `connect` for the star
            logger.info("does not hear the others' events", extra=fields(reason=brief(error)))
        await trio.sleep(RETRY_S)


def _event(data: object) -> BusEvent | None:
    try:
        return keys.decode_event(str(data))
    except msgspec.MsgspecError:
        return None  # somebody else's
