"""What a room does, as events for those who watch the server."""

from videocall.rooms import (
    KnockEnded,
    KnockStarted,
    MessageSent,
    ParticipantChanged,
    ProducerEnded,
    ProducerStarted,
    SettingsChanged,
)
from videocall.signaling import events

__all__ = ["Told", "event_of"]

Told = KnockEnded | KnockStarted | MessageSent | ParticipantChanged | ProducerEnded | ProducerStarted | SettingsChanged


def event_of(effect: Told, at: int, room_id: str) -> events.ServerEvent:
    """The event to tell, at a time in milliseconds since 1970."""
    match effect:
        case ProducerStarted(producer):
            owner, producer_id = producer.participantId, producer.producerId
            return events.ProducerStarted(at, room_id, owner, producer_id, producer.kind, producer.source)
        case ProducerEnded(producer, reason):
            return events.ProducerClosed(at, room_id, producer.participantId, producer.producerId, reason)
        case ParticipantChanged(participant):
            return events.ParticipantUpdated(at, room_id, participant)
        case MessageSent(message):
            return events.MessageSent(at, room_id, message)
        case SettingsChanged(settings):
            return events.RoomUpdated(at, room_id, settings.wire())
        case KnockStarted(knock):
            return events.KnockStarted(at, room_id, knock.id, knock.display_name, knock.identity)
        case KnockEnded(knock, outcome):
            return events.KnockEnded(at, room_id, knock.id, outcome)
