"""``/socket.io/`` on WebSockets: from the beginning, and after an upgrade."""

import json
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
import trio
import trio.testing
from tests.fakes.asgi import WebSocketClient
from tests.fakes.engineio import PollingClient
from tests.unit.socketio.conftest import ALLOWED
from trio.testing import MockClock

from videocall.signaling import Hub


@attrs.define
class World:
    """A server, and WebSockets that end with the test."""

    app: Any
    nursery: trio.Nursery
    sockets: list[WebSocketClient] = attrs.field(factory=list)

    def run(self, socket: WebSocketClient) -> WebSocketClient:
        self.sockets.append(socket)
        self.nursery.start_soon(socket.run)
        return socket

    async def open(self, **headers: str) -> WebSocketClient:
        """A session on a WebSocket, its namespace open."""
        socket = self.run(PollingClient(self.app, headers).socket())
        greeting = json.loads((await socket.hear()).removeprefix("0"))
        assert greeting["upgrades"] == []
        socket.say("40")
        assert (await socket.hear()).startswith('40{"sid":')
        return socket

    async def join(self, name: str) -> WebSocketClient:
        socket = await self.open()
        socket.say(f'421["joinRoom",{{"displayName":"{name}","roomId":"daily"}}]')
        assert (await socket.hear()).startswith("431[")
        assert (await socket.hear()).startswith('42["roomJoined",')
        return socket


@pytest.fixture
async def world(app: Any, nursery: trio.Nursery) -> AsyncIterator[World]:
    world = World(app, nursery)
    yield world
    for socket in world.sockets:
        socket.hang_up()


async def upgrade(world: World, client: PollingClient) -> WebSocketClient:
    """As engine.io-client does: try, let the polls end, change."""
    socket = world.run(client.socket())
    socket.say("2probe")
    assert await socket.hear() == "3probe"
    return socket


async def test_a_session_on_a_websocket(world: World) -> None:
    ada, bob = await world.join("Ada"), await world.join("Bob")
    assert (await ada.hear()).startswith('42["participantJoined",')
    bob.say('427["setDisplayName",{"displayName":"B"}]')
    assert await bob.hear() == "437[{}]"
    assert (await ada.hear()).startswith('42["participantUpdated",')


async def test_binary_frames_are_refused_and_the_session_goes_on(world: World) -> None:
    socket = await world.open()
    socket.say(b"\x04\x00")
    assert json.loads((await socket.hear())[2:])[1]["code"] == "BAD_REQUEST"
    socket.say('421["joinRoom",{"displayName":"Ada","roomId":"daily"}]')
    assert (await socket.hear()).startswith("431[")


@pytest.mark.parametrize(("goodbye", "rooms"), [("41", 0), (1001, 0), (1006, 1)])
async def test_who_says_goodbye_leaves_and_who_breaks_off_keeps_the_seat(
    world: World, hub: Hub, goodbye: str | int, rooms: int
) -> None:
    socket = await world.join("Ada")
    if isinstance(goodbye, str):
        socket.say(goodbye)
    else:
        socket.hang_up(goodbye)
    await socket.ended.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert (hub.session_count, hub.room_count) == (0, rooms)


async def test_a_dead_socket_is_found_within_15_seconds(world: World, hub: Hub, autojump_clock: MockClock) -> None:
    socket = await world.join("Ada")
    before = autojump_clock.current_time()
    assert await socket.hear() == "2"
    await socket.ended.wait()
    assert autojump_clock.current_time() - before < 15
    assert hub.session_count == 0


async def test_one_that_answers_pings_is_kept(world: World, hub: Hub, autojump_clock: MockClock) -> None:
    socket = await world.join("Ada")
    for _ in range(10):
        assert await socket.hear() == "2"
        socket.say("3")
    assert autojump_clock.current_time() > 60
    assert hub.session_count == 1


async def test_draining_closes_with_1001(world: World, hub: Hub) -> None:
    socket = await world.join("Ada")
    await hub.drain(5)
    assert await socket.hear() == '42["serverDraining",{}]'
    assert socket.closed == (1001, "server is shutting down")


async def test_a_stalled_reader_is_dropped(world: World, hub: Hub, autojump_clock: MockClock) -> None:
    socket = await world.join("Slow")
    bob = await world.join("Bob")
    socket.stop_reading()
    before = autojump_clock.current_time()
    async with trio.open_nursery() as nursery:

        async def stay() -> None:
            while await bob.hear() == "2":
                bob.say("3")

        nursery.start_soon(stay)
        while hub.session_count > 1:  # noqa: ASYNC110 - under virtual time it costs nothing
            await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    assert autojump_clock.current_time() - before < 15


async def test_an_upgrade_takes_everything_along_in_order(world: World) -> None:
    client = await PollingClient(world.app).connect()
    joined = await client.join("Ada")
    await client.event("roomJoined")
    bob = await world.join("Bob")
    await client.event("participantJoined")
    async with trio.open_nursery() as nursery:
        polled: list[str] = []

        async def poll() -> None:
            polled.extend(await client.poll())

        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        socket = await upgrade(world, client)
    assert polled == ["6"]  # so that the client can pause polling
    bob.say('422["setDisplayName",{"displayName":"1"}]')
    assert await bob.hear() == "432[{}]"
    socket.say("5")
    bob.say('423["setDisplayName",{"displayName":"2"}]')
    assert [json.loads((await socket.hear())[2:])[1]["displayName"] for _ in "12"] == ["1", "2"]
    socket.say('429["getStats",{"transportId":"x"}]')
    assert "NOT_FOUND" in await socket.hear()
    assert joined["participantId"]
    for refused in (await client.get(), await client.post_raw(b"3")):
        assert (refused.status, json.loads(refused.body)["code"]) == (400, 3)
    second = world.run(client.socket())
    await second.ended.wait()
    assert (second.accepted, second.status) == (False, 400)


@pytest.mark.parametrize("words", [["3probe"], [b"2probe"], ["2probe", "4"], ["2probe", "2"]])
async def test_a_websocket_that_does_not_know_what_to_say_takes_nothing_over(
    world: World, words: list[str | bytes]
) -> None:
    client = await PollingClient(world.app).connect()
    socket = world.run(client.socket())
    for word in words:
        socket.say(word)
    await socket.ended.wait()
    assert socket.closed is not None
    assert await client.join("Ada")


async def test_an_upgrade_that_stalls_is_given_up_and_polling_goes_on(world: World, autojump_clock: MockClock) -> None:
    client = await PollingClient(world.app).connect()
    before = autojump_clock.current_time()
    socket = await upgrade(world, client)
    another = world.run(client.socket())
    await another.ended.wait()
    assert another.status == 400
    async with trio.open_nursery() as nursery:

        async def poll() -> None:
            while True:
                assert set(await client.poll()) <= {"6", "2"}
                await client.post("3")

        nursery.start_soon(poll)
        await socket.ended.wait()
        assert autojump_clock.current_time() - before <= 10
        nursery.cancel_scope.cancel()
    assert await client.join("Ada")


async def test_an_upgrade_of_a_session_that_ends_meanwhile_is_closed(world: World, hub: Hub) -> None:
    client = await PollingClient(world.app).connect()
    socket = await upgrade(world, client)
    await client.post("1")
    socket.say("5")
    await socket.ended.wait()
    assert socket.closed is not None
    assert hub.session_count == 0


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ({"EIO": "3"}, {}, 400, 5),
        ({"sid": "no such session"}, {}, 400, 1),
        ({"transport": "polling"}, {}, 400, 0),
        ({"roomId": "a b"}, {}, 400, 3),
        ({}, {"origin": "https://evil.example"}, 403, 4),
        ({}, {"origin": "null"}, 403, 4),
    ],
)
async def test_what_cannot_be_served_is_refused(
    world: World, query: dict[str, str], headers: dict[str, str], status: int, code: int
) -> None:
    socket = world.run(PollingClient(world.app, headers).socket(**query))
    await socket.ended.wait()
    assert (socket.accepted, socket.status, json.loads(socket.refusal)["code"]) == (False, status, code)


async def test_a_foreign_page_takes_over_no_session(world: World) -> None:
    client = await PollingClient(world.app).connect()
    stranger = PollingClient(world.app, {"origin": "https://evil.example"}, sid=client.sid)
    socket = world.run(stranger.socket())
    await socket.ended.wait()
    assert (socket.accepted, socket.status) == (False, 403)
    assert await client.join("Ada")


async def test_an_allowed_page_connects(world: World) -> None:
    await world.open(origin=ALLOWED)


async def test_a_draining_server_takes_nobody_in(world: World, hub: Hub) -> None:
    await hub.drain(0)
    socket = world.run(PollingClient(world.app).socket())
    await socket.ended.wait()
    assert socket.status == 503
