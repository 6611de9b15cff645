"""Sessions over the real `videocall.sfu`, with media threads that are not there."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import attrs
import pytest
import trio
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket, Json
from tests.unit.ortc import devices

from videocall.ortc import to_wire
from videocall.sfu import Engine, ListenInfo
from videocall.sfu._engine import run_engine
from videocall.signaling import Hub, Session, open_hub
from videocall.signaling.handlers import ROUTER_CAPABILITIES
from videocall.signaling.ice_servers import IceServers
from videocall.signaling.rates import Rates

DTLS = {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["0A"] * 32)}]}
STUN = "stun:stun.example.org:3478"

OpenClient = Callable[..., FakeClient]


@pytest.fixture
def media() -> Iterator[FakeMedia]:
    with FakeMedia() as media:
        yield media


@pytest.fixture
async def engine(media: FakeMedia) -> AsyncIterator[Engine]:
    async with run_engine(media, workers=2, listen=[ListenInfo("127.0.0.1", 10000)]) as engine:
        yield engine


@pytest.fixture
async def hub(engine: Engine) -> AsyncIterator[Hub]:
    async with open_hub(engine, ice_servers=IceServers(stun=[STUN]), rates=Rates(requests=None)) as hub:
        yield hub


@pytest.fixture
def open_client(hub: Hub, nursery: trio.Nursery) -> OpenClient:
    def open_client(room_id: str | None = None, address: str = "") -> FakeClient:
        socket = FakeSocket()
        nursery.start_soon(Session(hub, socket, room_id=room_id, address=address).run)
        return FakeClient(socket)

    return open_client


def video_parameters(ssrc: int = 100) -> Json:
    parameters: Json = to_wire(devices.sending("chromium", "video", "VP8", encodings=[{"ssrc": ssrc}]))
    return parameters


def audio_parameters(ssrc: int = 200) -> Json:
    parameters: Json = to_wire(devices.sending("chromium", "audio", "opus", encodings=[{"ssrc": ssrc}]))
    return parameters


def capabilities() -> Json:
    wire: Json = to_wire(devices.receiving("chromium", ROUTER_CAPABILITIES))
    return wire


@attrs.define
class Caller:
    """A client in a room with a transport each way."""

    client: FakeClient
    send: str
    recv: str

    def production(self, kind: str = "video", ssrc: int = 100, **more: object) -> Json:
        parameters = video_parameters(ssrc) if kind == "video" else audio_parameters(ssrc)
        return {"transportId": self.send, "kind": kind, "rtpParameters": parameters, **more}

    async def produce(self, kind: str = "video", ssrc: int = 100, **more: object) -> str:
        producer_id: str = (await self.client.request("produce", self.production(kind, ssrc, **more)))["id"]
        return producer_id

    async def consume(self, producer_id: str | list[str]) -> Json:
        request = {"transportId": self.recv, "producerId": producer_id, "rtpCapabilities": capabilities()}
        return await self.client.request("consume", request)

    async def produce_data(self, stream: int, **more: object) -> str:
        request = {"transportId": self.send, "sctpStreamParameters": {"streamId": stream}, **more}
        channel: str = (await self.client.request("produceData", request))["id"]
        return channel

    async def consume_data(self, channel: str) -> Json:
        return await self.client.request("consumeData", {"transportId": self.recv, "dataProducerId": channel})


@pytest.fixture
def enter(open_client: OpenClient) -> Callable[..., Awaitable[Caller]]:
    async def enter(name: str, room_id: str = "daily") -> Caller:
        client = open_client()
        await client.join(name, room_id)
        send = await client.request("createWebRtcTransport", {"direction": "send"})
        recv = await client.request("createWebRtcTransport", {"direction": "recv"})
        return Caller(client, send["id"], recv["id"])

    return enter
