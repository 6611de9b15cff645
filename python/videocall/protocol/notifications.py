"""What the server says unasked: one class per notification, named in ``NOTIFICATIONS``."""

from typing import Any, Final

from attrs import frozen

from videocall.protocol.fields import KnockOutcome, PausedBy, Reason, Role
from videocall.protocol.results import DataProducer, Participant, Producer, RoomJoined
from videocall.protocol.shapes import ChatMessage, Knock, Permissions, RoomState, Speaker, StreamScore, WantedLayer

__all__ = [
    "NOTIFICATIONS",
    "NOTIFICATION_NAMES",
    "ActiveSpeakers",
    "ConsumerClosed",
    "ConsumerLayersChanged",
    "ConsumerPaused",
    "ConsumerResumed",
    "ConsumerScore",
    "DataConsumerClosed",
    "DataProducerClosed",
    "LayersWanted",
    "LobbyKnock",
    "LobbyKnockEnded",
    "LobbyRejected",
    "Message",
    "MessageRefused",
    "NewDataProducer",
    "NewProducer",
    "Notification",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantUpdated",
    "ProducerClosed",
    "ProducerPaused",
    "ProducerResumed",
    "ProducerScore",
    "Reaction",
    "Removed",
    "RoomEnded",
    "RoomUpdated",
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
    """``participantUpdated``: how somebody is now, oneself included when another changed it."""

    participantId: str
    displayName: str
    role: Role
    permissions: Permissions
    handRaised: bool


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
    """``producerPaused``: nothing comes until ``producerResumed``. To its publisher too when a host did it."""

    producerId: str
    participantId: str
    by: PausedBy


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
class ConsumerLayersChanged:
    """``consumerLayersChanged``: which of its producer's streams one of the receiver's own consumers is given now.

    0 is the smallest. A layer that is not known, or not there, is left out.
    """

    consumerId: str
    spatialLayer: int | None = None
    temporalLayer: int | None = None


@frozen
class ConsumerScore:
    """``consumerScore``: how well one of the receiver's own consumers gets through, from 0 (not at all) to 10.

    ``score`` is of the way from the server to the receiver, ``producerScore`` of the way from the publisher to the
    server, of the stream that the consumer is given; ``producerScores`` has all of the producer's streams.
    """

    consumerId: str
    score: int
    producerScore: int
    producerScores: list[int]


@frozen
class LayersWanted:
    """``layersWanted``: which layers of the receiver's own producer anybody watches now; it may stop the others.

    All layers are told, smallest first. A layer comes to be wanted at once, and stops to be after two seconds.
    """

    producerId: str
    layers: list[WantedLayer]


@frozen
class ProducerScore:
    """``producerScore``: how well one's own producer arrives, each of its streams, the smallest first."""

    producerId: str
    scores: list[StreamScore]


@frozen
class ActiveSpeakers:
    """``activeSpeakers``: who can be heard now; nobody when the list is empty.

    First is who has the floor, which neither a cough takes nor a pause loses; then the others, loudest first.
    """

    speakers: list[Speaker]


@frozen
class Message(ChatMessage):
    """``message``: somebody wrote; to everyone, the writer included."""


@frozen
class Reaction:
    """``reaction``: somebody shows an emoji; to everyone, the one who shows it included."""

    participantId: str
    emoji: str


@frozen
class RoomUpdated(RoomState):
    """``roomUpdated``: how the room is set now, the whole of it."""


@frozen
class LobbyKnock(Knock):
    """``lobbyKnock``: somebody waits in the lobby. To hosts."""


@frozen
class LobbyKnockEnded:
    """``lobbyKnockEnded``: they wait no more. To hosts."""

    knockId: str
    outcome: KnockOutcome


@frozen
class LobbyRejected:
    """``lobbyRejected``: to who waited in the lobby and does not get in. They may join again.

    The reason is ``removed`` when a host rejected them.
    """

    roomId: str
    reason: Reason


@frozen
class Removed:
    """``removed``: a host, or the server, sent one out. The socket closes with 4000 next."""

    reason: Reason


@frozen
class RoomEnded:
    """``roomEnded``: the call is over for everyone. The socket closes with 4000 next.

    The reason is ``roomEnded`` when a host or the server ended it, ``expired`` when its time was over.
    """

    reason: Reason


@frozen
class ServerDraining:
    """``serverDraining``: the socket closes with 1001 next; come back in a moment."""


@frozen
class MessageRefused:
    """``messageRefused``: a message that was no request, so that it could not be answered."""

    code: str
    message: str


@frozen
class NewDataProducer(DataProducer):
    """``newDataProducer``: somebody opened a data channel."""


@frozen
class DataProducerClosed:
    """``dataProducerClosed``: a data channel is over."""

    dataProducerId: str
    participantId: str
    reason: Reason


@frozen
class DataConsumerClosed:
    """``dataConsumerClosed``: one receives a data channel no more, other than by one's own wish."""

    dataConsumerId: str
    dataProducerId: str
    reason: Reason


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
    | ConsumerLayersChanged
    | ConsumerScore
    | LayersWanted
    | ProducerScore
    | ActiveSpeakers
    | NewDataProducer
    | DataProducerClosed
    | DataConsumerClosed
    | Message
    | Reaction
    | RoomUpdated
    | LobbyKnock
    | LobbyKnockEnded
    | RoomJoined
    | LobbyRejected
    | Removed
    | RoomEnded
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
    "consumerLayersChanged": ConsumerLayersChanged,
    "consumerScore": ConsumerScore,
    "layersWanted": LayersWanted,
    "producerScore": ProducerScore,
    "activeSpeakers": ActiveSpeakers,
    "newDataProducer": NewDataProducer,
    "dataProducerClosed": DataProducerClosed,
    "dataConsumerClosed": DataConsumerClosed,
    "message": Message,
    "reaction": Reaction,
    "roomUpdated": RoomUpdated,
    "lobbyKnock": LobbyKnock,
    "lobbyKnockEnded": LobbyKnockEnded,
    "roomJoined": RoomJoined,
    "lobbyRejected": LobbyRejected,
    "removed": Removed,
    "roomEnded": RoomEnded,
    "serverDraining": ServerDraining,
    "messageRefused": MessageRefused,
}

NOTIFICATION_NAMES: Final[dict[type[Any], str]] = {cls: name for name, cls in NOTIFICATIONS.items()}
