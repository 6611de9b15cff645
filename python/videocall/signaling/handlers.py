"""What each method does: one handler per request type, from the session's place in a room to the answer."""

# ruff: noqa: D102 - the protocols repeat what their classes document

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from videocall.ortc import DEFAULT_CODECS, generate_router_rtp_capabilities
from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import requests as r
from videocall.protocol.fields import Reason
from videocall.protocol.methods import Request
from videocall.protocol.version import check_version
from videocall.signaling.failures import to_protocol_error
from videocall.signaling.hub import Hub
from videocall.signaling.live_room import LiveRoom
from videocall.signaling.seat import Seat
from videocall.tokens import Admission

__all__ = ["Caller", "Place", "handle"]

ROUTER_CAPABILITIES: Final = generate_router_rtp_capabilities(DEFAULT_CODECS)
"""Every room's router has the same codecs, so that they can be told before there is a room."""


class Place(Protocol):
    """Where a participant is."""

    @property
    def live(self) -> LiveRoom: ...
    @property
    def participant_id(self) -> str: ...


class Caller(Protocol):
    """The session that a request came in on."""

    @property
    def hub(self) -> Hub: ...
    @property
    def room_id(self) -> str | None: ...
    @property
    def address(self) -> str: ...
    @property
    def place(self) -> Place | None: ...
    def enter(self, live: LiveRoom, display_name: str, admission: Admission) -> Seat: ...
    def resume(self, seat: Seat) -> None: ...
    def leave(self, reason: Reason) -> None: ...


async def handle(caller: Caller, request: Request) -> object:
    """Carry out a request and return its result.

    Nothing is awaited between a change of the room and the return, so that the caller can queue the answer before
    anybody else can act on the change.

    Raises:
        ProtocolError: the request cannot be carried out.
        videocall.sfu.SfuError, videocall.ortc.OrtcError: the media core refused it.
    """
    if isinstance(request, r.JoinRoom):
        return await _join_room(caller, request)
    if isinstance(request, r.ResumeSession):
        return await _resume_session(caller, request)
    if isinstance(request, r.GetRtpCapabilities):
        return ROUTER_CAPABILITIES
    place = caller.place
    if place is None:
        raise ProtocolError(ErrorCode.NOT_JOINED)
    if isinstance(request, r.LeaveRoom):
        caller.leave("left")
        return {}
    if isinstance(request, r.CreateWebRtcTransport):
        return await _create_transport(caller.hub, place, request)
    if isinstance(request, r.RestartIce):
        return await _restart_ice(caller.hub, place, request)
    return await _HANDLERS[type(request)](place, request)


async def _join_room(caller: Caller, request: r.JoinRoom) -> results.RoomJoined:
    check_version(request.protocolVersion)
    room_id = request.roomId or caller.room_id
    if caller.place is not None:
        raise ProtocolError(ErrorCode.CONFLICT, "You are in a room already; leave it first.")
    if room_id is None:
        raise ProtocolError(ErrorCode.BAD_REQUEST, "joinRoom: no roomId, neither here nor in the socket's query.")
    admission = caller.hub.admit(caller.address, room_id, request.token)
    async with caller.hub.room(room_id) as live:
        live.room.check_display_name(request.displayName)
        if request.resumeToken is not None:
            caller.hub.replace(request.resumeToken)
        seat = caller.enter(live, request.displayName, admission)
        me = live.room.participant(seat.participant_id)
        return results.RoomJoined(
            roomId=room_id,
            participantId=me.participantId,
            role=me.role,
            permissions=me.permissions,
            room=live.room.state,
            rtpCapabilities=live.router.rtp_capabilities,
            iceServers=caller.hub.ice_servers.issue(seat.participant_id),
            participants=[other for other in live.room.participants if other.participantId != me.participantId],
            producers=live.room.producers,
            messages=[],
            knocks=[],
            resumeToken=seat.token,
        )


async def _resume_session(caller: Caller, request: r.ResumeSession) -> results.SessionResumed:
    check_version(request.protocolVersion)
    if caller.place is not None:
        raise ProtocolError(ErrorCode.CONFLICT, "You are in a room already; leave it first.")
    seat = await caller.hub.find_seat(caller.address, request.resumeToken)
    caller.resume(seat)
    room, me = seat.live.room, seat.live.room.participant(seat.participant_id)
    transports, consumers = room.possessions(me.participantId)
    return results.SessionResumed(
        roomId=room.id,
        participantId=me.participantId,
        role=me.role,
        permissions=me.permissions,
        room=room.state,
        iceServers=caller.hub.ice_servers.issue(me.participantId),
        participants=room.participants,
        producers=room.producers,
        messages=[],
        knocks=[],
        transports=transports,
        consumers=consumers,
    )


async def _create_transport(hub: Hub, place: Place, request: r.CreateWebRtcTransport) -> results.Transport:
    live, me = place.live, place.participant_id
    live.room.check_new_transport(me)
    transport = await live.router.create_web_rtc_transport()
    try:
        live.room.add_transport(me, transport.id, request.direction)
    except ProtocolError:
        await transport.close()
        raise
    live.add_transport(me, transport)
    return results.Transport(
        id=transport.id,
        iceParameters=transport.ice_parameters,
        iceCandidates=list(transport.ice_candidates),
        dtlsParameters=transport.dtls_parameters,
        iceServers=hub.ice_servers.issue(me),
    )


async def _connect_transport(place: Place, request: r.ConnectTransport) -> object:
    place.live.room.check_transport(place.participant_id, request.transportId)
    await place.live.transport(request.transportId).connect(request.dtlsParameters)
    return {}


async def _restart_ice(hub: Hub, place: Place, request: r.RestartIce) -> results.IceRestarted:
    place.live.room.check_transport(place.participant_id, request.transportId)
    ice_parameters = await place.live.transport(request.transportId).restart_ice()
    return results.IceRestarted(ice_parameters, hub.ice_servers.issue(place.participant_id))


async def _produce(place: Place, request: r.Produce) -> results.Produced:
    live, me = place.live, place.participant_id
    source = live.room.check_produce(me, request.transportId, request.kind, request.source)
    media_paused = request.paused or live.room.starts_held(me, source)
    producer = await live.transport(request.transportId).produce(
        kind=request.kind, rtp_parameters=request.rtpParameters, paused=media_paused
    )
    try:
        effects = live.room.add_producer(
            me,
            request.transportId,
            producer.id,
            request.kind,
            source,
            paused=request.paused,
            keeps_camera=(request.appData or {}).get("keepCamera") is True,
            media_paused=media_paused,
        )
    except ProtocolError:
        await producer.close()
        raise
    live.execute(effects)
    live.add_producer(producer)
    return results.Produced(producer.id)


async def _close_producer(place: Place, request: r.CloseProducer) -> object:
    place.live.execute(place.live.room.close_producer(place.participant_id, request.producerId))
    return {}


async def _pause_producer(place: Place, request: r.PauseProducer) -> object:
    place.live.execute(place.live.room.pause_producer(place.participant_id, request.producerId))
    return {}


async def _resume_producer(place: Place, request: r.ResumeProducer) -> object:
    place.live.execute(place.live.room.resume_producer(place.participant_id, request.producerId))
    return {}


async def _consume(place: Place, request: r.Consume) -> results.Consumer | results.Consumers:
    if isinstance(request.producerId, str):
        return await _consume_one(place, request, request.producerId)
    place.live.room.check_transport(place.participant_id, request.transportId, "recv")
    answers: list[object] = []
    for producer_id in request.producerId:
        try:
            answers.append(await _consume_one(place, request, producer_id))
        except Exception as error:
            refusal = to_protocol_error(error)
            if refusal is None:
                raise
            body = results.ErrorBody(refusal.code, refusal.message)
            answers.append(results.ConsumeFailure(producer_id, body))
    return results.Consumers(answers)


async def _consume_one(place: Place, request: r.Consume, producer_id: str) -> results.Consumer:
    live, me = place.live, place.participant_id
    live.room.check_consume(me, request.transportId, producer_id)
    consumer = await live.transport(request.transportId).consume(
        producer_id=producer_id, rtp_capabilities=request.rtpCapabilities, paused=True
    )
    try:
        producer = live.room.add_consumer(me, request.transportId, consumer.id, producer_id)
    except ProtocolError:
        await consumer.close()
        raise
    live.add_consumer(me, consumer)
    return results.Consumer(
        id=consumer.id,
        producerId=producer_id,
        kind=consumer.kind,
        rtpParameters=consumer.rtp_parameters,
        type=consumer.type,
        producerPaused=producer.paused,
    )


async def _pause_consumer(place: Place, request: r.PauseConsumer) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.consumer(request.consumerId).pause()
    return {}


async def _resume_consumer(place: Place, request: r.ResumeConsumer) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.consumer(request.consumerId).resume()
    return {}


async def _request_key_frame(place: Place, request: r.RequestKeyFrame) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.consumer(request.consumerId).request_key_frame()
    return {}


async def _set_preferred_layers(place: Place, request: r.SetPreferredLayers) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    consumer = place.live.consumer(request.consumerId)
    await consumer.set_preferred_layers(request.spatialLayer, request.temporalLayer)
    return {}


async def _close_consumer(place: Place, request: r.CloseConsumer) -> object:
    place.live.execute(place.live.room.close_consumer(place.participant_id, request.consumerId))
    return {}


async def _get_stats(place: Place, request: r.GetStats) -> results.Stats:
    live, me = place.live, place.participant_id
    match (request.transportId, request.producerId, request.consumerId):
        case (str(transport_id), None, None):
            live.room.check_transport(me, transport_id)
            stats = await live.transport(transport_id).get_stats()
        case (None, str(producer_id), None):
            live.room.check_producer(me, producer_id)
            stats = await live.producer(producer_id).get_stats()
        case (None, None, str(consumer_id)):
            live.room.check_consumer(me, consumer_id)
            stats = await live.consumer(consumer_id).get_stats()
        case _:
            raise ProtocolError(
                ErrorCode.BAD_REQUEST, "getStats: name exactly one of transportId, producerId, consumerId."
            )
    return results.Stats(list(stats))


async def _set_display_name(place: Place, request: r.SetDisplayName) -> object:
    place.live.execute(place.live.room.set_display_name(place.participant_id, request.displayName))
    return {}


_HANDLERS: Final[dict[type[Any], Callable[[Place, Any], Awaitable[object]]]] = {
    r.ConnectTransport: _connect_transport,
    r.Produce: _produce,
    r.CloseProducer: _close_producer,
    r.PauseProducer: _pause_producer,
    r.ResumeProducer: _resume_producer,
    r.Consume: _consume,
    r.PauseConsumer: _pause_consumer,
    r.ResumeConsumer: _resume_consumer,
    r.CloseConsumer: _close_consumer,
    r.RequestKeyFrame: _request_key_frame,
    r.SetPreferredLayers: _set_preferred_layers,
    r.GetStats: _get_stats,
    r.SetDisplayName: _set_display_name,
}
