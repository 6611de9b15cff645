"""A call of one sender and one receiver, for the tests of the library."""

import attrs
from tests.fakes.media import FakeMedia, FakeWorker
from tests.unit.ortc import devices

from videocall.ortc.types import MediaKind, RtpCapabilities
from videocall.sfu import Consumer, Engine, ListenInfo, Producer, Router, WebRtcTransport, Worker

LISTEN = [ListenInfo("127.0.0.1", 10000)]


@attrs.frozen
class Call:
    """A router on worker 0 with one transport to send and one to receive."""

    worker: Worker
    fake: FakeWorker
    router: Router
    send: WebRtcTransport
    recv: WebRtcTransport

    @property
    def capabilities(self) -> RtpCapabilities:
        return devices.receiving("chromium", self.router.rtp_capabilities)

    async def produce(self, kind: MediaKind = "video", *, paused: bool = False, ssrc: int = 100) -> Producer:
        codec = "VP8" if kind == "video" else "opus"
        parameters = devices.sending("chromium", kind, codec, encodings=[{"ssrc": ssrc}])
        return await self.send.produce(kind=kind, rtp_parameters=parameters, paused=paused)

    async def consume(self, producer: Producer, *, paused: bool = True) -> Consumer:
        return await self.recv.consume(producer_id=producer.id, rtp_capabilities=self.capabilities, paused=paused)


async def start_call(engine: Engine, media: FakeMedia) -> Call:
    worker = engine.workers[0]
    router = await worker.create_router()
    send = await router.create_web_rtc_transport()
    recv = await router.create_web_rtc_transport()
    return Call(worker, media.workers[0], router, send, recv)
