"""What a change of a room asks its owner to do, in order."""

from attrs import frozen

from videocall.protocol import results
from videocall.protocol.fields import Reason
from videocall.protocol.notifications import Notification

__all__ = [
    "CloseConsumer",
    "CloseProducer",
    "CloseTransport",
    "Effect",
    "Notify",
    "PauseProducer",
    "ProducerEnded",
    "ProducerStarted",
    "ResumeProducer",
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
class ProducerStarted:
    """Tell those who watch the server that a track is published."""

    producer: results.Producer


@frozen
class ProducerEnded:
    """Tell them that it is no more."""

    producer: results.Producer
    reason: Reason


Effect = (
    Notify
    | PauseProducer
    | ResumeProducer
    | CloseTransport
    | CloseProducer
    | CloseConsumer
    | ProducerStarted
    | ProducerEnded
)
