"""Sessions from socket to room under any sequence of joins, breaks, resumes and what hosts do, in virtual time.

After every step each client's picture, made of the answers to its requests and of notifications alone, must be the room
as the server has it: nothing was missed and nothing came twice.
"""

from typing import Any, Final, Literal, get_args

import msgspec
import trio
import trio.testing
from attrs import Factory, define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket, Json, Refused
from tests.stateful.room_model import View
from tests.unit.ortc import devices
from tests.unit.signaling.conftest import audio_parameters, video_parameters

from videocall.ortc import to_wire
from videocall.protocol import notifications as n
from videocall.protocol import results
from videocall.protocol.fields import Role, Source
from videocall.protocol.notifications import NOTIFICATIONS
from videocall.sfu import ListenInfo
from videocall.sfu._engine import run_engine
from videocall.signaling import Hub, Session, open_hub
from videocall.signaling.handlers import ROUTER_CAPABILITIES
from videocall.signaling.hub import RESUME_S
from videocall.signaling.rates import Rate, Rates

SLOTS: Final = 4
CAPABILITIES: Final[Json] = to_wire(devices.receiving("chromium", ROUTER_CAPABILITIES))
PLENTY: Final = Rates(requests=None, talk=Rate(10**6, 10**6))

OUTSIDE_ERRORS: Final = {"ROOM_LOCKED", "ROOM_FULL", "NOT_FOUND"}
RULE_ERRORS: Final = {"FORBIDDEN", "CONFLICT", "NOT_FOUND", "NOT_JOINED", "ROOM_FULL"}
"""What a request may be refused with, whatever came before it; above all not ``INTERNAL``."""

State = Literal["outside", "waiting", "inside", "broken"]


@define
class Guest:
    """Somebody who comes and goes, with what they know."""

    client: FakeClient | None = None
    state: State = "outside"
    view: View | None = None
    token: str = ""
    knock: str = ""
    broke_at: float = 0.0
    transports: list[str] = Factory(list)
    producers: list[str] = Factory(list)


@define
class World:
    hub: Hub
    nursery: trio.Nursery
    guests: list[Guest] = Factory(lambda: [Guest() for _ in range(SLOTS)])
    ssrc: int = 1

    def open_client(self) -> FakeClient:
        socket = FakeSocket()
        self.nursery.start_soon(Session(self.hub, socket, room_id="daily").run)
        return FakeClient(socket)

    # Steps: each takes a guest and a number, which chooses what it may choose

    async def join(self, guest: Guest, number: int) -> None:
        if guest.state not in {"outside", "broken"}:
            return
        client = self.open_client()
        data: Json = {"displayName": "Guest"}
        if guest.token and number % 2:
            data["resumeToken"] = guest.token
        answer = await self.ask(client, "joinRoom", data, OUTSIDE_ERRORS)
        if answer is None:
            client.socket.hang_up()
        elif guest.state == "broken" and "resumeToken" not in data:
            client.socket.hang_up()  # another person, who changes their mind
        elif "knockId" in answer:
            guest.client, guest.state, guest.knock = client, "waiting", answer["knockId"]
        else:
            guest.client = client
            await self.come_in(guest, msgspec.convert(answer, results.RoomJoined))

    async def come_in(self, guest: Guest, joined: results.RoomJoined) -> None:
        guest.state, guest.token, guest.knock = "inside", joined.resumeToken, ""
        guest.view = picture(joined, joined.participants)
        me = results.Participant(joined.participantId, "Guest", joined.role, 0, joined.permissions, handRaised=False)
        live = self.hub.live_room("daily")
        assert live is not None
        # One's own entry is not in the answer; all that matters of it is.
        guest.view.participants[me.participantId] = live.room.participant(me.participantId)
        assert (me.role, me.permissions) == (joined.role, joined.permissions)
        guest.transports, guest.producers = [], []

    async def make_transports(self, guest: Guest, _: int) -> None:
        if guest.state == "inside" and not guest.transports:
            for direction in ("send", "recv"):
                answer = await self.request(guest, "createWebRtcTransport", {"direction": direction})
                assert answer is not None
                guest.transports.append(answer["id"])

    async def leave(self, guest: Guest, _: int) -> None:
        if guest.client is not None and guest.state in {"inside", "waiting"}:
            assert await self.ask(guest.client, "leaveRoom", {}, set()) == {}
            guest.client.socket.hang_up()
            self.out(guest)

    async def break_socket(self, guest: Guest, _: int) -> None:
        if guest.client is not None and guest.state in {"inside", "waiting"}:
            guest.client.socket.hang_up(clean=False)
            await trio.testing.wait_all_tasks_blocked()
            guest.state = "broken" if guest.state == "inside" else "outside"
            guest.client, guest.broke_at, guest.view = None, trio.current_time(), None

    async def resume(self, guest: Guest, number: int) -> None:
        if not guest.token or guest.state == "waiting" or (guest.state == "inside" and number % 3):
            return  # now and then a socket is taken over that still works
        client = self.open_client()
        in_time = trio.current_time() - guest.broke_at < RESUME_S
        answer = await self.ask(client, "resumeSession", {"resumeToken": guest.token}, OUTSIDE_ERRORS)
        if answer is None:
            client.socket.hang_up()
            assert guest.state != "inside"
            assert guest.state != "broken" or not in_time or self.was_sent_out(guest)
            self.out(guest)
            return
        assert guest.state != "outside"
        snapshot = msgspec.convert(answer, results.SessionResumed)
        assert snapshot.transports == guest.transports
        guest.client, guest.state = client, "inside"
        guest.view = picture(snapshot, snapshot.participants)
        guest.view.consumers = {
            c.consumerId: (c.producerId, next(p.paused for p in snapshot.producers if p.producerId == c.producerId))
            for c in snapshot.consumers
        }
        guest.producers = [p.producerId for p in snapshot.producers if p.participantId == snapshot.participantId]

    async def wait(self, _: Guest, number: int) -> None:
        await trio.sleep((1, 10, 40)[number % 3])

    async def produce(self, guest: Guest, number: int) -> None:
        if guest.transports:
            self.ssrc += 10
            source = get_args(Source)[number % 4]
            is_video = source in {"camera", "screen"}
            parameters = video_parameters(self.ssrc) if is_video else audio_parameters(self.ssrc)
            data = {"kind": "video" if is_video else "audio", "source": source, "rtpParameters": parameters}
            data |= {"transportId": guest.transports[0], "paused": bool(number & 4)}
            if answer := await self.request(guest, "produce", data):
                guest.producers.append(answer["id"])

    async def change_producer(self, guest: Guest, number: int) -> None:
        if guest.producers:
            method = ("pauseProducer", "resumeProducer", "closeProducer")[number % 3]
            await self.request(guest, method, {"producerId": guest.producers[number % len(guest.producers)]})

    async def consume(self, guest: Guest, number: int) -> None:
        if guest.transports and guest.view and guest.view.producers:
            producer_id = sorted(guest.view.producers)[number % len(guest.view.producers)]
            data = {"transportId": guest.transports[1], "producerId": producer_id, "rtpCapabilities": CAPABILITIES}
            if answer := await self.request(guest, "consume", data):
                guest.view.consumers[answer["id"]] = (producer_id, answer["producerPaused"])

    async def set_role(self, guest: Guest, number: int) -> None:
        await self.request(guest, "setRole", {**self.target(number), "role": get_args(Role)[number % 3]})

    async def set_permissions(self, guest: Guest, number: int) -> None:
        name = ("audio", "video", "screen", "chat")[number % 4]
        await self.request(guest, "setPermissions", {**self.target(number), "permissions": {name: bool(number & 8)}})

    async def mute(self, guest: Guest, number: int) -> None:
        await self.request(guest, "muteParticipant", {**self.target(number), "sources": list(get_args(Source))})

    async def remove(self, guest: Guest, number: int) -> None:
        await self.request(guest, "removeParticipant", self.target(number))

    async def set_room(self, guest: Guest, number: int) -> None:
        changes: list[Json] = [{"lobby": True}] * 8
        changes += [{"lobby": False}, {"locked": True}, {"locked": False}, {"locked": False}]
        changes += [{"maxParticipants": 3}, {"maxParticipants": None}, {"permissions": {"video": False}}]
        await self.request(guest, "updateRoom", changes[number % len(changes)])

    async def answer_knock(self, guest: Guest, number: int) -> None:
        if guest.view and guest.view.knocks:
            await self.request(guest, "reject" if number % 4 == 0 else "admit", {"knockId": guest.view.knocks[0]})

    async def write(self, guest: Guest, number: int) -> None:
        await self.request(guest, "sendMessage", {"text": "Hello", "clientMessageId": str(number % 3)})

    async def raise_hand(self, guest: Guest, number: int) -> None:
        if await self.request(guest, "raiseHand", {"raised": bool(number % 2)}) is not None:
            self.see_oneself(guest)

    async def end_call(self, guest: Guest, number: int) -> None:
        if number % 4 == 0:  # now and then: it ends all that went before
            await self.request(guest, "endRoom", {})

    # What must hold after every step

    async def check(self) -> None:
        await trio.testing.wait_all_tasks_blocked()
        for guest in self.guests:
            await self.take_in(guest)
        live = self.hub.live_room("daily")
        knocks = {knock.id for knock in live.room.knocks} if live else set()
        assert knocks == {guest.knock for guest in self.guests if guest.state == "waiting"}
        present = {p.participantId: p for p in live.room.participants} if live else {}
        for guest in self.guests:
            if guest.state != "inside":
                continue
            view = guest.view
            assert view is not None
            assert live is not None
            room = live.room
            assert view.participants == present
            assert view.producers == {
                p.producerId: (p.participantId, p.paused) for p in room.producers if p.participantId != view.me
            }
            assert sorted(view.consumers) == sorted(c.consumerId for c in room.possessions(view.me)[1])
            assert view.state == room.settings.wire()
            assert view.messages == room.chat.messages
            assert view.knocks == [k.knockId for k in room.knocks_for(view.me)]
        inside = sum(guest.state == "inside" for guest in self.guests)
        broken = sum(guest.state == "broken" for guest in self.guests)
        assert inside <= len(present) <= inside + broken

    # Helpers

    def target(self, number: int) -> Json:
        live = self.hub.live_room("daily")
        people = [p.participantId for p in live.room.participants] if live else []
        return {"participantId": people[number % len(people)] if people else "nobody"}

    def was_sent_out(self, guest: Guest) -> bool:
        live = self.hub.live_room("daily")
        seat = self.hub.seats.find(guest.token)
        return live is None or seat is None

    def out(self, guest: Guest) -> None:
        guest.client, guest.state, guest.view, guest.knock = None, "outside", None, ""
        guest.transports, guest.producers = [], []

    def see_oneself(self, guest: Guest) -> None:
        live = self.hub.live_room("daily")
        assert live is not None
        assert guest.view is not None
        guest.view.participants[guest.view.me] = live.room.participant(guest.view.me)

    async def request(self, guest: Guest, method: str, data: Json) -> Json | None:
        if guest.client is None or guest.state != "inside":
            return None
        answer = await self.ask(guest.client, method, data, RULE_ERRORS)
        await self.take_in(guest, settle=False)
        return answer

    async def ask(self, client: FakeClient, method: str, data: Json, errors: set[str]) -> Json | None:
        try:
            return await client.request(method, data)
        except Refused as refused:
            if refused.code not in errors:
                raise
            return None

    async def take_in(self, guest: Guest, *, settle: bool = True) -> None:
        """Hear what was said, in its order."""
        if guest.client is None:
            return
        heard, guest.client.heard = guest.client.heard, []
        while settle:
            try:
                message = guest.client.socket.from_server.receive_nowait()
            except (trio.WouldBlock, trio.EndOfChannel):
                break
            heard.append((message["method"], message["data"]))
        for method, data in heard:
            await self.hear(guest, msgspec.convert(data, NOTIFICATIONS[method]))

    async def hear(self, guest: Guest, notification: Any) -> None:
        match notification:
            case results.RoomJoined():
                await self.come_in(guest, notification)
            case n.LobbyRejected() | n.RoomEnded() | n.Removed():
                self.out(guest)
            case n.ActiveSpeakers():
                pass
            case _ if guest.view is not None:
                guest.view.hear(notification)
            case _:
                raise AssertionError(f"told {notification} outside of the room")


def picture(snapshot: results.RoomJoined | results.SessionResumed, participants: list[results.Participant]) -> View:
    me = snapshot.participantId
    return View(
        me,
        {p.participantId: p for p in participants},
        {p.producerId: (p.participantId, p.paused) for p in snapshot.producers if p.participantId != me},
        state=snapshot.room,
        knocks=[knock.knockId for knock in snapshot.knocks],
        messages=snapshot.messages,
    )


STEPS: Final = (
    *[World.join] * 4,
    *[World.make_transports] * 3,
    *[World.break_socket] * 3,
    *[World.resume] * 4,
    *[World.produce] * 3,
    *[World.consume] * 3,
    World.leave,
    World.wait,
    World.wait,
    World.change_producer,
    World.set_role,
    World.set_permissions,
    World.mute,
    World.remove,
    *[World.set_room] * 3,
    *[World.answer_knock] * 2,
    World.write,
    World.raise_hand,
    World.end_call,
)
MOVES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, SLOTS - 1), st.integers(0, 23)), min_size=40, max_size=60
)


@given(moves=MOVES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_picture_stays_true_whatever_breaks(moves: list[tuple[Any, int, int]]) -> None:
    async def play() -> None:
        with FakeMedia() as media:
            async with (
                run_engine(media, workers=1, listen=[ListenInfo("127.0.0.1", 10000)]) as engine,
                open_hub(engine, rates=PLENTY) as hub,
                trio.open_nursery() as nursery,
            ):
                world = World(hub, nursery)
                for guest in world.guests[:2]:
                    await world.join(guest, 0)
                    await world.make_transports(guest, 0)
                    await world.check()
                for step, slot, number in moves:
                    await step(world, world.guests[slot], number)
                    await world.check()
                for guest in world.guests:
                    await world.leave(guest, 0)
                    await world.check()
                await trio.sleep(2 * RESUME_S)
                assert hub.room_count == 0
                assert media.objects == {}
                nursery.cancel_scope.cancel()

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))
