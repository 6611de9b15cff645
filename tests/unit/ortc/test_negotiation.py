"""From a producer to its consumers, with the capabilities of real clients."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ortc import devices

from videocall import ortc
from videocall.ortc.types import MediaKind, RtcpFeedback, RtpCapabilities, RtpEncodingParameters, RtpParameters

ROUTER = ortc.generate_router_rtp_capabilities(ortc.DEFAULT_CODECS)
FIRST_SSRC = 0x2000_0000


def consumable(parameters: RtpParameters, kind: MediaKind, router: RtpCapabilities = ROUTER) -> RtpParameters:
    parameters = ortc.validate_rtp_parameters(parameters, kind)
    mapping = ortc.get_producer_rtp_mapping(parameters, router, first_ssrc=FIRST_SSRC)
    return ortc.get_consumable_rtp_parameters(kind, parameters, router, mapping)


def consume(
    source: RtpParameters, capabilities: RtpCapabilities, *, mid: str = "0", enable_rtx: bool = True
) -> RtpParameters:
    return ortc.get_consumer_rtp_parameters(source, capabilities, mid=mid, ssrc=4000, enable_rtx=enable_rtx)


def router_codec(name: str, **fmtp: Any) -> int:
    wanted = {key.replace("_", "-"): value for key, value in fmtp.items()}
    codec = next(c for c in ROUTER.codecs if c.mimeType == name and wanted.items() <= c.parameters.items())
    assert codec.preferredPayloadType is not None
    return codec.preferredPayloadType


CALLS = [
    ("chromium", "audio", "opus", {}),
    ("chromium", "video", "VP8", {}),
    ("chromium", "video", "VP9", {"profile_id": 0}),
    ("chromium", "video", "VP9", {"profile_id": 2}),
    ("chromium", "video", "H264", {"profile_level_id": "42e01f", "packetization_mode": 1}),
    ("chromium", "video", "H264", {"profile_level_id": "42e01f", "packetization_mode": 0}),
    ("chromium", "video", "H264", {"profile_level_id": "42001f", "packetization_mode": 1}),
    ("chromium", "video", "H264", {"profile_level_id": 640032, "packetization_mode": 1}),
    ("chromium", "video", "AV1", {}),
    ("firefox", "audio", "opus", {}),
    ("firefox", "video", "VP8", {}),
    ("firefox", "video", "VP9", {}),
    ("firefox", "video", "AV1", {}),
    ("aiortc", "audio", "opus", {}),
    ("aiortc", "video", "VP8", {}),
    ("aiortc", "video", "H264", {}),
]


@pytest.mark.parametrize(("name", "kind", "codec", "fmtp"), CALLS)
@pytest.mark.parametrize("receiver", devices.DEVICES)
def test_what_one_sends_the_other_gets_in_the_routers_numbers(
    name: str, kind: MediaKind, codec: str, fmtp: dict[str, Any], receiver: str
) -> None:
    sent = devices.sending(name, kind, codec, **fmtp)
    source = consumable(sent, kind)
    theirs = devices.receiving(receiver, ROUTER)
    if not ortc.can_consume(source, theirs):
        with pytest.raises(ortc.UnsupportedError):
            consume(source, theirs)
        assert not any(ortc.codecs.same_codec(sent.codecs[0], c) for c in devices.device(receiver).codecs)
        return
    got = consume(source, theirs, mid="7")
    ours = {c.preferredPayloadType: c for c in ROUTER.codecs}
    assert got.mid == "7"
    assert got.codecs[0].mimeType.lower() == f"{kind}/{codec}".lower()
    for entry in got.codecs:
        assert entry.mimeType == ours[entry.payloadType].mimeType
    # The first codec's payload type is how clients recognise what they can receive.
    assert got.codecs[0].payloadType in {c.preferredPayloadType for c in theirs.codecs}
    assert got.codecs[0].parameters == source.codecs[0].parameters
    assert [e.ssrc for e in got.encodings] == [4000]
    has_rtx = len(got.codecs) == 2 and kind == "video"
    assert has_rtx == (kind == "video")
    assert got.encodings[0].rtx == (ortc.types.RtxParameters(4001) if has_rtx else None)
    if has_rtx:
        assert got.codecs[1].parameters == {"apt": got.codecs[0].payloadType}
    ids = {e.uri: e.preferredId for e in ROUTER.headerExtensions}
    assert all(ids[e.uri] == e.id for e in got.headerExtensions)
    assert got.rtcp.cname == "alice"
    assert got.msid == sent.msid


def test_redundant_audio_is_offered_to_those_who_can_take_it() -> None:
    source = consumable(devices.sending("chromium", "audio", "opus"), "audio")
    names = {
        receiver: [codec.mimeType for codec in consume(source, devices.receiving(receiver, ROUTER)).codecs]
        for receiver in ("chromium", "firefox", "aiortc")
    }
    assert names["chromium"] == ["audio/opus", "audio/red"]
    assert names["firefox"] == names["aiortc"] == ["audio/opus"]


def test_who_takes_nothing_but_redundant_audio_takes_nothing() -> None:
    source = consumable(devices.sending("chromium", "audio", "opus"), "audio")
    theirs = devices.receiving("chromium", ROUTER)
    only_red = attrs.evolve(theirs, codecs=tuple(c for c in theirs.codecs if c.mimeType == "audio/red"))
    assert only_red.codecs
    assert not ortc.can_consume(source, only_red)
    with pytest.raises(ortc.UnsupportedError):
        consume(source, only_red)


def test_a_publisher_of_redundant_audio_is_consumed_as_opus() -> None:
    sent = devices.sending("chromium", "audio", "opus")
    opus = sent.codecs[0]
    red = ortc.types.RtpCodecParameters("audio/red", 63, 48000, 2, {"": f"{opus.payloadType}/{opus.payloadType}"})
    source = consumable(attrs.evolve(sent, codecs=(red, opus)), "audio")
    assert [codec.mimeType for codec in source.codecs] == ["audio/opus", "audio/red"]
    assert source.codecs[0].payloadType == router_codec("audio/opus")


def test_codecs_that_nobody_shares() -> None:
    source = consumable(devices.sending("chromium", "video", "H264", profile_level_id="42e01f"), "video")
    assert not ortc.can_consume(source, devices.receiving("firefox", ROUTER))
    only_ten_bit = consumable(devices.sending("chromium", "video", "VP9", profile_id=2), "video")
    assert not ortc.can_consume(only_ten_bit, devices.receiving("firefox", ROUTER))
    assert ortc.can_consume(only_ten_bit, devices.receiving("chromium", ROUTER))


def test_the_mapping_leads_to_the_codec_of_the_same_profile() -> None:
    for profile in ("42e01f", "42001f", "4d001f"):
        sent = devices.sending("chromium", "video", "H264", profile_level_id=profile, packetization_mode=1)
        mapping = ortc.get_producer_rtp_mapping(sent, ROUTER, first_ssrc=FIRST_SSRC)
        expected = router_codec("video/H264", profile_level_id=profile, packetization_mode=1)
        by_type = {entry.payloadType: entry.mappedPayloadType for entry in mapping.codecs}
        assert by_type[sent.codecs[0].payloadType] == expected
        rtx = next(c for c in ROUTER.codecs if c.parameters.get("apt") == expected)
        assert by_type[sent.codecs[1].payloadType] == rtx.preferredPayloadType


def test_the_senders_level_is_kept_when_levels_may_differ() -> None:
    sent = devices.sending("chromium", "video", "H264", profile_level_id=640032)
    assert consumable(sent, "video").codecs[0].parameters["profile-level-id"] == 640032


def test_extensions_count_by_uri_and_id_whatever_their_kind() -> None:
    source = consumable(devices.sending("chromium", "audio", "opus"), "audio")
    theirs = devices.receiving("chromium", ROUTER)
    only_video = tuple(attrs.evolve(e, kind="video") for e in theirs.headerExtensions)
    got = consume(source, attrs.evolve(theirs, headerExtensions=only_video))
    assert {devices.MID, devices.ABS_SEND_TIME, devices.LEVEL} == {e.uri for e in got.headerExtensions}
    wrong_ids = tuple(attrs.evolve(e, preferredId=e.preferredId + 100) for e in theirs.headerExtensions)
    assert consume(source, attrs.evolve(theirs, headerExtensions=wrong_ids)).headerExtensions == ()


def test_extensions_pass_through_only_when_the_producer_has_them() -> None:
    everything = attrs.evolve(devices.receiving("chromium", ROUTER), headerExtensions=ROUTER.headerExtensions)
    from_chromium = consume(consumable(devices.sending("chromium", "video", "VP8"), "video"), everything)
    from_aiortc = consume(consumable(devices.sending("aiortc", "video", "VP8"), "video"), everything)
    written = {devices.MID, devices.ABS_SEND_TIME, devices.TWCC}
    assert {e.uri for e in from_aiortc.headerExtensions} == written
    assert {e.uri for e in from_chromium.headerExtensions} == written | {
        devices.ORIENTATION,
        devices.CAPTURE_TIME,
        devices.PLAYOUT_DELAY,
    }


def test_what_is_true_only_of_the_senders_packets_never_reaches_a_consumer() -> None:
    sent = devices.sending("chromium", "video", "AV1")
    assert {devices.DEPENDENCY, devices.TOFFSET, devices.RID} <= {e.uri for e in sent.headerExtensions}
    everything = attrs.evolve(devices.device("chromium"), headerExtensions=ROUTER.headerExtensions)
    uris = {e.uri for e in consume(consumable(sent, "video"), everything).headerExtensions}
    assert not uris & {devices.DEPENDENCY, devices.TOFFSET, devices.RID, devices.RRID}


@pytest.mark.parametrize(
    ("uris", "expected"),
    [
        ({devices.MID, devices.ABS_SEND_TIME, devices.TWCC}, {"transport-cc"}),
        ({devices.MID, devices.TWCC}, {"transport-cc"}),
        ({devices.MID, devices.ABS_SEND_TIME}, {"goog-remb"}),
        ({devices.MID}, set()),
    ],
)
def test_one_bandwidth_estimate_is_negotiated(uris: set[str], expected: set[str]) -> None:
    theirs = devices.receiving("chromium", ROUTER)
    kept = tuple(e for e in theirs.headerExtensions if e.uri in uris)
    source = consumable(devices.sending("chromium", "video", "VP8"), "video")
    got = consume(source, attrs.evolve(theirs, headerExtensions=kept))
    feedback = set(got.codecs[0].rtcpFeedback)
    assert {f.type for f in feedback} & {"transport-cc", "goog-remb"} == expected
    assert {RtcpFeedback("nack"), RtcpFeedback("nack", "pli"), RtcpFeedback("ccm", "fir")} <= feedback


def test_without_retransmission_there_is_no_nack() -> None:
    source = consumable(devices.sending("chromium", "video", "VP8"), "video")
    got = consume(source, devices.receiving("chromium", ROUTER), enable_rtx=False)
    assert len(got.codecs) == 1
    assert got.encodings[0].rtx is None
    assert RtcpFeedback("nack") not in got.codecs[0].rtcpFeedback
    assert RtcpFeedback("nack", "pli") in got.codecs[0].rtcpFeedback


def test_feedback_that_the_receiver_lacks_is_not_promised() -> None:
    source = consumable(devices.sending("chromium", "video", "VP8"), "video")
    got = consume(source, devices.receiving("aiortc", ROUTER))
    assert {f.type for f in got.codecs[0].rtcpFeedback} == {"nack", "goog-remb"}


layers = st.lists(
    st.builds(
        RtpEncodingParameters,
        rid=st.uuids().map(lambda u: u.hex[:8]),
        scalabilityMode=st.sampled_from([None, "L1T1", "L1T3", "S1T2"]),
        maxBitrate=st.none() | st.integers(0, 5_000_000) | st.floats(0, 5e6),
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda e: e.rid,
)


@given(layers)
def test_simulcast_becomes_one_stream(encodings: list[RtpEncodingParameters]) -> None:
    sent = attrs.evolve(devices.sending("chromium", "video", "VP8"), encodings=tuple(encodings))
    checked = ortc.validate_rtp_parameters(sent, "video")
    mapping = ortc.get_producer_rtp_mapping(checked, ROUTER, first_ssrc=FIRST_SSRC)
    assert [(e.rid, e.ssrc) for e in mapping.encodings] == [(e.rid, None) for e in encodings]
    assert [e.mappedSsrc for e in mapping.encodings] == [FIRST_SSRC + i for i in range(len(encodings))]
    source = ortc.get_consumable_rtp_parameters("video", checked, ROUTER, mapping)
    assert [e.ssrc for e in source.encodings] == [e.mappedSsrc for e in mapping.encodings]
    assert all(e.rid is None and e.rtx is None for e in source.encodings)
    got = consume(source, devices.receiving("chromium", ROUTER)).encodings
    assert len(got) == 1
    mode = next((e.scalabilityMode for e in encodings if e.scalabilityMode), None)
    assert got[0].scalabilityMode == f"L{len(encodings)}T{mode[-1] if mode else 1}"
    assert got[0].maxBitrate == (int(max(e.maxBitrate or 0 for e in encodings)) or None)


def test_the_mode_of_a_single_stream_is_kept() -> None:
    sent = devices.sending("chromium", "video", "VP9", encodings=[{"ssrc": 5, "scalabilityMode": "L3T3_KEY"}])
    got = consume(consumable(sent, "video"), devices.receiving("chromium", ROUTER))
    assert got.encodings[0].scalabilityMode == "L3T3_KEY"


def test_a_codec_that_the_router_lacks() -> None:
    router = ortc.generate_router_rtp_capabilities(ortc.DEFAULT_CODECS[:2])
    sent = devices.sending("chromium", "video", "AV1")
    with pytest.raises(ortc.UnsupportedError, match="video/AV1"):
        ortc.get_producer_rtp_mapping(sent, router, first_ssrc=FIRST_SSRC)


everyone = st.sampled_from(sorted(devices.DEVICES))
choices = st.lists(st.sampled_from(range(len(ROUTER.codecs))), unique=True)


@given(call=st.sampled_from(CALLS), receiver=everyone, kept=choices)
def test_a_consumer_never_gets_what_it_did_not_declare(
    call: tuple[str, MediaKind, str, dict[str, Any]], receiver: str, kept: list[int]
) -> None:
    name, kind, codec, fmtp = call
    source = consumable(devices.sending(name, kind, codec, **fmtp), kind)
    full = devices.receiving(receiver, ROUTER)
    theirs = attrs.evolve(full, codecs=tuple(c for i, c in enumerate(full.codecs) if i in kept))
    try:
        got = consume(source, theirs)
    except ortc.UnsupportedError:
        assert not ortc.can_consume(source, theirs)
        return
    assert ortc.can_consume(source, theirs)
    declared = {c.preferredPayloadType for c in theirs.codecs}
    assert {c.payloadType for c in got.codecs} <= declared
    assert not ortc.codecs.is_rtx(got.codecs[0])
    assert ortc.PROBATOR_PAYLOAD_TYPE not in declared
    # What goes out is valid input to the next router.
    ortc.validate_rtp_parameters(got, kind)
