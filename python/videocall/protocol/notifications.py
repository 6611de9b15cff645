"""What the server says unasked: one class per notification, named in ``NOTIFICATIONS``."""

from typing import Any, Final

from attrs import frozen

from videocall.protocol.fields import Reason
from videocall.protocol.results import Participant, Producer

__all__ = [
    "NOTIFICATIONS",
    "NOTIFICATION_NAMES",
    "ConsumerClosed",
    "ConsumerPaused",
    "ConsumerResumed",
    "MessageRefused",
    "NewProducer",
    "Notification",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantUpdated",
    "ProducerClosed",
    "ProducerPaused",
    "ProducerResumed",
    "ServerDraining",
]


@frozen
class ParticipantJoined(Participant):
    """``participantJoined``."""


@frozen
class ParticipantLeft:
    """``participantLeft``; what they published was announced as closed before."""

    participantId: str
    reason: Reason


@frozen
class ParticipantUpdated:
    """``participantUpdated``: a new display name."""

    participantId: str
    displayName: str


@frozen
class NewProducer(Producer):
    """``newProducer``: to everyone but its publisher, once."""


@frozen
class ProducerClosed:
    """``producerClosed``: to everyone but its publisher, and to the publisher too when the server closed it."""

    producerId: str
    participantId: str
    reason: Reason


@frozen
class ProducerPaused:
    """``producerPaused``: nothing comes until ``producerResumed``."""

    producerId: str
    participantId: str


@frozen
class ProducerResumed:
    """``producerResumed``."""

    producerId: str
    participantId: str


@frozen
class ConsumerClosed:
    """``consumerClosed``: the server closed one of the receiver's own consumers."""

    consumerId: str
    producerId: str
    reason: Reason


@frozen
class ConsumerPaused:
    """``consumerPaused``: the producer behind one of the receiver's own consumers was paused."""

    consumerId: str
    producerId: str


@frozen
class ConsumerResumed:
    """``consumerResumed``: that producer was resumed."""

    consumerId: str
    producerId: str


@frozen
class ServerDraining:
    """``serverDraining``: the socket closes with 1001 next; come back in a moment."""


@frozen
class MessageRefused:
    """``messageRefused``: a message that was no request, so that it could not be answered."""

    code: str
    message: str


Notification = (
    ParticipantJoined
    | ParticipantLeft
    | ParticipantUpdated
    | NewProducer
    | ProducerClosed
    | ProducerPaused
    | ProducerResumed
    | ConsumerClosed
    | ConsumerPaused
    | ConsumerResumed
    | ServerDraining
    | MessageRefused
)

NOTIFICATIONS: Final[dict[str, type[Any]]] = {
    "participantJoined": ParticipantJoined,
    "participantLeft": ParticipantLeft,
    "participantUpdated": ParticipantUpdated,
    "newProducer": NewProducer,
    "producerClosed": ProducerClosed,
    "producerPaused": ProducerPaused,
    "producerResumed": ProducerResumed,
    "consumerClosed": ConsumerClosed,
    "consumerPaused": ConsumerPaused,
    "consumerResumed": ConsumerResumed,
    "serverDraining": ServerDraining,
    "messageRefused": MessageRefused,
}

NOTIFICATION_NAMES: Final[dict[type[Any], str]] = {cls: name for name, cls in NOTIFICATIONS.items()}
