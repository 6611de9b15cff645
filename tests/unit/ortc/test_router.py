"""What a router offers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ortc import devices

from videocall import ortc
from videocall.ortc.types import RtpCodecCapability

OPUS = RtpCodecCapability("audio", "audio/opus", 48000, 2)
VP8 = RtpCodecCapability("video", "video/VP8", 90000)


def _has_opus_for_red(codecs: list[RtpCodecCapability]) -> bool:
    names = {codec.mimeType for codec in codecs}
    return "audio/red" not in names or "audio/opus" in names


media_codecs = st.lists(st.sampled_from(ortc.DEFAULT_CODECS), unique_by=id, max_size=len(ortc.DEFAULT_CODECS)).filter(
    _has_opus_for_red
)


@given(media_codecs)
def test_every_video_codec_is_followed_by_its_rtx(codecs: list[RtpCodecCapability]) -> None:
    offered = ortc.generate_router_rtp_capabilities(codecs).codecs
    expected = [name for c in codecs for name in ([c.mimeType] if c.kind == "audio" else [c.mimeType, "video/rtx"])]
    assert [codec.mimeType for codec in offered] == expected
    for media, rtx in itertools.pairwise(offered):
        if rtx.mimeType == "video/rtx":
            assert rtx.parameters == {"apt": media.preferredPayloadType}
            assert rtx.clockRate == media.clockRate


@given(media_codecs, st.lists(st.integers(96, 126), unique=True, min_size=len(ortc.DEFAULT_CODECS)))
def test_payload_types_are_unique_and_wishes_are_met(codecs: list[RtpCodecCapability], wishes: list[int]) -> None:
    wanted = [
        RtpCodecCapability(c.kind, c.mimeType, c.clockRate, c.channels, wish if wish % 2 else None, c.parameters)
        for c, wish in zip(codecs, wishes, strict=False)
    ]
    offered = ortc.generate_router_rtp_capabilities(wanted).codecs
    numbers = [codec.preferredPayloadType for codec in offered]
    assert len(set(numbers)) == len(numbers)
    assert all(number is not None and 96 <= number < ortc.PROBATOR_PAYLOAD_TYPE for number in numbers)
    given_back = [c.preferredPayloadType for c in offered if c.mimeType != "video/rtx"]
    assert all(w.preferredPayloadType in {None, got} for w, got in zip(wanted, given_back, strict=True))


def test_redundant_audio_is_of_the_routers_opus_wherever_it_stands() -> None:
    opus, red = (RtpCodecCapability("audio", name, 48000, 2) for name in ("audio/opus", "audio/red"))
    for codecs in ([opus, red], [red, opus]):
        offered = ortc.generate_router_rtp_capabilities(codecs).codecs
        by_name = {codec.mimeType: codec for codec in offered}
        number = by_name["audio/opus"].preferredPayloadType
        assert by_name["audio/red"].parameters == {"": f"{number}/{number}"}


def test_redundant_audio_of_nothing_is_refused() -> None:
    with pytest.raises(ortc.InvalidParameterError, match=r"mediaCodecs\[0\]"):
        ortc.generate_router_rtp_capabilities([RtpCodecCapability("audio", "audio/red", 48000, 2)])


def test_unknown_parameters_are_kept() -> None:
    codec = RtpCodecCapability("video", "video/VP8", 90000, parameters={"x-google-start-bitrate": 1000})
    offered = ortc.generate_router_rtp_capabilities([codec]).codecs
    assert offered[0].parameters == {"x-google-start-bitrate": 1000}


def test_one_extension_id_means_one_uri() -> None:
    extensions = ortc.SUPPORTED_EXTENSIONS
    assert len({e.uri for e in extensions}) == len({e.preferredId for e in extensions})
    assert len({(e.kind, e.uri) for e in extensions}) == len(extensions)
    assert all(1 <= e.preferredId <= 14 for e in extensions), "the one-byte form has no other ids (RFC 8285, 4.2)"
    mediasoup = {e.uri: e.preferredId for e in extensions}
    assert (mediasoup[devices.MID], mediasoup[devices.ABS_SEND_TIME], mediasoup[devices.TWCC]) == (1, 4, 5)
    assert (mediasoup[devices.RID], mediasoup[devices.RRID], mediasoup[devices.LEVEL]) == (2, 3, 10)


@pytest.mark.parametrize(
    ("codecs", "argument"),
    [
        ([VP8, OPUS, VP8], "mediaCodecs[2]"),
        ([RtpCodecCapability("video", "video/rtx", 90000, parameters={"apt": 100})], "mediaCodecs[0]"),
        ([RtpCodecCapability("audio", "video/VP8", 90000)], "mediaCodecs[0].kind"),
        ([OPUS, RtpCodecCapability("video", "video/VP8", 90000, None, 127)], "mediaCodecs[1].preferredPayloadType"),
        ([RtpCodecCapability("video", "video/VP8", 90000, None, 72)], "mediaCodecs[0].preferredPayloadType"),
        (
            [
                RtpCodecCapability("audio", "audio/opus", 48000, 2, 100),
                RtpCodecCapability("video", "video/VP8", 90000, None, 100),
            ],
            "mediaCodecs[1].preferredPayloadType",
        ),
        ([RtpCodecCapability("video", "video/VP8", -1)], "mediaCodecs[0].clockRate"),
        (
            [RtpCodecCapability("video", "video/VP9", 90000, parameters={"profile-id": i}) for i in range(20)],
            "mediaCodecs",
        ),
    ],
)
def test_contradictions_are_named(codecs: list[RtpCodecCapability], argument: str) -> None:
    with pytest.raises(ortc.InvalidParameterError) as caught:
        ortc.generate_router_rtp_capabilities(codecs)
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    "codec",
    [
        RtpCodecCapability("audio", "audio/opus", 48000),
        RtpCodecCapability("audio", "audio/opus", 16000, 2),
        RtpCodecCapability("video", "video/H265", 90000),
    ],
)
def test_what_the_core_cannot_forward(codec: RtpCodecCapability) -> None:
    with pytest.raises(ortc.UnsupportedError, match=r"mediaCodecs\[0\]"):
        ortc.generate_router_rtp_capabilities([codec])
