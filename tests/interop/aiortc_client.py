"""A participant on pymediasoup and aiortc: sends a picture and a tone, takes all that others send, and reports.

Usage: aiortc_client.py URL ROOM NAME. It prints one JSON object a line, two a second, and ends when its input does.
"""

import asyncio
import json
import math
import sys
from array import array
from collections.abc import Coroutine
from fractions import Fraction
from typing import Any

import websockets
from aiortc import MediaStreamTrack
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import AudioFrame, VideoFrame
from pymediasoup import AiortcHandler, Device
from pymediasoup.models.transport import DtlsParameters, IceCandidate, IceParameters
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters
from pymediasoup.transport import Transport

REPORT_SECONDS = 0.5

WIDTH, HEIGHT = 320, 240
SAMPLE_RATE = 48_000
BLOCK = SAMPLE_RATE // 50
TONE_HZ = 440
AMPLITUDE = 8_000


class Pictures(VideoStreamTrack):
    """A bright and a dark part whose border moves, so that every picture differs from the last."""

    count = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *chroma = frame.planes
        edge = self.count * 8 % HEIGHT
        luma.update(bytes([200]) * luma.line_size * edge + bytes([40]) * luma.line_size * (HEIGHT - edge))
        for plane in chroma:
            plane.update(bytes([128]) * plane.buffer_size)
        self.count += 1
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A sine tone in the rhythm of aiortc's own silent track."""

    at = 0

    async def recv(self) -> AudioFrame:
        await super().recv()
        wave = (AMPLITUDE * math.sin(2 * math.pi * TONE_HZ * (self.at + index) / SAMPLE_RATE) for index in range(BLOCK))
        frame = AudioFrame(format="s16", layout="mono", samples=BLOCK)
        frame.planes[0].update(array("h", map(int, wave)).tobytes())
        frame.pts, frame.sample_rate, frame.time_base = self.at, SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        self.at += BLOCK
        return frame


class Received:
    """What one consumed track has brought so far."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.kind: str = track.kind
        self.frames = 0
        self.luma_range = 0
        self.energy = 0.0
        self.task = asyncio.create_task(self._take(track))

    async def _take(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self.frames += 1
            if isinstance(frame, VideoFrame):
                luma = bytes(frame.planes[0])[::97]
                self.luma_range = max(self.luma_range, max(luma) - min(luma))
            elif isinstance(frame, AudioFrame):
                samples = array("h", bytes(frame.planes[0]))
                self.energy += sum((sample / 32_768) ** 2 for sample in samples)


class Client:
    """The protocol over one web socket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.received: dict[str, Received] = {}
        self.errors: list[str] = []
        self.producers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.tasks = {asyncio.create_task(self._read())}

    async def request(self, method: str, **data: Any) -> Any:
        number = len(self._waiting) + 1
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"request": True, "id": number, "method": method, "data": data}))
        return await answer

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message.get("notification"):
                if message["method"] == "newProducer":
                    self.producers.put_nowait(message["data"])
            elif message["ok"]:
                self._waiting[message["id"]].set_result(message["data"])
            else:
                refusal = f"{message['errorCode']}: {message['errorReason']}"
                self._waiting[message["id"]].set_exception(RuntimeError(refusal))

    def start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self.errors.append(repr(error))


async def transport(client: Client, device: Device, direction: str) -> Transport:
    options = await client.request("createWebRtcTransport", direction=direction)
    make = device.createSendTransport if direction == "send" else device.createRecvTransport
    made = make(
        id=options["id"],
        iceParameters=IceParameters(**options["iceParameters"]),
        iceCandidates=[IceCandidate(**candidate) for candidate in options["iceCandidates"]],
        dtlsParameters=DtlsParameters(**options["dtlsParameters"]),
        sctpParameters=None,
    )

    @made.on("connect")
    async def connect(dtlsParameters: DtlsParameters) -> None:  # noqa: N803
        parameters = dtlsParameters.model_dump(exclude_none=True)
        await client.request("connectTransport", transportId=made.id, dtlsParameters=parameters)

    @made.on("produce")
    async def produce(kind: str, rtp_parameters: RtpParameters, _app_data: Any) -> str:
        parameters = rtp_parameters.model_dump(exclude_none=True)
        answer = await client.request("produce", transportId=made.id, kind=kind, rtpParameters=parameters)
        return str(answer["id"])

    return made


async def join(client: Client, room: str, name: str) -> str:
    joined = await client.request("joinRoom", roomId=room, displayName=name)
    device = Device(handlerFactory=AiortcHandler.createFactory(tracks=[]))
    await device.load(RtpCapabilities(**joined["rtpCapabilities"]))
    receiving = await transport(client, device, "recv")

    async def consume() -> None:
        while True:
            producer = await client.producers.get()
            capabilities = device.recvRtpCapabilities.model_dump(exclude_none=True)
            answer = await client.request(
                "consume", transportId=receiving.id, producerId=producer["producerId"], rtpCapabilities=capabilities
            )
            consumer = await receiving.consume(
                id=answer["id"],
                producerId=answer["producerId"],
                kind=answer["kind"],
                rtpParameters=RtpParameters(**answer["rtpParameters"]),
            )
            client.received[producer["producerId"]] = Received(consumer.track)
            await client.request("resumeConsumer", consumerId=answer["id"])

    for producer in joined["producers"]:
        client.producers.put_nowait(producer)
    client.start(consume())
    sending = await transport(client, device, "send")
    for track in (Tone(), Pictures()):
        await sending.produce(track=track, stopTracks=True)
    return str(joined["participantId"])


async def main(url: str, room: str, name: str) -> None:
    address = f"{url.replace('http', 'ws', 1)}/ws?roomId={room}&peerId={name}"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("protoo")]) as socket:
        client = Client(socket)
        participant = await join(client, room, name)
        end_of_input = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        while not end_of_input.done():
            media = [
                {"kind": r.kind, "frames": r.frames, "lumaRange": r.luma_range, "energy": r.energy}
                for r in client.received.values()
            ]
            print(json.dumps({"participantId": participant, "media": media, "errors": client.errors}), flush=True)
            await asyncio.wait([end_of_input], timeout=REPORT_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
