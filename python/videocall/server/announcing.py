"""What of a server's events the other servers learn."""

from attrs import evolve

from videocall.cluster import Cluster, Person, RoomPresence
from videocall.protocol.results import Participant
from videocall.server.event_data import event_data
from videocall.signaling import events

__all__ = ["Announcer"]


class Announcer:
    """Makes events into presence, and puts them on the bus. Never waits."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._rooms: dict[str, RoomPresence] = {}

    def tell(self, event: events.ServerEvent) -> None:
        """Take note of an event."""
        match event:
            case events.RoomStarted(at, room_id):
                self._announce(RoomPresence(room_id, self._cluster.node, at))
            case events.ParticipantJoined(at, room_id, participant_id, display_name, role, identity):
                person = Person(participant_id, display_name, role, at, identity)
                room = self._rooms[room_id]
                self._announce(evolve(room, people=(*room.people, person)))
            case events.ParticipantUpdated(_, room_id, updated):
                self._change(room_id, updated)
            case events.ParticipantLeft(_, room_id, participant_id):
                room = self._rooms[room_id]
                people = tuple(person for person in room.people if person.participant_id != participant_id)
                self._announce(evolve(room, people=people))
            case events.RoomEnded(_, room_id):
                self._rooms.pop(room_id)
                self._cluster.withdraw(room_id)
            case _:
                pass
        self._cluster.publish(event_data(event))

    def _change(self, room_id: str, updated: Participant) -> None:
        room = self._rooms[room_id]
        people = tuple(
            evolve(person, display_name=updated.displayName, role=updated.role)
            if person.participant_id == updated.participantId
            else person
            for person in room.people
        )
        if people != room.people:  # a raised hand is no news here
            self._announce(evolve(room, people=people))

    def _announce(self, room: RoomPresence) -> None:
        self._rooms[room.room_id] = room
        self._cluster.announce(room)
