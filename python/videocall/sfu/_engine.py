"""Starting and ending the media workers."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import attrs
import msgspec
import trio

from ._channel import Connection, drain_forever
from ._errors import InvalidArgumentError, WorkerDiedError
from ._extension import CompiledMedia, Media, local_addresses
from ._worker import Worker


@attrs.frozen
class ListenInfo:
    """An address for media.

    Attributes:
        ip: a local address to bind; never the unspecified one.
        port: UDP and TCP port of worker 0; worker n binds ``port + n``. 0 lets the system choose.
        announced_address: what clients are told instead of `ip`, behind a NAT.
    """

    ip: str
    port: int = 10000
    announced_address: str | None = None


@attrs.frozen
class Engine:
    """The running media workers. Made by `open_sfu`."""

    workers: Sequence[Worker]

    def least_loaded(self) -> Worker:
        """The live worker with the fewest consumers.

        Raises:
            WorkerDiedError: no worker is alive.
        """
        alive = [worker for worker in self.workers if not worker.closed]
        if not alive:
            raise WorkerDiedError("no media worker is alive")
        return min(alive, key=lambda worker: worker.load)


@asynccontextmanager
async def open_sfu(
    *,
    workers: int | None = None,
    listen: Sequence[ListenInfo] | None = None,
    tcp: bool = True,
    pool_slots: int | None = None,
) -> AsyncGenerator[Engine]:
    """Run media workers for the length of an ``async with`` block.

    Args:
        workers: number of threads; by default one per processor that this process may use.
        listen: where they receive media; by default every local address, from port 10000 on.
        tcp: whether they take media over TCP too, on the same ports, from clients whose networks let no UDP through.
        pool_slots: packets that each worker keeps for retransmission; by default the worker's own choice.

    Yields:
        The engine. At the end of the block everything on it is closed, even when the block is cancelled.

    Raises:
        AddressInUseError: a port is taken.
        InvalidArgumentError: an option that cannot work; it is named.
    """
    if listen is None:
        listen = [ListenInfo(ip) for ip in local_addresses()]
    if workers is None:
        workers = len(os.sched_getaffinity(0))
    async with run_engine(CompiledMedia(), workers=workers, listen=listen, tcp=tcp, pool_slots=pool_slots) as engine:
        yield engine


@asynccontextmanager
async def run_engine(
    media: Media, *, workers: int, listen: Sequence[ListenInfo], tcp: bool = True, pool_slots: int | None = None
) -> AsyncGenerator[Engine]:
    """`open_sfu` on given media threads."""
    if workers < 1:
        raise InvalidArgumentError("workers", "must be at least 1")
    options = _options(listen, pool_slots, tcp=tcp)
    connections: list[Connection] = []
    engine_workers: list[Worker] = []
    try:
        async with trio.open_nursery() as nursery:
            # Objects are closed by request even when the block is cancelled, so draining must outlast it.
            draining = trio.CancelScope(shield=True)
            nursery.start_soon(_drain, media, connections, draining)
            try:
                for index in range(workers):
                    worker = _start(media, index, options, connections)
                    engine_workers.append(worker)
                yield Engine(tuple(engine_workers))
            finally:
                await _close_all(engine_workers)
                draining.cancel()
    except BaseExceptionGroup as group:
        # The nursery is an inner matter: what the block raised leaves it as it was.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


def _options(listen: Sequence[ListenInfo], pool_slots: int | None, *, tcp: bool) -> bytes:
    addresses = [{"ip": info.ip, "port": info.port, "announcedAddress": info.announced_address} for info in listen]
    return msgspec.json.encode(
        {"listen": addresses, "tcp": tcp} | ({} if pool_slots is None else {"poolSlots": pool_slots})
    )


def _start(media: Media, index: int, options: bytes, connections: list[Connection]) -> Worker:
    media_worker = media.start_worker(index, options)
    connection = Connection(media_worker, media.backpressure)
    connections.append(connection)
    return Worker(index, connection, media_worker)


async def _drain(media: Media, connections: Sequence[Connection], scope: trio.CancelScope) -> None:
    with scope:
        await drain_forever(media, connections)


async def _close_all(workers: Sequence[Worker]) -> None:
    async with trio.open_nursery() as nursery:
        for worker in workers:
            nursery.start_soon(worker.close)
