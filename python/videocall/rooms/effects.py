"""What a change of a room asks its owner to do, in order."""

from attrs import frozen

from videocall.protocol import results
from videocall.protocol.fields import KnockOutcome, Reason
from videocall.protocol.notifications import Notification
from videocall.protocol.shapes import ChatMessage
from videocall.rooms.lobby import Knock
from videocall.rooms.settings import RoomSettings

__all__ = [
    "CloseConsumer",
    "CloseDataConsumer",
    "CloseDataProducer",
    "CloseProducer",
    "CloseTransport",
    "Effect",
    "EndCall",
    "Expel",
    "KnockEnded",
    "KnockStarted",
    "MessageSent",
    "Notify",
    "ParticipantChanged",
    "PauseProducer",
    "ProducerEnded",
    "ProducerStarted",
    "ResumeProducer",
    "SettingsChanged",
]


@frozen
class Notify:
    """Tell each of these participants."""

    to: tuple[str, ...]
    notification: Notification


@frozen
class PauseProducer:
    """Pause the media of a producer."""

    producer_id: str


@frozen
class ResumeProducer:
    """Resume it."""

    producer_id: str


@frozen
class CloseDataProducer:
    """Close a data producer, and with it its consumers."""

    data_producer_id: str


@frozen
class CloseDataConsumer:
    """Close a data consumer."""

    data_consumer_id: str


@frozen
class CloseTransport:
    """Close a transport's media, and with it everything on it."""

    transport_id: str


@frozen
class CloseProducer:
    """Close a producer's media, and with it its consumers."""

    producer_id: str


@frozen
class CloseConsumer:
    """Close a consumer's media."""

    consumer_id: str


@frozen
class Expel:
    """Tell a participant that they are removed, end their session, and have them leave."""

    participant_id: str


@frozen
class EndCall:
    """End the call for everyone."""

    reason: Reason


@frozen
class KnockStarted:
    """Somebody waits in the lobby."""

    knock: Knock


@frozen
class KnockEnded:
    """They wait no more: take them in when they were admitted, tell them when they were rejected."""

    knock: Knock
    outcome: KnockOutcome


@frozen
class ProducerStarted:
    """Tell those who watch the server that a track is published."""

    producer: results.Producer


@frozen
class ProducerEnded:
    """Tell them that it is no more."""

    producer: results.Producer
    reason: Reason


@frozen
class ParticipantChanged:
    """Tell them how somebody is now."""

    participant: results.Participant


@frozen
class MessageSent:
    """Tell them that somebody wrote."""

    message: ChatMessage


@frozen
class SettingsChanged:
    """Tell them how the room is set now."""

    settings: RoomSettings


Effect = (
    Notify
    | PauseProducer
    | ResumeProducer
    | CloseTransport
    | CloseProducer
    | CloseConsumer
    | CloseDataProducer
    | CloseDataConsumer
    | Expel
    | EndCall
    | KnockStarted
    | KnockEnded
    | ProducerStarted
    | ProducerEnded
    | ParticipantChanged
    | MessageSent
    | SettingsChanged
)
