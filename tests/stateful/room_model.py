"""What is known of a room without asking it: by each participant, and by the media core."""

import pytest
from attrs import Factory, asdict, astuple, define, evolve

from videocall.protocol import notifications as n
from videocall.protocol.results import Participant
from videocall.protocol.shapes import ChatMessage, RoomState
from videocall.rooms import Room


@define
class View:
    """What one participant knows of the room, from the answer to its join and from notifications alone."""

    me: str
    participants: dict[str, Participant] = Factory(dict)
    producers: dict[str, tuple[str, bool]] = Factory(dict)
    consumers: dict[str, tuple[str, bool]] = Factory(dict)
    own_muted: set[str] = Factory(set)
    state: RoomState | None = None
    knocks: list[str] = Factory(list)
    messages: list[ChatMessage] = Factory(list)
    channels: dict[str, str] = Factory(dict)
    listeners: dict[str, str] = Factory(dict)

    @classmethod
    def of(cls, me: str, room: Room) -> "View":
        """The room as the answer to a join tells it."""
        return cls(
            me,
            {p.participantId: p for p in room.participants},
            {p.producerId: (p.participantId, p.paused) for p in room.producers if p.participantId != me},
            state=room.settings.wire(),
            knocks=[knock.knockId for knock in room.knocks_for(me)],
            messages=room.chat.messages,
            channels={p.dataProducerId: p.participantId for p in room.data_producers if p.participantId != me},
        )

    def hear(self, notification: n.Notification) -> None:
        match notification:
            case n.ParticipantJoined():
                assert notification.participantId not in self.participants
                self.participants[notification.participantId] = Participant(*astuple(notification, recurse=False))
            case n.ParticipantUpdated():
                before = self.participants[notification.participantId]
                self.participants[notification.participantId] = evolve(before, **asdict(notification, recurse=False))
                if notification.participantId == self.me and notification.role != "host":
                    self.knocks.clear()
            case n.ParticipantLeft(participant_id):
                assert participant_id not in {owner for owner, _ in self.producers.values()}
                del self.participants[participant_id]
            case n.NewProducer(producer_id, owner, _, _, paused):
                assert producer_id not in self.producers
                assert owner in self.participants
                self.producers[producer_id] = (owner, paused)
            case n.ProducerClosed(producer_id, owner):
                assert producer_id not in {of for of, _ in self.consumers.values()}, "consumers close first"
                assert self.producers.pop(producer_id, (owner, False))[0] == owner
            case n.ProducerPaused(producer_id, owner, by) if owner == self.me:
                assert by == "host", "one knows what one pauses oneself"
                self.own_muted.add(producer_id)
            case n.ProducerPaused(producer_id, owner):
                assert self.producers[producer_id] == (owner, False)
                self.producers[producer_id] = (owner, True)
            case n.ProducerResumed(producer_id, owner):
                assert self.producers[producer_id] == (owner, True)
                self.producers[producer_id] = (owner, False)
            case n.ConsumerClosed(consumer_id, producer_id):
                assert self.consumers.pop(consumer_id)[0] == producer_id
            case n.ConsumerPaused(consumer_id, producer_id):
                assert self.consumers[consumer_id] == (producer_id, False)
                self.consumers[consumer_id] = (producer_id, True)
            case n.ConsumerResumed(consumer_id, producer_id):
                assert self.consumers[consumer_id] == (producer_id, True)
                self.consumers[consumer_id] = (producer_id, False)
            case n.NewDataProducer():
                assert notification.participantId in self.participants
                assert notification.dataProducerId not in self.channels
                self.channels[notification.dataProducerId] = notification.participantId
            case n.DataProducerClosed(channel, owner):
                assert channel not in self.listeners.values(), "consumers close first"
                assert self.channels.pop(channel, self.me) == owner
            case n.DataConsumerClosed(listener, channel):
                assert self.listeners.pop(listener) == channel
            case n.RoomUpdated():
                assert notification != self.state
                self.state = RoomState(*astuple(notification, recurse=False))
            case n.LobbyKnock(knock_id):
                assert knock_id not in self.knocks
                self.knocks.append(knock_id)
            case n.LobbyKnockEnded(knock_id):
                self.knocks.remove(knock_id)
            case n.Message():
                self.messages.append(ChatMessage(*astuple(notification)))
            case _:
                pytest.fail(f"a room does not say {notification}")


@define
class Core:
    """The media core of one room: closes children with their parents, as the real one does."""

    transports: dict[str, str] = Factory(dict)
    producers: dict[str, tuple[str, bool]] = Factory(dict)
    consumers: dict[str, tuple[str, str]] = Factory(dict)
    channels: dict[str, str] = Factory(dict)
    listeners: dict[str, tuple[str, str]] = Factory(dict)

    def close_transport(self, transport_id: str) -> None:
        del self.transports[transport_id]
        for channel in [c for c, transport in self.channels.items() if transport == transport_id]:
            self.close_channel(channel)
        self.listeners = {c: of for c, of in self.listeners.items() if of[0] != transport_id}
        for producer_id in [p for p, (transport, _) in self.producers.items() if transport == transport_id]:
            self.close_producer(producer_id)
        self.consumers = {c: of for c, of in self.consumers.items() if of[0] != transport_id}

    def close_producer(self, producer_id: str) -> None:
        del self.producers[producer_id]
        self.consumers = {c: of for c, of in self.consumers.items() if of[1] != producer_id}

    def close_channel(self, channel: str) -> None:
        del self.channels[channel]
        self.listeners = {c: of for c, of in self.listeners.items() if of[1] != channel}

    def set_paused(self, producer_id: str, *, paused: bool) -> None:
        transport, was_paused = self.producers[producer_id]
        assert was_paused != paused
        self.producers[producer_id] = (transport, paused)
