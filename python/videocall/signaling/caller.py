"""What handlers ask of the session that a request came in on, and of its place in a room."""

# ruff: noqa: D102 - the protocols repeat what their classes document

from typing import Protocol

from videocall.protocol.fields import Reason
from videocall.rooms import Effect
from videocall.signaling.hub import Hub
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.rates import Bucket
from videocall.signaling.seat import Seat
from videocall.tokens import Admission

__all__ = ["Caller", "Place"]


class Place(Protocol):
    """Where a participant is."""

    @property
    def live(self) -> LiveRoom: ...
    @property
    def participant_id(self) -> str: ...
    @property
    def talk(self) -> Bucket: ...


class Caller(Protocol):
    """The session that a request came in on."""

    @property
    def hub(self) -> Hub: ...
    @property
    def room_id(self) -> str | None: ...
    @property
    def address(self) -> str: ...
    @property
    def place(self) -> Place | None: ...
    @property
    def waits(self) -> bool: ...
    def enter(self, live: LiveRoom, display_name: str, admission: Admission, earlier: str | None = None) -> Seat: ...
    def knock(self, live: LiveRoom, display_name: str, admission: Admission) -> str: ...
    def resume(self, seat: Seat) -> None: ...
    def leave(self, reason: Reason) -> None: ...
    def afterwards(self, live: LiveRoom, effects: list[Effect]) -> None: ...
