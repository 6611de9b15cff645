"""The one place that decides between memory and Redis."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from videocall.cluster.interface import BusEvent, Cluster, Gap
from videocall.cluster.memory import MemoryCluster

__all__ = ["listen", "open_cluster"]


@asynccontextmanager
async def open_cluster(url: str | None, node: str) -> AsyncGenerator[Cluster]:
    """The cluster that a server called `node` is in: with a Redis at `url`, or alone.

    A Redis that is down is no reason not to start. Leaving takes two seconds at most.
    """
    if url is None:
        yield MemoryCluster(node)
        return
    from videocall.cluster.redis import RedisCluster  # which only those load who use it

    cluster = RedisCluster(url, node)
    async with cluster.running():
        yield cluster


def listen(url: str) -> AbstractAsyncContextManager[trio.MemoryReceiveChannel[BusEvent | Gap]]:
    """Hear the events of all servers on a Redis; see `videocall.cluster.listening.listen`."""
    from videocall.cluster import listening

    return listening.listen(url)
