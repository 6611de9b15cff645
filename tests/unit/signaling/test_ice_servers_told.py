"""Which requests are answered with ICE servers, and for whom."""

import trio
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket

from videocall.sfu import Engine, ListenInfo
from videocall.sfu._engine import run_engine
from videocall.signaling import Session, open_hub
from videocall.signaling.ice_servers import IceServers, SharedSecret


async def test_each_answer_has_an_account_as_of_now(engine: Engine, nursery: trio.Nursery) -> None:
    clock = iter(range(1000, 2000, 100))
    servers = IceServers(turn=["turn:t"], accounts=SharedSecret("north", 60), clock=lambda: next(clock))
    async with open_hub(engine, ice_servers=servers) as hub:
        socket = FakeSocket()
        nursery.start_soon(Session(hub, socket).run)
        client = FakeClient(socket)
        joined = await client.join("Ada", "daily")
        transport = await client.request("createWebRtcTransport", {"direction": "send"})
        restarted = await client.request("restartIce", {"transportId": transport["id"]})
        names = [answer["iceServers"][0]["username"] for answer in (joined, transport, restarted)]
        me = joined["participantId"]
        assert names == [f"1060:{me}", f"1160:{me}", f"1260:{me}"]
        socket.hang_up()


async def test_public_addresses_are_told_beside_the_local_ones(nursery: trio.Nursery, media: FakeMedia) -> None:
    listen = [ListenInfo("192.168.1.5", 10000)]
    async with (
        run_engine(media, workers=1, listen=listen) as engine,
        open_hub(engine, public_addresses=["203.0.113.7"]) as hub,
    ):
        socket = FakeSocket()
        nursery.start_soon(Session(hub, socket).run)
        client = FakeClient(socket)
        await client.join("Ada", "daily")
        transport = await client.request("createWebRtcTransport", {"direction": "send"})
        assert transport["iceCandidates"][-1]["address"] == "203.0.113.7"
        assert transport["iceCandidates"][0]["address"] != "203.0.113.7"
        socket.hang_up()
