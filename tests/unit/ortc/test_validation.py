"""Parameters that cannot be right are refused by name; what is not JSON of the right shape never gets further."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ortc import devices

from videocall import ortc
from videocall.ortc.types import DtlsParameters, RtpCapabilities, RtpParameters

VIDEO = ortc.to_wire(devices.sending("chromium", "video", "VP8"))
NO_MID = [e for e in VIDEO["headerExtensions"] if e["uri"] != devices.MID]


def parse(changes: dict[str, Any]) -> RtpParameters:
    return ortc.validate_rtp_parameters(ortc.from_wire(RtpParameters, VIDEO | changes, name="rtpParameters"), "video")


def codec(**fields: Any) -> dict[str, Any]:
    return {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000} | fields


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"codecs": []}, "rtpParameters.codecs"),
        ({"codecs": [codec(payloadType="96")]}, "rtpParameters.codecs[0].payloadType"),
        ({"codecs": [codec(payloadType=128)]}, "rtpParameters.codecs[0].payloadType"),
        ({"codecs": [codec(payloadType=72)]}, "rtpParameters.codecs[0].payloadType"),
        ({"codecs": [codec(), codec()]}, "rtpParameters.codecs"),
        ({"codecs": [codec(mimeType="audio/opus")]}, "rtpParameters.codecs[0].mimeType"),
        ({"codecs": [codec(mimeType="VP8")]}, "rtpParameters.codecs[0].mimeType"),
        ({"codecs": [codec(clockRate=0)]}, "rtpParameters.codecs[0].clockRate"),
        ({"codecs": [codec(parameters={"a": [1]})]}, "rtpParameters.codecs[0].parameters[...]"),
        ({"codecs": [codec(), codec(mimeType="video/rtx", payloadType=97)]}, "rtpParameters.codecs[1].parameters.apt"),
        (
            {"codecs": [codec(), codec(mimeType="video/rtx", payloadType=97, parameters={"apt": 97})]},
            "rtpParameters.codecs[1].parameters.apt",
        ),
        ({"codecs": [codec(payloadType=96 + i) for i in range(33)]}, "rtpParameters.codecs"),
        ({"encodings": [{"ssrc": 1}, {"ssrc": 1}]}, "rtpParameters.encodings"),
        ({"encodings": [{"ssrc": 1, "rtx": {"ssrc": 1}}]}, "rtpParameters.encodings"),
        ({"encodings": [{"rid": "a"}, {"rid": "a"}]}, "rtpParameters.encodings"),
        ({"encodings": [{"rid": "a"}, {}]}, "rtpParameters.encodings[1]"),
        ({"encodings": [{"ssrc": 2**32}]}, "rtpParameters.encodings[0].ssrc"),
        ({"encodings": [{"ssrc": 0}]}, "rtpParameters.encodings[0].ssrc"),
        ({"encodings": [{"rid": "a b"}]}, "rtpParameters.encodings[0].rid"),
        ({"encodings": [{"rid": "a" * 17}]}, "rtpParameters.encodings[0].rid"),
        ({"encodings": [{"ssrc": 1, "codecPayloadType": 97}]}, "rtpParameters.encodings[0].codecPayloadType"),
        ({"encodings": [{"rid": str(i)} for i in range(9)]}, "rtpParameters.encodings"),
        ({"encodings": [], "mid": None}, "rtpParameters.encodings[0]"),
        ({"encodings": [], "headerExtensions": NO_MID}, "rtpParameters.encodings[0]"),
        ({"mid": "x" * 17}, "rtpParameters.mid"),
        ({"headerExtensions": [{"uri": "a", "id": 1}, {"uri": "b", "id": 1}]}, "rtpParameters.headerExtensions"),
        ({"headerExtensions": [{"uri": "a", "id": 0}]}, "rtpParameters.headerExtensions[0].id"),
        ({"rtcp": {"cname": "x" * 256}}, "rtpParameters.rtcp.cname"),
    ],
)
def test_the_offending_field_is_named(changes: dict[str, Any], argument: str) -> None:
    with pytest.raises(ortc.InvalidParameterError) as caught:
        parse(changes)
    assert caught.value.argument == argument
    assert str(caught.value).startswith(argument)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ortc.InvalidParameterError, match=r"rtpParameters: .*codecs"):
        ortc.from_wire(RtpParameters, {}, name="rtpParameters")


def test_a_stream_may_be_known_by_its_mid_alone() -> None:
    assert len(parse({"encodings": []}).encodings) == 1


def test_absent_fields_are_left_out() -> None:
    wire = ortc.to_wire(parse({"mid": None}))
    assert "mid" not in wire
    assert "channels" not in wire["codecs"][0]
    assert ortc.from_wire(RtpParameters, wire, name="x") == parse({"mid": None})


def test_null_means_absent_and_unknown_fields_are_ignored() -> None:
    assert parse({"msid": None, "rid": 3}) == parse({"msid": None})


@pytest.mark.parametrize("name", devices.DEVICES)
def test_real_capabilities_pass_and_round_trip(name: str) -> None:
    capabilities = ortc.validate_rtp_capabilities(devices.device(name))
    assert msgspec.json.decode(msgspec.json.encode(capabilities), type=RtpCapabilities) == capabilities


def test_wrong_python_values_are_caught_too() -> None:
    wrong = RtpCapabilities(codecs=("opus",))  # type: ignore[arg-type]
    with pytest.raises(ortc.InvalidParameterError) as caught:
        ortc.validate_rtp_capabilities(wrong)
    assert caught.value.argument == "rtpCapabilities.codecs[0]"


@pytest.mark.parametrize("value", ["", "zz:zz", "AA:BB", "AA" * 32, ":".join(["AA"] * 65)])
def test_fingerprints_that_are_none(value: str) -> None:
    with pytest.raises(ortc.InvalidParameterError, match="fingerprints"):
        ortc.from_wire(DtlsParameters, {"fingerprints": [{"algorithm": "sha-256", "value": value}]}, name="dtls")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
FIELDS = [*sorted(VIDEO), "encodings", "mid", "rtcp"]


@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_any_json_is_parameters_or_one_error(changes: dict[str, Any]) -> None:
    try:
        parameters = parse(changes)
    except ortc.InvalidParameterError as error:
        assert error.argument.startswith("rtpParameters")  # noqa: PT017 - the other outcome is fine as well
    else:
        assert parameters.encodings
        assert not ortc.codecs.is_rtx(parameters.codecs[0]) or len(parameters.codecs) > 1
