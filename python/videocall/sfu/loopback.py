"""A call of this machine with itself: real clients over real sockets, through a media worker of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import attrs
import msgspec
import trio

from videocall.ortc import from_wire, to_wire
from videocall.ortc.types import DtlsFingerprint, DtlsParameters, RtpParameters

from ._engine import ListenInfo, open_sfu
from ._errors import SfuError
from ._transport import WebRtcTransport

__all__ = ["CallTimes", "LoopbackError", "Stage", "loopback_call"]

Stage = str
"""``ice``, ``dtls`` or ``rtp``: how far a call comes."""

_SSRC: Final = 20_000
_PAYLOAD_TYPE: Final = 100
_SPEECH: Final = from_wire(
    RtpParameters,
    {
        "mid": "0",
        "codecs": [{"mimeType": "audio/opus", "payloadType": _PAYLOAD_TYPE, "clockRate": 48000, "channels": 2}],
        "encodings": [{"ssrc": _SSRC}],
    },
    name="rtpParameters",
)
_POLL_MS: Final = 50


class LoopbackError(SfuError):
    """No call came about.

    Attributes:
        stage: at which it failed.
    """

    def __init__(self, stage: Stage, message: str) -> None:
        super().__init__(message)
        self.stage = stage


@attrs.frozen
class CallTimes:
    """Milliseconds since the listener began to connect.

    Attributes:
        ice_ms: until the worker answered an ICE check.
        dtls_ms: until the DTLS handshake was done.
        rtp_ms: until the first packet of the speaker's came.
        srtp_profile: what protects the media.
    """

    ice_ms: float
    dtls_ms: float
    rtp_ms: float
    srtp_profile: str


class _Clients(Protocol):
    @property
    def fingerprints(self) -> bytes: ...
    def add(self, plan: bytes) -> int: ...
    def wait_event(self, timeout_ms: int) -> bytes | None: ...
    def stats(self) -> bytes: ...


async def loopback_call(ip: str, timeout_s: float = 5.0) -> CallTimes:
    """Have one client speak and another listen, by ICE, DTLS and SRTP, on a local address.

    Args:
        ip: the address that the worker and both clients take, with ports of the system's choice.
        timeout_s: for all of it.

    Raises:
        LoopbackError: it did not come to a call.
        SfuError: the worker could not start.
    """
    from videocall import _sfu

    try:
        clients = _sfu.Clients()
        async with open_sfu(workers=1, listen=[ListenInfo(ip, port=0)]) as engine:
            router = await engine.least_loaded().create_router()
            speaker, listener = await router.create_web_rtc_transport(), await router.create_web_rtc_transport()
            fingerprints = msgspec.json.decode(clients.fingerprints, type=tuple[DtlsFingerprint, ...])
            for transport in (speaker, listener):
                await transport.connect(DtlsParameters(fingerprints, role="client"))
            producer = await speaker.produce(kind="audio", rtp_parameters=_SPEECH)
            consumer = await listener.consume(producer_id=producer.id, rtp_capabilities=router.rtp_capabilities)
            heard = {"kind": "audio", "ssrc": consumer.rtp_parameters.encodings[0].ssrc}
            said = {"kind": "audio", "ssrc": _SSRC, "payloadType": _PAYLOAD_TYPE}
            clients.add(_plan(ip, speaker, send=[said]))
            return await _observe(clients, clients.add(_plan(ip, listener, receive=[heard])), timeout_s)
    except _sfu.SfuError as error:
        raise SfuError(str(error)) from None


async def _observe(clients: _Clients, listener: int, timeout_s: float) -> CallTimes:
    deadline = trio.current_time() + timeout_s
    connected: dict[str, Any] = {}
    while trio.current_time() < deadline:
        told = await trio.to_thread.run_sync(clients.wait_event, _POLL_MS)
        if told is None:
            continue
        event: dict[str, Any] = msgspec.json.decode(told)
        if event["event"] == "failed":
            raise LoopbackError("dtls", event["reason"])
        if event["client"] != listener:
            continue
        if event["event"] == "connected":
            connected = event
        elif event["event"] == "firstMedia":
            return CallTimes(connected["pathAfterMs"], connected["afterMs"], event["afterMs"], connected["profile"])
    stage = _stage_reached(msgspec.json.decode(clients.stats()), listener, connected)
    raise LoopbackError(stage, f"nothing more within {timeout_s:g} s")


def _stage_reached(stats: Sequence[Mapping[str, Any]], listener: int, connected: Mapping[str, Any]) -> Stage:
    if connected:
        return "rtp"
    return "ice" if stats[listener]["roundTrip"] is None else "dtls"


def _plan(ip: str, transport: WebRtcTransport, **streams: Sequence[Mapping[str, Any]]) -> bytes:
    candidates = [candidate for candidate in transport.ice_candidates if candidate.protocol == "udp"]
    return msgspec.json.encode(
        {
            "bind": ip,
            "iceParameters": to_wire(transport.ice_parameters),
            "iceCandidates": [
                f"[{it.address}]:{it.port}" if ":" in it.address else f"{it.address}:{it.port}" for it in candidates
            ],
            "fingerprints": to_wire(transport.dtls_parameters)["fingerprints"],
            **streams,
        }
    )
