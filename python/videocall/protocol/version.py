"""The protocol's version. It is raised when a message changes its meaning, never for something added."""

from typing import Final

from videocall.protocol.errors import ErrorCode, ProtocolError

__all__ = ["OLDEST_VERSION", "VERSION", "check_version"]

VERSION: Final = 1
OLDEST_VERSION: Final = 1
"""What clients must speak at least."""


def check_version(version: int | None) -> None:
    """Refuse a client of another time; one that names no version is taken as it is.

    Raises:
        ProtocolError: ``CLIENT_TOO_OLD`` or ``CLIENT_TOO_NEW``.
    """
    if version is None:
        return
    if version < OLDEST_VERSION:
        raise ProtocolError(
            ErrorCode.CLIENT_TOO_OLD,
            f"This client speaks version {version} of the protocol and the server needs {OLDEST_VERSION} or newer: "
            "reload the page, or update the client.",
        )
    if version > VERSION:
        raise ProtocolError(
            ErrorCode.CLIENT_TOO_NEW,
            f"This client speaks version {version} of the protocol and the server knows {VERSION} at most: "
            "update the server, or use an older client.",
        )
