"""Stable error codes. A code is added when one is needed; none is ever changed or reused."""

from enum import StrEnum
from typing import Final

__all__ = ["SENTENCES", "ErrorCode", "ProtocolError"]


class ErrorCode(StrEnum):
    """What went wrong, for programs. ``SENTENCES`` says it for people."""

    BAD_REQUEST = "BAD_REQUEST"
    NOT_JOINED = "NOT_JOINED"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    UNSUPPORTED = "UNSUPPORTED"
    ROOM_FULL = "ROOM_FULL"
    ROOM_LOCKED = "ROOM_LOCKED"
    ROOM_EXPIRED = "ROOM_EXPIRED"
    PASSWORD_REQUIRED = "PASSWORD_REQUIRED"  # noqa: S105
    PASSWORD_WRONG = "PASSWORD_WRONG"  # noqa: S105
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105
    RATE_LIMITED = "RATE_LIMITED"
    LIMIT_REACHED = "LIMIT_REACHED"
    CLIENT_TOO_OLD = "CLIENT_TOO_OLD"
    CLIENT_TOO_NEW = "CLIENT_TOO_NEW"
    DRAINING = "DRAINING"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


SENTENCES: Final = {
    ErrorCode.BAD_REQUEST: "The message does not have the shape that its method asks for.",
    ErrorCode.NOT_JOINED: "Join a room first.",
    ErrorCode.NOT_FOUND: "There is no such object in your room.",
    ErrorCode.FORBIDDEN: "You may not do that.",
    ErrorCode.CONFLICT: "The object is not in a state in which that can be done.",
    ErrorCode.UNSUPPORTED: "The server does not know that method, codec or feature.",
    ErrorCode.ROOM_FULL: "The room has no place left.",
    ErrorCode.ROOM_LOCKED: "The room is locked.",
    ErrorCode.ROOM_EXPIRED: "The room's time is over.",
    ErrorCode.PASSWORD_REQUIRED: "The room has a password.",
    ErrorCode.PASSWORD_WRONG: "That is not the room's password.",
    ErrorCode.TOKEN_INVALID: "The token is not valid here.",
    ErrorCode.TOKEN_EXPIRED: "The token has expired.",
    ErrorCode.RATE_LIMITED: "Too many messages; slow down.",
    ErrorCode.LIMIT_REACHED: "You already have as many of these as one participant may have.",
    ErrorCode.CLIENT_TOO_OLD: "The client speaks a version of the protocol that the server takes no more; update it.",
    ErrorCode.CLIENT_TOO_NEW: "The client speaks a version of the protocol that the server does not know yet.",
    ErrorCode.DRAINING: "The server is shutting down and takes nobody in.",
    ErrorCode.UNAVAILABLE: "The server cannot reach what it needs for this; try again in a while.",
    ErrorCode.INTERNAL: "The server failed; the failure is in its log.",
}


class ProtocolError(Exception):
    """A request that is answered with an error, or a message that cannot be understood.

    Attributes:
        code: the stable code.
        message: one sentence for a person; the code's own sentence when none is given. It never holds a traceback.
    """

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        self.code = code
        self.message = SENTENCES[code] if message is None else message
        super().__init__(f"{code}: {self.message}")
