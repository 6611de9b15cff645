"""What `calls_machine.py` does, and data channels beside it."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.stateful.calls_machine import ANYBODY, LIMITS, Rooms, mostly, of_machine

from videocall.protocol import ErrorCode
from videocall.rooms import Effect, Room

ON_OWN_SENDER = mostly(lambda machine: machine.live_transports("send"), st.just(("nobody", "nothing")))
ANY_CHANNEL = of_machine(lambda machine: list(machine.channel_owners))
ANY_LISTENER = of_machine(lambda machine: list(machine.listener_owners))
WHAT_TO_HEAR = mostly(
    lambda machine: [
        (owner, transport, channel)
        for owner, transport in machine.live_transports("recv")
        for channel in machine.channels_of(machine.room_of[owner])
    ],
    st.tuples(ANYBODY, st.just("nothing"), ANY_CHANNEL),
)


class RoomsWithData(Rooms):
    def __init__(self) -> None:
        super().__init__()
        # Every id there ever was, and one that never was.
        self.channel_owners = {"nothing": "nobody"}
        self.listener_owners = {"nothing": "nobody"}

    def may_open_channels(self, me: str) -> bool:
        """Whether their role allows it."""
        del me
        return True

    @rule(where=ON_OWN_SENDER)
    def open_channel(self, where: tuple[str, str]) -> None:
        me, transport_id = where
        channel, core = self.new_id("channel"), self.core_of(me)
        mine = sum(core.transports[transport] == me for transport in core.channels.values())
        otherwise = None
        if core.transports.get(transport_id) != me:
            otherwise = ErrorCode.NOT_FOUND
        elif self.directions[transport_id] != "send":
            otherwise = ErrorCode.CONFLICT
        elif not self.may_open_channels(me):
            otherwise = ErrorCode.FORBIDDEN
        elif mine == LIMITS.data_producers_each:
            otherwise = ErrorCode.LIMIT_REACHED

        def create(room: Room) -> list[Effect]:
            effects = room.add_data_producer(me, transport_id, channel, "label", "")
            core.channels[channel] = transport_id
            self.channel_owners[channel] = me
            return effects

        self.attempt(me, create, allowed=otherwise is None, otherwise=otherwise)

    @rule(channel=ANY_CHANNEL)
    def close_channel(self, channel: str) -> None:
        me = self.channel_owners[channel]
        allowed = channel in self.core_of(me).channels
        self.attempt(me, lambda room: room.close_data_producer(me, channel), allowed=allowed)

    @rule(channel=ANY_CHANNEL)
    def core_closes_channel(self, channel: str) -> None:
        me = self.channel_owners[channel]
        for number, core in enumerate(self.cores):
            if channel in core.channels:
                core.close_channel(channel)
                self.run(number, self.rooms[number].data_producer_closed(me, channel, "error"))

    @rule(what=WHAT_TO_HEAR)
    def listen(self, what: tuple[str, str, str]) -> None:
        me, transport_id, channel = what
        listener, core = self.new_id("listener"), self.core_of(me)
        mine = sum(core.transports[transport] == me for transport, _ in core.listeners.values())
        otherwise = None
        if core.transports.get(transport_id) != me or channel not in core.channels:
            otherwise = ErrorCode.NOT_FOUND
        elif mine == LIMITS.data_consumers_each:
            otherwise = ErrorCode.LIMIT_REACHED

        def create(room: Room) -> list[Effect]:
            room.add_data_consumer(me, transport_id, listener, channel)
            core.listeners[listener] = (transport_id, channel)
            self.listener_owners[listener] = me
            self.views[me].listeners[listener] = channel
            return []

        self.attempt(me, create, allowed=otherwise is None, otherwise=otherwise)

    @rule(listener=ANY_LISTENER)
    def listen_no_more(self, listener: str) -> None:
        me = self.listener_owners[listener]

        def close(room: Room) -> list[Effect]:
            effects = room.close_data_consumer(me, listener)
            del self.views[me].listeners[listener]
            return effects

        self.attempt(me, close, allowed=listener in self.core_of(me).listeners)

    @invariant()
    def everybody_knows_the_channels(self) -> None:
        for me, number in self.room_of.items():
            room, view, core = self.rooms[number], self.views[me], self.cores[number]
            others = {p.dataProducerId: p.participantId for p in room.data_producers if p.participantId != me}
            assert view.channels == others
            mine = {consumer.dataConsumerId: consumer.dataProducerId for consumer in room.data_consumers(me)}
            assert view.listeners == mine
            assert mine == {c: of for c, (transport, of) in core.listeners.items() if core.transports[transport] == me}

    @invariant()
    def the_core_has_those_channels(self) -> None:
        for room, core in zip(self.rooms, self.cores, strict=True):
            assert {p.dataProducerId for p in room.data_producers} == set(core.channels)

    def channels_of(self, number: int) -> list[str]:
        return list(self.cores[number].channels)
