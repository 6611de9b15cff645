"""Bounds on what a client may send, checked before anything is decoded."""

import re
from typing import Final

from videocall.protocol.errors import ErrorCode, ProtocolError

__all__ = ["MAX_DEPTH", "MAX_MESSAGE_BYTES", "check_bounds"]

MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 32
"""Brackets open at once. RTP parameters, the deepest real messages, need seven."""

_OPENING = re.compile(rb"[\[{]")
_BRACKET_OR_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def check_bounds(message: bytes, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
    """Refuse a message that is too long or nests too deep, without decoding it.

    Raises:
        ProtocolError: ``BAD_REQUEST``.
    """
    if len(message) > max_bytes:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"A message may have {max_bytes} bytes at most.")
    if len(_OPENING.findall(message)) > MAX_DEPTH and _depth(message) > MAX_DEPTH:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"A message may nest {MAX_DEPTH} levels deep at most.")


def _depth(message: bytes) -> int:
    depth = deepest = 0
    for match in _BRACKET_OR_STRING.finditer(message):
        token = match[0]
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest
