"""What a client asks: one class per method, named in ``METHODS``.

Field names are the names on the wire. Fields that a class does not know are ignored: clients may be newer than servers.
"""

from typing import Annotated, Literal

from attrs import frozen
from msgspec import Meta

from videocall.ortc.types import DtlsParameters, RtpCapabilities, RtpParameters
from videocall.protocol.fields import AppData, DisplayName, Id, Kind, Layer, Password, RoomId, Source

__all__ = [
    "CloseConsumer",
    "CloseProducer",
    "ConnectTransport",
    "Consume",
    "CreateWebRtcTransport",
    "GetRtpCapabilities",
    "GetStats",
    "JoinRoom",
    "LeaveRoom",
    "PauseConsumer",
    "PauseProducer",
    "Produce",
    "RequestKeyFrame",
    "RestartIce",
    "ResumeConsumer",
    "ResumeProducer",
    "ResumeSession",
    "SetConsumerPriority",
    "SetDisplayName",
    "SetPreferredLayers",
]


@frozen
class JoinRoom:
    """``joinRoom``: enter a room, made when nobody is in it. Without ``roomId`` the socket's query names it.

    Servers that have a ``token_secret`` or ``token_jwks`` ask for a ``token``; others read none. It has to be valid
    when one joins: a call that runs goes on, and so does one that ``resumeSession`` takes up. With the ``resumeToken``
    of an earlier session its participant is replaced at once, and keeps role and permissions; so does whoever is in the
    room with the identity of the token. They need neither password nor lobby. A host by token needs neither as well.
    """

    displayName: DisplayName
    roomId: RoomId | None = None
    token: Annotated[str, Meta(max_length=4096)] | None = None
    resumeToken: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    protocolVersion: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    password: Password | None = None


@frozen
class ResumeSession:
    """``resumeSession``: take up the session of a socket that broke, on a new socket, instead of joining.

    The participant, their transports and all on them live on for some time without a socket (30 s, unless the server
    is set otherwise); ``NOT_FOUND`` says that this is over. Whoever still holds the seat is sent away.
    """

    resumeToken: Annotated[str, Meta(min_length=1, max_length=64)]
    protocolVersion: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


@frozen
class LeaveRoom:
    """``leaveRoom``: leave; everything the participant had is closed. The socket stays open and may join again."""


@frozen
class GetRtpCapabilities:
    """``getRtpCapabilities``: what the server's routers can take. The one method allowed before joining."""


@frozen
class CreateWebRtcTransport:
    """``createWebRtcTransport``: a transport that either sends to the server or receives from it."""

    direction: Literal["send", "recv"]


@frozen
class ConnectTransport:
    """``connectTransport``: the client's DTLS fingerprints and role, once per transport."""

    transportId: Id
    dtlsParameters: DtlsParameters


@frozen
class RestartIce:
    """``restartIce``: new ICE credentials for a transport."""

    transportId: Id


@frozen
class Produce:
    """``produce``: publish a track. Without ``source``: microphone for audio, camera for video."""

    transportId: Id
    kind: Kind
    rtpParameters: RtpParameters
    source: Source | None = None
    paused: bool = False
    appData: AppData | None = None


@frozen
class CloseProducer:
    """``closeProducer``: end a track one publishes."""

    producerId: Id


@frozen
class PauseProducer:
    """``pauseProducer``: stop forwarding a track one publishes."""

    producerId: Id


@frozen
class ResumeProducer:
    """``resumeProducer``: forward it again."""

    producerId: Id


@frozen
class Consume:
    """``consume``: receive one producer, or several with one request. Consumers begin paused."""

    transportId: Id
    producerId: Id | Annotated[list[Id], Meta(min_length=1, max_length=100)]
    rtpCapabilities: RtpCapabilities


@frozen
class PauseConsumer:
    """``pauseConsumer``: receive nothing for now."""

    consumerId: Id


@frozen
class ResumeConsumer:
    """``resumeConsumer``: receive, from the next key frame on."""

    consumerId: Id


@frozen
class CloseConsumer:
    """``closeConsumer``: receive it no more."""

    consumerId: Id


@frozen
class RequestKeyFrame:
    """``requestKeyFrame``: ask a consumer's publisher for a key frame."""

    consumerId: Id


@frozen
class SetPreferredLayers:
    """``setPreferredLayers``: the most that is wanted of a producer with several streams or temporal layers."""

    consumerId: Id
    spatialLayer: Layer
    temporalLayer: Layer | None = None


@frozen
class SetConsumerPriority:
    """``setConsumerPriority``: how much a consumer matters beside the receiver's others where bandwidth is short.

    1, the lowest, unless it is set.
    """

    consumerId: Id
    priority: Annotated[int, Meta(ge=1, le=255)]


@frozen
class GetStats:
    """``getStats`` of exactly one of the three."""

    transportId: Id | None = None
    producerId: Id | None = None
    consumerId: Id | None = None


@frozen
class SetDisplayName:
    """``setDisplayName``: change what others see."""

    displayName: DisplayName
