"""From what a router can offer of a producer to what one consumer gets."""

import re
from collections.abc import Iterable, Sequence

import attrs

from ._errors import UnsupportedError
from .codecs import find_rtx, is_event, is_red, is_rtx, same_codec
from .supported import ABS_SEND_TIME_URI, TRANSPORT_CC_URI
from .types import (
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)


def can_consume(consumable: RtpParameters, capabilities: RtpCapabilities) -> bool:
    """Whether an endpoint with `capabilities` can decode at least one codec of a producer."""
    return any(_match(codec, capabilities) is not None for codec in consumable.codecs if _is_media(codec))


def get_consumer_rtp_parameters(
    consumable: RtpParameters,
    capabilities: RtpCapabilities,
    *,
    mid: str,
    ssrc: int,
    enable_rtx: bool = True,
) -> RtpParameters:
    """Make the parameters of one consumer.

    Args:
        consumable: of the producer, from `get_consumable_rtp_parameters`.
        capabilities: of the consuming endpoint. Its payload types do not matter: consumers use the router's. Its header
            extensions count by URI and id, whatever their kind: browsers list one that both kinds share only once.
        mid: of the consumer, unique in its transport.
        ssrc: of the consumer's only stream; `ssrc + 1` is its retransmission stream. Neither may be in use elsewhere in
            the transport.
        enable_rtx: whether to offer retransmission, where the endpoint can do it.

    Returns:
        Parameters with one encoding. Of transport-cc and goog-remb the endpoint gets the first that it can do.

    Raises:
        UnsupportedError: the endpoint has none of the codecs.
    """
    extensions = tuple(e for e in consumable.headerExtensions if _accepts(capabilities, e))
    drop = _unusable_feedback(extensions, enable_rtx=enable_rtx)
    codecs: list[RtpCodecParameters] = []
    rtx_used = False
    for codec in consumable.codecs:
        theirs = None if is_rtx(codec) else _match(codec, capabilities)
        if theirs is None:
            continue
        codecs.append(attrs.evolve(codec, rtcpFeedback=_common(codec.rtcpFeedback, theirs.rtcpFeedback, drop)))
        rtx = find_rtx(consumable.codecs, codec.payloadType) if enable_rtx else None
        if rtx is not None and find_rtx(capabilities.codecs, theirs.preferredPayloadType) is not None:
            codecs.append(rtx)
            rtx_used = True
    if not any(_is_media(codec) for codec in codecs):
        raise UnsupportedError("none of the producer's codecs can be received with these rtpCapabilities")
    return RtpParameters(
        codecs=tuple(codecs),
        headerExtensions=extensions,
        encodings=(_encoding(consumable.encodings, ssrc, rtx=rtx_used),),
        rtcp=consumable.rtcp,
        mid=mid,
        msid=consumable.msid,
    )


def temporal_layers(scalability_mode: str | None) -> int:
    """Number of temporal layers in a mode such as ``L1T3`` or ``L3T3_KEY``; 1 for nothing or nonsense."""
    found = re.match(r"[LS][1-9][0-9]?T([1-9][0-9]?)", scalability_mode or "")
    return int(found.group(1)) if found else 1


def _is_media(codec: RtpCodecParameters) -> bool:
    return not is_rtx(codec) and not is_red(codec) and not is_event(codec)


def _match(codec: RtpCodecParameters, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    return next((c for c in capabilities.codecs if not is_rtx(c) and same_codec(codec, c)), None)


def _accepts(capabilities: RtpCapabilities, extension: RtpHeaderExtensionParameters) -> bool:
    return any(e.uri == extension.uri and e.preferredId == extension.id for e in capabilities.headerExtensions)


def _unusable_feedback(
    extensions: Sequence[RtpHeaderExtensionParameters], *, enable_rtx: bool
) -> frozenset[tuple[str, str]]:
    uris = {extension.uri for extension in extensions}
    drop: set[tuple[str, str]] = set()
    if TRANSPORT_CC_URI in uris:
        drop.add(("goog-remb", ""))
    elif ABS_SEND_TIME_URI in uris:
        drop.add(("transport-cc", ""))
    else:
        drop |= {("goog-remb", ""), ("transport-cc", "")}
    if not enable_rtx:
        drop.add(("nack", ""))
    return frozenset(drop)


def _common(
    ours: Iterable[RtcpFeedback], theirs: Iterable[RtcpFeedback], drop: frozenset[tuple[str, str]]
) -> tuple[RtcpFeedback, ...]:
    known = {_key(feedback) for feedback in theirs} - drop
    return tuple(feedback for feedback in ours if _key(feedback) in known)


def _key(feedback: RtcpFeedback) -> tuple[str, str]:
    return feedback.type, feedback.parameter or ""


def _encoding(layers: Sequence[RtpEncodingParameters], ssrc: int, *, rtx: bool) -> RtpEncodingParameters:
    mode = next((layer.scalabilityMode for layer in layers if layer.scalabilityMode), None)
    if len(layers) > 1:  # simulcast: the consumer sees its layers as spatial layers of one stream
        mode = f"L{len(layers)}T{temporal_layers(mode)}"
    bitrate = max((layer.maxBitrate or 0 for layer in layers), default=0)
    return RtpEncodingParameters(
        ssrc=ssrc,
        rtx=RtxParameters(ssrc + 1) if rtx else None,
        scalabilityMode=mode,
        maxBitrate=int(bitrate) or None,
    )
