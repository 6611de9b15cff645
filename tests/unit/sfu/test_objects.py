"""What the objects tell and do when all goes well."""

import attrs
import pytest
from tests.fakes.media import FINGERPRINT, FakeMedia
from tests.unit.ortc import devices
from tests.unit.sfu.calls import Call

from videocall import ortc
from videocall.ortc.types import DtlsFingerprint, DtlsParameters, RtpCodecCapability, RtpParameters
from videocall.sfu import (
    ClosedError,
    ConflictError,
    DtlsStateChange,
    Engine,
    Event,
    IceSelectedTupleChange,
    IceStateChange,
    IceTuple,
    InvalidArgumentError,
    LayersChange,
    LayersWanted,
    NotFoundError,
    ProducerPause,
    ProducerResume,
    SfuError,
    UnsupportedError,
    WantedLayer,
)

CLIENT = DtlsParameters((DtlsFingerprint(**FINGERPRINT),), "client")


async def test_a_router_offers_what_its_codecs_make(engine: Engine) -> None:
    opus = RtpCodecCapability("audio", "audio/opus", 48000, 2)
    router = await engine.workers[1].create_router(media_codecs=[opus], app_data={"room": "x"})
    assert router.rtp_capabilities == ortc.generate_router_rtp_capabilities([opus])
    assert router.app_data == {"room": "x"}
    assert engine.workers[1].routers == (router,)
    assert not router.closed


async def test_codecs_that_cannot_be(engine: Engine) -> None:
    with pytest.raises(UnsupportedError, match="H265"):
        await engine.workers[0].create_router(media_codecs=[RtpCodecCapability("video", "video/H265", 90000)])
    with pytest.raises(InvalidArgumentError) as caught:
        await engine.workers[0].create_router(media_codecs=[RtpCodecCapability("video", "audio/opus", 48000, 2)])
    assert caught.value.argument == "mediaCodecs[0].kind"
    assert engine.workers[0].routers == ()


async def test_a_transport_tells_where_and_who_it_is(call: Call) -> None:
    candidate = call.send.ice_candidates[0]
    assert (candidate.address, candidate.port, candidate.protocol) == ("127.0.0.1", 10000, "udp")
    assert call.send.ice_parameters.iceLite
    assert call.send.dtls_parameters.fingerprints == (DtlsFingerprint(**FINGERPRINT),)
    assert (call.send.ice_state, call.send.dtls_state, call.send.ice_selected_tuple) == ("new", "new", None)
    assert call.send.ice_parameters != call.recv.ice_parameters


async def test_connecting(call: Call) -> None:
    seen: list[Event] = []
    call.send.on(DtlsStateChange, seen.append)
    await call.send.connect(CLIENT)
    assert call.fake.objects[call.send.id]["connected"] == {"fingerprints": [FINGERPRINT], "role": "client"}
    # An event that a request causes comes before its answer.
    assert seen == [DtlsStateChange("connecting")]
    assert call.send.dtls_state == "connecting"


async def test_a_refusal_by_the_worker_has_its_class(call: Call) -> None:
    refusals = [
        ("CONFLICT", "connected twice", ConflictError),
        ("NOT_FOUND", "no such transport", NotFoundError),
        ("UNSUPPORTED", "unknown hash", UnsupportedError),
        ("INTERNAL", "out of luck", SfuError),
    ]
    for code, message, error in refusals:
        call.fake.refuse["connectWebRtcTransport"] = {"code": code, "message": message}
        with pytest.raises(error, match=message):
            await call.send.connect(CLIENT)
    call.fake.refuse["connectWebRtcTransport"] = {"code": "BAD_REQUEST", "message": "dtlsParameters: too odd"}
    with pytest.raises(InvalidArgumentError) as caught:
        await call.send.connect(CLIENT)
    assert caught.value.argument == "dtlsParameters"


async def test_states_follow_the_workers_events(call: Call) -> None:
    seen: list[Event] = []
    for event in (IceStateChange, DtlsStateChange, IceSelectedTupleChange):
        call.recv.on(event, seen.append)
    wire = {
        "localAddress": "127.0.0.1",
        "localPort": 10000,
        "remoteIp": "127.0.0.2",
        "remotePort": 5000,
        "protocol": "udp",
    }
    call.fake.emit("iceSelectedTupleChange", call.recv.id, {"tuple": wire})
    call.fake.emit("iceStateChange", call.recv.id, {"iceState": "connected"})
    call.fake.emit("somethingNewer", call.recv.id, {"whatever": [1]})
    call.fake.emit("iceStateChange", "nobody", {"iceState": "closed"})
    await call.recv.get_stats()
    expected = IceTuple("127.0.0.1", 10000, "127.0.0.2", 5000, "udp")
    assert seen == [IceSelectedTupleChange(expected), IceStateChange("connected")]
    assert (call.recv.ice_state, call.recv.ice_selected_tuple) == ("connected", expected)


async def test_restarting_ice_gives_new_credentials(call: Call) -> None:
    before = call.send.ice_parameters
    fresh = await call.send.restart_ice()
    assert fresh.usernameFragment == "again" != before.usernameFragment
    assert call.send.ice_parameters == fresh


async def test_limiting_what_comes_in(call: Call) -> None:
    await call.send.set_max_incoming_bitrate(500_000)
    assert call.fake.objects[call.send.id]["bitrate"] == 500_000
    with pytest.raises(InvalidArgumentError, match="negative"):
        await call.send.set_max_incoming_bitrate(-1)


async def test_producing(call: Call) -> None:
    producer = await call.produce("video", paused=True)
    assert (producer.kind, producer.type, producer.paused) == ("video", "simple", True)
    assert call.send.producers == call.router.producers == (producer,)
    data = call.fake.objects[producer.id]["data"]
    assert data["rtpMapping"]["codecs"][0]["payloadType"] == 96
    assert data["rtpMapping"]["encodings"][0]["ssrc"] == 100
    assert "keyFrameRequestDelay" not in data
    await producer.resume()
    assert not producer.paused
    assert not call.fake.objects[producer.id]["data"]["paused"]
    assert await producer.get_stats() == ({"type": "producer", "bytesReceived": 1},)


async def test_the_delay_between_keyframe_requests_is_in_seconds(call: Call) -> None:
    parameters = devices.sending("chromium", "video", "VP8", encodings=[{"rid": "a"}, {"rid": "b"}])
    producer = await call.send.produce(kind="video", rtp_parameters=parameters, key_frame_request_delay=1.5)
    assert call.fake.objects[producer.id]["data"]["keyFrameRequestDelay"] == 1500
    assert producer.type == "simulcast"


async def test_all_media_of_one_client_have_one_name(call: Call) -> None:
    audio = devices.sending("chromium", "audio", "opus", encodings=[{"ssrc": 1}])
    other = attrs.evolve(
        devices.sending("chromium", "video", "VP8", encodings=[{"ssrc": 2}]),
        rtcp=ortc.types.RtcpParameters(cname="other"),
    )
    first = await call.send.produce(kind="audio", rtp_parameters=audio)
    second = await call.send.produce(kind="video", rtp_parameters=other)
    assert first.rtp_parameters.rtcp.cname == second.consumable_rtp_parameters.rtcp.cname == "alice"


async def test_a_client_without_a_name_gets_one(call: Call) -> None:
    nameless = attrs.evolve(devices.sending("chromium", "audio", "opus"), rtcp=ortc.types.RtcpParameters())
    producer = await call.send.produce(kind="audio", rtp_parameters=nameless)
    assert producer.rtp_parameters.rtcp.cname


async def test_parameters_that_cannot_be_produced(call: Call) -> None:
    video = devices.sending("chromium", "video", "VP8")
    with pytest.raises(InvalidArgumentError) as caught:
        await call.send.produce(kind="audio", rtp_parameters=video)
    assert caught.value.argument == "rtpParameters.codecs[0].mimeType"
    telephony = devices.sending("chromium", "audio", "PCMU")
    with pytest.raises(UnsupportedError, match="audio/PCMU"):
        await call.send.produce(kind="audio", rtp_parameters=telephony)
    with pytest.raises(InvalidArgumentError, match="rtpParameters"):
        await call.send.produce(kind="audio", rtp_parameters=RtpParameters(codecs=()))
    assert call.fake.kinds() == ["router", "transport", "transport"]


async def test_consuming(call: Call) -> None:
    video, audio = await call.produce("video"), await call.produce("audio", ssrc=200)
    first, second = await call.consume(video), await call.consume(audio, paused=False)
    assert [first.rtp_parameters.mid, second.rtp_parameters.mid] == ["0", "1"]
    assert (first.producer_id, first.kind, first.type) == (video.id, "video", "simple")
    assert (first.paused, second.paused, first.producer_paused) == (True, False, False)
    assert call.recv.consumers == (first, second)
    stream, retransmission = first.rtp_parameters.encodings[0].ssrc, first.rtp_parameters.encodings[0].rtx
    assert stream is not None
    assert retransmission == ortc.types.RtxParameters(stream + 1)
    assert second.rtp_parameters.encodings[0].rtx is None
    used = {stream, stream + 1, second.rtp_parameters.encodings[0].ssrc}
    assert len(used) == 3
    assert not used & {ortc.PROBATOR_SSRC}
    await first.resume()
    await first.request_key_frame()
    assert not first.paused
    assert not call.fake.objects[first.id]["data"]["paused"]
    assert call.fake.requests[-1]["method"] == "requestKeyFrame"
    assert await first.get_stats() == ({"type": "consumer", "bytesReceived": 1},)


async def test_preferring_layers(call: Call) -> None:
    consumer = await call.consume(await call.produce("video"))
    await consumer.set_preferred_layers(2)
    preferred = call.fake.objects[consumer.id]["data"]["preferredLayers"]
    assert preferred == {"spatialLayer": 2}
    with pytest.raises(InvalidArgumentError, match="temporal_layer: 8 is not from 0 to 7"):
        await consumer.set_preferred_layers(0, 8)
    changes: list[LayersChange] = []
    consumer.on(LayersChange, changes.append)
    call.fake.say({"event": "layersChange", "target": consumer.id, "data": {"spatialLayer": 1}})
    await consumer.get_stats()
    assert changes == [LayersChange(1)]
    none = {"spatialLayer": None, "temporalLayer": None}
    call.fake.say({"event": "layersChange", "target": consumer.id, "data": none})
    await consumer.get_stats()
    assert changes[1:] == [LayersChange(None)]


async def test_priorities(call: Call) -> None:
    consumer = await call.consume(await call.produce("video"))
    assert consumer.priority == 1
    await consumer.set_priority(255)
    assert (consumer.priority, call.fake.objects[consumer.id]["data"]["priority"]) == (255, 255)
    for wrong in (0, 256, -1):
        with pytest.raises(InvalidArgumentError, match=f"priority: {wrong} is not from 1 to 255"):
            await consumer.set_priority(wrong)


async def test_limits_of_what_a_client_is_sent(call: Call) -> None:
    await call.recv.set_max_outgoing_bitrate(400_000)
    assert call.fake.objects[call.recv.id]["data"]["maxOutgoingBitrate"] == 400_000
    with pytest.raises(InvalidArgumentError, match="bitsPerSecond"):
        await call.recv.set_max_outgoing_bitrate(-1)
    assert call.fake.objects[call.recv.id]["data"].get("initialAvailableOutgoingBitrate") is None
    first = await call.router.create_web_rtc_transport(initial_available_outgoing_bitrate=2_000_000)
    assert call.fake.objects[first.id]["data"]["initialAvailableOutgoingBitrate"] == 2_000_000
    with pytest.raises(InvalidArgumentError, match="initial_available_outgoing_bitrate"):
        await call.router.create_web_rtc_transport(initial_available_outgoing_bitrate=0)


async def test_a_producer_hears_who_watches(call: Call) -> None:
    producer = await call.produce("video")
    heard: list[LayersWanted] = []
    producer.on(LayersWanted, heard.append)
    layers = [{"rid": "l", "spatialLayer": 0, "wanted": True}, {"rid": None, "spatialLayer": 1, "wanted": False}]
    call.fake.say({"event": "layersWanted", "target": producer.id, "data": {"layers": layers}})
    await producer.get_stats()
    assert heard == [LayersWanted((WantedLayer(0, True, "l"), WantedLayer(1, False)))]


async def test_mids_count_per_transport(call: Call) -> None:
    producer = await call.produce()
    other = await call.router.create_web_rtc_transport()
    for transport in (call.recv, other):
        consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=call.capabilities)
        assert consumer.rtp_parameters.mid == "0"


async def test_a_consumer_follows_its_producers_pauses(call: Call) -> None:
    producer = await call.produce()
    consumer = await call.consume(producer)
    seen: list[Event] = []
    consumer.on(ProducerPause, seen.append)
    consumer.on(ProducerResume, seen.append)
    await producer.pause()
    paused = consumer.producer_paused
    await producer.resume()
    assert (paused, consumer.producer_paused) == (True, False)
    assert seen == [ProducerPause(), ProducerResume()]


async def test_who_can_consume_what(call: Call, engine: Engine) -> None:
    h264 = devices.sending("chromium", "video", "H264", profile_level_id="42e01f")
    producer = await call.send.produce(kind="video", rtp_parameters=h264)
    firefox = devices.receiving("firefox", call.router.rtp_capabilities)
    assert call.router.can_consume(producer.id, call.capabilities)
    assert not call.router.can_consume(producer.id, firefox)
    assert not call.router.can_consume("nobody", call.capabilities)
    with pytest.raises(UnsupportedError):
        await call.recv.consume(producer_id=producer.id, rtp_capabilities=firefox)
    with pytest.raises(NotFoundError, match="nobody"):
        await call.recv.consume(producer_id="nobody", rtp_capabilities=call.capabilities)
    elsewhere = await engine.workers[1].create_router()
    transport = await elsewhere.create_web_rtc_transport()
    with pytest.raises(NotFoundError):
        await transport.consume(producer_id=producer.id, rtp_capabilities=call.capabilities)


async def test_what_a_callback_raises_harms_nobody(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []

    def broken(_: Event) -> None:
        raise RuntimeError("mine")

    call.send.on(IceStateChange, broken)
    end = call.send.on(IceStateChange, seen.append)
    call.fake.emit("iceStateChange", call.send.id, {"iceState": "connected"})
    await call.send.get_stats()
    end()
    end()
    call.fake.emit("iceStateChange", call.send.id, {"iceState": "disconnected"})
    await call.send.get_stats()
    assert seen == [IceStateChange("connected")]
    assert call.send.ice_state == "disconnected"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError, RuntimeError]


async def test_the_least_loaded_worker(engine: Engine, call: Call) -> None:
    assert engine.least_loaded() is engine.workers[1]
    assert call.worker.load == (0, 2, 1)
    router = await engine.workers[1].create_router()
    for _ in range(3):
        await router.create_web_rtc_transport()
    assert engine.least_loaded() is engine.workers[0]
    await call.consume(await call.produce())
    assert engine.least_loaded() is engine.workers[1]


async def test_what_a_worker_tells(engine: Engine, media: FakeMedia) -> None:
    worker = engine.workers[1]
    assert worker.index == 1
    assert worker.listen_addresses == (("127.0.0.1", 10001),)
    await worker.create_router()
    assert worker.metrics() == {"requests": 1}
    assert await worker.dump() == {"objects": 1}
    await worker.close()
    assert worker.metrics() == {}
    with pytest.raises(ClosedError):
        await worker.dump()
    assert media.workers[1].close_calls == 1
