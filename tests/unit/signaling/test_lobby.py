"""Waiting to be let in."""

import contextlib
from collections.abc import Awaitable, Callable

import trio
from tests.fakes.sockets import FakeClient, Json, Refused
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import wait_all_tasks_blocked

from videocall.signaling import Hub
from videocall.signaling.administration import Administration
from videocall.signaling.events import EVENT_NAMES, KnockEnded, KnockStarted, ServerEvent

Enter = Callable[..., Awaitable[Caller]]


async def guarded(open_client: OpenClient) -> FakeClient:
    """The host of a room with a lobby."""
    host = open_client()
    await host.join("Ada")
    await host.request("updateRoom", {"lobby": True})
    await host.hear("roomUpdated")
    host.heard.clear()
    return host


async def knock(client: FakeClient, name: str = "Bob") -> Json:
    answer = await client.request("joinRoom", {"displayName": name, "roomId": "daily"})
    assert set(answer) == {"roomId", "lobby", "knockId"}
    return answer


async def test_who_is_admitted_gets_what_joining_answers(open_client: OpenClient) -> None:
    host, bob = await guarded(open_client), open_client()
    knocked = await knock(bob)
    assert knocked["lobby"] is True
    assert await host.hear("lobbyKnock") == {"knockId": knocked["knockId"], "displayName": "Bob"}
    assert await bob.refusal("createWebRtcTransport", {"direction": "send"}) == "NOT_JOINED"
    assert await host.request("admit", {"knockId": knocked["knockId"]}) == {}
    joined = await bob.hear("roomJoined")
    assert (joined["roomId"], joined["role"], joined["knocks"]) == ("daily", "participant", [])
    assert joined["room"]["lobby"] is True
    assert [p["participantId"] for p in joined["participants"]] == [host.me]
    await host.hear("participantJoined")
    assert host.names() == ["lobbyKnock", "lobbyKnockEnded", "participantJoined"]
    await bob.request("createWebRtcTransport", {"direction": "send"})
    assert await host.refusal("admit", {"knockId": knocked["knockId"]}) == "NOT_FOUND"


async def test_who_is_rejected_is_told_and_may_knock_again(open_client: OpenClient) -> None:
    host, bob = await guarded(open_client), open_client()
    first = await knock(bob)
    await host.request("reject", {"knockId": first["knockId"]})
    assert await bob.hear("lobbyRejected") == {"roomId": "daily", "reason": "removed"}
    assert await host.hear("lobbyKnockEnded") == {"knockId": first["knockId"], "outcome": "rejected"}
    assert (await knock(bob))["knockId"] != first["knockId"]


async def test_giving_up_and_a_broken_socket_end_a_knock(open_client: OpenClient) -> None:
    host, bob, eve = await guarded(open_client), open_client(), open_client()
    first, second = await knock(bob), await knock(eve, "Eve")
    await bob.request("leaveRoom")
    assert await host.hear("lobbyKnockEnded") == {"knockId": first["knockId"], "outcome": "gone"}
    eve.socket.hang_up(clean=False)
    assert await host.hear("lobbyKnockEnded") == {"knockId": second["knockId"], "outcome": "gone"}
    assert await bob.refusal("leaveRoom") == "NOT_JOINED"
    await knock(bob)
    assert await bob.refusal("joinRoom", {"displayName": "Bob", "roomId": "daily"}) == "CONFLICT"


async def test_only_hosts_hear_of_knocks_and_may_answer_them(open_client: OpenClient) -> None:
    host, bob, eve = open_client(), open_client(), open_client()
    await host.join("Ada")
    await bob.join("Bob")
    await host.request("updateRoom", {"lobby": True})
    knocked = await knock(eve, "Eve")
    for method in ("admit", "reject"):
        assert await bob.refusal(method, {"knockId": knocked["knockId"]}) == "FORBIDDEN"
    await bob.request("setDisplayName", {"displayName": "B"})
    assert "lobbyKnock" not in bob.names()
    await host.request("setRole", {"participantId": bob.me, "role": "host"})
    assert await bob.hear("lobbyKnock") == {"knockId": knocked["knockId"], "displayName": "Eve"}
    await bob.request("admit", {"knockId": knocked["knockId"]})
    await eve.hear("roomJoined")


async def test_the_next_host_finds_who_waits(open_client: OpenClient) -> None:
    host, bob, eve = open_client(), open_client(), open_client()
    await host.join("Ada")
    await bob.join("Bob")
    await host.request("updateRoom", {"lobby": True})
    knocked = await knock(eve, "Eve")
    await host.request("leaveRoom")
    assert (await bob.hear("participantUpdated"))["role"] == "host"
    assert (await bob.hear("lobbyKnock"))["knockId"] == knocked["knockId"]


async def test_without_a_lobby_those_in_it_come_in(open_client: OpenClient) -> None:
    host, bob = await guarded(open_client), open_client()
    await knock(bob)
    await host.request("updateRoom", {"lobby": False})
    await bob.hear("roomJoined")


async def test_when_the_room_ends_nobody_waits_for_it(open_client: OpenClient, hub: Hub) -> None:
    host, bob = await guarded(open_client), open_client()
    await knock(bob)
    await host.request("leaveRoom")
    assert await bob.hear("lobbyRejected") == {"roomId": "daily", "reason": "roomEnded"}
    assert hub.room_count == 0
    assert (await bob.join("Bob"))["role"] == "host"


async def test_a_knocker_whose_session_ends_is_not_admitted(open_client: OpenClient, hub: Hub) -> None:
    host, bob = await guarded(open_client), open_client()
    knocked = await knock(bob)
    bob.socket.hang_up()
    request = host.ask("admit", {"knockId": knocked["knockId"]})
    with contextlib.suppress(Refused):  # whichever comes first
        await host.answer(request)
    await wait_all_tasks_blocked()
    room = Administration(hub).room("daily")
    assert (room.knocks, [p.participantId for p in room.participants]) == ([], [host.me])


async def test_a_room_made_beforehand_waits_for_its_host(open_client: OpenClient, hub: Hub) -> None:
    administration = Administration(hub)
    await administration.create_room("daily", lobby=True)
    bob = open_client()
    knocked = await knock(bob)
    assert [knock.knockId for knock in administration.room("daily").knocks] == [knocked["knockId"]]
    administration.admit("daily", knocked["knockId"])
    joined = await bob.hear("roomJoined")
    assert joined["role"] == "host", "there is no other"
    await bob.request("leaveRoom")
    await wait_all_tasks_blocked()
    assert hub.room_count == 0
    assert administration.room("daily").state.lobby


async def test_those_who_watch_the_server_hear_of_knocks(open_client: OpenClient, hub: Hub) -> None:
    told: list[ServerEvent] = []
    host, bob = await guarded(open_client), open_client()
    hub.events.watch(told.append)
    knocked = await knock(bob)
    await host.request("admit", {"knockId": knocked["knockId"]})
    await bob.hear("roomJoined")
    started, ended, joined = told
    assert isinstance(started, KnockStarted)
    assert (started.knock_id, started.display_name) == (knocked["knockId"], "Bob")
    assert isinstance(ended, KnockEnded)
    assert ended.outcome == "admitted"
    assert EVENT_NAMES[type(joined)] == "participant.joined"


async def test_who_was_in_needs_no_second_admission(open_client: OpenClient) -> None:
    host, bob, tab2 = open_client(), open_client(), open_client()
    await host.join("Ada")
    token = (await bob.join("Bob"))["resumeToken"]
    await host.request("updateRoom", {"lobby": True, "locked": True})
    with trio.fail_after(5):
        again = await tab2.join("Bob", resumeToken=token)
    assert again["role"] == "participant"
    await bob.socket.ended.wait()
