"""What a request is answered with. Methods that are not here answer ``{}``."""

from typing import Annotated, Any

from attrs import field, frozen
from msgspec import Meta

from videocall.ortc.types import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    RtpCapabilities,
    RtpParameters,
    SctpParameters,
    SctpStreamParameters,
)
from videocall.protocol.fields import Kind, Role, Source
from videocall.protocol.shapes import ChatMessage, Knock, Permissions, RoomState
from videocall.protocol.version import VERSION

__all__ = [
    "ConsumeFailure",
    "Consumer",
    "Consumers",
    "DataConsumer",
    "DataProducer",
    "ErrorBody",
    "IceRestarted",
    "IceServer",
    "InLobby",
    "Messages",
    "OwnConsumer",
    "OwnDataConsumer",
    "Participant",
    "Produced",
    "Producer",
    "RoomJoined",
    "Sent",
    "SessionResumed",
    "Stats",
    "Transport",
]


@frozen
class IceServer:
    """An entry of ``RTCConfiguration.iceServers``."""

    urls: list[str]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


@frozen
class Participant:
    """Someone in the room. ``joinedAt`` is in milliseconds since 1970, by the server's clock."""

    participantId: str
    displayName: str
    role: Role
    joinedAt: int
    permissions: Permissions
    handRaised: bool


@frozen
class Producer:
    """A track someone publishes. ``paused`` is what receivers see, whoever paused it."""

    producerId: str
    participantId: str
    kind: Kind
    source: Source
    paused: bool


@frozen
class DataProducer:
    """A data channel that somebody speaks on."""

    dataProducerId: str
    participantId: str
    label: str
    protocol: str


@frozen
class RoomJoined:
    """Everything a client needs to start: who is there and what they publish, the joiner left out.

    ``messages`` are the newest, oldest first; ``permissions`` are the joiner's own. Only hosts see ``knocks``.
    """

    roomId: str
    participantId: str
    role: Role
    permissions: Permissions
    room: RoomState
    rtpCapabilities: RtpCapabilities
    iceServers: list[IceServer]
    participants: list[Participant]
    producers: list[Producer]
    dataProducers: list[DataProducer]
    messages: list[ChatMessage]
    knocks: list[Knock]
    resumeToken: str
    protocolVersion: int = VERSION


@frozen
class InLobby:
    """The room has a lobby: a host has to let the joiner in.

    ``roomJoined`` comes when one does, with what ``joinRoom`` would have been answered, or ``lobbyRejected``. Until
    then ``leaveRoom`` gives up, and a socket that breaks does too.
    """

    roomId: str
    knockId: str
    lobby: bool = True


@frozen
class Sent:
    """The message as everyone gets it."""

    message: ChatMessage


@frozen
class Messages:
    """Messages, oldest first; fewer than asked for when there are no older ones."""

    messages: list[ChatMessage]


@frozen
class OwnConsumer:
    """A consumer that the receiver of this has."""

    consumerId: str
    producerId: str


@frozen
class OwnDataConsumer:
    """A data consumer that the receiver of this has."""

    dataConsumerId: str
    dataProducerId: str


@frozen
class DataConsumer:
    """The options that mediasoup-client's ``recvTransport.consumeData`` takes."""

    id: str
    dataProducerId: str
    sctpStreamParameters: SctpStreamParameters
    label: str
    protocol: str


@frozen
class SessionResumed:
    """The room as it is now, the receiver included, and what the receiver still has in it.

    Own producers are among ``producers``. What is not listed any more was closed meanwhile; a client
    makes its own picture equal to this one.
    """

    roomId: str
    participantId: str
    role: Role
    permissions: Permissions
    room: RoomState
    iceServers: list[IceServer]
    participants: list[Participant]
    producers: list[Producer]
    messages: list[ChatMessage]
    knocks: list[Knock]
    transports: list[str]
    consumers: list[OwnConsumer]
    dataProducers: list[DataProducer]
    dataConsumers: list[OwnDataConsumer]


@frozen
class Transport:
    """The options that mediasoup-client's ``createSendTransport`` and ``createRecvTransport`` take."""

    id: str
    iceParameters: IceParameters
    iceCandidates: list[IceCandidate]
    dtlsParameters: DtlsParameters
    iceServers: list[IceServer]
    sctpParameters: SctpParameters | None = None


@frozen
class IceRestarted:
    """The transport's new credentials, and ICE servers as of now: accounts on TURN servers end."""

    iceParameters: IceParameters
    iceServers: list[IceServer]


@frozen
class Produced:
    """The new producer's id."""

    id: str


@frozen
class Consumer:
    """The options that mediasoup-client's ``recvTransport.consume`` takes, and what the page wants beside them."""

    id: str
    producerId: str
    kind: Kind
    rtpParameters: RtpParameters
    type: str
    producerPaused: bool


@frozen
class ErrorBody:
    """A code and a sentence."""

    code: str
    message: str


@frozen
class ConsumeFailure:
    """The producer of a list that could not be consumed, and why."""

    producerId: str
    error: ErrorBody


@frozen
class Consumers:
    """The answer to a list, in its order."""

    consumers: Annotated[
        list[Any],
        Meta(
            extra_json_schema={"items": {"anyOf": [{"$ref": "#/$defs/Consumer"}, {"$ref": "#/$defs/ConsumeFailure"}]}}
        ),
    ]
    """msgspec takes no union of attrs classes, so that its schema has to be given in full."""


@frozen
class Stats:
    """Counters as ``RTCStats``-like objects."""

    stats: list[Any]
