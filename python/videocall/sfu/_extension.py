"""What this package needs of the compiled extension; tests give it something else of the same shape."""

from collections.abc import Mapping
from typing import Protocol


class ChannelLike(Protocol):
    """Answers and events of all workers, in order per worker."""

    def fileno(self) -> int:
        """A descriptor that is readable while there is something to drain."""
        ...

    def drain(self, limit: int = ...) -> list[tuple[int, bytes]]:
        """Take at most `limit` messages: the worker's index and a JSON text each."""
        ...


class WorkerLike(Protocol):
    """One media thread."""

    @property
    def listen_addresses(self) -> list[tuple[str, int]]:
        """Where its sockets are bound."""
        ...

    def send(self, request: bytes) -> None:
        """Queue a JSON request; never blocks."""
        ...

    def metrics(self) -> Mapping[str, int]:
        """Counters since the start."""
        ...

    def close(self) -> None:
        """Ask the thread to end; ``workerClosed`` is its last message."""
        ...


class Extension(Protocol):
    """The module `videocall._sfu`."""

    @property
    def AddressInUse(self) -> type[Exception]:  # noqa: N802 - the extension's name
        """Raised by `start_worker` when a port is taken."""
        ...

    @property
    def Backpressure(self) -> type[Exception]:  # noqa: N802 - the extension's name
        """Raised by `WorkerLike.send` when the worker's ring is full."""
        ...

    def Channel(self, capacity: int = ...) -> ChannelLike:  # noqa: N802 - the extension's name
        """Make the queue that all workers answer on."""
        ...

    def Worker(self, channel: ChannelLike, index: int, options: bytes) -> WorkerLike:  # noqa: N802
        """Start a media thread."""
        ...

    def local_addresses(self) -> list[str]:
        """Addresses of this machine that a client could reach, loopback included."""
        ...


def load_extension() -> Extension:
    """Import the compiled extension.

    Raises:
        ImportError: the package was installed without it.
    """
    from videocall import _sfu

    return _sfu
