"""What each method does: one handler per request type, from the session's place in a room to the answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from videocall.ortc import DEFAULT_CODECS, generate_router_rtp_capabilities
from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol import data_requests as dr
from videocall.protocol import requests as r
from videocall.protocol import room_requests as rr
from videocall.protocol.methods import Request
from videocall.signaling import data_handlers, entry_handlers, media_handlers, room_handlers
from videocall.signaling.caller import Caller, Place

__all__ = ["Caller", "Place", "handle"]

ROUTER_CAPABILITIES: Final = generate_router_rtp_capabilities(DEFAULT_CODECS)
"""Every room's router has the same codecs, so that they can be told before there is a room."""


async def handle(caller: Caller, request: Request) -> object:
    """Carry out a request and return its result.

    Nothing is awaited between a change of the room and the return, so that the caller can queue the answer before
    anybody else can act on the change. What the caller itself is told of the change it is told `afterwards`.

    Raises:
        ProtocolError: the request cannot be carried out.
        videocall.sfu.SfuError, videocall.ortc.OrtcError: the media core refused it.
    """
    if isinstance(request, r.JoinRoom):
        return await entry_handlers.join_room(caller, request)
    if isinstance(request, r.ResumeSession):
        return await entry_handlers.resume_session(caller, request)
    if isinstance(request, r.LeaveRoom):
        return entry_handlers.leave_room(caller)
    if isinstance(request, r.GetRtpCapabilities):
        return ROUTER_CAPABILITIES
    place = caller.place
    if place is None:
        raise ProtocolError(ErrorCode.NOT_JOINED, "Wait to be let in." if caller.waits else None)
    return await _HANDLERS[type(request)](caller, place, request)


_HANDLERS: Final[dict[type[Any], Callable[[Caller, Place, Any], Awaitable[object]]]] = {
    r.CreateWebRtcTransport: media_handlers.create_transport,
    r.ConnectTransport: media_handlers.connect_transport,
    r.RestartIce: media_handlers.restart_ice,
    r.Produce: media_handlers.produce,
    r.CloseProducer: media_handlers.close_producer,
    r.PauseProducer: media_handlers.pause_producer,
    r.ResumeProducer: media_handlers.resume_producer,
    r.Consume: media_handlers.consume,
    r.PauseConsumer: media_handlers.pause_consumer,
    r.ResumeConsumer: media_handlers.resume_consumer,
    r.CloseConsumer: media_handlers.close_consumer,
    r.RequestKeyFrame: media_handlers.request_key_frame,
    r.SetPreferredLayers: media_handlers.set_preferred_layers,
    r.SetConsumerPriority: media_handlers.set_consumer_priority,
    r.GetStats: media_handlers.get_stats,
    dr.ProduceData: data_handlers.produce_data,
    dr.CloseDataProducer: data_handlers.close_data_producer,
    dr.ConsumeData: data_handlers.consume_data,
    dr.CloseDataConsumer: data_handlers.close_data_consumer,
    r.SetDisplayName: room_handlers.set_display_name,
    rr.SendMessage: room_handlers.send_message,
    rr.GetMessages: room_handlers.get_messages,
    rr.RaiseHand: room_handlers.raise_hand,
    rr.React: room_handlers.react,
    rr.Admit: room_handlers.admit,
    rr.Reject: room_handlers.reject,
    rr.MuteParticipant: room_handlers.mute_participant,
    rr.RemoveParticipant: room_handlers.remove_participant,
    rr.SetRole: room_handlers.set_role,
    rr.SetPermissions: room_handlers.set_permissions,
    rr.UpdateRoom: room_handlers.update_room,
    rr.EndRoom: room_handlers.end_room,
}
