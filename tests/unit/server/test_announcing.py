"""What the other servers learn of events."""

from collections.abc import Mapping
from typing import Any

from videocall.cluster import Person, RoomPresence
from videocall.cluster.memory import MemoryCluster
from videocall.protocol.results import Participant
from videocall.protocol.shapes import Permissions
from videocall.server.announcing import Announcer
from videocall.signaling import events


class RecordingCluster(MemoryCluster):
    def __init__(self) -> None:
        super().__init__("one")
        self.published: list[Mapping[str, Any]] = []

    def publish(self, data: Mapping[str, Any]) -> None:
        self.published.append(data)


def changed(participant_id: str, name: str, *, hand: bool = False) -> events.ParticipantUpdated:
    participant = Participant(participant_id, name, "host", 2, Permissions(), hand)
    return events.ParticipantUpdated(3, "daily", participant)


async def test_presence_follows_events() -> None:
    cluster = RecordingCluster()
    announcer = Announcer(cluster)
    ada, bob = Person("p1", "Ada", "host", 2, "ada"), Person("p2", "Bob", "participant", 2)
    for event, people in (
        (events.RoomStarted(1, "daily"), ()),
        (events.ParticipantJoined(2, "daily", "p1", "Ada", "host", "ada"), (ada,)),
        (events.ParticipantJoined(2, "daily", "p2", "Bob", "participant", None), (ada, bob)),
        (changed("p2", "Robert"), (ada, Person("p2", "Robert", "host", 2))),
        (changed("p2", "Robert", hand=True), (ada, Person("p2", "Robert", "host", 2))),
        (events.ParticipantLeft(4, "daily", "p1", "left"), (Person("p2", "Robert", "host", 2),)),
    ):
        announcer.tell(event)
        assert await cluster.rooms() == [RoomPresence("daily", "one", 1, people)]
    announcer.tell(events.RoomEnded(5, "daily"))
    assert await cluster.rooms() == []


async def test_every_event_goes_on_the_bus_in_the_shape_of_webhooks() -> None:
    cluster = RecordingCluster()
    announcer = Announcer(cluster)
    announcer.tell(events.RoomStarted(1, "daily"))
    announcer.tell(events.ProducerClosed(2, "daily", "p1", "c1", "left"))
    assert cluster.published == [
        {"event": "room.started", "at": 1, "data": {"roomId": "daily"}},
        {
            "event": "producer.closed",
            "at": 2,
            "data": {"roomId": "daily", "participantId": "p1", "producerId": "c1", "reason": "left"},
        },
    ]
