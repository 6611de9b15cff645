"""What crosses fields: rules that a decoder of single fields cannot see."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ._errors import InvalidParameterError
from ._wire import from_wire
from .codecs import Codec, is_rtx, kind_of
from .supported import MID_URI
from .types import (
    MediaKind,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)

RTCP_PAYLOAD_TYPES: Final = range(64, 96)
"""With the marker bit these read as RTCP packet types 192 to 223 (RFC 5761, 4)."""


def validate_rtp_capabilities(capabilities: RtpCapabilities, *, name: str = "rtpCapabilities") -> RtpCapabilities:
    """Check capabilities that came from outside.

    Returns:
        The same capabilities, with plain containers throughout.

    Raises:
        InvalidParameterError: a field's type or range is wrong, or a codec's kind contradicts its MIME type.
    """
    capabilities = from_wire(RtpCapabilities, capabilities, name=name)
    for index, codec in enumerate(capabilities.codecs):
        validate_codec_capability(codec, name=f"{name}.codecs[{index}]")
    return capabilities


def validate_codec_capability(codec: RtpCodecCapability, *, name: str) -> RtpCodecCapability:
    """Check one codec; see `validate_rtp_capabilities`."""
    codec = from_wire(RtpCodecCapability, codec, name=name)
    if kind_of(codec) != codec.kind:
        raise InvalidParameterError(f"{name}.kind", f"{codec.kind} is not the kind of {codec.mimeType}")
    _check_apt(codec, name)
    return codec


def validate_rtp_parameters(
    parameters: RtpParameters, kind: MediaKind, *, name: str = "rtpParameters"
) -> RtpParameters:
    """Check the parameters of a producer.

    Args:
        parameters: as the client sent them.
        kind: which kind all of its codecs must have.
        name: what to call the parameters in an error.

    Returns:
        The same parameters, with one empty encoding where none was given: it is found by its MID.

    Raises:
        InvalidParameterError: payload types, SSRCs, RIDs or extension ids are used twice; an RTX names no media codec;
            a payload type reads as RTCP; a stream can be recognised by nothing.
    """
    parameters = from_wire(RtpParameters, parameters, name=name)
    if not parameters.encodings:
        parameters = attrs.evolve(parameters, encodings=(RtpEncodingParameters(),))
    _check_codecs(parameters.codecs, kind, f"{name}.codecs")
    _check_unique((e.id for e in parameters.headerExtensions), f"{name}.headerExtensions", "id")
    _check_encodings(parameters, f"{name}.encodings")
    return parameters


def _check_codecs(codecs: Sequence[RtpCodecParameters], kind: MediaKind, name: str) -> None:
    _check_unique((c.payloadType for c in codecs), name, "payloadType")
    media = {codec.payloadType for codec in codecs if not is_rtx(codec)}
    if not media:
        raise InvalidParameterError(name, "no media codec")
    for index, codec in enumerate(codecs):
        where = f"{name}[{index}]"
        if kind_of(codec) != kind:
            raise InvalidParameterError(f"{where}.mimeType", f"{codec.mimeType} is not {kind}")
        if codec.payloadType in RTCP_PAYLOAD_TYPES:
            raise InvalidParameterError(f"{where}.payloadType", "64 to 95 read as RTCP (RFC 5761)")
        _check_apt(codec, where)
        if is_rtx(codec) and codec.parameters.get("apt") not in media:
            raise InvalidParameterError(f"{where}.parameters.apt", "no media codec has this payload type")


def _check_apt(codec: Codec, name: str) -> None:
    if is_rtx(codec) and not isinstance(codec.parameters.get("apt"), int):
        raise InvalidParameterError(f"{name}.parameters.apt", "an RTX codec needs a payload type here")


def _check_encodings(parameters: RtpParameters, name: str) -> None:
    encodings = parameters.encodings
    media = {codec.payloadType for codec in parameters.codecs if not is_rtx(codec)}
    ssrcs = [e.ssrc for e in encodings if e.ssrc is not None]
    _check_unique([*ssrcs, *(e.rtx.ssrc for e in encodings if e.rtx is not None)], name, "ssrc")
    _check_unique((e.rid for e in encodings if e.rid is not None), name, "rid")
    has_mid = parameters.mid is not None and any(e.uri == MID_URI for e in parameters.headerExtensions)
    for index, encoding in enumerate(encodings):
        if encoding.codecPayloadType is not None and encoding.codecPayloadType not in media:
            raise InvalidParameterError(f"{name}[{index}].codecPayloadType", "no media codec has this payload type")
        if encoding.ssrc is not None or encoding.rid is not None:
            continue
        if len(encodings) > 1:
            raise InvalidParameterError(f"{name}[{index}]", "needs an ssrc or a rid, as one of several")
        if not has_mid:
            raise InvalidParameterError(f"{name}[{index}]", "needs an ssrc, a rid, or a mid with its extension")


def _check_unique(values: Iterable[int | str], name: str, what: str) -> None:
    seen: set[int | str] = set()
    for value in values:
        if value in seen:
            raise InvalidParameterError(name, f"{what} {value} is used twice")
        seen.add(value)
