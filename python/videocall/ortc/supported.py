"""What the media core can forward, and the defaults of a router."""

from typing import Final

from .types import (
    ExtensionDirection,
    MediaKind,
    ParameterValue,
    RtcpFeedback,
    RtpCodecCapability,
    RtpHeaderExtension,
)

MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_URI: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
DEPENDENCY_DESCRIPTOR_URI: Final = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
AUDIO_LEVEL_URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION_URI: Final = "urn:3gpp:video-orientation"
ABS_CAPTURE_TIME_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
PLAYOUT_DELAY_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

_AUDIO_FEEDBACK: Final = (RtcpFeedback("nack"), RtcpFeedback("transport-cc"))
_VIDEO_FEEDBACK: Final = (
    RtcpFeedback("nack"),
    RtcpFeedback("nack", "pli"),
    RtcpFeedback("ccm", "fir"),
    RtcpFeedback("goog-remb"),
    RtcpFeedback("transport-cc"),
)


def _multiopus(channels: int, mapping: str, streams: int, coupled: int) -> RtpCodecCapability:
    """Surround sound as Chromium sends it: `streams` Opus streams, `coupled` of them in stereo (RFC 7845, 5.1.1)."""
    parameters: dict[str, ParameterValue] = {
        "channel_mapping": mapping,
        "num_streams": streams,
        "coupled_streams": coupled,
    }
    return RtpCodecCapability(
        "audio", "audio/multiopus", 48000, channels, parameters=parameters, rtcpFeedback=_AUDIO_FEEDBACK
    )


SUPPORTED_CODECS: Final = (
    RtpCodecCapability("audio", "audio/opus", 48000, 2, rtcpFeedback=_AUDIO_FEEDBACK),
    RtpCodecCapability("audio", "audio/red", 48000, 2),
    *(_multiopus(*layout) for layout in ((4, "0,1,2,3", 2, 2), (6, "0,4,1,2,3,5", 4, 2), (8, "0,6,1,2,3,4,5,7", 5, 3))),
    # Static payload types (RFC 3551, 6). G.722's RTP clock is half its sampling rate (4.5.2).
    *(
        RtpCodecCapability("audio", f"audio/{name}", 8000, 1, number, rtcpFeedback=(RtcpFeedback("transport-cc"),))
        for name, number in (("PCMU", 0), ("PCMA", 8), ("G722", 9))
    ),
    # Tones of a keypad (RFC 4733), beside a codec of the same clock.
    *(RtpCodecCapability("audio", "audio/telephone-event", clock, 1) for clock in (48000, 32000, 16000, 8000)),
    RtpCodecCapability("video", "video/VP8", 90000, rtcpFeedback=_VIDEO_FEEDBACK),
    RtpCodecCapability("video", "video/VP9", 90000, rtcpFeedback=_VIDEO_FEEDBACK),
    RtpCodecCapability(
        "video", "video/H264", 90000, parameters={"level-asymmetry-allowed": 1}, rtcpFeedback=_VIDEO_FEEDBACK
    ),
    RtpCodecCapability("video", "video/AV1", 90000, rtcpFeedback=_VIDEO_FEEDBACK),
)
"""Codecs a router may be given, with any profile; the parameters here are merged under the given ones."""

DEFAULT_CODECS: Final = (
    RtpCodecCapability("audio", "audio/opus", 48000, 2),
    RtpCodecCapability("video", "video/VP8", 90000),
    RtpCodecCapability("video", "video/VP9", 90000, parameters={"profile-id": 0}),
    RtpCodecCapability("video", "video/VP9", 90000, parameters={"profile-id": 2}),
    *(
        RtpCodecCapability(
            "video", "video/H264", 90000, parameters={"packetization-mode": mode, "profile-level-id": profile}
        )
        for profile, mode in (("42e01f", 1), ("42e01f", 0), ("42001f", 1), ("4d001f", 1), ("64001f", 1))
    ),
    RtpCodecCapability("video", "video/AV1", 90000),
    RtpCodecCapability("audio", "audio/red", 48000, 2),
)
"""What `create_router` offers when it is not told. Clients prefer what comes first."""


def _extension(
    uri: str, number: int, kinds: tuple[MediaKind, ...], direction: ExtensionDirection = "sendrecv"
) -> tuple[RtpHeaderExtension, ...]:
    return tuple(RtpHeaderExtension(uri, number, kind, direction=direction) for kind in kinds)


SUPPORTED_EXTENSIONS: Final = (
    *_extension(MID_URI, 1, ("audio", "video")),
    *_extension(RID_URI, 2, ("video",), "recvonly"),
    *_extension(REPAIRED_RID_URI, 3, ("video",), "recvonly"),
    *_extension(ABS_SEND_TIME_URI, 4, ("audio", "video")),
    # Publishers number their audio too, so that their estimate sees all they send; consumers' audio is not paced.
    *_extension(TRANSPORT_CC_URI, 5, ("audio",), "recvonly"),
    *_extension(TRANSPORT_CC_URI, 5, ("video",)),
    # A descriptor refers to a structure that came with the last keyframe: it is read here and never sent on.
    *_extension(DEPENDENCY_DESCRIPTOR_URI, 8, ("video",), "recvonly"),
    *_extension(AUDIO_LEVEL_URI, 10, ("audio",)),
    *_extension(VIDEO_ORIENTATION_URI, 11, ("video",)),
    *_extension(ABS_CAPTURE_TIME_URI, 13, ("audio", "video")),
    *_extension(PLAYOUT_DELAY_URI, 14, ("audio", "video")),
)
"""Header extensions of every router, with mediasoup's ids. A URI has one id in both kinds: ids are per transport.

Transmission offsets (RFC 5450) are left out: they are the sender's own delay, and untrue once forwarded.
"""

WRITTEN_EXTENSIONS: Final = frozenset({MID_URI, ABS_SEND_TIME_URI, TRANSPORT_CC_URI})
"""What the server writes itself into every packet it sends. The others pass through, if the producer has them."""
