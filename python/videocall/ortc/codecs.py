"""When two codec descriptions mean the same codec."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from . import h264
from .types import ParameterValue, RtpCodecCapability, RtpCodecParameters

Codec: TypeAlias = RtpCodecCapability | RtpCodecParameters
C = TypeVar("C", RtpCodecCapability, RtpCodecParameters)


def is_rtx(codec: Codec) -> bool:
    """Whether the codec only retransmits another one (RFC 4588)."""
    return codec.mimeType.lower().endswith("/rtx")


def is_red(codec: Codec) -> bool:
    """Whether the codec carries payloads of another one redundantly (RFC 2198)."""
    return codec.mimeType.lower() == "audio/red"


def is_event(codec: Codec) -> bool:
    """Whether the codec carries only a keypad's tones (RFC 4733), beside another one."""
    return codec.mimeType.lower() == "audio/telephone-event"


def kind_of(codec: Codec) -> str:
    """``audio`` or ``video`` by the MIME type, in lower case; anything else as written."""
    return codec.mimeType.partition("/")[0].lower()


def same_codec(a: Codec, b: Codec) -> bool:
    """Whether a stream of `a` suits who declares `b`: name, clock, channels and the codec's profile agree."""
    return same_format(a, b) and _same_profile(a, b)


def same_format(a: Codec, b: Codec) -> bool:
    """Whether MIME type, clock and channels agree; profiles are not looked at."""
    return a.mimeType.lower() == b.mimeType.lower() and a.clockRate == b.clockRate and _channels(a) == _channels(b)


def find_rtx(codecs: Iterable[C], payload_type: int | None) -> C | None:
    """The RTX codec whose ``apt`` is `payload_type`, if there is one."""
    return next((c for c in codecs if is_rtx(c) and c.parameters.get("apt") == payload_type), None)


def find_red(codecs: Iterable[C], payload_type: int | None) -> C | None:
    """The redundant audio whose blocks are of `payload_type`, if there is one.

    Its fmtp parameters (RFC 2198, 5) are no names and values; clients write a value without a name as it is.
    """
    return next((c for c in codecs if is_red(c) and c.parameters.get("") == red_format(payload_type)), None)


def red_format(payload_type: int | None) -> str:
    """The fmtp parameter of redundant audio over `payload_type`."""
    return f"{payload_type}/{payload_type}"


def _channels(codec: Codec) -> int:
    return (codec.channels or 1) if kind_of(codec) == "audio" else 0


def _same_profile(a: Codec, b: Codec) -> bool:
    match a.mimeType.lower():
        case "video/h264":
            return h264.answer(a.parameters, b.parameters) is not None
        case "video/vp9":  # RFC 9628, 6.1: absent means profile 0
            return _number(a.parameters, "profile-id") == _number(b.parameters, "profile-id")
        case "video/av1":  # AV1 RTP payload format, 7.2.1: absent means Main (0)
            return _number(a.parameters, "profile") == _number(b.parameters, "profile")
        case "audio/multiopus":
            return all(_number(a.parameters, name) == _number(b.parameters, name) for name in _MULTIOPUS)
        case _:
            return True


_MULTIOPUS = ("channel_mapping", "num_streams", "coupled_streams")
"""How the channels lie in the streams: a decoder is made for one layout."""


def _number(parameters: Mapping[str, ParameterValue], name: str) -> str:
    return str(parameters.get(name, 0))
