"""What a router offers, made from the codecs it is given."""

from collections.abc import Sequence
from typing import Final

import attrs

from ._errors import InvalidParameterError, UnsupportedError
from .codecs import is_red, is_rtx, red_format, same_codec, same_format
from .supported import SUPPORTED_CODECS, SUPPORTED_EXTENSIONS
from .types import RtpCapabilities, RtpCodecCapability
from .validation import RTCP_PAYLOAD_TYPES, validate_codec_capability

PROBATOR_PAYLOAD_TYPE: Final = 127
"""mediasoup-client gives it to an m-section of its own, in the same bundle as all consumers."""

# RFC 3551's dynamic range from 100 on, then its beginning: the order in which existing clients expect them.
_DYNAMIC: Final = (*range(100, PROBATOR_PAYLOAD_TYPE), *range(96, 100))


def generate_router_rtp_capabilities(codecs: Sequence[RtpCodecCapability]) -> RtpCapabilities:
    """Complete the codecs of a router: payload types, feedback, an RTX codec after each video codec, header extensions.

    Args:
        codecs: in order of preference. A `preferredPayloadType` is kept; parameters are merged over the supported ones.

    Returns:
        Capabilities in which every codec has a payload type of its own.

    Raises:
        UnsupportedError: the media core knows no such codec.
        InvalidParameterError: a codec or a payload type that comes twice, or is reserved; too many codecs.
    """
    given = [validate_codec_capability(codec, name=f"mediaCodecs[{i}]") for i, codec in enumerate(codecs)]
    given = [_with_static_type(codec) for codec in given]
    payload_types = _PayloadTypes(given)
    offered: list[RtpCodecCapability] = []
    reds: list[tuple[int, int]] = []
    for index, codec in enumerate(given):
        supported = _supported(codec)
        if supported is None:
            raise UnsupportedError(f"mediaCodecs[{index}]: {codec.mimeType} at {codec.clockRate} Hz is not supported")
        media = attrs.evolve(
            supported,
            parameters={**supported.parameters, **codec.parameters},
            preferredPayloadType=payload_types.take(codec.preferredPayloadType),
        )
        if any(same_codec(media, other) for other in offered):
            raise InvalidParameterError(f"mediaCodecs[{index}]", f"{codec.mimeType} with these parameters comes twice")
        offered.append(media)
        if is_red(media):
            reds.append((index, len(offered) - 1))
        if media.kind == "video":
            offered.append(_rtx_for(media, payload_types.take(None)))
    for index, place in reds:
        offered[place] = _red_over_opus(offered[place], offered, name=f"mediaCodecs[{index}]")
    return RtpCapabilities(tuple(offered), SUPPORTED_EXTENSIONS)


def _supported(codec: RtpCodecCapability) -> RtpCodecCapability | None:
    return next((supported for supported in SUPPORTED_CODECS if same_format(codec, supported)), None)


def _with_static_type(codec: RtpCodecCapability) -> RtpCodecCapability:
    supported = _supported(codec)
    if supported is None or codec.preferredPayloadType is not None:
        return codec
    return attrs.evolve(codec, preferredPayloadType=supported.preferredPayloadType)


def _red_over_opus(red: RtpCodecCapability, offered: Sequence[RtpCodecCapability], *, name: str) -> RtpCodecCapability:
    # Opus is the one audio codec that browsers carry redundantly; it may come before or after in the list.
    opus = next((c for c in offered if c.mimeType.lower() == "audio/opus"), None)
    if opus is None:
        raise InvalidParameterError(name, "audio/red needs audio/opus beside it")
    return attrs.evolve(red, parameters={"": red_format(opus.preferredPayloadType)})


def _rtx_for(media: RtpCodecCapability, payload_type: int) -> RtpCodecCapability:
    assert media.preferredPayloadType is not None  # noqa: S101 - given by the only caller
    return RtpCodecCapability(
        media.kind,
        f"{media.kind}/rtx",
        media.clockRate,
        preferredPayloadType=payload_type,
        parameters={"apt": media.preferredPayloadType},
    )


class _PayloadTypes:
    """Hands out payload types; those that were asked for are never given to anyone else."""

    def __init__(self, codecs: Sequence[RtpCodecCapability]) -> None:
        asked: set[int] = set()
        for index, codec in enumerate(codecs):
            name, wanted = f"mediaCodecs[{index}].preferredPayloadType", codec.preferredPayloadType
            if is_rtx(codec):
                raise InvalidParameterError(f"mediaCodecs[{index}]", "RTX codecs are added for every video codec")
            if wanted is None:
                continue
            if wanted == PROBATOR_PAYLOAD_TYPE or wanted in RTCP_PAYLOAD_TYPES:
                raise InvalidParameterError(name, f"{wanted} is reserved")
            if wanted in asked:
                raise InvalidParameterError(name, f"{wanted} is used twice")
            asked.add(wanted)
        self._free: list[int] = [number for number in reversed(_DYNAMIC) if number not in asked]

    def take(self, wanted: int | None) -> int:
        if wanted is not None:
            return wanted
        if not self._free:
            raise InvalidParameterError("mediaCodecs", "there are not enough dynamic payload types for so many codecs")
        return self._free.pop()
