"""One socket's session: reads requests, answers them in order, and ends tidily."""

import uuid
from typing import Final

import trio
from attrs import frozen

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol import notifications as n
from videocall.protocol.fields import Reason
from videocall.protocol.framing import Announcement, Framing, IncomingRequest
from videocall.protocol.methods import Request, decode_request
from videocall.protocol.protoo import PROTOO
from videocall.rooms import Effect
from videocall.signaling.connection import Connection, ConnectionLost
from videocall.signaling.events import ParticipantResumed
from videocall.signaling.failures import to_protocol_error
from videocall.signaling.handlers import handle
from videocall.signaling.hub import Hub
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.log import fields, logger
from videocall.signaling.outbox import Outbox
from videocall.signaling.rates import Bucket
from videocall.signaling.seat import Seat
from videocall.signaling.snapshots import room_joined
from videocall.tokens import Admission

__all__ = ["Session"]

FLUSH_S: Final = 2.0
"""How long an ending session may take to send what is queued, and its close frame."""

_REQUEST_S: Final = 10.0
"""A request is worked on outside cancellation, so that no media object is lost half made, and no longer than this."""

_LIMITED: Final = 1000
"""Requests beyond the rate before the socket is closed."""

_LOGGED_REFUSALS: Final = 50
"""Of one session: whoever does nothing but err does not fill the log."""

_REFUSALS: Final = 16
"""Frames that are no messages before the socket is closed."""

_GOING_AWAY: Final = 1001
_POLICY_VIOLATION: Final = 1008
_TRY_AGAIN_LATER: Final = 1013


@frozen
class _Waiting:
    live: LiveRoom
    knock_id: str
    display_name: str
    admission: Admission


class Session:
    """Serves one socket.

    Args:
        hub: where rooms are.
        connection: the accepted socket; the session alone uses it.
        room_id: the room that ``joinRoom`` enters when it names none.
        label: the query's ``peerId``; it goes into the log and nowhere else.
        address: the client's IP address; empty when it has none.
        framing: how messages stand in the socket's frames.
    """

    def __init__(
        self,
        hub: Hub,
        connection: Connection,
        *,
        room_id: str | None = None,
        label: str = "",
        address: str = "",
        framing: Framing = PROTOO,
    ) -> None:
        self.hub: Final = hub
        self.room_id: Final = room_id
        self.address: Final = address
        self.place: Seat | None = None
        self.quiet: Final = trio.Event()
        self._connection = connection
        self._label = label
        self._framing = framing
        self._outbox = Outbox(self._fell_behind)
        self._receiving = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._refusals = 0
        self._limited = 0
        self._refused = 0
        self._waiting: _Waiting | None = None
        self._after: list[tuple[LiveRoom, list[Effect]]] = []
        self._requests = Bucket(hub.rates.requests) if hub.rates.requests else None

    async def run(self) -> None:
        """Serve until the socket is lost, or the session is ended by the server.

        The participant has left then, unless the socket broke: their seat stays for a while, to be resumed.
        """
        with self.hub.attending(self):
            try:
                async with trio.open_nursery() as self._nursery:
                    self._nursery.start_soon(self._deliver)
                    try:
                        with self._receiving:
                            await self._receive()
                    finally:
                        self.quiet.set()
                    # What is queued and the close frame still go out; a lost socket has ended `_deliver` by itself.
                    self._nursery.cancel_scope.deadline = trio.current_time() + FLUSH_S
            finally:
                self._nursery = None
                self.leave("error")

    # Ending

    def drain(self) -> None:
        """The server shuts down, as the client was told."""
        self._end("left", _GOING_AWAY, "server is shutting down")

    def dismiss(self, code: int, text: str) -> None:
        """Give up the seat, if there is one, and close the socket after what is queued."""
        if self.place is not None:
            place, self.place = self.place, None
            if not place.left:
                self.hub.seats.keep(place)
        self._give_up()
        self._outbox.finish(code, text)
        self._receiving.cancel()

    def _fell_behind(self) -> None:
        # Not at once: somebody is in the middle of telling a whole room something.
        if self._nursery is not None:
            self._nursery.start_soon(self._drop)

    async def _drop(self) -> None:
        await trio.lowlevel.checkpoint()
        self._log("reader too slow, dropped")
        self._end("timeout", _TRY_AGAIN_LATER, "reading too slowly")

    def _lost(self, *, clean: bool) -> None:
        if clean:
            self._end("left", _GOING_AWAY, "")
        else:
            self._log("socket broke")
            self.dismiss(_GOING_AWAY, "")

    def _end(self, reason: Reason, code: int, text: str) -> None:
        self.leave(reason)
        self.dismiss(code, text)

    # Membership

    def enter(self, live: LiveRoom, display_name: str, admission: Admission, earlier: str | None = None) -> Seat:
        """Enter a room under a new id, and take an `earlier` self's place; a session that is ending enters none."""
        self._check_going_on()
        participant_id = str(uuid.uuid4())
        seat = self.hub.seats.make(live, participant_id, self)
        live.enter(participant_id, seat, display_name, admission, earlier)
        self.hub.seats.enroll(seat)
        self.place = seat
        self._log("joined", address=self.address or None)
        return seat

    def resume(self, seat: Seat) -> None:
        """Sit down on a settled seat; a session that is ending sits down nowhere."""
        self._check_going_on()
        seat.take(self)
        self.place = seat
        self._log("resumed", address=self.address or None)
        self.hub.events.tell(ParticipantResumed(self.hub.now_ms(), seat.live.room.id, seat.participant_id))

    def knock(self, live: LiveRoom, display_name: str, admission: Admission) -> str:
        """Wait in a room's lobby; returns the knock's id. A session that is ending waits nowhere."""
        self._check_going_on()
        knock_id = str(uuid.uuid4())
        live.knock(knock_id, self, display_name, admission.identity)
        self._waiting = _Waiting(live, knock_id, display_name, admission)
        self._log("knocked", knock=knock_id)
        return knock_id

    @property
    def waits(self) -> bool:
        """Whether it waits in a lobby."""
        return self._waiting is not None

    def admitted(self) -> None:
        """Let out of the lobby: enter."""
        if waiting := self._waiting:
            self._waiting = None
            seat = self.enter(waiting.live, waiting.display_name, waiting.admission)
            self.tell(Announcement(room_joined(self.hub, seat)))

    def rejected(self, reason: Reason) -> None:
        """Not let in; the session goes on."""
        if waiting := self._waiting:
            self._waiting = None
            self._log("not let in", knock=waiting.knock_id, reason=reason)
            self.tell(Announcement(n.LobbyRejected(waiting.live.room.id, reason)))

    def leave(self, reason: Reason) -> None:
        """Leave the room, or its lobby; being in none is no error."""
        self._give_up()
        if self.place is not None:
            place, self.place = self.place, None
            place.leave(reason)

    def afterwards(self, live: LiveRoom, effects: list[Effect]) -> None:
        """Have effects carried out at once when the answer to the request is queued."""
        self._after.append((live, effects))

    def tell(self, announcement: Announcement) -> None:
        """Queue a notification."""
        self._outbox.put(announcement.frame(self._framing))

    # The socket

    async def _deliver(self) -> None:
        try:
            await self._outbox.deliver(self._connection)
        except ConnectionLost as lost:
            self._lost(clean=lost.clean)

    async def _receive(self) -> None:
        try:
            while True:
                await self._serve(await self._connection.receive())
        except ConnectionLost as lost:
            self._lost(clean=lost.clean)

    async def _serve(self, frame: str | bytes) -> None:
        try:
            request = self._framing.decode(frame)
        except ProtocolError as error:
            self._refuse(error)
            return
        if request is None:
            return
        if self._requests is None or self._requests.take(trio.current_time()):
            await self._answer(request)
        else:
            self._limit(request)

    def _limit(self, incoming: IncomingRequest) -> None:
        self._limited += 1
        self._answer_error(incoming, ErrorCode.RATE_LIMITED)
        self._note(incoming, ErrorCode.RATE_LIMITED, 0.0)
        if self._limited == _LIMITED:
            self._log("too many requests, dropped")
            self._end("error", _POLICY_VIOLATION, "too many requests")

    def _refuse(self, error: ProtocolError) -> None:
        self._refusals += 1
        self.tell(Announcement(n.MessageRefused(error.code, error.message)))
        if self._refusals == _REFUSALS:
            self._log("too many malformed messages, dropped")
            self._end("error", _POLICY_VIOLATION, "too many malformed messages")

    async def _answer(self, incoming: IncomingRequest) -> None:
        began, refusal = trio.current_time(), None
        with trio.move_on_after(_REQUEST_S, shield=True) as scope:
            try:
                result = await self._carry_out(decode_request(incoming.method, incoming.data))
                # The answer is queued before anything else can run, so that it comes before what follows from it.
                for frame in self._framing.encode_result(incoming, result):
                    self._outbox.put(frame)
                after, self._after = self._after, []
                for live, effects in after:
                    live.execute(effects)
            except ProtocolError as error:
                refusal = error.code
                self._outbox.put(self._framing.encode_error(incoming, error))
        if scope.cancelled_caught:
            refusal = ErrorCode.INTERNAL
            self._log("request timed out", method=incoming.method)
            self._answer_error(incoming, ErrorCode.INTERNAL)
        self._note(incoming, refusal, trio.current_time() - began)

    def _note(self, incoming: IncomingRequest, refusal: ErrorCode | None, seconds: float) -> None:
        self.hub.observe_requests(incoming.method, refusal, seconds)
        if refusal is not None:
            self._refused += 1
            if self._refused <= _LOGGED_REFUSALS:
                self._log("request refused", method=incoming.method, code=refusal)

    def _give_up(self) -> None:
        if waiting := self._waiting:
            self._waiting = None
            waiting.live.give_up(waiting.knock_id)

    def _check_going_on(self) -> None:
        if self._receiving.cancel_called:
            raise ProtocolError(ErrorCode.NOT_JOINED, "The session is ending.")

    def _answer_error(self, incoming: IncomingRequest, code: ErrorCode) -> None:
        self._outbox.put(self._framing.encode_error(incoming, ProtocolError(code)))

    async def _carry_out(self, request: Request) -> object:
        try:
            return await handle(self, request)
        except Exception as error:  # noqa: BLE001 - the client gets an answer, the log the traceback
            answer = to_protocol_error(error)
            if answer is None:
                logger.exception("request failed", extra=self._fields(request=type(request).__name__))
                answer = ProtocolError(ErrorCode.INTERNAL)
            raise answer from None

    def _fields(self, **values: object) -> dict[str, dict[str, object]]:
        where = self.place
        return fields(
            room=where.live.room.id if where else self.room_id,
            participant=where.participant_id if where else None,
            label=self._label or None,
            **values,
        )

    def _log(self, what: str, **values: object) -> None:
        logger.info(what, extra=self._fields(**values))
