"""Field types that several messages share. The patterns hold in Python and in ECMAScript."""

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

__all__ = [
    "AppData",
    "DisplayName",
    "Emoji",
    "Id",
    "Kind",
    "KnockOutcome",
    "Layer",
    "Password",
    "PausedBy",
    "Reason",
    "Role",
    "RoomId",
    "Source",
    "is_room_id",
]

Id = Annotated[str, Meta(min_length=1, max_length=64)]
"""An object's id. Clients get them from the server and give them back unchanged."""

_ROOM_ID: Final = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
RoomId = Annotated[str, Meta(pattern=_ROOM_ID)]
DisplayName = Annotated[str, Meta(max_length=64, pattern=r"^[^\u0000-\u001f\u007f]+$(?!\n)")]
"""What others see: 1 to 64 characters, no control characters. Rooms refuse one that is all blanks."""

Emoji = Annotated[str, Meta(max_length=16, pattern=r"^[^\u0000-\u0020\u007f]+$(?!\n)")]
"""Up to 16 code points without blanks: the longest emoji, of families and flags, have ten to fourteen."""

Password = Annotated[str, Meta(min_length=1, max_length=128)]

Layer = Annotated[int, Meta(ge=0, le=7)]
"""Index of a stream of a simulcast producer, or of a temporal layer; 0 is the smallest."""

AppData = dict[str, Any]
"""The client's own data about a producer. The server reads ``keepCamera`` and keeps nothing else."""

Kind = Literal["audio", "video"]
Source = Literal["microphone", "camera", "screen", "screenAudio"]
Role = Literal["host", "participant", "viewer"]
"""Viewers receive, publish nothing, and write when a host lets them."""

PausedBy = Literal["owner", "host", "screen"]
"""Who paused a producer: its owner, a host who muted it, or the owner's screen that stands in for the camera."""

KnockOutcome = Literal["admitted", "rejected", "gone"]

Reason = Literal["closed", "left", "replaced", "removed", "roomEnded", "expired", "transportClosed", "timeout", "error"]


def is_room_id(text: str) -> bool:
    """Whether a room may have that id."""
    return re.match(_ROOM_ID, text) is not None
