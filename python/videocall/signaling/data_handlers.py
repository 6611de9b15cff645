"""What participants do with data channels."""

# ruff: noqa: D103 - each does what its request's class says

from videocall.protocol import ErrorCode, ProtocolError, results
from videocall.protocol import data_requests as dr
from videocall.signaling.caller import Caller, Place

__all__ = ["close_data_consumer", "close_data_producer", "consume_data", "produce_data"]


async def produce_data(_: Caller, place: Place, request: dr.ProduceData) -> results.Produced:
    live, me = place.live, place.participant_id
    live.room.check_produce_data(me, request.transportId)
    producer = await live.media.transport(request.transportId).produce_data(
        sctp_stream_parameters=request.sctpStreamParameters, label=request.label, protocol=request.protocol
    )
    try:
        effects = live.room.add_data_producer(me, request.transportId, producer.id, request.label, request.protocol)
    except ProtocolError:
        await producer.close()
        raise
    live.execute(effects)
    live.media.add_data_producer(me, producer)
    return results.Produced(producer.id)


async def consume_data(_: Caller, place: Place, request: dr.ConsumeData) -> results.DataConsumer:
    live, me = place.live, place.participant_id
    live.room.check_consume_data(me, request.transportId, request.dataProducerId)
    consumer = await live.media.transport(request.transportId).consume_data(data_producer_id=request.dataProducerId)
    try:
        live.room.add_data_consumer(me, request.transportId, consumer.id, request.dataProducerId)
    except ProtocolError:
        await consumer.close()
        raise
    live.media.add_data_consumer(me, consumer)
    stream = consumer.sctp_stream_parameters
    if stream is None:
        raise ProtocolError(ErrorCode.INTERNAL)
    return results.DataConsumer(
        id=consumer.id,
        dataProducerId=request.dataProducerId,
        sctpStreamParameters=stream,
        label=consumer.label,
        protocol=consumer.protocol,
    )


async def close_data_producer(_: Caller, place: Place, request: dr.CloseDataProducer) -> object:
    place.live.execute(place.live.room.close_data_producer(place.participant_id, request.dataProducerId))
    return {}


async def close_data_consumer(_: Caller, place: Place, request: dr.CloseDataConsumer) -> object:
    place.live.execute(place.live.room.close_data_consumer(place.participant_id, request.dataConsumerId))
    return {}
