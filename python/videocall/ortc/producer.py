"""From a producer's parameters to what the router makes of them."""

from collections.abc import Sequence

import attrs

from . import h264
from ._errors import UnsupportedError
from .codecs import find_red, find_rtx, is_red, is_rtx, same_codec
from .supported import WRITTEN_EXTENSIONS
from .types import (
    CodecMapping,
    EncodingMapping,
    MediaKind,
    ParameterValue,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpHeaderExtensionParameters,
    RtpMapping,
    RtpParameters,
)


def get_producer_rtp_mapping(
    parameters: RtpParameters, capabilities: RtpCapabilities, *, first_ssrc: int
) -> RtpMapping:
    """Map a producer's payload types and streams to the router's.

    Args:
        parameters: of the producer, as `validate_rtp_parameters` returned them.
        capabilities: of the router.
        first_ssrc: SSRC of the first mapped stream; the others count on from it.

    Raises:
        UnsupportedError: the router lacks one of the codecs, or its RTX.
    """
    media = [(c, _router_codec(c, capabilities)) for c in parameters.codecs if not is_rtx(c)]
    mapped = {codec.payloadType: _payload_type(found) for codec, found in media}
    codecs = [CodecMapping(ours, theirs) for ours, theirs in mapped.items()]
    for codec in parameters.codecs:
        if not is_rtx(codec):
            continue
        apt = codec.parameters["apt"]
        rtx = find_rtx(capabilities.codecs, mapped[int(apt)])
        if rtx is None:
            raise UnsupportedError(f"the router retransmits nothing for payload type {apt}")
        codecs.append(CodecMapping(codec.payloadType, _payload_type(rtx)))
    encodings = (
        EncodingMapping(first_ssrc + index, encoding.ssrc, encoding.rid)
        for index, encoding in enumerate(parameters.encodings)
    )
    return RtpMapping(tuple(codecs), tuple(encodings))


def get_consumable_rtp_parameters(
    kind: MediaKind, parameters: RtpParameters, capabilities: RtpCapabilities, mapping: RtpMapping
) -> RtpParameters:
    """Describe a producer in the router's own numbers, as the source of every consumer's parameters.

    Args:
        kind: of the producer.
        parameters: of the producer; its fmtp parameters and cname are kept.
        capabilities: of the router.
        mapping: what `get_producer_rtp_mapping` made of both.

    Returns:
        Parameters with the router's payload types and extension ids, one encoding per stream under its mapped SSRC, and
        no more header extensions than the server writes itself or the producer provides.
    """
    to_router = {entry.payloadType: entry.mappedPayloadType for entry in mapping.codecs}
    codecs: list[RtpCodecParameters] = []
    for codec in parameters.codecs:
        if is_rtx(codec) or is_red(codec):
            continue
        ours = next(c for c in capabilities.codecs if c.preferredPayloadType == to_router[codec.payloadType])
        codecs.append(_as_parameters(ours, _settled_parameters(codec, ours)))
        rtx = find_rtx(capabilities.codecs, ours.preferredPayloadType)
        if rtx is not None:
            codecs.append(_as_parameters(rtx, dict(rtx.parameters)))
        # Whether the producer sends redundantly or not: each consumer gets what its own losses call for.
        red = find_red(capabilities.codecs, ours.preferredPayloadType)
        if red is not None:
            codecs.append(_as_parameters(red, dict(red.parameters)))
    return RtpParameters(
        codecs=tuple(codecs),
        headerExtensions=tuple(_consumable_extensions(kind, parameters, capabilities)),
        encodings=tuple(
            attrs.evolve(encoding, ssrc=entry.mappedSsrc, rid=None, rtx=None, codecPayloadType=None)
            for encoding, entry in zip(parameters.encodings, mapping.encodings, strict=True)
        ),
        rtcp=RtcpParameters(cname=parameters.rtcp.cname),
        msid=parameters.msid,
    )


def _router_codec(codec: RtpCodecParameters, capabilities: RtpCapabilities) -> RtpCodecCapability:
    found = next((c for c in capabilities.codecs if not is_rtx(c) and same_codec(codec, c)), None)
    if found is None:
        raise UnsupportedError(f"the router has no {codec.mimeType} like that of payload type {codec.payloadType}")
    return found


def _payload_type(codec: RtpCodecCapability) -> int:
    assert codec.preferredPayloadType is not None  # noqa: S101 - generate_router_rtp_capabilities sets them all
    return codec.preferredPayloadType


def _settled_parameters(codec: RtpCodecParameters, ours: RtpCodecCapability) -> dict[str, ParameterValue]:
    if codec.mimeType.lower() == "video/h264":
        settled = h264.answer(codec.parameters, ours.parameters)
        assert settled is not None  # noqa: S101 - same_codec() chose `ours`
        return settled
    return dict(codec.parameters)


def _as_parameters(codec: RtpCodecCapability, parameters: dict[str, ParameterValue]) -> RtpCodecParameters:
    return RtpCodecParameters(
        codec.mimeType, _payload_type(codec), codec.clockRate, codec.channels, parameters, codec.rtcpFeedback
    )


def _consumable_extensions(
    kind: MediaKind, parameters: RtpParameters, capabilities: RtpCapabilities
) -> Sequence[RtpHeaderExtensionParameters]:
    provided = {extension.uri for extension in parameters.headerExtensions} | WRITTEN_EXTENSIONS
    return [
        RtpHeaderExtensionParameters(extension.uri, extension.preferredId)
        for extension in capabilities.headerExtensions
        if extension.kind == kind and extension.direction in {"sendrecv", "sendonly"} and extension.uri in provided
    ]
