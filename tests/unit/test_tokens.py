"""Tokens: what is in them, and what is refused."""

import time
from typing import Any

import jwt
import pytest

import videocall
from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.shapes import PermissionChanges
from videocall.tokens import Admission, Grant, Verifier, make_token

SECRET = "correct horse battery staple, twice over"
VERIFIER = Verifier(SECRET)


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    # Long: the tokens of parametrized tests are made at collection, minutes before the last of them is used.
    whole = {"exp": int(time.time()) + 3600, "rooms": {"daily": {"role": "host"}}, **claims}
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, secret, algorithm)


async def refusal(token: str | None, room_id: str = "daily") -> ErrorCode:
    with pytest.raises(ProtocolError) as refused:
        await VERIFIER.admit(token, room_id)
    return refused.value.code


async def test_a_token_says_who_it_is_and_in_which_role() -> None:
    token = videocall.token(SECRET, {"daily": "host", "*": "participant"}, identity="ada", display_name="Ada")
    assert await VERIFIER.admit(token, "daily") == Admission("host", "ada", "Ada")
    assert await VERIFIER.admit(token, "weekly") == Admission("participant", "ada", "Ada")


async def test_a_token_need_not_say_who_it_is() -> None:
    assert await VERIFIER.admit(make_token(SECRET, {"daily": "participant"}), "daily") == Admission(
        "participant", None, None
    )


async def test_a_grant_without_a_role_makes_a_participant() -> None:
    assert (await VERIFIER.admit(signed({"rooms": {"daily": {}}}), "daily")).role == "participant"


async def test_it_expires() -> None:
    now = time.time()
    assert await refusal(make_token(SECRET, {"daily": "host"}, expires_in_s=60, now=now - 75)) == "TOKEN_EXPIRED"
    await VERIFIER.admit(make_token(SECRET, {"daily": "host"}, expires_in_s=60, now=now - 61), "daily")  # clocks differ


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "no token",
        "a.b.c",
        "\ud800",
        signed({}, secret="another secret that is long enough too"),
        signed({}, secret="", algorithm="none"),
        signed({}, secret=SECRET * 2, algorithm="HS512"),
        signed({}, algorithm="HS384", secret=SECRET * 2),
        signed({"exp": None}),
        signed({"exp": "tomorrow"}),
        signed({"rooms": None}),
        signed({"rooms": ["daily"]}),
        signed({"rooms": {"daily": {"role": "owner"}}}),
        signed({"rooms": {"daily": {"permissions": {"audio": "yes"}}}}),
        signed({"aud": "elsewhere"}),
        signed({"rooms": {}}),
        signed({"sub": ""}),
        signed({"name": "a\nb"}),
        signed({"nbf": int(time.time()) + 3600}),
    ],
)
async def test_what_is_not_ours_is_invalid(token: str | None) -> None:
    assert await refusal(token) == "TOKEN_INVALID"


async def test_a_changed_token_is_invalid() -> None:
    head, body, signature = signed({}).split(".")
    other = signed({"rooms": {"daily": {"role": "host"}, "board": {"role": "host"}}}).split(".")[1]
    assert await refusal(f"{head}.{other}.{signature}") == "TOKEN_INVALID"
    assert (await VERIFIER.admit(f"{head}.{body}.{signature}", "daily")).role == "host"


async def test_a_token_for_another_room_is_invalid_here() -> None:
    assert await refusal(signed({}), "weekly") == "TOKEN_INVALID"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"secret": "short"}, "32 bytes"),
        ({"rooms": {}}, "needs a room"),
        ({"rooms": {"no room": "host"}}, "no room id"),
        ({"rooms": {"daily": "owner"}}, "cannot say"),
        ({"expires_in_s": 0}, "a second"),
        ({"identity": ""}, "cannot say"),
    ],
)
def test_what_no_token_can_be_made_of(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make_token(**{"secret": SECRET, "rooms": {"daily": "host"}, **arguments})


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(VERIFIER)


async def test_a_grant_may_have_permissions() -> None:
    muted = Grant("participant", PermissionChanges(audio=False))
    token = videocall.token(SECRET, {"daily": muted, "*": "viewer"})
    assert (await VERIFIER.admit(token, "daily")).permissions == PermissionChanges(audio=False)
    assert await VERIFIER.admit(token, "weekly") == Admission("viewer")


async def test_audience_issuer_and_leeway_can_be_asked_for() -> None:
    strict = Verifier(SECRET, audience="videocall", issuer="https://login.example.org", leeway_s=0)
    ours = {"aud": ["videocall", "other"], "iss": "https://login.example.org"}
    assert (await strict.admit(signed(ours), "daily")).role == "host"
    for wrong in ({"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}):
        with pytest.raises(ProtocolError, match="TOKEN_INVALID"):
            await strict.admit(signed({**ours, **wrong}), "daily")
    with pytest.raises(ProtocolError, match="TOKEN_EXPIRED"):
        await strict.admit(signed({**ours, "exp": int(time.time()) - 1}), "daily")
