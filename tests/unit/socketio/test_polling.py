"""``/socket.io/`` with a client that polls: what is answered, refused and ended."""

import json
from typing import Any

import pytest
import trio
import trio.testing
from tests.fakes.asgi import request
from tests.fakes.engineio import PATH, PollingClient
from tests.unit.socketio.conftest import ALLOWED
from trio.testing import MockClock

from videocall.protocol import MAX_MESSAGE_BYTES
from videocall.server import engineio
from videocall.signaling import Hub, outbox


@pytest.fixture
async def client(app: Any) -> PollingClient:
    return await PollingClient(app).connect(roomId="daily")


async def all_gone(hub: Hub) -> None:
    with trio.fail_after(60):
        while hub.session_count:  # noqa: ASYNC110 - under virtual time it costs nothing
            await trio.sleep(0.1)


async def test_a_handshake_says_what_the_server_does(app: Any) -> None:
    greeting = await PollingClient(app).open()
    other = await PollingClient(app).open()
    assert len(greeting.pop("sid")) >= 22  # 128 bits and more, in Base64
    assert greeting["pingInterval"] + greeting["pingTimeout"] < 15_000
    assert greeting["upgrades"] == other["upgrades"] == ["websocket"]
    assert greeting["maxPayload"] == MAX_MESSAGE_BYTES


async def test_nothing_that_opens_a_door_can_be_guessed(app: Any) -> None:
    keys: list[str] = []
    for _ in range(3):
        client = await PollingClient(app).connect()
        keys += [client.sid, (await client.join("Guest"))["resumeToken"]]
    assert all(len(key) >= 22 for key in keys)  # 128 bits and more, in Base64
    assert len(set(keys)) == len(keys)


async def test_requests_are_acknowledged_with_results_and_errors(client: PollingClient) -> None:
    refused = await client.ask("createWebRtcTransport", {"direction": "send"})
    assert refused["error"]["code"] == "NOT_JOINED"
    joined = await client.ask("joinRoom", {"displayName": "Ada"})  # the room is the query's
    assert joined["roomId"] == "daily"
    assert await client.event("roomJoined") == joined
    assert (await client.ask("createWebRtcTransport", {"direction": "send"}))["iceParameters"]
    assert (await client.ask("mineBitcoin"))["error"]["code"] == "UNSUPPORTED"


async def test_requests_that_nobody_acknowledges_are_carried_out_too(app: Any) -> None:
    ada, bob = await PollingClient(app).connect(), await PollingClient(app).connect()
    await ada.emit("joinRoom", {"displayName": "Ada", "roomId": "daily"})
    assert (await ada.event("roomJoined"))["roomId"] == "daily"
    await bob.join("Bob")
    await ada.emit("setDisplayName", {"displayName": "Ada L."})
    assert (await bob.event("participantUpdated"))["displayName"] == "Ada L."
    await ada.emit("produce", {"transportId": 7})
    refused = await ada.event("messageRefused")
    assert refused["code"] == "BAD_REQUEST"
    assert refused["message"].startswith("produce: ")


async def test_several_packets_of_a_post_are_taken_in_order(client: PollingClient) -> None:
    await client.post(
        '421["joinRoom",{"displayName":"Ada"}]', '422["setDisplayName",{"displayName":"x"}]', '423["nonsense"]'
    )
    assert (await client.hear("431["))["roomId"] == "daily"
    assert await client.hear("432[") == {}
    assert (await client.hear("433["))["error"]["code"] == "UNSUPPORTED"


async def test_a_poll_takes_16_packets_at_most(app: Any, client: PollingClient) -> None:
    await client.join("Ada")
    bob = await PollingClient(app).connect()
    await bob.join("Bob")
    for number in range(40):
        await bob.ask("setDisplayName", {"displayName": str(number)})
    names: list[str] = []
    while len(names) < 40:
        packets = await client.poll()
        assert len(packets) <= 16
        events = [json.loads(packet[2:]) for packet in packets if packet.startswith('42["participantUpdated"')]
        names += [data["displayName"] for _, data in events]
    assert names == [str(number) for number in range(40)]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"EIO": "3"}, 400, 5),
        ({"EIO": ""}, 400, 5),
        ({"transport": "flashsocket"}, 400, 0),
        ({"transport": "websocket"}, 400, 0),
        ({"sid": "no such session"}, 400, 1),
        ({"sid": ""}, 400, 1),
        ({"sid": "\x00é" * 5000}, 400, 1),
        ({"j": "0"}, 400, 3),
        ({"roomId": "a b"}, 400, 3),
    ],
)
async def test_what_cannot_be_served_is_refused_as_engine_io_does(
    app: Any, query: dict[str, str], status: int, code: int
) -> None:
    answer = await PollingClient(app).get(**query)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    if code == 5:
        assert json.loads(answer.body)["message"] == "Unsupported protocol version"


async def test_a_handshake_is_a_get(app: Any) -> None:
    answer = await PollingClient(app).post_raw(b"40")
    assert (answer.status, json.loads(answer.body)["code"]) == (400, 2)
    for method in ("PUT", "DELETE", "HEAD"):
        assert (await request(app, method, PATH, PollingClient(app).query())).status == 400


async def test_other_namespaces_are_refused_and_the_default_one_goes_on(client: PollingClient) -> None:
    await client.post("40/admin,")
    assert await client.poll() == ['44/admin,{"message":"Invalid namespace"}']
    await client.post('42/admin,["leaveRoom"]')
    assert (await client.event("messageRefused"))["code"] == "BAD_REQUEST"
    await client.post("41/admin,")
    await client.join("Ada")


@pytest.mark.parametrize("packet", ["", "9", "bAAAA", '451-["a",{"_placeholder":true,"num":0}]', "4" + "[" * 60_000])
async def test_a_packet_that_is_no_message_is_refused_and_the_session_goes_on(
    client: PollingClient, packet: str
) -> None:
    await client.post(packet)
    assert (await client.event("messageRefused"))["code"] == "BAD_REQUEST"
    await client.join("Ada")


async def test_a_client_that_posts_nothing_else_is_dropped(client: PollingClient, hub: Hub) -> None:
    await client.post(*["9"] * 200)
    while hub.session_count:
        await client.get()
    assert (await client.get()).status == 400


@pytest.mark.parametrize(
    ("body", "status"), [(b"4" * (MAX_MESSAGE_BYTES + 1), 413), (b"\xff", 400), ([b"42[", b"x"], 408)]
)
async def test_a_body_that_is_too_long_no_text_or_never_ends_is_refused(
    client: PollingClient, body: Any, status: int, autojump_clock: MockClock
) -> None:
    before = autojump_clock.current_time()
    assert (await client.post_raw(body)).status == status
    assert autojump_clock.current_time() - before <= 10
    await client.join("Ada")


async def test_two_polls_at_once_are_one_too_many(client: PollingClient) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.poll)
        await trio.testing.wait_all_tasks_blocked()
        assert (await client.get()).status == 400
        await client.post('421["getRtpCapabilities"]')


async def test_pings_keep_a_session_and_are_less_than_15_seconds_apart(
    client: PollingClient, autojump_clock: MockClock
) -> None:
    joined = await client.join("Ada")
    await client.event("roomJoined")
    for _ in range(10):
        before = autojump_clock.current_time()
        assert await client.poll() == ["2"]
        assert autojump_clock.current_time() - before < 12  # Hypercorn ends connections that are silent for so long
        await client.post("3")
    assert (await client.ask("getRtpCapabilities"))["codecs"] == joined["rtpCapabilities"]["codecs"]


async def test_a_client_that_vanishes_between_polls_is_found_within_15_seconds(
    app: Any, client: PollingClient, hub: Hub, autojump_clock: MockClock
) -> None:
    token = (await client.join("Ada"))["resumeToken"]
    before = autojump_clock.current_time()
    await all_gone(hub)
    assert autojump_clock.current_time() - before < 15
    assert hub.room_count == 1
    again = await PollingClient(app).connect()
    assert (await again.ask("resumeSession", {"resumeToken": token}))["roomId"] == "daily"


async def test_a_client_that_polls_and_answers_no_ping_is_found_too(
    client: PollingClient, hub: Hub, autojump_clock: MockClock
) -> None:
    await client.join("Ada")
    before = autojump_clock.current_time()
    while hub.session_count:
        await client.get()
    assert autojump_clock.current_time() - before < 15


async def test_a_poll_whose_client_goes_away_ends_the_session_at_once(client: PollingClient, hub: Hub) -> None:
    await client.join("Ada")
    await client.event("roomJoined")
    gone = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: client.get(gone=gone))
        await trio.testing.wait_all_tasks_blocked()
        gone.set()
    await trio.testing.wait_all_tasks_blocked()
    assert (hub.session_count, hub.room_count) == (0, 1)  # the seat is kept


@pytest.mark.parametrize("packet", ["1", "41"])
async def test_a_client_that_says_goodbye_leaves_at_once(client: PollingClient, hub: Hub, packet: str) -> None:
    await client.join("Ada")
    await client.event("roomJoined")
    await client.post(packet)
    assert (await client.poll())[-1] == "1"
    await trio.testing.wait_all_tasks_blocked()
    assert (hub.session_count, hub.room_count) == (0, 0)
    assert (await client.get()).status == 400


async def test_a_client_that_opens_no_namespace_is_ended(app: Any, hub: Hub, autojump_clock: MockClock) -> None:
    silent, early = PollingClient(app), PollingClient(app)
    await silent.open()
    await early.open()
    await early.post('421["joinRoom",{"displayName":"Ada","roomId":"daily"}]')
    assert await early.poll() == ["1"]
    before = autojump_clock.current_time()
    await all_gone(hub)
    assert autojump_clock.current_time() - before <= 15


async def test_a_client_that_polls_too_slowly_is_dropped_and_nobody_waits(app: Any, client: PollingClient) -> None:
    joined = await client.join("Slow")
    await client.event("roomJoined")
    bob = await PollingClient(app).connect()
    await bob.join("Bob")
    async with trio.open_nursery() as nursery:

        async def stay_alive() -> None:
            while True:
                await client.post_raw(b"3")
                await trio.sleep(1)

        nursery.start_soon(stay_alive)
        eve = await PollingClient(app).connect()
        await eve.join("Eve")
        for number in range(outbox.MAX_QUEUED_MESSAGES + 32):
            await eve.ask("setDisplayName", {"displayName": str(number)})
            eve.heard.clear()
            if number % 8 == 0:
                await bob.ask("getRtpCapabilities")
        left = [data for name, data in bob.heard if name == "participantLeft"] or [await bob.event("participantLeft")]
        assert left == [{"participantId": joined["participantId"], "reason": "timeout"}]
        nursery.cancel_scope.cancel()


async def test_draining_tells_those_who_poll_and_takes_nobody_in(
    app: Any, client: PollingClient, hub: Hub, autojump_clock: MockClock
) -> None:
    await client.join("Ada")
    await client.event("roomJoined")
    packets: list[str] = []
    async with trio.open_nursery() as nursery:

        async def poll() -> None:
            while "1" not in packets:
                packets.extend(await client.poll())

        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        before = autojump_clock.current_time()
        await hub.drain(5)
        assert autojump_clock.current_time() - before < 1
    assert packets == ['42["serverDraining",{}]', "1"]  # no end of the namespace, so that clients come back
    assert (await PollingClient(app).get()).status == 503


async def test_who_is_replaced_is_told_to_stay_away(app: Any, client: PollingClient) -> None:
    token = (await client.join("Ada"))["resumeToken"]
    await client.event("roomJoined")
    again = await PollingClient(app).connect()
    assert (await again.ask("joinRoom", {"displayName": "Ada", "roomId": "daily", "resumeToken": token}))["roomId"]
    assert (await client.poll())[-2:] == ["41", "1"]


async def test_origins(app: Any) -> None:
    for own in ({}, {"origin": "http://meet.example.org"}):
        assert (await PollingClient(app, own).get()).status == 200
    answer = await PollingClient(app, {"origin": ALLOWED}).get()
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert answer.headers["access-control-allow-credentials"] == "true"
    preflight = await request(app, "OPTIONS", PATH, {}, headers={"origin": ALLOWED})
    assert preflight.status == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-origin"] == ALLOWED


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://meet.example.org:1", "https://app.example.org.evil.example"]
)
async def test_pages_of_other_origins_are_refused(app: Any, client: PollingClient, origin: str) -> None:
    stranger = PollingClient(app, {"origin": origin})
    answers = [await stranger.get(), await request(app, "OPTIONS", PATH, {}, headers={"origin": origin})]
    stranger.sid = client.sid  # even one that knows a session
    answers += [await stranger.get(), await stranger.post_raw(b"41")]
    assert [answer.status for answer in answers] == [403] * 4
    assert not any("access-control-allow-origin" in answer.headers for answer in answers)
    await client.join("Ada")


async def test_an_address_may_open_so_many_sessions_at_once(app: Any, hub: Hub, autojump_clock: MockClock) -> None:
    assert autojump_clock.current_time() == 0  # nothing is earned back meanwhile
    burst = hub.rates.joins.burst
    statuses = [(await PollingClient(app).get()).status for _ in range(burst + 5)]
    assert statuses == [200] * burst + [429] * 5
    assert (await PollingClient(app, address="192.0.2.2").get()).status == 200


def test_the_dead_are_found_within_15_seconds() -> None:
    assert engineio.PING_INTERVAL_S + engineio.PING_TIMEOUT_S < 15
    assert engineio.STEP_S < 15
