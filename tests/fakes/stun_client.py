"""As much of an ICE client as it takes to be noticed by an ICE-lite server (RFC 8445, RFC 8489)."""

import hashlib
import hmac
import secrets
import struct
import zlib

import trio

from videocall.ortc.types import IceCandidate, IceParameters

COOKIE = 0x2112A442
USERNAME, MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE = 0x0006, 0x0008, 0x0024, 0x0025
FINGERPRINT, ICE_CONTROLLING = 0x8028, 0x802A


def binding_request(server: IceParameters, *, password: str | None = None) -> bytes:
    """A check that nominates its pair. `password` other than the server's makes it a forgery."""
    body = b"".join(
        [
            attribute(USERNAME, f"{server.usernameFragment}:them".encode()),
            attribute(PRIORITY, struct.pack("!I", 1845501695)),
            attribute(ICE_CONTROLLING, secrets.token_bytes(8)),
            attribute(USE_CANDIDATE, b""),
        ]
    )
    transaction = secrets.token_bytes(12)

    def message(length: int) -> bytes:
        return struct.pack("!HHI", 0x0001, length, COOKIE) + transaction + body

    key = (server.password if password is None else password).encode()
    body += attribute(MESSAGE_INTEGRITY, hmac.digest(key, message(len(body) + 24), hashlib.sha1))
    body += attribute(FINGERPRINT, struct.pack("!I", zlib.crc32(message(len(body) + 8)) ^ 0x5354554E))
    return message(len(body))


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


async def check(candidate: IceCandidate, server: IceParameters, socket: trio.socket.SocketType) -> bytes:
    """Send one check to the server, again every 100 ms until it answers; returns the answer."""
    while True:
        await socket.sendto(binding_request(server), (candidate.address, candidate.port))
        with trio.move_on_after(0.1):
            return await socket.recv(1500)
