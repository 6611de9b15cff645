"""The compiled extension, and what this package needs of it; tests give it something else of the same shape."""

from collections.abc import Mapping
from typing import Protocol

from ._errors import AddressInUseError, InvalidArgumentError, SfuError


class WorkerLike(Protocol):
    """One media thread."""

    @property
    def listen_addresses(self) -> list[tuple[str, int]]:
        """Where its sockets are bound."""
        ...

    def send(self, request: bytes) -> None:
        """Queue a JSON request; never blocks. May raise `Media.backpressure`, and has then not taken the request."""
        ...

    def metrics(self) -> Mapping[str, int]:
        """Counters since the start."""
        ...

    def close(self) -> None:
        """Ask the thread to end; ``workerClosed`` is its last message."""
        ...


class Media(Protocol):
    """Media threads and the one queue on which all of them answer."""

    @property
    def backpressure(self) -> type[Exception]:
        """Raised by `WorkerLike.send` when the worker's ring is full."""
        ...

    def fileno(self) -> int:
        """A descriptor that is readable while there is something to drain."""
        ...

    def drain(self, limit: int) -> list[tuple[int, bytes]]:
        """Take at most `limit` messages: the worker's index and a JSON text each; in order per worker."""
        ...

    def start_worker(self, index: int, options: bytes) -> WorkerLike:
        """Start a media thread.

        Raises:
            SfuError: in one of its forms.
        """
        ...


class CompiledMedia:
    """`Media` by `videocall._sfu`. Its errors become those of this package here."""

    def __init__(self) -> None:
        # Imported here, so that what is pure in this package works without the extension.
        from videocall import _sfu

        self._extension = _sfu
        self._channel = _sfu.Channel()

    @property
    def backpressure(self) -> type[Exception]:
        """See `Media`."""
        return self._extension.Backpressure

    def fileno(self) -> int:
        """See `Media`."""
        return self._channel.fileno()

    def drain(self, limit: int) -> list[tuple[int, bytes]]:
        """See `Media`."""
        return self._channel.drain(limit)

    def start_worker(self, index: int, options: bytes) -> WorkerLike:
        """See `Media`."""
        try:
            return self._extension.Worker(self._channel, index, options)
        except self._extension.AddressInUse as error:
            raise AddressInUseError(str(error)) from None
        except self._extension.SfuError as error:
            raise SfuError(str(error)) from None
        except ValueError as error:
            argument, _, problem = str(error).partition(": ")
            raise InvalidArgumentError(argument, problem) from None


def local_addresses() -> list[str]:
    """Addresses of this machine that a client could reach, loopback included; `open_sfu` listens on them by default.

    IPv4 first. Addresses that need a scope (link-local) are left out.
    """
    from videocall import _sfu

    return _sfu.local_addresses()
