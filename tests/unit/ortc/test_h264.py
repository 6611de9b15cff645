"""profile-level-id against the tables of RFC 6184 and H.264."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videocall.ortc import h264
from videocall.ortc.h264 import LEVEL_1B, Profile, ProfileLevel


@pytest.mark.parametrize(
    ("text", "profile", "level"),
    [
        ("42e01f", Profile.CONSTRAINED_BASELINE, 31),
        ("42C02A", Profile.CONSTRAINED_BASELINE, 42),
        ("4d8032", Profile.CONSTRAINED_BASELINE, 50),
        ("58f034", Profile.CONSTRAINED_BASELINE, 52),
        ("42a01f", Profile.BASELINE, 31),
        ("58a01f", Profile.BASELINE, 31),
        ("4d401f", Profile.MAIN, 31),
        ("58200a", Profile.EXTENDED, 10),
        ("640028", Profile.HIGH, 40),
        ("640c28", Profile.CONSTRAINED_HIGH, 40),
        ("f4000b", Profile.HIGH_444_PREDICTIVE, 11),
        ("42f00b", Profile.CONSTRAINED_BASELINE, LEVEL_1B),
        ("42e00b", Profile.CONSTRAINED_BASELINE, 11),
        ("42100b", Profile.BASELINE, LEVEL_1B),
        ("4d100b", Profile.MAIN, LEVEL_1B),
        ("640009", Profile.HIGH, LEVEL_1B),
        ("64003e", Profile.HIGH, 62),
    ],
)
def test_known_profiles(text: str, profile: Profile, level: float) -> None:
    assert h264.parse(text) == ProfileLevel(profile, level)


@pytest.mark.parametrize(
    "text", ["", "gggggg", "42e0", "42e01f00", "000000", "42e000", "42e0ff", "ff001f", "4d0f1f", "\uff142e01f"]
)
def test_what_is_no_profile(text: str) -> None:
    assert h264.parse(text) is None


@given(st.text(max_size=8) | st.binary(min_size=3, max_size=3).map(bytes.hex))
def test_parsing_is_total(text: str) -> None:
    parsed = h264.parse(text)
    assert parsed is None or (parsed.level == LEVEL_1B or parsed.level >= 10)


levels = st.sampled_from(["0a", "0b", "0c", "0d", "14", "1e", "1f", "20", "28", "29", "32", "34"])


@given(ours=levels, theirs=levels, asymmetry=st.tuples(st.booleans(), st.booleans()))
def test_the_settled_level(ours: str, theirs: str, asymmetry: tuple[bool, bool]) -> None:
    def side(level: str, asymmetric: bool) -> dict[str, str | int | float]:
        parameters: dict[str, str | int | float] = {"profile-level-id": "42e0" + level, "packetization-mode": 1}
        return parameters | ({"level-asymmetry-allowed": 1} if asymmetric else {})

    settled = h264.answer(side(ours, asymmetry[0]), side(theirs, asymmetry[1]))
    assert settled is not None
    expected = ours if all(asymmetry) else min(ours, theirs)
    assert settled["profile-level-id"] == "42e0" + expected


def test_a_level_of_1b_is_lower_than_1_1() -> None:
    settled = h264.answer({"profile-level-id": "42e00b"}, {"profile-level-id": "42f00b"})
    assert settled is not None
    assert settled["profile-level-id"] == "42f00b"


def test_absent_means_what_browsers_mean() -> None:
    assert h264.answer({}, {"profile-level-id": "42e01f"}) == {}
    assert h264.answer({"profile-level-id": "42e034"}, {}) == {"profile-level-id": "42e01f"}
    assert h264.answer({}, {"profile-level-id": "640028"}) is None


def test_digits_may_come_as_a_number() -> None:
    assert h264.answer({"profile-level-id": 640032}, {"profile-level-id": "64001f"}) is not None


def test_packetization_modes_must_agree() -> None:
    assert h264.answer({"packetization-mode": 1}, {}) is None
    assert h264.answer({"packetization-mode": "1"}, {"packetization-mode": 1}) is not None
    assert h264.answer({"packetization-mode": 0}, {}) is not None


def test_other_parameters_are_kept() -> None:
    settled = h264.answer({"x-google-start-bitrate": 1000}, {"profile-level-id": "42e01f"})
    assert settled == {"x-google-start-bitrate": 1000}
