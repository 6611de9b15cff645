"""A participant's seat in a room. It outlives its socket for a while, so that a broken connection ends no call."""

from collections.abc import Callable
from typing import Final, Protocol

import trio

from videocall.protocol import notifications as n
from videocall.protocol.fields import Reason
from videocall.protocol.framing import Announcement
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.rates import Bucket

__all__ = ["Occupant", "Seat"]

_INTERNAL: Final = 1011
_FOR_GOOD: Final = 4000
"""protoo: the client shall not come back."""


class Occupant(Protocol):
    """The session that sits there."""

    @property
    def quiet(self) -> trio.Event:
        """Set when it works on no request any more, and never will."""
        ...

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        ...

    def dismiss(self, code: int, text: str) -> None:
        """Give up the seat and close the socket after what is queued. The participant stays in the room."""
        ...


class Seat:
    """Belongs to one participant from joining to leaving; whoever has its token may sit down on it.

    What is told while nobody sits there is dropped: who comes back gets a snapshot. `talk` bounds how often they may
    write, react and raise their hand.
    """

    def __init__(
        self,
        live: LiveRoom,
        participant_id: str,
        token: str,
        occupant: Occupant,
        on_left: Callable[["Seat"], None],
        talk: Bucket,
    ) -> None:
        self.live: Final = live
        self.participant_id: Final = participant_id
        self.token: Final = token
        self.talk: Final = talk
        self.left = False
        self._occupant: Occupant | None = occupant
        self._last = occupant
        self._on_left = on_left
        self._waiting = trio.CancelScope()

    @property
    def vacant(self) -> bool:
        """Whether nobody sits there."""
        return self._occupant is None

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        if self._occupant is not None:
            self._occupant.tell(announcement)

    def leave(self, reason: Reason) -> None:
        """Leave the room; who has left already stays so."""
        if not self.left:
            self.left = True
            self._waiting.cancel()
            self._on_left(self)
            self.live.leave(self.participant_id, reason)

    def room_failed(self) -> None:
        """The room's media worker died."""
        self._end("error", _INTERNAL, "media worker failed")

    def replaced(self) -> None:
        """The same person came anew: this seat and its socket are over for good."""
        self._end("replaced", _FOR_GOOD, "replaced")

    def moved(self) -> None:
        """The same person came to another room: this seat and its socket are over for good."""
        self._end("left", _FOR_GOOD, "replaced")

    def removed(self) -> None:
        """A host, or the server, sends them out."""
        self.tell(Announcement(n.Removed("removed")))
        self._end("removed", _FOR_GOOD, "removed")

    def call_ended(self, reason: Reason) -> None:
        """The call ended for everyone."""
        self.tell(Announcement(n.RoomEnded(reason)))
        self._end(reason, _FOR_GOOD, reason)

    def vacate(self) -> trio.CancelScope:
        """Nobody sits there for now. Returns the scope to `wait` in, which ends when somebody does."""
        self._occupant = None
        self._waiting = trio.CancelScope()
        return self._waiting

    async def wait(self, waiting: trio.CancelScope, patience_s: float) -> None:
        """Leave with reason ``timeout`` unless somebody sits down within `patience_s` seconds."""
        with waiting:
            await trio.sleep(patience_s)
            self.leave("timeout")

    async def settle(self) -> None:
        """Get up whoever sits there and wait until their last request is done, so that a snapshot misses nothing."""
        while self._occupant is not None or not self._last.quiet.is_set():
            if self._occupant is not None:
                self._occupant.dismiss(_FOR_GOOD, "replaced")
            await self._last.quiet.wait()

    def take(self, occupant: Occupant) -> None:
        """Sit down on a settled seat."""
        self._waiting.cancel()
        self._occupant = self._last = occupant

    def _end(self, reason: Reason, code: int, text: str) -> None:
        occupant = self._occupant
        self.leave(reason)
        if occupant is not None:
            occupant.dismiss(code, text)
