"""H.264 profile-level-id: parsing, comparing, and the level of an answer (RFC 6184, 8.1 and 8.2.2)."""

import enum
import re
from collections.abc import Mapping
from typing import Final

import attrs

from .types import ParameterValue


class Profile(enum.Enum):
    """Profiles that RFC 6184 (table 5) tells apart by profile_idc and profile-iop."""

    CONSTRAINED_BASELINE = "constrained baseline"
    BASELINE = "baseline"
    MAIN = "main"
    EXTENDED = "extended"
    CONSTRAINED_HIGH = "constrained high"
    HIGH = "high"
    HIGH_444_PREDICTIVE = "high 4:4:4 predictive"


@attrs.frozen
class ProfileLevel:
    """A parsed profile-level-id.

    `level` is ten times the level's number (31 is 3.1), and 10.5 for level 1b, which lies between 1 and 1.1.
    """

    profile: Profile
    level: float


LEVEL_1B: Final = 10.5
ABSENT: Final = ProfileLevel(Profile.CONSTRAINED_BASELINE, 31)
"""What browsers mean by leaving profile-level-id out. RFC 6184 says baseline, level 1; nobody means that."""


def parse(profile_level_id: str) -> ProfileLevel | None:
    """Parse three bytes in hexadecimal; `None` for what is no profile or level of H.264."""
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", profile_level_id):
        return None
    idc, iop, level_idc = bytes.fromhex(profile_level_id)
    profile = next((p for i, mask, bits, p in _PROFILES if i == idc and iop & mask == bits), None)
    if profile is None:
        return None
    # constraint_set3_flag turns 1.1 into 1b in the older profiles; the others write 1b as level_idc 9 (H.264, A.3.4).
    if (level_idc == 11 and iop & 0x10 and idc in {0x42, 0x4D, 0x58}) or level_idc == 9:
        return ProfileLevel(profile, LEVEL_1B)
    return ProfileLevel(profile, level_idc) if level_idc in _LEVELS else None


def from_parameters(parameters: Mapping[str, ParameterValue]) -> ProfileLevel | None:
    """Read the profile and level out of fmtp parameters; `None` when they are given and make no sense.

    A profile-level-id of digits only, such as 640032, reaches us as a number from clients that parse SDP loosely.
    """
    value = parameters.get("profile-level-id")
    return ABSENT if value is None else parse(str(value))


def packetization_mode(parameters: Mapping[str, ParameterValue]) -> str:
    """Packetization mode, "0" when absent (RFC 6184, 8.1)."""
    return str(parameters.get("packetization-mode", 0))


def answer(
    offered: Mapping[str, ParameterValue], supported: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue] | None:
    """Settle the level between two sides that have the same profile.

    Args:
        offered: fmtp parameters of the side that sends.
        supported: fmtp parameters of the other side.

    Returns:
        The sender's parameters with the settled profile-level-id: its own level when both allow level asymmetry, else
        the lower of the two (RFC 6184, 8.2.2). `None` when profile or packetization mode differ.
    """
    ours, theirs = from_parameters(offered), from_parameters(supported)
    if ours is None or theirs is None or ours.profile is not theirs.profile:
        return None
    if packetization_mode(offered) != packetization_mode(supported):
        return None
    settled = dict(offered)
    if theirs.level < ours.level and not (_asymmetric(offered) and _asymmetric(supported)):
        settled["profile-level-id"] = str(supported.get("profile-level-id", _ABSENT_AS_TEXT))
    return settled


def _asymmetric(parameters: Mapping[str, ParameterValue]) -> bool:
    return str(parameters.get("level-asymmetry-allowed", 0)) == "1"


_ABSENT_AS_TEXT: Final = "42e01f"

_LEVELS: Final = frozenset({10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62})

# profile_idc, the bits of profile-iop that matter, their value (RFC 6184, table 5). First match wins.
_PROFILES: Final = (
    (0x42, 0b0100_1111, 0b0100_0000, Profile.CONSTRAINED_BASELINE),
    (0x4D, 0b1000_1111, 0b1000_0000, Profile.CONSTRAINED_BASELINE),
    (0x58, 0b1100_1111, 0b1100_0000, Profile.CONSTRAINED_BASELINE),
    (0x42, 0b0100_1111, 0b0000_0000, Profile.BASELINE),
    (0x58, 0b1100_1111, 0b1000_0000, Profile.BASELINE),
    (0x4D, 0b1010_1111, 0b0000_0000, Profile.MAIN),
    (0x58, 0b1100_1111, 0b0000_0000, Profile.EXTENDED),
    (0x64, 0b1111_1111, 0b0000_0000, Profile.HIGH),
    (0x64, 0b1111_1111, 0b0000_1100, Profile.CONSTRAINED_HIGH),
    (0xF4, 0b1111_1111, 0b0000_0000, Profile.HIGH_444_PREDICTIVE),
)
