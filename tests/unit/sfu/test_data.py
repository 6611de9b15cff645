"""Data producers and consumers, of clients and of the application."""

import base64

import pytest
import trio
import trio.testing
from tests.unit.sfu.calls import Call

from videocall.ortc.types import SctpStreamParameters
from videocall.sfu import (
    BufferedAmountLow,
    Closed,
    ClosedError,
    DataConsumer,
    DataProducer,
    DataProducerPause,
    DataProducerResume,
    Event,
    InvalidArgumentError,
    Message,
    NotFoundError,
    SctpSendBufferFull,
    SctpStateChange,
    WebRtcTransport,
)

STREAM = SctpStreamParameters(3, ordered=False, maxRetransmits=2)


async def emit(call: Call, event: str, target: str, data: dict[str, object]) -> None:
    call.fake.emit(event, target, data)
    await trio.testing.wait_all_tasks_blocked()


async def channels(call: Call) -> tuple[WebRtcTransport, DataProducer, DataConsumer]:
    transport = await call.router.create_web_rtc_transport(enable_sctp=True, num_sctp_streams=16)
    producer = await transport.produce_data(sctp_stream_parameters=STREAM, label="chat", protocol="p")
    consumer = await transport.consume_data(data_producer_id=producer.id, subchannels=[1])
    return transport, producer, consumer


async def test_a_transport_has_sctp_if_asked(call: Call) -> None:
    assert (call.send.sctp_parameters, call.send.sctp_state) == (None, None)
    transport, _, _ = await channels(call)
    assert call.fake.objects[transport.id]["data"]["numSctpStreams"] == 16
    assert transport.sctp_parameters is not None
    assert transport.sctp_parameters.maxMessageSize == 262144
    seen: list[Event] = []
    transport.on(SctpStateChange, seen.append)
    await emit(call, "sctpStateChange", transport.id, {"sctpState": "connected"})
    assert (seen, transport.sctp_state) == ([SctpStateChange("connected")], "connected")


async def test_what_a_channel_is_made_of(call: Call) -> None:
    transport, producer, consumer = await channels(call)
    assert (producer.type, producer.sctp_stream_parameters) == ("sctp", STREAM)
    assert (producer.label, producer.protocol, producer.paused) == ("chat", "p", False)
    assert (consumer.label, consumer.protocol, consumer.data_producer_id) == ("chat", "p", producer.id)
    assert consumer.sctp_stream_parameters == SctpStreamParameters(0, ordered=True)
    assert call.fake.objects[producer.id]["data"]["sctpStreamParameters"] == {
        "streamId": 3,
        "ordered": False,
        "maxRetransmits": 2,
    }
    assert transport.data_producers == call.router.data_producers == (producer,)
    assert transport.data_consumers == (consumer,)
    assert await consumer.get_buffered_amount() == 17


async def test_pausing(call: Call) -> None:
    _, producer, consumer = await channels(call)
    seen: list[Event] = []
    consumer.on(DataProducerPause, seen.append)
    consumer.on(DataProducerResume, seen.append)
    await producer.pause()
    told = [(producer.paused, consumer.data_producer_paused)]
    await producer.resume()
    told.append((producer.paused, consumer.data_producer_paused))
    await consumer.pause()
    told.append((consumer.paused, call.fake.objects[consumer.id]["data"]["paused"]))
    assert told == [(True, True), (False, False), (True, True)]
    assert seen == [DataProducerPause(), DataProducerResume()]


async def test_events_of_a_consumer(call: Call) -> None:
    _, _, consumer = await channels(call)
    seen: list[Event] = []
    for event in (BufferedAmountLow, SctpSendBufferFull):
        consumer.on(event, seen.append)
    await emit(call, "sctpSendBufferFull", consumer.id, {})
    await emit(call, "bufferedAmountLow", consumer.id, {"bufferedAmount": 5})
    assert seen == [SctpSendBufferFull(), BufferedAmountLow(5)]
    await consumer.set_buffered_amount_low_threshold(10)
    await consumer.set_subchannels([7])
    data = call.fake.objects[consumer.id]["data"]
    assert (data["threshold"], data["subchannels"]) == (10, [7])
    with pytest.raises(InvalidArgumentError, match="threshold"):
        await consumer.set_buffered_amount_low_threshold(-1)


async def test_messages_of_and_to_the_application(call: Call) -> None:
    direct = await call.router.create_direct_transport(app_data={"a": 1})
    producer = await direct.produce_data(label="news")
    consumer = await direct.consume_data(data_producer_id=producer.id)
    assert (direct.app_data, producer.type, consumer.type) == ({"a": 1}, "direct", "direct")
    await producer.send("grüß Gott", subchannels=[1], required_subchannel=2)
    await producer.send(b"\x00\xff")
    await consumer.send("to one")
    sent = call.fake.objects[producer.id]["data"]["sent"]
    assert [(each.get("text"), each.get("binary")) for each in sent] == [("grüß Gott", None), (None, "AP8=")]
    assert (sent[0]["subchannels"], sent[0]["requiredSubchannel"]) == ([1], 2)
    assert call.fake.objects[consumer.id]["data"]["sent"][0]["text"] == "to one"
    seen: list[Message] = []
    consumer.on(Message, seen.append)
    await emit(call, "message", consumer.id, {"data": {"text": "ä"}})
    await emit(call, "message", consumer.id, {"data": {"binary": base64.b64encode(b"\x00").decode()}})
    assert seen == [Message("ä"), Message(b"\x00")]
    with pytest.raises(InvalidArgumentError, match="message"):
        await producer.send("x" * 262145)


async def test_closing(call: Call) -> None:
    transport, producer, consumer = await channels(call)
    await producer.close()
    assert (producer.close_reason, consumer.close_reason) == ("closed", "dataProducerClosed")
    assert (transport.data_producers, transport.data_consumers, call.router.data_producers) == ((), (), ())
    with pytest.raises(NotFoundError):
        await transport.consume_data(data_producer_id=producer.id)
    with pytest.raises(ClosedError):
        await producer.pause()
    again, producer, consumer = await channels(call)
    await again.close()
    assert (producer.close_reason, consumer.close_reason) == ("transportClosed", "dataProducerClosed")


async def test_an_offender_s_end_says_why(call: Call) -> None:
    transport, _, _ = await channels(call)
    seen: list[Closed] = []
    transport.on(Closed, seen.append)
    await emit(call, "closed", transport.id, {"kind": "transport", "reason": "error", "detail": "a flood"})
    assert seen == [Closed("error", "a flood")]


async def test_arguments_out_of_range(call: Call) -> None:
    transport, producer, _ = await channels(call)
    with pytest.raises(InvalidArgumentError, match="maxPacketLifeTime"):
        await transport.consume_data(data_producer_id=producer.id, max_packet_life_time=65536)
    with pytest.raises(InvalidArgumentError, match="maxRetransmits"):
        await transport.consume_data(data_producer_id=producer.id, max_retransmits=-1)
    with pytest.raises(InvalidArgumentError) as caught:
        await transport.produce_data(sctp_stream_parameters=SctpStreamParameters(70000))
    assert caught.value.argument.startswith("sctpStreamParameters")


async def test_a_cancelled_channel_leaves_nothing_behind(call: Call) -> None:
    transport, producer, _ = await channels(call)
    before = call.fake.kinds()
    call.fake.hold()
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + 0.01
        nursery.start_soon(lambda: transport.produce_data(sctp_stream_parameters=STREAM))
        nursery.start_soon(lambda: transport.consume_data(data_producer_id=producer.id))
    call.fake.release()
    await trio.testing.wait_all_tasks_blocked()
    assert call.fake.kinds() == before
