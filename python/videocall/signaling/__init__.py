"""Sessions: what binds a socket, a room and the media core.

A `Session` serves one socket. The `Hub` knows all sessions and rooms; a `LiveRoom` is a pure `videocall.rooms.Room`
with its router, its media objects and its members' sockets.
"""

from videocall.signaling.connection import Connection, ConnectionLost
from videocall.signaling.hub import Hub, open_hub
from videocall.signaling.session import Session

__all__ = ["Connection", "ConnectionLost", "Hub", "Session", "open_hub"]
