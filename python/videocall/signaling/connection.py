"""What a session asks of a socket, so that sessions know nothing of the server that owns it."""

from typing import Protocol

__all__ = ["Connection", "ConnectionLost"]


class ConnectionLost(Exception):
    """The socket is gone.

    Attributes:
        clean: whether the other side closed it (true), or it broke or fell silent (false).
    """

    def __init__(self, *, clean: bool) -> None:
        self.clean = clean
        super().__init__("closed by the peer" if clean else "broken")


class Connection(Protocol):
    """An accepted WebSocket.

    One task receives and one sends. `send` waits while the peer reads slowly; it may not be cancellable.
    """

    async def receive(self) -> str | bytes:
        """Wait for the next message; text frames come as `str`. Raises `ConnectionLost`."""
        ...

    async def send(self, message: str) -> None:
        """Send a text frame. Raises `ConnectionLost`."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame and end the socket; a lost socket is no error."""
        ...
