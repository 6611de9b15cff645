"""Two rooms under any sequence of joins, leaves and media, against what every participant and the media core were told.

The model knows no rule of a room but this: whoever replays a room's effects must see what the room itself says. What
hosts do, and what follows from it, `test_rooms.py` adds.
"""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.stateful.room_model import Core, View

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.fields import Reason, Source
from videocall.rooms import (
    CloseConsumer,
    CloseDataConsumer,
    CloseDataProducer,
    CloseProducer,
    CloseTransport,
    Effect,
    Expel,
    Limits,
    Notify,
    PauseProducer,
    ResumeProducer,
    Room,
)

LIMITS = Limits(
    participants=4,
    transports_each=3,
    producers_each=4,
    consumers_each=6,
    knocks=3,
    data_producers_each=3,
    data_consumers_each=3,
)


def of_machine(candidates: Callable[["Rooms"], list[Any]]) -> st.SearchStrategy[Any]:
    """One of what the machine has at the moment."""
    return st.runner().flatmap(lambda machine: st.sampled_from(candidates(machine)))


def mostly(likely: Callable[["Rooms"], list[Any]], otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What makes sense, when there is any, three times in four; else whatever ids there ever were."""

    def choose(machine: "Rooms") -> st.SearchStrategy[Any]:
        found = likely(machine)
        sensible = st.sampled_from(found) if found else otherwise
        return st.integers(0, 3).flatmap(lambda dice: sensible if dice < 3 else otherwise)

    return st.runner().flatmap(choose)


ANYBODY = of_machine(lambda machine: machine.people)
ANY_TRANSPORT = of_machine(lambda machine: list(machine.directions))
ANY_PRODUCER = of_machine(lambda machine: list(machine.producer_owners))
ANY_CONSUMER = of_machine(lambda machine: list(machine.consumer_owners))

SOMEBODY = mostly(lambda machine: list(machine.room_of), ANYBODY)
ON_OWN_TRANSPORT = mostly(lambda machine: machine.live_transports("send"), st.tuples(ANYBODY, ANY_TRANSPORT))
OWN_PRODUCER = mostly(lambda machine: machine.live_producers(), st.tuples(ANYBODY, ANY_PRODUCER))
OWN_CONSUMER = mostly(lambda machine: machine.live_consumers(), st.tuples(ANYBODY, ANY_CONSUMER))
WHAT_TO_CONSUME = mostly(lambda machine: machine.consumable(), st.tuples(ANYBODY, ANY_TRANSPORT, ANY_PRODUCER))


class Rooms(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rooms = [Room("one", LIMITS), Room("two", LIMITS)]
        self.cores = [Core(), Core()]
        self.views: dict[str, View] = {}
        self.room_of: dict[str, int] = {}
        # Every id there ever was, and one that never was.
        self.people = ["nobody"]
        self.directions = {"nothing": "send"}
        self.producer_owners = {"nothing": "nobody"}
        self.consumer_owners = {"nothing": "nobody"}
        self.wants_paused: dict[str, bool] = {}
        self.screens: dict[str, bool] = {}
        self.cameras: set[str] = set()
        self.muted: set[str] = set()
        self.count = 0

    # Rules

    @initialize()
    def begin_a_call(self) -> None:
        self.join(0, "Ada")
        self.join(0, "Bob")
        for owner, transport_id in self.live_transports("send"):
            self.produce((owner, transport_id), "camera", paused=False, keeps_camera=False)
        for what in self.consumable():
            self.consume(what)

    @rule(number=st.integers(0, 1), name=st.sampled_from(["Ada", " Bob", "Eve", "  "]))
    def join(self, number: int, name: str) -> None:
        me = self.new_id("someone")
        self.people.append(me)
        room = self.rooms[number]
        full = len(room.participants) >= self.capacity(number)
        if full or not name.strip():
            with pytest.raises(ProtocolError) as refusal:
                room.join(me, name, self.count)
            assert refusal.value.code == (ErrorCode.ROOM_FULL if full else ErrorCode.BAD_REQUEST)
            return
        self.enter(me, number, room.join(me, name, self.count))

    @rule(me=ANYBODY, reason=st.sampled_from(["left", "timeout", "error"]))
    def leave(self, me: str, reason: Reason) -> None:
        number = self.room_of.pop(me, 0)
        effects = self.rooms[number].leave(me, reason)
        assert bool(self.views.pop(me, None)) or effects == []
        self.run(number, effects)

    @rule(me=SOMEBODY, name=st.sampled_from(["Eve", "Zoë "]))
    def rename(self, me: str, name: str) -> None:
        self.attempt(me, lambda room: room.set_display_name(me, name), allowed=True)
        self.see_oneself(me)

    @rule(me=SOMEBODY, direction=st.sampled_from(["send", "recv"]))
    def create_transport(self, me: str, direction: Literal["send", "recv"]) -> None:
        transport_id = self.new_id("transport")
        core = self.core_of(me)
        mine = sum(owner == me for owner in core.transports.values())

        def create(room: Room) -> list[Effect]:
            room.add_transport(me, transport_id, direction)
            core.transports[transport_id] = me
            self.directions[transport_id] = direction
            return []

        self.attempt(me, create, allowed=mine < LIMITS.transports_each, otherwise=ErrorCode.LIMIT_REACHED)

    @rule(transport_id=ANY_TRANSPORT)
    def core_closes_transport(self, transport_id: str) -> None:
        for number, core in enumerate(self.cores):
            if owner := core.transports.get(transport_id):
                core.close_transport(transport_id)
                self.run(number, self.rooms[number].transport_closed(owner, transport_id))

    @rule(
        where=ON_OWN_TRANSPORT,
        source=st.sampled_from(["screen", "camera", "microphone"]),
        paused=st.booleans(),
        keeps_camera=st.booleans(),
    )
    def produce(
        self,
        where: tuple[str, str],
        source: Literal["camera", "screen", "microphone"],
        paused: bool,
        keeps_camera: bool,
    ) -> None:
        me, transport_id = where
        producer_id = self.new_id("producer")
        core = self.core_of(me)
        mine = sum(core.transports[transport] == me for transport, _ in core.producers.values())
        otherwise = None
        if core.transports.get(transport_id) != me:
            otherwise = ErrorCode.NOT_FOUND
        elif self.directions[transport_id] != "send":
            otherwise = ErrorCode.CONFLICT
        elif mine == LIMITS.producers_each:
            otherwise = ErrorCode.LIMIT_REACHED
        elif not self.may_publish(me, source):
            otherwise = ErrorCode.FORBIDDEN

        def create(room: Room) -> list[Effect]:
            held = room.starts_held(me, source)
            effects = room.add_producer(
                me,
                transport_id,
                producer_id,
                "audio" if source == "microphone" else "video",
                source,
                paused=paused,
                keeps_camera=keeps_camera,
                media_paused=paused or held,
            )
            core.producers[producer_id] = (transport_id, paused or held)
            self.producer_owners[producer_id] = me
            self.wants_paused[producer_id] = paused
            if source == "screen":
                self.screens[producer_id] = keeps_camera
            elif source == "camera":
                self.cameras.add(producer_id)
            return effects

        self.attempt(me, create, allowed=otherwise is None, otherwise=otherwise)

    @rule(which=OWN_PRODUCER, paused=st.booleans())
    def pause_or_resume(self, which: tuple[str, str], paused: bool) -> None:
        me, producer_id = which

        def change(room: Room) -> list[Effect]:
            effects = room.pause_producer(me, producer_id) if paused else room.resume_producer(me, producer_id)
            self.wants_paused[producer_id] = paused
            if not paused:
                self.muted.discard(producer_id)
                self.views[me].own_muted.discard(producer_id)
            return effects

        self.attempt(me, change, allowed=which in self.live_producers())

    @rule(which=OWN_PRODUCER)
    def close_producer(self, which: tuple[str, str]) -> None:
        me, producer_id = which
        self.attempt(me, lambda room: room.close_producer(me, producer_id), allowed=which in self.live_producers())

    @rule(which=OWN_PRODUCER, reason=st.sampled_from(["closed", "error"]))
    def core_closes_producer(self, which: tuple[str, str], reason: Reason) -> None:
        _, producer_id = which
        for number, core in enumerate(self.cores):
            if producer_id in core.producers:
                core.close_producer(producer_id)
                self.run(number, self.rooms[number].producer_closed(producer_id, reason))

    @rule(what=WHAT_TO_CONSUME)
    def consume(self, what: tuple[str, str, str]) -> None:
        me, transport_id, producer_id = what
        consumer_id = self.new_id("consumer")
        core = self.core_of(me)
        mine = sum(core.transports[transport] == me for transport, _ in core.consumers.values())
        otherwise = None
        if core.transports.get(transport_id) != me:
            otherwise = ErrorCode.NOT_FOUND
        elif self.directions[transport_id] != "recv":
            otherwise = ErrorCode.CONFLICT
        elif producer_id not in core.producers:
            otherwise = ErrorCode.NOT_FOUND
        elif mine == LIMITS.consumers_each:
            otherwise = ErrorCode.LIMIT_REACHED

        def create(room: Room) -> list[Effect]:
            seen = room.add_consumer(me, transport_id, consumer_id, producer_id)
            assert seen.participantId == self.producer_owners[producer_id]
            core.consumers[consumer_id] = (transport_id, producer_id)
            self.consumer_owners[consumer_id] = me
            self.views[me].consumers[consumer_id] = (producer_id, seen.paused)
            return []

        self.attempt(me, create, allowed=otherwise is None, otherwise=otherwise)

    @rule(which=OWN_CONSUMER)
    def close_consumer(self, which: tuple[str, str]) -> None:
        me, consumer_id = which

        def close(room: Room) -> list[Effect]:
            effects = room.close_consumer(me, consumer_id)
            del self.views[me].consumers[consumer_id]
            return effects

        self.attempt(me, close, allowed=which in self.live_consumers())

    @rule(which=OWN_CONSUMER)
    def core_closes_consumer(self, which: tuple[str, str]) -> None:
        _, consumer_id = which
        for number, core in enumerate(self.cores):
            if core.consumers.pop(consumer_id, None):
                owner = self.consumer_owners[consumer_id]
                self.run(number, self.rooms[number].consumer_closed(owner, consumer_id, "error"))

    # What must hold after every step

    @invariant()
    def everybody_sees_the_room_as_it_is(self) -> None:
        for me, number in self.room_of.items():
            room, view = self.rooms[number], self.views[me]
            people = {p.participantId: p for p in room.participants}
            published = {p.producerId: (p.participantId, p.paused) for p in room.producers if p.participantId != me}
            assert (view.participants, view.producers) == (people, published)

    @invariant()
    def the_core_has_what_the_room_says(self) -> None:
        for number, (room, core) in enumerate(zip(self.rooms, self.cores, strict=True)):
            assert {p.producerId: p.paused for p in room.producers} == {
                p: paused for p, (_, paused) in core.producers.items()
            }
            here = [self.views[me] for me, where in self.room_of.items() if where == number]
            assert {c: of for view in here for c, (of, _) in view.consumers.items()} == {
                c: of for c, (_, of) in core.consumers.items()
            }
            for view in here:
                for producer_id, paused in view.consumers.values():
                    assert paused == core.producers[producer_id][1]

    @invariant()
    def the_core_keeps_nothing_of_those_who_left(self) -> None:
        for number, core in enumerate(self.cores):
            assert set(core.transports.values()) <= {me for me, where in self.room_of.items() if where == number}

    @invariant()
    def producers_are_paused_by_their_owner_or_for_a_screen(self) -> None:
        for room in self.rooms:
            for producer in room.producers:
                covered = producer.producerId in self.cameras and any(
                    other.participantId == producer.participantId and self.screens.get(other.producerId) is False
                    for other in room.producers
                )
                muted = producer.producerId in self.muted
                assert producer.paused == (self.wants_paused[producer.producerId] or muted or covered)

    # What hosts may change

    def capacity(self, number: int) -> int:
        """How many may be in that room."""
        del number
        return LIMITS.participants

    def may_publish(self, me: str, source: Source) -> bool:
        """Whether somebody has the permission."""
        del me, source
        return True

    # Helpers

    def enter(self, me: str, number: int, effects: list[Effect]) -> None:
        """Somebody was let into a room."""
        self.room_of[me] = number
        self.views[me] = View.of(me, self.rooms[number])
        self.run(number, effects)
        # Two transports at once, as every client makes them: without them little can happen.
        for direction in ("send", "recv"):
            self.create_transport(me, direction)

    def see_oneself(self, me: str) -> None:
        """Know what one did to oneself: the answer to the request is all one is told."""
        if (number := self.room_of.get(me)) is not None:
            self.views[me].participants[me] = self.rooms[number].participant(me)

    def new_id(self, what: str) -> str:
        self.count += 1
        return f"{what}-{self.count}"

    def core_of(self, me: str) -> Core:
        return self.cores[self.room_of.get(me, 0)]

    def live_transports(self, direction: str) -> list[tuple[str, str]]:
        live = [(owner, t) for core in self.cores for t, owner in core.transports.items()]
        return [pair for pair in live if self.directions[pair[1]] == direction]

    def live_producers(self) -> list[tuple[str, str]]:
        return [(self.producer_owners[p], p) for core in self.cores for p in core.producers]

    def live_consumers(self) -> list[tuple[str, str]]:
        return [(self.consumer_owners[c], c) for core in self.cores for c in core.consumers]

    def consumable(self) -> list[tuple[str, str, str]]:
        return [
            (owner, transport, producer)
            for owner, transport in self.live_transports("recv")
            for producer in self.core_of(owner).producers
        ]

    def attempt(
        self,
        me: str,
        action: Callable[[Room], list[Effect]],
        *,
        allowed: bool,
        otherwise: ErrorCode | None = ErrorCode.NOT_FOUND,
    ) -> None:
        """Do it if it is allowed; else it must be refused with its code, and change nothing."""
        number = self.room_of.get(me)
        room = self.rooms[number or 0]
        if number is not None and allowed:
            self.run(number, action(room))
            return
        before = everything_of(room)
        with pytest.raises(ProtocolError) as refusal:
            action(room)
        assert refusal.value.code == (ErrorCode.NOT_JOINED if number is None else otherwise)
        assert everything_of(room) == before

    def run(self, number: int, effects: list[Effect]) -> None:
        core = self.cores[number]
        for effect in effects:
            match effect:
                case Notify(to, notification):
                    assert len(set(to)) == len(to)
                    for participant_id in to:
                        assert self.room_of[participant_id] == number
                        self.views[participant_id].hear(notification)
                case PauseProducer(producer_id):
                    core.set_paused(producer_id, paused=True)
                case ResumeProducer(producer_id):
                    core.set_paused(producer_id, paused=False)
                case CloseTransport(transport_id):
                    core.close_transport(transport_id)
                case CloseProducer(producer_id):
                    core.close_producer(producer_id)
                case CloseConsumer(consumer_id):
                    del core.consumers[consumer_id]
                case CloseDataProducer(channel):
                    core.close_channel(channel)
                case CloseDataConsumer(listener):
                    del core.listeners[listener]
                case Expel(participant_id):
                    self.leave(participant_id, "removed")
                case _:
                    self.told_watchers(effect)

    def told_watchers(self, effect: Effect) -> None:
        """What is for others than participants and the core."""


def everything_of(room: Room) -> object:
    """All that a refused call must leave as it was."""
    return (
        room.settings,
        room.participants,
        room.producers,
        room.data_producers,
        room.knocks,
        room.chat.messages,
    )
