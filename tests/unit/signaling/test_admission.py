"""Who may join, as whom, and how often."""

import time
from collections.abc import AsyncIterator, Callable

import pytest
import trio
from tests.fakes.sockets import FakeClient, FakeSocket, Json, Refused
from trio.testing import MockClock

from videocall.protocol.shapes import PermissionChanges
from videocall.sfu import Engine
from videocall.signaling import Hub, Session, open_hub
from videocall.signaling.rates import AddressLimiter, Bucket, Rate, Rates
from videocall.tokens import LEEWAY_S, Grant, Verifier, make_token

SECRET = "correct horse battery staple, twice over"
OpenFrom = Callable[..., FakeClient]


@pytest.fixture
async def hub(engine: Engine) -> AsyncIterator[Hub]:
    rates = Rates(requests=Rate(20, 2), joins=Rate(3, 0.5))
    async with open_hub(engine, verifier=Verifier(SECRET), rates=rates) as hub:
        yield hub


@pytest.fixture
def open_from(hub: Hub, nursery: trio.Nursery) -> OpenFrom:
    def open_from(address: str = "127.0.0.1") -> FakeClient:
        socket = FakeSocket()
        nursery.start_soon(Session(hub, socket, room_id="daily", address=address).run)
        return FakeClient(socket)

    return open_from


async def join(client: FakeClient, token: str | None) -> Json:
    joined = await client.request("joinRoom", {"displayName": "Guest"} | ({"token": token} if token else {}))
    client.me = joined["participantId"]
    return joined


async def refusal(client: FakeClient, token: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        await join(client, token)
    return refused.value.code


async def test_nobody_joins_without_a_token(open_from: OpenFrom, hub: Hub) -> None:
    client = open_from()
    assert await refusal(client) == "TOKEN_INVALID"
    assert await refusal(client, make_token(SECRET, {"weekly": "host"})) == "TOKEN_INVALID"
    assert await refusal(client, make_token(SECRET, {"daily": "host"}, now=0)) == "TOKEN_EXPIRED"
    assert hub.room_count == 0


async def test_the_token_says_the_role_and_the_name(open_from: OpenFrom) -> None:
    guest, host = open_from(), open_from()
    assert (await join(guest, make_token(SECRET, {"daily": "participant"})))["role"] == "participant"
    assert (await join(host, make_token(SECRET, {"daily": "host"}, display_name="Ada")))["role"] == "host"
    told = await guest.hear("participantJoined")
    assert (told["role"], told["displayName"]) == ("host", "Ada")


async def test_the_same_identity_replaces_its_earlier_self(open_from: OpenFrom) -> None:
    bob, tab1, tab2 = open_from(), open_from(), open_from()
    ada = make_token(SECRET, {"daily": "host"}, identity="ada")
    await join(bob, make_token(SECRET, {"daily": "participant"}, identity="bob"))
    await join(tab1, ada)
    joined = await join(tab2, ada)
    assert [p["participantId"] for p in joined["participants"]] == [bob.me]
    assert await bob.hear("participantLeft") == {"participantId": tab1.me, "reason": "replaced"}
    assert (await bob.hear("participantJoined"))["participantId"] == tab2.me
    await tab1.socket.ended.wait()
    assert tab1.socket.closed == (4000, "replaced")
    await tab2.request("setDisplayName", {"displayName": "Still here"})


async def test_who_cannot_enter_replaces_nobody(open_from: OpenFrom) -> None:
    tab1, tab2 = open_from(), open_from()
    ada = make_token(SECRET, {"daily": "host"}, identity="ada")
    await join(tab1, ada)
    with pytest.raises(Refused):
        await tab2.request("joinRoom", {"displayName": "   ", "token": ada})
    await tab1.request("setDisplayName", {"displayName": "Still here"})


async def test_an_identity_that_left_is_replaced_by_nothing(open_from: OpenFrom) -> None:
    client, other = open_from(), open_from()
    ada = make_token(SECRET, {"daily": "host"}, identity="ada")
    await join(client, ada)
    await client.request("leaveRoom")
    await join(other, ada)
    await join(client, make_token(SECRET, {"daily": "host"}))
    await other.hear("participantJoined")


async def test_a_token_for_viewers_and_one_with_permissions(open_from: OpenFrom) -> None:
    ada, viewer, muted = open_from(), open_from(), open_from()
    await join(ada, make_token(SECRET, {"daily": "host"}))
    await join(viewer, make_token(SECRET, {"daily": "viewer"}))
    told = await ada.hear("participantJoined")
    assert (told["role"], told["permissions"]["audio"], told["permissions"]["chat"]) == ("viewer", False, False)
    await join(muted, make_token(SECRET, {"daily": Grant("participant", PermissionChanges(audio=False))}))
    told = await ada.hear("participantJoined")
    assert told["permissions"] == {"audio": False, "video": True, "screen": True, "chat": True}


async def test_a_token_that_expires_ends_no_call_and_lets_nobody_in_again(open_from: OpenFrom, hub: Hub) -> None:
    short = make_token(SECRET, {"daily": "host"}, identity="ada", expires_in_s=5, now=time.time() - LEEWAY_S)
    client, again, anew = open_from(), open_from(), open_from()
    token = (await join(client, short))["resumeToken"]
    hub._verifier = Verifier(SECRET, leeway_s=0)  # as if the seconds of leeway had passed
    await client.request("setDisplayName", {"displayName": "Still here"})
    client.socket.hang_up(clean=False)
    assert (await again.request("resumeSession", {"resumeToken": token}))["roomId"] == "daily"
    assert await refusal(anew, short) == "TOKEN_EXPIRED"
    assert hub.room_count == 1


async def test_an_address_may_try_to_join_only_so_often(
    open_from: OpenFrom,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    assert [await refusal(open_from("203.0.113.7")) for _ in range(5)] == ["TOKEN_INVALID"] * 3 + ["RATE_LIMITED"] * 2
    await join(open_from("203.0.113.8"), make_token(SECRET, {"daily": "host"}))
    await trio.sleep(2)
    assert await refusal(open_from("203.0.113.7")) == "TOKEN_INVALID"


async def test_a_session_may_ask_only_so_often(
    open_from: OpenFrom,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    client = open_from()
    answers: list[object] = []
    for _ in range(25):
        try:
            answers.append(bool(await client.request("getRtpCapabilities")))
        except Refused as refused:
            answers.append(refused.code)
    assert answers == [True] * 20 + ["RATE_LIMITED"] * 5
    await trio.sleep(1)
    for _ in range(2):
        await client.request("getRtpCapabilities")


async def test_a_session_that_never_stops_asking_is_dropped(open_from: OpenFrom) -> None:
    client = open_from()
    for _ in range(1021):
        client.ask("getRtpCapabilities")
    await client.socket.ended.wait()
    assert client.socket.closed == (1008, "too many requests")


def test_a_bucket_fills_up_to_its_burst() -> None:
    bucket = Bucket(Rate(3, 0.5))
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(101.9), bucket.take(102), bucket.take(102)] == [False, True, False]
    assert [bucket.take(10_000) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("", "", False),
    ],
)
def test_which_addresses_share_a_bucket(first: str, second: str, shared: bool) -> None:
    limiter = AddressLimiter(Rate(1, 0.1))
    assert limiter.take(first, 0)
    assert limiter.take(second, 0) is not shared


def test_the_table_of_addresses_is_bounded() -> None:
    limiter = AddressLimiter(Rate(1, 0.0001))
    for number in range(20_000):
        assert limiter.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0)
    assert limiter.take("10.0.0.0", 0)  # forgotten
    assert not limiter.take("10.0.78.31", 0)  # the newest: not
