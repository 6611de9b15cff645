"""The wire's own types: capabilities, parameters, and what a transport exchanges.

Shapes and names are ORTC's, as mediasoup and mediasoup-client use them. Fields carry the wire's camelCase names,
because msgspec decodes straight into these classes. Decoding checks types and ranges; what crosses fields is checked by
`videocall.ortc.validation`. All instances are immutable; absent means `None`, and `videocall.ortc.to_wire` leaves it
out.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import attrs
from msgspec import Meta

MediaKind: TypeAlias = Literal["audio", "video"]
ExtensionDirection: TypeAlias = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DtlsRole: TypeAlias = Literal["auto", "client", "server"]

ParameterValue: TypeAlias = Annotated[str, Meta(max_length=1024)] | int | float
CodecSettings: TypeAlias = Annotated[Mapping[Annotated[str, Meta(max_length=128)], ParameterValue], Meta(max_length=64)]
"""fmtp parameters by name (RFC 8866, 6.15); unknown ones are kept."""

PayloadType: TypeAlias = Annotated[int, Meta(ge=0, le=127)]
Ssrc: TypeAlias = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
ExtensionId: TypeAlias = Annotated[int, Meta(ge=1, le=255)]
"""RFC 8285: 1 to 14 in the one-byte form, up to 255 in the two-byte form."""
MimeType: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z]{1,16}/[A-Za-z0-9.+-]{1,64}$")]
ClockRate: TypeAlias = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
"""Hertz of the RTP timestamp."""
Channels: TypeAlias = Annotated[int, Meta(ge=1, le=255)]
ExtensionUri: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Mid: TypeAlias = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,16}$")]
"""RFC 5888 token; 16 bytes are what a one-byte-form header extension holds."""
Rid: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
"""RFC 8851, with the `-` and `_` that RFC 8852 lets through."""


@attrs.frozen
class RtcpFeedback:
    """One kind of RTCP feedback (RFC 4585), such as ``nack`` with parameter ``pli``."""

    type: Annotated[str, Meta(min_length=1, max_length=64)]
    parameter: Annotated[str, Meta(max_length=64)] | None = None


@attrs.frozen
class RtpCodecCapability:
    """A codec that somebody can receive or send; for RTX, `parameters` has the ``apt`` of its media codec."""

    kind: MediaKind
    mimeType: MimeType
    clockRate: ClockRate
    channels: Channels | None = None
    preferredPayloadType: PayloadType | None = None
    parameters: CodecSettings = attrs.field(factory=dict[str, ParameterValue])
    rtcpFeedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=32)] = ()


@attrs.frozen
class RtpHeaderExtension:
    """A header extension that somebody can handle; `direction` is seen from its owner."""

    uri: ExtensionUri
    preferredId: ExtensionId
    kind: MediaKind | None = None
    preferredEncrypt: bool = False
    direction: ExtensionDirection = "sendrecv"


@attrs.frozen
class RtpCapabilities:
    """What an endpoint (a router, a browser) can receive."""

    codecs: Annotated[tuple[RtpCodecCapability, ...], Meta(max_length=128)] = ()
    headerExtensions: Annotated[tuple[RtpHeaderExtension, ...], Meta(max_length=128)] = ()


@attrs.frozen
class RtpCodecParameters:
    """A codec in use, with the payload type that stands for it on the wire."""

    mimeType: MimeType
    payloadType: PayloadType
    clockRate: ClockRate
    channels: Channels | None = None
    parameters: CodecSettings = attrs.field(factory=dict[str, ParameterValue])
    rtcpFeedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=32)] = ()


@attrs.frozen
class RtpHeaderExtensionParameters:
    """A header extension in use, with its id on the wire."""

    uri: ExtensionUri
    id: ExtensionId
    encrypt: bool = False
    parameters: CodecSettings = attrs.field(factory=dict[str, ParameterValue])


@attrs.frozen
class RtxParameters:
    """The retransmission stream of an encoding (RFC 4588)."""

    ssrc: Ssrc


@attrs.frozen
class RtpEncodingParameters:
    """One stream: a simulcast layer, or the only one. A layer that carries a RID may come without its SSRC."""

    ssrc: Ssrc | None = None
    rid: Rid | None = None
    codecPayloadType: PayloadType | None = None
    rtx: RtxParameters | None = None
    dtx: bool = False
    scalabilityMode: Annotated[str, Meta(max_length=32)] | None = None
    maxBitrate: Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)] | None = None


@attrs.frozen
class RtcpParameters:
    """RTCP settings; streams of one `cname` are synchronised by their receiver."""

    cname: Annotated[str, Meta(max_length=255)] | None = None
    reducedSize: bool = True


@attrs.frozen
class RtpParameters:
    """Everything that describes one producer's, or one consumer's, RTP."""

    codecs: Annotated[tuple[RtpCodecParameters, ...], Meta(max_length=32)]
    headerExtensions: Annotated[tuple[RtpHeaderExtensionParameters, ...], Meta(max_length=32)] = ()
    encodings: Annotated[tuple[RtpEncodingParameters, ...], Meta(max_length=8)] = ()
    rtcp: RtcpParameters = attrs.field(factory=RtcpParameters)
    mid: Mid | None = None
    msid: Annotated[str, Meta(max_length=256)] | None = None


@attrs.frozen
class CodecMapping:
    """From a producer's payload type to the router's."""

    payloadType: PayloadType
    mappedPayloadType: PayloadType


@attrs.frozen
class EncodingMapping:
    """From a producer's stream to the SSRC by which the router knows it."""

    mappedSsrc: Ssrc
    ssrc: Ssrc | None = None
    rid: Rid | None = None


@attrs.frozen
class RtpMapping:
    """How a producer's numbers become the router's; encodings are in the producer's order."""

    codecs: tuple[CodecMapping, ...]
    encodings: tuple[EncodingMapping, ...]


@attrs.frozen
class DtlsFingerprint:
    """A certificate's digest (RFC 8122): `algorithm` as in ``sha-256``, `value` as upper-case hex pairs with colons."""

    algorithm: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,16}$")]
    value: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$")]


@attrs.frozen
class DtlsParameters:
    """One side of a DTLS association; role ``auto`` leaves the choice to the other side."""

    fingerprints: Annotated[tuple[DtlsFingerprint, ...], Meta(min_length=1, max_length=16)]
    role: DtlsRole = "auto"


@attrs.frozen
class IceParameters:
    """ICE credentials (RFC 8839)."""

    usernameFragment: str
    password: str
    iceLite: bool = True


@attrs.frozen
class IceCandidate:
    """An address of the server that a client can send to; `ip` repeats `address` for older clients."""

    foundation: str
    priority: int
    address: str
    ip: str
    port: int
    protocol: Literal["udp", "tcp"] = "udp"
    type: Literal["host"] = "host"
    tcpType: Literal["passive"] | None = None


SctpStreamId: TypeAlias = Annotated[int, Meta(ge=0, le=65534)]
UInt16: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]


@attrs.frozen
class SctpStreamParameters:
    """A data channel's SCTP stream (RFC 8831): at most one of the two bounds makes it partially reliable.

    Attributes:
        streamId: the number of the stream.
        ordered: whether messages come in order; by default if they are fully reliable.
        maxPacketLifeTime: milliseconds after which a message is given up.
        maxRetransmits: repetitions after which a message is given up.
    """

    streamId: SctpStreamId
    ordered: bool | None = None
    maxPacketLifeTime: UInt16 | None = None
    maxRetransmits: UInt16 | None = None


@attrs.frozen
class SctpParameters:
    """What a client needs for data channels on a transport.

    Newer clients read `maxSendMessageSize` and `maxReceiveMessageSize`, older ones `OS`, `MIS` (streams each way) and
    `maxMessageSize`; sizes are in bytes.
    """

    port: int
    OS: int
    MIS: int
    maxMessageSize: int
    maxSendMessageSize: int
    maxReceiveMessageSize: int
    sendBufferSize: int
