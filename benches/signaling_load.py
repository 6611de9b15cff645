"""Load for the signaling: WebSockets by hand, with frames made beforehand, so that it costs less than the server."""

import json
import socket
from urllib.parse import urlsplit

from videocall.protocol.protoo import encode_request

HANDSHAKE = (
    "GET /ws?roomId={room} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: protoo\r\n\r\n"
)
PING = 0x89


class Socket:
    """A joined client. Reads count messages and look no further."""

    def __init__(self, url: str, room_id: str, name: str) -> None:
        address = urlsplit(url)
        assert address.port is not None
        self._socket = socket.create_connection((address.hostname or "", address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = bytearray()
        self._socket.sendall(HANDSHAKE.format(room=room_id, host=address.netloc).encode())
        while b"\r\n\r\n" not in self._unread:
            self._fill()
        head, _, rest = bytes(self._unread).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        self._unread = bytearray(rest)
        self.send(request("joinRoom", {"displayName": name}))
        self.joined = json.loads(self.messages(1)[0])
        assert self.joined["ok"], self.joined

    def send(self, frames: bytes) -> None:
        """Send frames that `request` made."""
        self._socket.sendall(frames)

    def messages(self, count: int) -> list[bytes]:
        """Wait for that many messages."""
        found: list[bytes] = []
        while len(found) < count:
            frame = self._take()
            if frame is None:
                self._fill()
            elif frame[0] == PING:
                self.send(_frame(frame[1], 0xA))
            else:
                found.append(frame[1])
        return found

    def close(self) -> None:
        """Go without a word."""
        self._socket.close()

    def _fill(self) -> None:
        chunk = self._socket.recv(1 << 18)
        assert chunk, "the server closed the connection"
        self._unread += chunk

    def _take(self) -> tuple[int, bytes] | None:
        """A whole frame of the server, which masks none and fragments none (RFC 6455, 5.2)."""
        unread = self._unread
        if len(unread) < 2:
            return None
        size, start = unread[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(unread[2:start], "big")
        if len(unread) < start + size:
            return None
        frame = unread[0], bytes(unread[start : start + size])
        del unread[: start + size]
        return frame


def request(method: str, data: object, request_id: int = 1) -> bytes:
    """A frame with a request."""
    return _frame(encode_request(request_id, method, data).encode(), 1)


def _frame(payload: bytes, opcode: int) -> bytes:
    length = bytes([0x80 | len(payload)])
    if len(payload) >= 126:
        length = bytes([0xFE]) + len(payload).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload
