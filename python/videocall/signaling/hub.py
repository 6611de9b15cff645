"""All rooms and all sessions of a server."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final, Protocol

import trio
from attrs import define

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.framing import Announcement
from videocall.protocol.notifications import ServerDraining
from videocall.rooms import Limits, Room, RoomSettings
from videocall.rooms.chat import MAX_MESSAGES
from videocall.signaling.events import Events, RoomEnded
from videocall.signaling.ice_servers import IceServers
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.log import fields, logger
from videocall.signaling.media import Engine
from videocall.signaling.memory import Memory, NoMemory
from videocall.signaling.passwords import Passwords
from videocall.signaling.rates import AddressLimiter, Rates
from videocall.signaling.seats import Seats
from videocall.tokens import Admission, Verifier

__all__ = ["RESUME_S", "Hub", "open_hub"]

RESUME_S: Final = 30.0
"""How long a participant whose socket broke keeps its seat."""


class DrainableSession(Protocol):
    """What the hub does to sessions."""

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        ...

    def drain(self) -> None:
        """Leave the room and close the socket, after what is queued."""
        ...


@define
class _Place:
    """A room's place in the hub, from its opening on; `joining` keeps it while nobody is in it yet."""

    opened: trio.Event
    live: LiveRoom | None = None
    joining: int = 0


class Hub:
    """Finds rooms, opens them on the least-loaded worker, and ends them when they are empty.

    Attributes:
        seats: of everyone in any room.
        events: what happens here, for those who watch.
        kept: how the rooms are set that stay when nobody is in them, by id; one that is open is set as its `Room` says.
        observe_requests: called with each answered request's method, error code and duration in seconds.
        memory: what is known of rooms from before; a store puts itself there.

    What the server itself does to rooms and people, as through the REST API, is in
    `videocall.signaling.administration`.
    """

    def __init__(
        self,
        engine: Engine,
        nursery: trio.Nursery,
        ice_servers: IceServers | None = None,
        limits: Limits | None = None,
        verifier: Verifier | None = None,
        rates: Rates | None = None,
        resume_s: float = RESUME_S,
        clock: Callable[[], float] = time.time,
        public_addresses: Sequence[str] = (),
    ) -> None:
        self.ice_servers: Final = ice_servers or IceServers()
        self.public_addresses: Final = tuple(public_addresses)
        self.rates: Final = rates or Rates()
        self.events: Final = Events()
        self.passwords: Final = Passwords(self.rates.passwords)
        self.seats: Final = Seats(nursery, resume_s, self.rates.talk)
        self.kept: Final[dict[str, RoomSettings]] = {}
        self.memory: Memory = NoMemory()
        self.observe_requests: Callable[[str, ErrorCode | None, float], object] = _unobserved
        self.draining = False
        self._engine = engine
        self._nursery = nursery
        self._limits = limits
        self._verifier = verifier
        self._sockets = AddressLimiter(self.rates.joins)
        self._joins = AddressLimiter(self.rates.joins)
        self._clock = clock
        self._places: dict[str, _Place] = {}
        self._sessions: set[DrainableSession] = set()
        self._all_gone = trio.Event()

    @property
    def room_count(self) -> int:
        """Rooms that are open or opening."""
        return len(self._places)

    @property
    def session_count(self) -> int:
        """Open sockets."""
        return len(self._sessions)

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self._clock() * 1000)

    def live_room(self, room_id: str) -> LiveRoom | None:
        """A room that is open."""
        place = self._places.get(room_id)
        return place.live if place else None

    @property
    def live_rooms(self) -> list[LiveRoom]:
        """Every room that is open."""
        return [place.live for place in self._places.values() if place.live]

    def knows(self, room_id: str) -> bool:
        """Whether there is a room of that id, open, opening or kept."""
        return room_id in self._places or room_id in self.kept

    def settings_of(self, room_id: str) -> RoomSettings | None:
        """How a room is set, that is open or kept."""
        live = self.live_room(room_id)
        return live.room.settings if live else self.kept.get(room_id)

    def may_connect(self, address: str) -> bool:
        """Whether one more socket of an address is let in now."""
        return self._sockets.take(address, trio.current_time())

    async def admit(self, address: str, room_id: str, token: str | None) -> Admission:
        """Say as whom a client may enter a room; without anything that tokens are checked by, as anybody.

        Raises:
            ProtocolError: ``RATE_LIMITED``, and what `Verifier.admit` raises.
        """
        self.check_rate(address)
        return await self._verifier.admit(token, room_id) if self._verifier else Admission()

    def check_rate(self, address: str) -> None:
        """Raise ``RATE_LIMITED`` when an address tried to join too often."""
        if not self._joins.take(address, trio.current_time()):
            raise ProtocolError(ErrorCode.RATE_LIMITED, "Too many attempts to join; wait a moment.")

    def host(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run a session that outlives the request it began with. Its failure is logged and ends nothing else."""

        async def hosted() -> None:
            try:
                await run()
            except Exception:  # noqa: BLE001 - whatever it is, the other sessions go on
                logger.exception("session failed")

        self._nursery.start_soon(hosted)

    @contextmanager
    def attending(self, session: DrainableSession) -> Generator[None]:
        """Count a session in while it runs."""
        self._sessions.add(session)
        try:
            yield
        finally:
            self._sessions.discard(session)
            if not self._sessions:
                self._all_gone.set()

    @asynccontextmanager
    async def room(self, room_id: str) -> AsyncGenerator[LiveRoom]:
        """A room, opened when it is not there. It stays while anyone is in it, and inside this context.

        Raises:
            ProtocolError: ``DRAINING``, or ``INTERNAL`` when no worker could open it.
        """
        if self.draining:
            raise ProtocolError(ErrorCode.DRAINING)
        place = self._places.get(room_id)
        opener = place is None
        if place is None:
            place = self._places[room_id] = _Place(trio.Event())
        place.joining += 1
        try:
            if opener:
                await self._open(room_id, place)
            else:
                await place.opened.wait()
            if place.live is None:
                raise ProtocolError(ErrorCode.INTERNAL, "The room could not be opened.")
            yield place.live
        finally:
            place.joining -= 1
            self._end_if_unused(room_id, place)

    async def drain(self, patience_s: float) -> None:
        """Take nobody in any more, end every session, and wait for their sockets, `patience_s` seconds at most."""
        if not self.draining:
            logger.info("draining", extra=fields(sessions=len(self._sessions), rooms=len(self._places)))
        self.draining = True
        self.seats.clear()
        if not self._sessions:
            return
        self._all_gone = trio.Event()
        sessions, farewell = list(self._sessions), Announcement(ServerDraining())
        for session in sessions:
            session.tell(farewell)
        for session in sessions:
            session.drain()
        with trio.move_on_after(patience_s):
            await self._all_gone.wait()

    async def _open(self, room_id: str, place: _Place) -> None:
        try:
            room = await self._make_room(room_id)
            router = await self._engine.least_loaded().create_router()
            room.settings = self.kept.get(room_id, room.settings)  # which may have been changed meanwhile
            place.live = LiveRoom(
                room,
                router,
                on_unused=lambda _: self._end_if_unused(room_id, place),
                watched=self.events,
                now_ms=self.now_ms,
            )
            self._nursery.start_soon(place.live.run)
            logger.info("room opened", extra=fields(room=room_id))
        finally:
            place.opened.set()

    async def _make_room(self, room_id: str) -> Room:
        settings = self.kept.get(room_id) or await self.memory.settings(room_id)
        if settings is None:
            return Room(room_id, self._limits, RoomSettings(created_at=self.now_ms()))
        room = Room(room_id, self._limits, settings)
        try:
            messages = await self.memory.messages(room_id, None, MAX_MESSAGES)
        except ProtocolError as error:
            # They are not lost: whoever asks for older messages gets them once they can be read.
            logger.warning("room opened without its chat", extra=fields(room=room_id, code=error.code))
        else:
            room.restore_messages(message for message in messages if message.sentAt >= settings.created_at)
        return room

    def _end_if_unused(self, room_id: str, place: _Place) -> None:
        live = place.live
        wanted = live.in_use or (place.joining and not live.over) if live else place.joining
        if wanted or self._places.get(room_id) is not place:
            return
        del self._places[room_id]
        if live:
            settings = live.room.settings
            if settings.kept:
                self.kept[room_id] = settings
            live.close()
            logger.info("room ended", extra=fields(room=room_id))
            if live.started:
                self.events.tell(RoomEnded(self.now_ms(), room_id))


@asynccontextmanager
async def open_hub(
    engine: Engine,
    *,
    ice_servers: IceServers | None = None,
    limits: Limits | None = None,
    verifier: Verifier | None = None,
    rates: Rates | None = None,
    resume_s: float = RESUME_S,
    clock: Callable[[], float] = time.time,
    public_addresses: Sequence[str] = (),
) -> AsyncGenerator[Hub]:
    """Open a hub over a running engine. On leaving, every session must have ended; rooms' routers are closed."""
    async with trio.open_nursery() as nursery:
        hub = Hub(engine, nursery, ice_servers, limits, verifier, rates, resume_s, clock, public_addresses)
        yield hub
        await hub.drain(0)
        nursery.cancel_scope.deadline = trio.current_time() + _CLOSING_PATIENCE_S


_CLOSING_PATIENCE_S: Final = 5.0


def _unobserved(method: str, code: ErrorCode | None, seconds: float) -> None:
    """Nobody wants to know."""
    del method, code, seconds
