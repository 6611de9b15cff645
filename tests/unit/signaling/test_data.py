"""Data channels as clients see them."""

from collections.abc import Awaitable, Callable

from tests.fakes.media import FakeMedia
from tests.unit.signaling.conftest import Caller, OpenClient
from trio.testing import wait_all_tasks_blocked

Enter = Callable[..., Awaitable[Caller]]


async def test_a_channel_is_announced_and_received(enter: Enter, open_client: OpenClient) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    channel = await ada.produce_data(stream=4, label="notes", protocol="p")
    told = await bob.client.hear("newDataProducer")
    assert told == {"dataProducerId": channel, "participantId": ada.client.me, "label": "notes", "protocol": "p"}
    consumer = await bob.consume_data(channel)
    assert consumer == {
        "id": consumer["id"],
        "dataProducerId": channel,
        "sctpStreamParameters": {"streamId": 0, "ordered": True},
        "label": "notes",
        "protocol": "p",
    }
    cleo = open_client()
    assert (await cleo.join("Cleo"))["dataProducers"] == [told]


async def test_closing_tells_everyone_with_the_reason(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    for reason in ("closed", "left"):
        channel = await ada.produce_data(stream=1)
        consumer = await bob.consume_data(channel)
        if reason == "closed":
            await ada.client.request("closeDataProducer", {"dataProducerId": channel})
        else:
            await ada.client.request("leaveRoom")
        told = await bob.client.hear("dataConsumerClosed")
        assert told == {"dataConsumerId": consumer["id"], "dataProducerId": channel, "reason": reason}
        told = await bob.client.hear("dataProducerClosed")
        assert told == {"dataProducerId": channel, "participantId": ada.client.me, "reason": reason}
        await wait_all_tasks_blocked()
        assert {channel, consumer["id"]}.isdisjoint(media.objects)


async def test_receiving_no_more(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    consumer = await bob.consume_data(await ada.produce_data(stream=1))
    await bob.client.request("closeDataConsumer", {"dataConsumerId": consumer["id"]})
    await wait_all_tasks_blocked()
    assert consumer["id"] not in media.objects
    assert await bob.client.refusal("closeDataConsumer", {"dataConsumerId": consumer["id"]}) == "NOT_FOUND"


async def test_viewers_listen_and_lose_their_channels(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    channel = await bob.produce_data(stream=1)
    await ada.client.request("setRole", {"participantId": bob.client.me, "role": "viewer"})
    told = await bob.client.hear("dataProducerClosed")
    assert (told["dataProducerId"], told["reason"]) == (channel, "removed")
    await wait_all_tasks_blocked()
    assert channel not in media.objects
    payload = {"transportId": bob.send, "sctpStreamParameters": {"streamId": 2}}
    assert await bob.client.refusal("produceData", payload) == "FORBIDDEN"
    assert (await bob.consume_data(await ada.produce_data(stream=1)))["label"] == ""


async def test_a_flood_ends_the_flooder_s_transport_alone(enter: Enter, media: FakeMedia) -> None:
    ada, bob = await enter("Ada"), await enter("Bob")
    channel = await ada.produce_data(stream=1)
    await bob.consume_data(channel)
    media.workers[0].close_object(ada.send, "error")
    told = await bob.client.hear("dataProducerClosed")
    assert (told["dataProducerId"], told["reason"]) == (channel, "transportClosed")
    ada.send = (await ada.client.request("createWebRtcTransport", {"direction": "send"}))["id"]
    assert await bob.consume_data(await ada.produce_data(stream=1))


async def test_limits(enter: Enter) -> None:
    ada = await enter("Ada")
    for stream in range(16):
        await ada.produce_data(stream=stream)
    payload = {"transportId": ada.send, "sctpStreamParameters": {"streamId": 16}}
    assert await ada.client.refusal("produceData", payload) == "LIMIT_REACHED"
