"""A media server in a process of its own, so that its processor time can be told from the load's.

Commands come as JSON lines on standard input, and each is answered by a line:

- ``{"cmd": "meeting", "publishers": P, "subscribers": S, "fingerprints": [...]}`` opens a meeting on the first worker,
  in place of the last one, and answers with the clients' plans for ``videocall-load``. Publishers have a camera and a
  microphone, and a transport of their own to receive all others by when there are several; subscribers receive all.
- ``{"cmd": "metrics"}`` answers with the worker's counters.
"""

import sys
from typing import Any

import attrs
import msgspec
import trio

from videocall import ortc, sfu
from videocall.ortc.types import DtlsFingerprint, DtlsParameters, MediaKind, RtpParameters

KINDS: tuple[MediaKind, ...] = ("video", "audio")
CODECS = [codec for codec in sfu.DEFAULT_CODECS if codec.mimeType in {"video/VP8", "audio/opus"}]
EXTENSIONS = {
    "urn:ietf:params:rtp-hdrext:sdes:mid": "mid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": "absSendTime",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": "transportCc",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": "audioLevel",
}


async def main() -> None:
    listen = [sfu.ListenInfo("127.0.0.1", 0)]
    async with sfu.open_sfu(workers=1, listen=listen) as engine:
        worker = engine.workers[0]
        router: sfu.Router | None = None
        while line := await trio.to_thread.run_sync(sys.stdin.buffer.readline, abandon_on_cancel=True):
            command = msgspec.json.decode(line)
            answer: dict[str, Any] = dict(worker.metrics())
            if command["cmd"] == "meeting":
                if router is not None:
                    await router.close()
                router = await worker.create_router(media_codecs=CODECS)
                answer = {"clients": await meeting(router, command)}
            sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()


async def meeting(router: sfu.Router, command: dict[str, Any]) -> list[dict[str, Any]]:
    """Open a meeting of publishers and subscribers; return their plans, the publishers' first."""
    dtls = DtlsParameters(tuple(DtlsFingerprint(**each) for each in command["fingerprints"]), "client")
    publishers, subscribers = command["publishers"], command["subscribers"]
    sending, produced = [], []
    for at in range(publishers):
        transport = await connected(router, dtls)
        sending.append(plan(transport, send=[send_plan(router, kind, at) for kind in KINDS]))
        produced.append([await produce(router, transport, kind, at) for kind in KINDS])
    receiving = []
    for at in range(subscribers + (publishers if publishers > 1 else 0)):
        transport = await connected(router, dtls)
        others = [producers for owner, producers in enumerate(produced) if at - subscribers != owner]
        receive = [await consume(router, transport, producer) for producers in others for producer in producers]
        receiving.append(plan(transport, receive=receive))
    return sending + receiving


async def connected(router: sfu.Router, dtls: DtlsParameters) -> sfu.WebRtcTransport:
    transport = await router.create_web_rtc_transport()
    await transport.connect(dtls)
    return transport


async def produce(router: sfu.Router, transport: sfu.WebRtcTransport, kind: MediaKind, publisher: int) -> sfu.Producer:
    capabilities = router.rtp_capabilities
    codecs = [attrs.asdict(codec) for codec in capabilities.codecs if codec.kind == kind]
    for codec in codecs:
        codec["payloadType"] = codec.pop("preferredPayloadType")
        del codec["kind"]
    extensions = [
        {"uri": extension.uri, "id": extension.preferredId}
        for extension in capabilities.headerExtensions
        if extension.kind == kind and extension.uri in EXTENSIONS
    ]
    encoding: dict[str, Any] = {"ssrc": ssrc(publisher, kind)}
    if kind == "video":
        encoding["rtx"] = {"ssrc": ssrc(publisher, kind) + 1}
    parameters = {
        "mid": kind,
        "codecs": codecs,
        "headerExtensions": extensions,
        "encodings": [encoding],
        "rtcp": {"cname": f"publisher{publisher}"},
    }
    return await transport.produce(kind=kind, rtp_parameters=msgspec.convert(parameters, RtpParameters))


async def consume(router: sfu.Router, transport: sfu.WebRtcTransport, producer: sfu.Producer) -> dict[str, Any]:
    consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=router.rtp_capabilities, paused=False)
    encoding = consumer.rtp_parameters.encodings[0]
    repair = next((c.payloadType for c in consumer.rtp_parameters.codecs if c.mimeType.endswith("/rtx")), None)
    rtx = None if encoding.rtx is None else {"ssrc": encoding.rtx.ssrc, "payloadType": repair}
    return {"kind": producer.kind, "ssrc": encoding.ssrc, "rtx": rtx, "nack": producer.kind == "video"}


def send_plan(router: sfu.Router, kind: MediaKind, publisher: int) -> dict[str, Any]:
    types = [codec.preferredPayloadType for codec in router.rtp_capabilities.codecs if codec.kind == kind]
    rtx = {"ssrc": ssrc(publisher, kind) + 1, "payloadType": types[1]} if kind == "video" else None
    return {"kind": kind, "ssrc": ssrc(publisher, kind), "payloadType": types[0], "rtx": rtx}


def plan(transport: sfu.WebRtcTransport, **streams: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``videocall-load`` is told of a client."""
    return {
        "bind": "127.0.0.1",
        "iceParameters": attrs.asdict(transport.ice_parameters),
        "iceCandidates": [f"{candidate.ip}:{candidate.port}" for candidate in transport.ice_candidates],
        "fingerprints": [attrs.asdict(each) for each in transport.dtls_parameters.fingerprints],
        "extensions": EXTENSION_IDS,
        **streams,
    }


def ssrc(publisher: int, kind: MediaKind) -> int:
    return 10_000 * (publisher + 1) + (0 if kind == "video" else 100)


EXTENSION_IDS = {
    EXTENSIONS[extension.uri]: extension.preferredId
    for extension in ortc.generate_router_rtp_capabilities(CODECS).headerExtensions
    if extension.uri in EXTENSIONS
}

if __name__ == "__main__":
    trio.run(main)
