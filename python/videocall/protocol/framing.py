"""What a framing has to do, so that sessions, rooms and handlers serve every one of them alike. Pure."""

from collections.abc import Sequence
from typing import Protocol

from attrs import define, field, frozen
from msgspec import Raw

from videocall.protocol.errors import ProtocolError
from videocall.protocol.notifications import Notification

__all__ = ["Announcement", "Framing", "IncomingRequest"]


@frozen
class IncomingRequest:
    """A request; its payload is not decoded yet. ``id`` is `None` when nobody waits for the answer."""

    id: int | None
    method: str
    data: Raw


class Framing(Protocol):
    """Between a socket's text frames and requests, answers and notifications."""

    def decode(self, frame: str | bytes) -> IncomingRequest | None:
        """Decode a frame's envelope; `None` for one that is no request and can be passed over.

        Raises:
            ProtocolError: ``BAD_REQUEST`` when it is no message.
        """
        ...

    def encode_result(self, request: IncomingRequest, result: object) -> Sequence[str]:
        """Encode what a request that was carried out is answered with, in the order in which it is sent."""
        ...

    def encode_error(self, request: IncomingRequest, error: ProtocolError) -> str:
        """Encode the answer to a request that was refused."""
        ...

    def encode_notification(self, notification: Notification) -> str:
        """Encode a notification."""
        ...


@define(eq=False)
class Announcement:
    """A notification on its way to many, encoded once for each framing that any of them uses."""

    notification: Notification
    _frames: dict[Framing, str] = field(factory=dict[Framing, str], init=False)

    def frame(self, framing: Framing) -> str:
        """The notification as a frame."""
        frame = self._frames.get(framing)
        if frame is None:
            frame = self._frames[framing] = framing.encode_notification(self.notification)
        return frame
