"""Sessions of several framings in one room."""

from collections.abc import Sequence

import trio
from tests.fakes.sockets import FakeClient, FakeSocket

from videocall.protocol import ProtocolError
from videocall.protocol.framing import IncomingRequest
from videocall.protocol.notifications import Notification
from videocall.protocol.protoo import PROTOO
from videocall.signaling import Hub, Session


class Counting:
    """protoo, counting what it encodes for all."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []

    def decode(self, frame: str | bytes) -> IncomingRequest | None:
        return PROTOO.decode(frame)

    def encode_result(self, request: IncomingRequest, result: object) -> Sequence[str]:
        return PROTOO.encode_result(request, result)

    def encode_error(self, request: IncomingRequest, error: ProtocolError) -> str:
        return PROTOO.encode_error(request, error)

    def encode_notification(self, notification: Notification) -> str:
        self.notifications.append(notification)
        return PROTOO.encode_notification(notification)


async def test_what_a_room_is_told_is_encoded_once_for_each_framing(hub: Hub, nursery: trio.Nursery) -> None:
    framings = [Counting(), Counting()]
    clients: list[FakeClient] = []
    for framing in framings:
        for _ in range(5):
            socket = FakeSocket()
            nursery.start_soon(Session(hub, socket, framing=framing).run)
            clients.append(FakeClient(socket))
    for client in clients:
        await client.join("Guest")
    for framing in framings:
        framing.notifications.clear()
    await clients[0].request("setDisplayName", {"displayName": "Ada"})
    for client in clients[1:]:
        assert (await client.hear("participantUpdated"))["displayName"] == "Ada"
    assert [len(framing.notifications) for framing in framings] == [1, 1]
