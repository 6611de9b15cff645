"""The table of methods: what each takes and answers, and the decoder for it.

msgspec takes no union of attrs classes, so the method's name chooses the decoder and the payload waits as raw bytes.
"""

from typing import Any, Final

import msgspec

from videocall.ortc.types import RtpCapabilities
from videocall.protocol import data_requests as dr
from videocall.protocol import requests as r
from videocall.protocol import results
from videocall.protocol import room_requests as rr
from videocall.protocol.errors import ErrorCode, ProtocolError

__all__ = ["METHODS", "METHOD_NAMES", "RESULTS", "Request", "decode_request"]

Request = (
    r.JoinRoom
    | r.ResumeSession
    | r.LeaveRoom
    | r.GetRtpCapabilities
    | r.CreateWebRtcTransport
    | r.ConnectTransport
    | r.RestartIce
    | r.Produce
    | r.CloseProducer
    | r.PauseProducer
    | r.ResumeProducer
    | r.Consume
    | r.PauseConsumer
    | r.ResumeConsumer
    | r.CloseConsumer
    | r.RequestKeyFrame
    | r.SetPreferredLayers
    | r.SetConsumerPriority
    | r.GetStats
    | r.SetDisplayName
    | dr.ProduceData
    | dr.CloseDataProducer
    | dr.ConsumeData
    | dr.CloseDataConsumer
    | rr.SendMessage
    | rr.GetMessages
    | rr.RaiseHand
    | rr.React
    | rr.Admit
    | rr.Reject
    | rr.MuteParticipant
    | rr.RemoveParticipant
    | rr.SetRole
    | rr.SetPermissions
    | rr.UpdateRoom
    | rr.EndRoom
)

METHODS: Final[dict[str, type[Any]]] = {
    "joinRoom": r.JoinRoom,
    "resumeSession": r.ResumeSession,
    "leaveRoom": r.LeaveRoom,
    "getRtpCapabilities": r.GetRtpCapabilities,
    "createWebRtcTransport": r.CreateWebRtcTransport,
    "connectTransport": r.ConnectTransport,
    "restartIce": r.RestartIce,
    "produce": r.Produce,
    "closeProducer": r.CloseProducer,
    "pauseProducer": r.PauseProducer,
    "resumeProducer": r.ResumeProducer,
    "consume": r.Consume,
    "pauseConsumer": r.PauseConsumer,
    "resumeConsumer": r.ResumeConsumer,
    "closeConsumer": r.CloseConsumer,
    "requestKeyFrame": r.RequestKeyFrame,
    "setPreferredLayers": r.SetPreferredLayers,
    "setConsumerPriority": r.SetConsumerPriority,
    "getStats": r.GetStats,
    "setDisplayName": r.SetDisplayName,
    "produceData": dr.ProduceData,
    "closeDataProducer": dr.CloseDataProducer,
    "consumeData": dr.ConsumeData,
    "closeDataConsumer": dr.CloseDataConsumer,
    "sendMessage": rr.SendMessage,
    "getMessages": rr.GetMessages,
    "raiseHand": rr.RaiseHand,
    "react": rr.React,
    "admit": rr.Admit,
    "reject": rr.Reject,
    "muteParticipant": rr.MuteParticipant,
    "removeParticipant": rr.RemoveParticipant,
    "setRole": rr.SetRole,
    "setPermissions": rr.SetPermissions,
    "updateRoom": rr.UpdateRoom,
    "endRoom": rr.EndRoom,
}

RESULTS: Final[dict[str, tuple[type[Any], ...]]] = {
    "joinRoom": (results.RoomJoined, results.InLobby),
    "resumeSession": (results.SessionResumed,),
    "getRtpCapabilities": (RtpCapabilities,),
    "createWebRtcTransport": (results.Transport,),
    "restartIce": (results.IceRestarted,),
    "produce": (results.Produced,),
    "consume": (results.Consumer, results.Consumers),
    "getStats": (results.Stats,),
    "produceData": (results.Produced,),
    "consumeData": (results.DataConsumer,),
    "sendMessage": (results.Sent,),
    "getMessages": (results.Messages,),
}
"""What a method answers: one of these; a method that is not here answers ``{}``."""

METHOD_NAMES: Final[dict[type[Any], str]] = {cls: name for name, cls in METHODS.items()}

_DECODERS: Final = {name: msgspec.json.Decoder(cls) for name, cls in METHODS.items()}


def decode_request(method: str, payload: msgspec.Raw) -> Request:
    """Decode a request's payload; a missing one counts as ``{}``.

    Raises:
        ProtocolError: ``UNSUPPORTED`` for an unknown method, ``BAD_REQUEST`` naming the path for a wrong payload.
    """
    decoder = _DECODERS.get(method)
    if decoder is None:
        raise ProtocolError(ErrorCode.UNSUPPORTED, f"There is no method {method[:64]!r}.")
    data = bytes(payload)
    try:
        request: Request = decoder.decode(b"{}" if data in _MISSING else data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"{method}: {error}") from None
    return request


_MISSING: Final = (b"", b"null")
