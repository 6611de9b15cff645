"""Two rooms under any sequence of calls: what `calls_machine.py` does, and all that hosts and guests do beside it.

The rules of roles, permissions and the next host are written down a second time here, as simply as can be.
"""

from typing import Literal, get_args

import pytest
from attrs import define, evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from tests.stateful.calls_machine import ANYBODY, LIMITS, SOMEBODY, mostly, of_machine
from tests.stateful.data_machine import RoomsWithData

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.fields import Reason, Role, Source
from videocall.protocol.shapes import PermissionChanges
from videocall.rooms import Effect, KnockEnded, Room

Permission = Literal["audio", "video", "screen", "chat"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
COVERS: dict[Source, Permission] = {
    "microphone": "audio",
    "camera": "video",
    "screen": "screen",
    "screenAudio": "screen",
}


@define
class Person:
    role: Role
    own: dict[Permission, bool]


HOST_AND_OTHER = mostly(
    lambda machine: [
        (host, other)
        for host, number in machine.room_of.items()
        if machine.rooms[number].participant(host).role == "host"
        for other in machine.room_of
        if machine.room_of[other] == number
    ],
    st.tuples(ANYBODY, ANYBODY),
)
KNOCKED = of_machine(lambda machine: machine.knock_ids)


class RoomsWithHosts(RoomsWithData):
    def __init__(self) -> None:
        super().__init__()
        self.persons: dict[str, Person] = {}
        self.order: list[list[str]] = [[], []]
        self.defaults: list[dict[Permission, bool]] = [dict.fromkeys(PERMISSIONS, True) for _ in self.rooms]
        self.bounds = [LIMITS.participants, LIMITS.participants]
        self.host_wanted = [False, False]
        self.knock_ids = ["nothing"]
        self.lobbies: list[list[str]] = [[], []]
        self.admitted: list[str] = []

    # The rules a second time

    def capacity(self, number: int) -> int:
        return min(self.bounds[number], LIMITS.participants)

    def may(self, me: str, permission: Permission) -> bool:
        person, defaults = self.persons[me], self.defaults[self.room_of[me]]
        if person.role == "host":
            return True
        if person.role == "viewer":
            return permission == "chat" and person.own.get("chat", False)
        return person.own.get(permission, defaults[permission])

    def may_publish(self, me: str, source: Source) -> bool:
        return me not in self.persons or self.may(me, COVERS[source])

    def may_open_channels(self, me: str) -> bool:
        return me not in self.persons or self.persons[me].role != "viewer"

    def is_host(self, me: str) -> bool:
        return me in self.persons and self.persons[me].role == "host"

    def hosts(self, number: int) -> list[str]:
        return [one for one in self.order[number] if self.is_host(one)]

    def arrived(self, me: str, number: int, granted: Role | None) -> None:
        if granted == "viewer":
            role: Role = "viewer"
        elif self.host_wanted[number] or (granted is None and not self.hosts(number)):
            role = "host"
        else:
            role = granted or "participant"
        self.order[number].append(me)
        self.persons[me] = Person(role, {})
        self.host_wanted[number] = self.host_wanted[number] and role != "host"

    # Coming and going

    def join(self, number: int, name: str) -> None:  # as the rule of the same name, which is inherited
        super().join(number, name)
        me = self.people[-1]
        if me in self.room_of:
            self.arrived(me, number, None)

    join = rule(number=st.integers(0, 1), name=st.sampled_from(["Ada", " Bob", "  "]))(join)

    @rule(number=st.integers(0, 1), granted=st.sampled_from(get_args(Role)))
    def join_with_a_grant(self, number: int, granted: Role) -> None:
        me, room = self.new_id("someone"), self.rooms[number]
        self.people.append(me)
        if len(room.participants) >= self.capacity(number):
            with pytest.raises(ProtocolError, match="ROOM_FULL"):
                room.join(me, "Gil", self.count, granted)
            return
        self.come_in(me, number, room.join(me, "Gil", self.count, granted), granted)

    def leave(self, me: str, reason: Reason) -> None:
        number = self.room_of.get(me)
        if number is not None:
            was_host = self.persons.pop(me).role == "host"
            self.order[number].remove(me)
            if was_host and not self.hosts(number):
                heirs = [one for one in self.order[number] if self.persons[one].role != "viewer"]
                for heir in heirs[:1]:
                    self.persons[heir] = Person("host", {})
                self.host_wanted[number] = not heirs
            self.host_wanted[number] = self.host_wanted[number] and bool(self.order[number])
        super().leave(me, reason)

    leave = rule(me=ANYBODY, reason=st.sampled_from(["left", "timeout", "error"]))(leave)

    @rule(me=SOMEBODY)
    def come_anew(self, me: str) -> None:
        number = self.room_of.get(me)
        if number is None:
            return
        room, person, again = self.rooms[number], self.persons.pop(me), self.new_id("someone")
        standing = room.standing(me)
        self.order[number].remove(me)
        self.people.append(again)
        super().leave(me, "replaced")
        effects = room.join(again, "Again", self.count, "viewer", standing=standing)
        self.order[number].append(again)
        self.persons[again] = person
        self.enter(again, number, effects)

    # Hosts

    @rule(who=HOST_AND_OTHER, role=st.sampled_from(get_args(Role)))
    def set_role(self, who: tuple[str, str], role: Role) -> None:
        me, other = who
        number, otherwise = self.check_host(me, other)
        if otherwise is None and self.is_host(other) and role != "host" and len(self.hosts(number)) == 1:
            otherwise = ErrorCode.CONFLICT

        def change(room: Room) -> list[Effect]:
            effects = room.set_role(me, other, role)
            if self.persons[other].role != role:
                self.persons[other] = Person(role, {})
                self.host_wanted[number] = self.host_wanted[number] and role != "host"
            return effects

        self.attempt(me, change, allowed=otherwise is None, otherwise=otherwise)

    @rule(who=HOST_AND_OTHER, permission=st.sampled_from(PERMISSIONS), value=st.booleans())
    def set_permission(self, who: tuple[str, str], permission: Permission, value: bool) -> None:
        me, other = who
        _, otherwise = self.check_host(me, other)
        if otherwise is None and self.is_host(other):
            otherwise = ErrorCode.CONFLICT
        if otherwise is None and self.persons[other].role == "viewer" and value and permission != "chat":
            otherwise = ErrorCode.CONFLICT

        def change(room: Room) -> list[Effect]:
            effects = room.set_permissions(me, other, PermissionChanges(**{permission: value}))
            self.persons[other].own[permission] = value
            return effects

        self.attempt(me, change, allowed=otherwise is None, otherwise=otherwise)

    @rule(who=HOST_AND_OTHER, sources=st.sets(st.sampled_from(get_args(Source)), min_size=1))
    def mute(self, who: tuple[str, str], sources: set[Source]) -> None:
        me, other = who
        _, otherwise = self.check_host(me, other)

        def change(room: Room) -> list[Effect]:
            effects = room.mute(me, other, sources)
            theirs = [p for p in room.producers if p.participantId == other and p.source in sources]
            self.muted |= {producer.producerId for producer in theirs}
            return effects

        self.attempt(me, change, allowed=otherwise is None, otherwise=otherwise)

    @rule(who=HOST_AND_OTHER)
    def remove(self, who: tuple[str, str]) -> None:
        me, other = who
        _, otherwise = self.check_host(me, other)
        if otherwise is None and me == other:
            otherwise = ErrorCode.CONFLICT
        self.attempt(me, lambda room: room.remove(me, other), allowed=otherwise is None, otherwise=otherwise)
        assert otherwise is not None or other not in self.room_of

    @rule(who=HOST_AND_OTHER, permission=st.sampled_from(PERMISSIONS), value=st.booleans(), bound=st.integers(1, 5))
    def update(self, who: tuple[str, str], permission: Permission, value: bool, bound: int) -> None:
        me, _ = who
        number = self.room_of.get(me, 0)

        def change(room: Room) -> list[Effect]:
            permissions = evolve(room.settings.permissions, **{permission: value})
            changed = evolve(room.settings, permissions=permissions, max_participants=bound, lobby=True)
            effects = room.update(me, changed)
            self.defaults[number][permission] = value
            self.bounds[number] = bound
            return effects

        self.attempt(me, change, allowed=self.is_host(me), otherwise=ErrorCode.FORBIDDEN)

    # The lobby

    @rule(number=st.integers(0, 1))
    def knock(self, number: int) -> None:
        knock_id = self.new_id("knock")
        self.knock_ids.append(knock_id)
        if len(self.lobbies[number]) == LIMITS.knocks:
            with pytest.raises(ProtocolError, match="ROOM_FULL"):
                self.rooms[number].knock(knock_id, "Eve")
            return
        effects = self.rooms[number].knock(knock_id, "Eve")
        self.lobbies[number].append(knock_id)
        self.run(number, effects)

    @rule(who=HOST_AND_OTHER, knock_id=KNOCKED, admitted=st.booleans())
    def answer_knock(self, who: tuple[str, str], knock_id: str, admitted: bool) -> None:
        me, _ = who
        number = self.room_of.get(me, 0)
        otherwise = None
        if not self.is_host(me):
            otherwise = ErrorCode.FORBIDDEN
        elif knock_id not in self.lobbies[number]:
            otherwise = ErrorCode.NOT_FOUND
        elif admitted and len(self.order[number]) >= self.capacity(number):
            otherwise = ErrorCode.ROOM_FULL

        def change(room: Room) -> list[Effect]:
            effects = room.admit(me, knock_id) if admitted else room.reject(me, knock_id)
            self.lobbies[number].remove(knock_id)
            return effects

        self.attempt(me, change, allowed=otherwise is None, otherwise=otherwise)
        assert len(self.admitted) == (otherwise is None and admitted)
        for _ in self.admitted:
            someone = self.new_id("someone")
            self.people.append(someone)
            self.come_in(someone, number, self.rooms[number].join(someone, "Eve", self.count), None)
        self.admitted.clear()

    @rule(knock_id=KNOCKED)
    def give_up(self, knock_id: str) -> None:
        for number, lobby in enumerate(self.lobbies):
            effects = self.rooms[number].give_up(knock_id)
            assert bool(effects) == (knock_id in lobby)
            if knock_id in lobby:
                lobby.remove(knock_id)
            self.run(number, effects)

    def told_watchers(self, effect: Effect) -> None:
        if isinstance(effect, KnockEnded) and effect.outcome == "admitted":
            self.admitted.append(effect.knock.id)

    # Everyone

    @rule(me=SOMEBODY, client_id=st.sampled_from(["1", "2", None]))
    def write(self, me: str, client_id: str | None) -> None:
        before = len(self.rooms[self.room_of.get(me, 0)].chat.messages)
        again = me in self.room_of and any(
            (m.participantId, m.clientMessageId) == (me, client_id)
            for m in self.rooms[self.room_of[me]].chat.messages
            if client_id is not None
        )

        def send(room: Room) -> list[Effect]:
            message, effects = room.send_message(me, "Hello", client_id, now_ms=5, entropy=f"{self.count:020x}")
            assert (message.participantId, message.clientMessageId) == (me, client_id)
            assert len(room.chat.messages) == before + (not again)
            return effects

        allowed = me in self.room_of and (again or self.may(me, "chat"))
        self.attempt(me, send, allowed=allowed, otherwise=ErrorCode.FORBIDDEN)

    @rule(me=SOMEBODY, raised=st.booleans())
    def raise_hand(self, me: str, raised: bool) -> None:
        self.attempt(me, lambda room: room.raise_hand(me, raised=raised), allowed=True)
        self.see_oneself(me)

    # What must hold after every step

    @invariant()
    def roles_and_permissions_are_as_written_down(self) -> None:
        for number, room in enumerate(self.rooms):
            assert [p.participantId for p in room.participants] == self.order[number]
            for participant in room.participants:
                me = participant.participantId
                assert participant.role == self.persons[me].role
                expected = {permission: self.may(me, permission) for permission in PERMISSIONS}
                assert participant.permissions == type(participant.permissions)(**expected)

    @invariant()
    def nobody_publishes_without_permission(self) -> None:
        for room in self.rooms:
            for producer in room.producers:
                assert self.may(producer.participantId, COVERS[producer.source])

    @invariant()
    def everybody_knows_how_the_room_is(self) -> None:
        for me, number in self.room_of.items():
            room, view = self.rooms[number], self.views[me]
            assert view.state == room.settings.wire()
            assert view.messages == room.chat.messages
            assert [m.messageId for m in view.messages] == sorted({m.messageId for m in view.messages})
            assert view.knocks == (self.lobbies[number] if self.is_host(me) else [])
            mine = {p.producerId for p in room.producers if p.participantId == me}
            assert view.own_muted & mine == self.muted & mine

    @invariant()
    @precondition(lambda machine: bool(machine.room_of))
    def there_is_a_host_unless_all_are_viewers_or_by_grant(self) -> None:
        for number in (0, 1):
            if not self.hosts(number) and self.host_wanted[number]:
                assert all(self.persons[one].role == "viewer" for one in self.order[number])

    # Helpers

    def come_in(self, me: str, number: int, effects: list[Effect], granted: Role | None) -> None:
        self.arrived(me, number, granted)
        self.enter(me, number, effects)

    def check_host(self, me: str, other: str) -> tuple[int, ErrorCode | None]:
        number = self.room_of.get(me, 0)
        if not self.is_host(me):
            return number, ErrorCode.FORBIDDEN
        return number, None if self.room_of.get(other) == number else ErrorCode.NOT_FOUND


RoomsWithHosts.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestRooms = RoomsWithHosts.TestCase
