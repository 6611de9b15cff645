"""The compiled extension: media workers, spoken to in JSON.

Only `videocall.sfu` imports it. No call blocks but `Clients.wait_event`; worker threads never touch the interpreter.
"""

from typing import Self, final

__all__ = ["AddressInUse", "Backpressure", "Channel", "Clients", "SfuError", "Worker", "local_addresses"]

class SfuError(Exception):
    """Base of this module's errors."""

class AddressInUse(SfuError):
    """Another socket has the address that a worker was to listen on; the message names it."""

class Backpressure(SfuError):
    """The worker takes no request now: its ring is full, or it is closed and says so by ``workerClosed``."""

@final
class Channel:
    """Answers and events of all workers that were made with it.

    A bounded queue and an eventfd. A worker that finds it full keeps its own messages, in order, and takes no more
    requests until there is room. Workers end when their channel is collected. What a worker logs comes too:
    ``{"event": "log", "target": "<index>", "data": {"level": 30, "logger": "...", "message": "..."}}``.
    """

    def __new__(cls, capacity: int = 65536) -> Self:
        """Make a queue.

        Args:
            capacity: how many messages it holds, 1 to 16,777,216.

        Raises:
            ValueError: the capacity is out of range.
        """

    def fileno(self) -> int:
        """The descriptor that is readable while there are messages, open as long as the channel lives."""

    def drain(self, limit: int = 1024) -> list[tuple[int, bytes]]:
        """Take up to `limit` messages, oldest first.

        Never blocks. The descriptor stays readable when more are left.

        Returns:
            For each message the index of its worker and a JSON text.
        """

@final
class Worker:
    """A media thread with its UDP sockets. Ends when it is closed or collected, or when its channel is."""

    def __new__(cls, channel: Channel, index: int, options: bytes) -> Self:
        """Bind the sockets and start the thread; returns when it is ready, within some milliseconds.

        Args:
            channel: where it answers.
            index: its number, 0 to 65,535; it is added to every port but 0, and tells its messages from others'.
            options: JSON: ``{"listen": [{"ip": "127.0.0.1", "port": 10000, "announcedAddress": null}],
                "poolSlots": 8192, "pinned": true}``. `poolSlots` (packets kept for retransmission) and `pinned`
                (whether the thread stays on one processor) may be left out. Port 0 lets the system choose.

        Raises:
            AddressInUse: a port is taken; the message names ``ip:port``.
            ValueError: a wrong option; the message starts with its key, as in ``listen[0].port: ...``.
            SfuError: the system refused a thread or a descriptor.
        """

    @property
    def listen_addresses(self) -> list[tuple[str, int]]:
        """The addresses its sockets are bound to, in the order of the options."""

    def send(self, request: bytes) -> None:
        """Put a JSON request into the worker's ring. Never blocks.

        Raises:
            Backpressure: the ring is full (4,096 requests), or the worker is closed. The request was not taken.
        """

    def metrics(self) -> dict[str, int]:
        """Counters since the start, and ``cpu_ns``, the thread's user and system time, 0 once it has ended."""

    def close(self) -> None:
        """Ask the thread to end after it has answered what was sent before. May be called again.

        Its last message is ``{"event": "workerClosed", "target": "<index>", "data": {"reason": "closed"}}``; the
        ports are free by then. The reason is ``error`` when the worker died by itself.
        """

@final
class Clients:
    """WebRTC clients with sockets of their own, on a thread: the other end of a call, for a server that tests itself.

    They end when this is collected.
    """

    def __new__(cls) -> Self:
        """Start the thread.

        Raises:
            SfuError: the system refused it.
        """

    @property
    def fingerprints(self) -> bytes:
        """Of the certificate that all of them have; JSON, as in ``dtlsParameters``."""

    def add(self, plan: bytes) -> int:
        """Add a client, which starts to connect at once, and return its number.

        Args:
            plan: JSON: ``{"bind": "127.0.0.1", "iceParameters": {...}, "iceCandidates": ["127.0.0.1:10000"],
                "fingerprints": [...], "dtlsRole": "client", "send": [{"kind": "audio", "ssrc": 1, "payloadType": 100}],
                "receive": [{"kind": "audio", "ssrc": 2}]}``.

        Raises:
            ValueError: a wrong plan.
        """

    def wait_event(self, timeout_ms: int) -> bytes | None:
        """Wait for what happens next to any of them; for a thread of its own.

        Returns:
            JSON, such as ``{"event": "connected", "client": 0, "profile": "...", "pathAfterMs": 1.0, "afterMs": 5.0}``,
            ``{"event": "firstMedia", "client": 0, "afterMs": 6.0}``, ``{"event": "failed", "client": 0, "reason":
            "..."}``, or `None` when nothing happened.
        """

    def stats(self) -> bytes:
        """Counters of every client, by its number; JSON. ``roundTrip`` is null until an ICE check was answered."""

def local_addresses() -> list[str]:
    """Addresses of this machine's interfaces that are up, loopback included, link-local left out; IPv4 first."""
