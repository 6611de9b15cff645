"""A client of the protocol on trio-websocket, for bots, load and tests.

    async with connect("http://127.0.0.1:8080", room_id="daily") as client:
        joined = await client.join_room("Ada")
        async for notification in client.notifications:
            ...

It speaks the signaling only; media is up to who uses it.
"""

from videocall.client.client import Client, ConnectError, DisconnectedError, RejectedError, RequestError, connect

__all__ = ["Client", "ConnectError", "DisconnectedError", "RejectedError", "RequestError", "connect"]
