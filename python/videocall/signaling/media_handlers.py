"""What participants do with their transports, producers and consumers."""

# ruff: noqa: D103 - each does what its request's class says

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import requests as r
from videocall.signaling.caller import Caller, Place
from videocall.signaling.candidates import with_public
from videocall.signaling.failures import to_protocol_error

__all__ = [
    "close_consumer",
    "close_producer",
    "connect_transport",
    "consume",
    "create_transport",
    "get_stats",
    "pause_consumer",
    "pause_producer",
    "produce",
    "request_key_frame",
    "restart_ice",
    "resume_consumer",
    "resume_producer",
    "set_preferred_layers",
]


async def create_transport(caller: Caller, place: Place, request: r.CreateWebRtcTransport) -> results.Transport:
    live, me = place.live, place.participant_id
    live.room.check_new_transport(me)
    transport = await live.media.router.create_web_rtc_transport(enable_sctp=True)
    try:
        live.room.add_transport(me, transport.id, request.direction)
    except ProtocolError:
        await transport.close()
        raise
    live.media.add_transport(me, transport)
    return results.Transport(
        id=transport.id,
        iceParameters=transport.ice_parameters,
        iceCandidates=with_public(transport.ice_candidates, caller.hub.public_addresses),
        dtlsParameters=transport.dtls_parameters,
        sctpParameters=transport.sctp_parameters,
        iceServers=caller.hub.ice_servers.issue(me),
    )


async def connect_transport(_: Caller, place: Place, request: r.ConnectTransport) -> object:
    place.live.room.check_transport(place.participant_id, request.transportId)
    await place.live.media.transport(request.transportId).connect(request.dtlsParameters)
    return {}


async def restart_ice(caller: Caller, place: Place, request: r.RestartIce) -> results.IceRestarted:
    place.live.room.check_transport(place.participant_id, request.transportId)
    ice_parameters = await place.live.media.transport(request.transportId).restart_ice()
    return results.IceRestarted(ice_parameters, caller.hub.ice_servers.issue(place.participant_id))


async def produce(_: Caller, place: Place, request: r.Produce) -> results.Produced:
    live, me = place.live, place.participant_id
    source = live.room.check_produce(me, request.transportId, request.kind, request.source)
    media_paused = request.paused or live.room.starts_held(me, source)
    producer = await live.media.transport(request.transportId).produce(
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
    live.media.add_producer(me, source, producer)
    return results.Produced(producer.id)


async def close_producer(_: Caller, place: Place, request: r.CloseProducer) -> object:
    place.live.execute(place.live.room.close_producer(place.participant_id, request.producerId))
    return {}


async def pause_producer(_: Caller, place: Place, request: r.PauseProducer) -> object:
    place.live.execute(place.live.room.pause_producer(place.participant_id, request.producerId))
    return {}


async def resume_producer(_: Caller, place: Place, request: r.ResumeProducer) -> object:
    place.live.execute(place.live.room.resume_producer(place.participant_id, request.producerId))
    return {}


async def consume(_: Caller, place: Place, request: r.Consume) -> results.Consumer | results.Consumers:
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
    consumer = await live.media.transport(request.transportId).consume(
        producer_id=producer_id, rtp_capabilities=request.rtpCapabilities, paused=True
    )
    try:
        producer = live.room.add_consumer(me, request.transportId, consumer.id, producer_id)
    except ProtocolError:
        await consumer.close()
        raise
    live.media.add_consumer(me, consumer)
    return results.Consumer(
        id=consumer.id,
        producerId=producer_id,
        kind=consumer.kind,
        rtpParameters=consumer.rtp_parameters,
        type=consumer.type,
        producerPaused=producer.paused,
    )


async def pause_consumer(_: Caller, place: Place, request: r.PauseConsumer) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.media.consumer(request.consumerId).pause()
    return {}


async def resume_consumer(_: Caller, place: Place, request: r.ResumeConsumer) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.media.consumer(request.consumerId).resume()
    return {}


async def request_key_frame(_: Caller, place: Place, request: r.RequestKeyFrame) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.media.consumer(request.consumerId).request_key_frame()
    return {}


async def set_preferred_layers(_: Caller, place: Place, request: r.SetPreferredLayers) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    consumer = place.live.media.consumer(request.consumerId)
    await consumer.set_preferred_layers(request.spatialLayer, request.temporalLayer)
    return {}


async def set_consumer_priority(_: Caller, place: Place, request: r.SetConsumerPriority) -> object:
    place.live.room.check_consumer(place.participant_id, request.consumerId)
    await place.live.media.consumer(request.consumerId).set_priority(request.priority)
    return {}


async def close_consumer(_: Caller, place: Place, request: r.CloseConsumer) -> object:
    place.live.execute(place.live.room.close_consumer(place.participant_id, request.consumerId))
    return {}


async def get_stats(_: Caller, place: Place, request: r.GetStats) -> results.Stats:
    live, me = place.live, place.participant_id
    match (request.transportId, request.producerId, request.consumerId):
        case (str(transport_id), None, None):
            live.room.check_transport(me, transport_id)
            stats = await live.media.transport(transport_id).get_stats()
        case (None, str(producer_id), None):
            live.room.check_producer(me, producer_id)
            stats = await live.media.producer(producer_id).get_stats()
        case (None, None, str(consumer_id)):
            live.room.check_consumer(me, consumer_id)
            stats = await live.media.consumer(consumer_id).get_stats()
        case _:
            raise ProtocolError(
                ErrorCode.BAD_REQUEST, "getStats: name exactly one of transportId, producerId, consumerId."
            )
    return results.Stats(list(stats))
