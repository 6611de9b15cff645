"""Bounds on what a client may send, checked before anything is decoded."""

import re
from itertools import accumulate
from typing import Final

from videocall.protocol.errors import ErrorCode, ProtocolError

__all__ = ["MAX_DEPTH", "MAX_MESSAGE_BYTES", "check_bounds"]

MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 32
"""Brackets open at once. RTP parameters, the deepest real messages, need seven."""

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS: Final = dict.fromkeys(b"[{", 1) | dict.fromkeys(b"]}", -1)


def check_bounds(message: bytes, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
    """Refuse a message that is too long or nests too deep, without decoding it.

    Raises:
        ProtocolError: ``BAD_REQUEST``.
    """
    if len(message) > max_bytes:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"A message may have {max_bytes} bytes at most.")
    if message.count(b"{") + message.count(b"[") > MAX_DEPTH and _depth(message) > MAX_DEPTH:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"A message may nest {MAX_DEPTH} levels deep at most.")


def _depth(message: bytes) -> int:
    brackets = _STRING.sub(b"", message).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)
