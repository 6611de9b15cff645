"""Who gets into a room that is not open to everyone."""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
import trio
from tests.fakes.sockets import FakeClient, FakeSocket, Json
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import MockClock, wait_all_tasks_blocked

from videocall.rooms import Limits
from videocall.rooms.passwords import hash_password, password_matches
from videocall.sfu import Engine
from videocall.signaling import Hub, Session, open_hub
from videocall.signaling.administration import Administration
from videocall.signaling.rates import Rate, Rates
from videocall.tokens import Verifier, make_token

Enter = Callable[..., Awaitable[Caller]]
SECRET = "correct horse battery staple, twice over"


async def refusal(client: FakeClient, **data: object) -> str:
    return await client.refusal("joinRoom", {"displayName": "Eve", "roomId": "daily", **data})


async def test_a_locked_room_takes_in_nobody_new(open_client: OpenClient) -> None:
    ada, eve = open_client(), open_client()
    await ada.join("Ada")
    await ada.request("updateRoom", {"locked": True})
    assert await refusal(eve) == "ROOM_LOCKED"
    await ada.request("updateRoom", {"locked": False})
    assert (await eve.join("Eve"))["room"]["locked"] is False


async def test_a_password_is_asked_for_until_it_is_taken_away(open_client: OpenClient) -> None:
    ada, bob, eve = open_client(), open_client(), open_client()
    await ada.join("Ada")
    await ada.request("updateRoom", {"password": "s3cret"})
    assert (await ada.hear("roomUpdated"))["hasPassword"] is True
    assert await refusal(eve) == "PASSWORD_REQUIRED"
    assert await refusal(eve, password="secret") == "PASSWORD_WRONG"
    assert (await bob.join("Bob", password="s3cret"))["room"]["hasPassword"] is True
    await ada.request("updateRoom", {"locked": False})  # leaves it as it is
    assert await refusal(eve) == "PASSWORD_REQUIRED"
    await ada.request("updateRoom", {"password": None})
    await eve.join("Eve")


async def test_a_password_that_changes_while_one_is_tried_counts(open_client: OpenClient) -> None:
    ada, bob = open_client(), open_client()
    await ada.join("Ada")
    await ada.request("updateRoom", {"password": "first"})
    # Passwords are tried one after the other: the new one is made before Bob's is compared.
    change = ada.ask("updateRoom", {"password": "second"})
    attempt = bob.ask("joinRoom", {"displayName": "Bob", "roomId": "daily", "password": "first"})
    await ada.answer(change)
    with pytest.raises(Exception, match="PASSWORD_WRONG"):
        await bob.answer(attempt)


async def test_an_address_may_guess_only_so_often(
    engine: Engine,
    nursery: trio.Nursery,
    mock_clock: MockClock,
) -> None:
    async with open_hub(engine, rates=Rates(passwords=Rate(3, 0.1))) as hub:
        await Administration(hub).create_room("daily", password="s3cret")

        def open_from(address: str) -> FakeClient:
            socket = FakeSocket()
            nursery.start_soon(Session(hub, socket, address=address).run)
            return FakeClient(socket)

        eve = open_from("203.0.113.7")
        codes = [await refusal(eve, password=str(guess)) for guess in range(5)]
        assert codes == ["PASSWORD_WRONG"] * 3 + ["RATE_LIMITED"] * 2
        assert await refusal(open_from("203.0.113.7"), password="s3cret") == "RATE_LIMITED"
        await open_from("203.0.113.8").join("Bob", password="s3cret")
        mock_clock.jump(10)
        await eve.join("Eve", password="s3cret")


def test_only_a_salted_hash_of_a_password_is_kept() -> None:
    first, second = hash_password("s3cret"), hash_password("s3cret")
    assert first != second
    assert "s3cret" not in first
    assert password_matches("s3cret", first)
    assert password_matches("s3cret", second)
    assert not password_matches("s3creT", first)
    assert not password_matches("", first)


async def test_a_room_may_be_smaller_than_the_server_allows(open_client: OpenClient) -> None:
    ada, bob, eve = open_client(), open_client(), open_client()
    await ada.join("Ada")
    await ada.request("updateRoom", {"maxParticipants": 2})
    token = (await bob.join("Bob"))["resumeToken"]
    assert await refusal(eve) == "ROOM_FULL"
    await eve.join("Bob", resumeToken=token)
    await ada.request("updateRoom", {"maxParticipants": None})
    assert "maxParticipants" not in (await open_client().join("Dan"))["room"]


async def test_the_servers_own_bound_holds_whatever_a_room_says(engine: Engine, nursery: trio.Nursery) -> None:
    async with open_hub(engine, limits=Limits(participants=1, knocks=1)) as hub:
        await Administration(hub).create_room("daily", max_participants=5, lobby=True)

        def open_client() -> FakeClient:
            socket = FakeSocket()
            nursery.start_soon(Session(hub, socket).run)
            return FakeClient(socket)

        ada, bob = open_client(), open_client()
        knocked = await ada.request("joinRoom", {"displayName": "Ada", "roomId": "daily"})
        assert await refusal(bob) == "ROOM_FULL", "the lobby is full"
        Administration(hub).admit("daily", knocked["knockId"])
        await ada.hear("roomJoined")
        assert await refusal(bob) == "ROOM_FULL"


# Rooms that end by themselves


@pytest.fixture
async def timed(engine: Engine) -> AsyncIterator[Hub]:
    async with open_hub(engine, rates=Rates(requests=None), clock=trio.current_time) as hub:
        yield hub


@attrs.define
class Timed:
    hub: Hub
    nursery: trio.Nursery

    def client(self) -> FakeClient:
        socket = FakeSocket()
        self.nursery.start_soon(Session(self.hub, socket).run)
        return FakeClient(socket)


async def test_a_room_that_expires_ends_for_all_and_takes_in_nobody(
    timed: Hub,
    nursery: trio.Nursery,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    room, administration = Timed(timed, nursery), Administration(timed)
    ends = timed.now_ms() + 3_600_000
    await administration.create_room("daily", expires_at=ends)
    ada = room.client()
    assert (await ada.join("Ada"))["room"]["expiresAt"] == ends
    assert (await ended(ada)) == {"reason": "expired"}
    assert timed.now_ms() == pytest.approx(ends, abs=1)
    await ada.socket.ended.wait()
    assert ada.socket.closed == (4000, "expired")
    assert await refusal(room.client()) == "ROOM_EXPIRED"
    await administration.update_room("daily", expires_at=None)
    await room.client().join("Ada")


async def test_the_end_can_be_moved_while_people_are_in(
    timed: Hub,
    nursery: trio.Nursery,
    autojump_clock: MockClock,  # noqa: ARG001 - time is virtual with it
) -> None:
    room, administration = Timed(timed, nursery), Administration(timed)
    ada = room.client()
    await ada.join("Ada")
    now = timed.now_ms()
    await administration.update_room("daily", expires_at=now + 7_200_000)
    await administration.update_room("daily", expires_at=now + 100_000)
    assert (await ended(ada)) == {"reason": "expired"}
    assert timed.now_ms() == pytest.approx(now + 100_000, abs=1)


async def ended(client: FakeClient) -> Json:
    """Wait for the end, however long it takes in virtual time."""
    async for message in client.socket.from_server:
        if message.get("method") == "roomEnded":
            data: Json = message["data"]
            return data
    raise AssertionError("the socket closed without a word")


# With tokens


@pytest.fixture
async def closed_hub(engine: Engine) -> AsyncIterator[Hub]:
    async with open_hub(engine, verifier=Verifier(SECRET), rates=Rates(requests=None)) as hub:
        yield hub


async def test_a_host_by_token_needs_no_key(closed_hub: Hub, nursery: trio.Nursery) -> None:
    await Administration(closed_hub).create_room("daily", locked=True, lobby=True, password="s3cret")
    guest, host = Timed(closed_hub, nursery).client(), Timed(closed_hub, nursery).client()
    assert await refusal(guest, token=make_token(SECRET, {"daily": "participant"})) == "ROOM_LOCKED"
    assert (await host.join("Ada", token=make_token(SECRET, {"daily": "host"})))["role"] == "host"
    await host.request("updateRoom", {"locked": False})
    token = make_token(SECRET, {"daily": "participant"})
    assert await refusal(guest, token=token) == "PASSWORD_REQUIRED"
    knocked = await guest.request(
        "joinRoom", {"displayName": "Bob", "roomId": "daily", "token": token, "password": "s3cret"}
    )
    await host.request("admit", {"knockId": knocked["knockId"]})
    assert (await guest.hear("roomJoined"))["role"] == "participant"


async def test_a_viewer_by_token_publishes_nothing(closed_hub: Hub, nursery: trio.Nursery) -> None:
    viewer = Timed(closed_hub, nursery).client()
    joined = await viewer.join("Vi", token=make_token(SECRET, {"daily": "viewer"}))
    assert joined["role"] == "viewer"
    assert joined["permissions"] == {"audio": False, "video": False, "screen": False, "chat": False}


async def test_an_identity_that_was_removed_has_to_knock(closed_hub: Hub, nursery: trio.Nursery) -> None:
    ada, bob = Timed(closed_hub, nursery).client(), Timed(closed_hub, nursery).client()
    await ada.join("Ada", token=make_token(SECRET, {"daily": "host"}, identity="ada"))
    as_bob = make_token(SECRET, {"daily": "host"}, identity="bob")
    await bob.join("Bob", token=as_bob)
    await ada.request("removeParticipant", {"participantId": bob.me})
    again = Timed(closed_hub, nursery).client()
    knocked = await again.request("joinRoom", {"displayName": "Bob", "roomId": "daily", "token": as_bob})
    assert set(knocked) == {"roomId", "lobby", "knockId"}
    await ada.request("admit", {"knockId": knocked["knockId"]})
    await again.hear("roomJoined")
    await again.request("leaveRoom")
    await wait_all_tasks_blocked()
    await again.join("Bob", token=as_bob)


async def test_a_resume_token_of_another_room_leaves_that_room(open_client: OpenClient, hub: Hub) -> None:
    ada, bob, tab2 = open_client(), open_client(), open_client()
    token = (await ada.join("Ada", "weekly"))["resumeToken"]
    await bob.join("Bob", "weekly")
    await tab2.join("Ada", "daily", resumeToken=token)
    assert (await bob.hear("participantLeft"))["participantId"] == ada.me
    assert (await bob.hear("participantUpdated"))["role"] == "host"
    await ada.socket.ended.wait()
    assert hub.room_count == 2
