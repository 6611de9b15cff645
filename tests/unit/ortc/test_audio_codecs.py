"""Audio beside Opus: telephony's codecs with their static payload types, surround sound, and keypad tones."""

import attrs
import pytest

from videocall import ortc
from videocall.ortc import InvalidParameterError, UnsupportedError
from videocall.ortc.types import (
    CodecMapping,
    ParameterValue,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)

TELEPHONY = (("PCMU", 0), ("PCMA", 8), ("G722", 9))
SURROUND = {4: ("0,1,2,3", 2, 2), 6: ("0,4,1,2,3,5", 4, 2), 8: ("0,6,1,2,3,4,5,7", 5, 3)}


def audio(name: str, clock: int = 8000, channels: int | None = None, number: int | None = None) -> RtpCodecCapability:
    return RtpCodecCapability("audio", f"audio/{name}", clock, channels, number)


def route(
    capabilities: RtpCapabilities, *codecs: RtpCodecParameters, takes: RtpCapabilities | None = None
) -> tuple[tuple[CodecMapping, ...], tuple[RtpCodecParameters, ...]]:
    """How a producer of these codecs is mapped, and what its consumer gets."""
    parameters = ortc.validate_rtp_parameters(
        RtpParameters(codecs, encodings=(RtpEncodingParameters(ssrc=1),), mid="0"), "audio"
    )
    mapping = ortc.get_producer_rtp_mapping(parameters, capabilities, first_ssrc=100)
    consumable = ortc.get_consumable_rtp_parameters("audio", parameters, capabilities, mapping)
    receiver = takes or capabilities
    consumer = ortc.get_consumer_rtp_parameters(consumable, receiver, mid="0", ssrc=5, enable_rtx=False)
    return mapping.codecs, consumer.codecs


@pytest.mark.parametrize(("name", "number"), TELEPHONY)
def test_telephony_has_its_static_payload_type_on_the_whole_way(name: str, number: int) -> None:
    capabilities = ortc.generate_router_rtp_capabilities([audio("opus", 48000, 2), audio(name)])
    assert [codec.preferredPayloadType for codec in capabilities.codecs] == [100, number]
    mapped, consumed = route(capabilities, RtpCodecParameters(f"audio/{name}", number, 8000))
    assert mapped == (CodecMapping(number, number),)
    assert [(codec.mimeType, codec.payloadType, codec.clockRate) for codec in consumed] == [
        (f"audio/{name}", number, 8000)
    ]


def test_a_static_payload_type_may_be_changed_but_not_taken_twice() -> None:
    capabilities = ortc.generate_router_rtp_capabilities([audio("PCMU", number=96)])
    assert capabilities.codecs[0].preferredPayloadType == 96
    with pytest.raises(InvalidParameterError, match="0 is used twice"):
        ortc.generate_router_rtp_capabilities([audio("PCMU"), audio("opus", 48000, 2, number=0)])


@pytest.mark.parametrize("channels", sorted(SURROUND))
def test_surround_sound(channels: int) -> None:
    mapping, streams, coupled = SURROUND[channels]
    capabilities = ortc.generate_router_rtp_capabilities([audio("multiopus", 48000, channels)])
    layout: dict[str, ParameterValue] = {"channel_mapping": mapping, "num_streams": streams, "coupled_streams": coupled}
    assert capabilities.codecs[0].parameters == layout
    _, consumed = route(capabilities, RtpCodecParameters("audio/multiopus", 111, 48000, channels, parameters=layout))
    assert (consumed[0].channels, consumed[0].parameters) == (channels, layout)
    other: dict[str, ParameterValue] = {**layout, "num_streams": streams + 1}
    with pytest.raises(UnsupportedError):
        route(capabilities, RtpCodecParameters("audio/multiopus", 111, 48000, channels, parameters=other))


def test_a_number_of_channels_that_is_no_layout() -> None:
    with pytest.raises(UnsupportedError, match="multiopus"):
        ortc.generate_router_rtp_capabilities([audio("multiopus", 48000, 5)])


@pytest.mark.parametrize("clock", [48000, 32000, 16000, 8000])
def test_tones_go_beside_the_sound_to_those_who_take_them(clock: int) -> None:
    sound = audio("opus", 48000, 2) if clock == 48000 else audio("PCMA")
    capabilities = ortc.generate_router_rtp_capabilities([sound, audio("telephone-event", clock)])
    codecs = (
        RtpCodecParameters(sound.mimeType, 8, sound.clockRate, sound.channels),
        RtpCodecParameters("audio/telephone-event", 110, clock),
    )
    mapped, consumed = route(capabilities, *codecs)
    assert [codec.mimeType for codec in consumed] == [sound.mimeType, "audio/telephone-event"]
    assert mapped[1] == CodecMapping(110, consumed[1].payloadType)
    without = attrs.evolve(capabilities, codecs=capabilities.codecs[:1])
    _, consumed = route(capabilities, *codecs, takes=without)
    assert [codec.mimeType for codec in consumed] == [sound.mimeType]


def test_tones_alone_are_nothing_to_hear() -> None:
    capabilities = ortc.generate_router_rtp_capabilities([audio("PCMU"), audio("telephone-event")])
    codecs = (
        RtpCodecParameters("audio/PCMU", 0, 8000),
        RtpCodecParameters("audio/telephone-event", 101, 8000),
    )
    tones = attrs.evolve(capabilities, codecs=capabilities.codecs[1:])
    with pytest.raises(UnsupportedError):
        route(capabilities, *codecs, takes=tones)
