"""Starting and ending the media workers."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import attrs
import msgspec
import trio

from ._channel import Connection, drain_forever
from ._errors import AddressInUseError, InvalidArgumentError, WorkerDiedError
from ._extension import ChannelLike, Extension, load_extension
from ._worker import Worker


@attrs.frozen
class ListenInfo:
    """An address for media.

    Attributes:
        ip: a local address to bind; never the unspecified one.
        port: UDP port of worker 0; worker n binds ``port + n``. 0 lets the system choose.
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
    *, workers: int | None = None, listen: Sequence[ListenInfo] | None = None, pool_slots: int | None = None
) -> AsyncGenerator[Engine]:
    """Run media workers for the length of an ``async with`` block.

    Args:
        workers: number of threads; by default one per processor that this process may use.
        listen: where they receive media; by default every local address, from port 10000 on.
        pool_slots: packets that each worker keeps for retransmission; by default the worker's own choice.

    Yields:
        The engine. At the end of the block everything on it is closed, even when the block is cancelled.

    Raises:
        AddressInUseError: a port is taken.
        InvalidArgumentError: an option that cannot work; it is named.
    """
    extension = load_extension()
    if listen is None:
        listen = [ListenInfo(ip) for ip in extension.local_addresses()]
    if workers is None:
        workers = len(os.sched_getaffinity(0))
    async with run_engine(extension, workers=workers, listen=listen, pool_slots=pool_slots) as engine:
        yield engine


def local_addresses() -> list[str]:
    """Addresses of this machine that a client could reach, loopback included; `open_sfu` listens on them by default."""
    return load_extension().local_addresses()


@asynccontextmanager
async def run_engine(
    extension: Extension, *, workers: int, listen: Sequence[ListenInfo], pool_slots: int | None = None
) -> AsyncGenerator[Engine]:
    """`open_sfu` on a given extension."""
    if workers < 1:
        raise InvalidArgumentError("workers", "must be at least 1")
    options = _options(listen, pool_slots)
    channel = extension.Channel()
    connections: list[Connection] = []
    engine_workers: list[Worker] = []
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drain_forever, channel, connections)
            try:
                for index in range(workers):
                    worker = _start(extension, channel, index, options, connections)
                    engine_workers.append(worker)
                yield Engine(tuple(engine_workers))
            finally:
                await _close_all(engine_workers)
                nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The nursery is an inner matter: what the block raised leaves it as it was.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


def _options(listen: Sequence[ListenInfo], pool_slots: int | None) -> bytes:
    addresses = [{"ip": info.ip, "port": info.port, "announcedAddress": info.announced_address} for info in listen]
    return msgspec.json.encode({"listen": addresses} | ({} if pool_slots is None else {"poolSlots": pool_slots}))


def _start(
    extension: Extension, channel: ChannelLike, index: int, options: bytes, connections: list[Connection]
) -> Worker:
    try:
        extension_worker = extension.Worker(channel, index, options)
    except extension.AddressInUse as error:
        raise AddressInUseError(str(error)) from None
    except ValueError as error:
        argument, _, problem = str(error).partition(": ")
        raise InvalidArgumentError(argument, problem) from None
    connection = Connection(extension_worker, extension.Backpressure)
    connections.append(connection)
    return Worker(index, connection, extension_worker)


async def _close_all(workers: Sequence[Worker]) -> None:
    async with trio.open_nursery() as nursery:
        for worker in workers:
            nursery.start_soon(worker.close)
