"""What is told to many is encoded once."""

from collections.abc import Sequence

from videocall.protocol import ProtocolError
from videocall.protocol.framing import Announcement, IncomingRequest
from videocall.protocol.notifications import Notification, ServerDraining
from videocall.protocol.protoo import PROTOO, encode_notification


class Counting:
    """A framing that counts."""

    def __init__(self) -> None:
        self.count = 0

    def decode(self, frame: str | bytes) -> IncomingRequest | None:
        raise NotImplementedError

    def encode_result(self, request: IncomingRequest, result: object) -> Sequence[str]:
        raise NotImplementedError

    def encode_error(self, request: IncomingRequest, error: ProtocolError) -> str:
        raise NotImplementedError

    def encode_notification(self, notification: Notification) -> str:
        self.count += 1
        return f"{self.count} {notification}"


def test_an_announcement_is_encoded_once_for_each_framing() -> None:
    announcement, one, other = Announcement(ServerDraining()), Counting(), Counting()
    assert announcement.frame(one) is announcement.frame(one)
    assert (one.count, other.count) == (1, 0)
    announcement.frame(other)
    assert (one.count, other.count) == (1, 1)
    assert announcement.frame(PROTOO) == encode_notification(ServerDraining())
