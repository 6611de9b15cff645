"""Every seat of a server, by the token that takes it up again."""

import secrets

import trio

from videocall.protocol import ErrorCode, ProtocolError
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.rates import Bucket, Rate
from videocall.signaling.seat import Occupant, Seat

__all__ = ["Seats"]


class Seats:
    """Knows a seat from joining to leaving, and keeps it for `resume_s` seconds when its socket broke."""

    def __init__(self, nursery: trio.Nursery, resume_s: float, talk: Rate) -> None:
        self._nursery = nursery
        self._resume_s = resume_s
        self._talk = talk
        self._seats: dict[str, Seat] = {}

    def make(self, live: LiveRoom, participant_id: str, occupant: Occupant) -> Seat:
        """A seat whose token nobody can guess; it is not known yet."""
        return Seat(live, participant_id, secrets.token_urlsafe(24), occupant, self._forget, Bucket(self._talk))

    def enroll(self, seat: Seat) -> None:
        """Make a seat known by its token, until its participant leaves."""
        self._seats[seat.token] = seat

    def find(self, token: str | None) -> Seat | None:
        """The seat with that token; whoever has the token may take its participant's place."""
        return self._seats.get(token) if token is not None else None

    async def settled(self, token: str) -> Seat:
        """The seat with that token, when nothing is done for it any more by whoever sat there.

        Raises:
            ProtocolError: ``NOT_FOUND``.
        """
        seat = self._seats.get(token)
        if seat is not None:
            await seat.settle()
        if seat is None or seat.left:
            raise ProtocolError(ErrorCode.NOT_FOUND, "That session is over; join the room anew.")
        return seat

    def keep(self, seat: Seat) -> None:
        """Keep the seat of somebody whose socket broke, for as long as they may take to come back."""
        waiting = seat.vacate()
        if self._resume_s:
            self._nursery.start_soon(seat.wait, waiting, self._resume_s)
        else:
            seat.leave("timeout")

    def clear(self) -> None:
        """Keep no seat from now on: whoever is away leaves."""
        self._resume_s = 0
        for seat in [seat for seat in self._seats.values() if seat.vacant]:
            seat.leave("left")

    def _forget(self, seat: Seat) -> None:
        self._seats.pop(seat.token, None)
