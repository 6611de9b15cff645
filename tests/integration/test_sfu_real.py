"""The library on real media workers: what the fake ones promise is what the compiled ones do."""

import random
from collections.abc import AsyncIterator, Sequence

import pytest
import trio
from tests.fakes import stun_client
from tests.unit.ortc import devices

from videocall import sfu
from videocall.ortc.types import DtlsFingerprint, DtlsParameters
from videocall.sfu import Engine, ListenInfo, WebRtcTransport

ANY_PORT = [ListenInfo("127.0.0.1", 0)]
CLIENT = DtlsParameters((DtlsFingerprint("sha-256", ":".join(["AB"] * 32)),), "client")
KINDS = ("routers", "transports", "producers", "consumers")


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    with trio.fail_after(30):
        async with sfu.open_sfu(workers=2, listen=ANY_PORT) as engine:
            yield engine


async def pair(engine: Engine) -> tuple[sfu.Router, WebRtcTransport, WebRtcTransport]:
    router = await engine.workers[0].create_router()
    return router, await router.create_web_rtc_transport(), await router.create_web_rtc_transport()


async def produce(
    transport: WebRtcTransport, ssrc: int = 1000, *, mid: str | None = None, paused: bool = False
) -> sfu.Producer:
    encodings = [{"ssrc": ssrc, "rtx": {"ssrc": ssrc + 1}}]
    parameters = devices.sending("chromium", "video", "VP8", encodings=encodings, mid=mid or str(ssrc))
    return await transport.produce(kind="video", rtp_parameters=parameters, paused=paused)


async def left_over(worker: sfu.Worker) -> dict[str, Sequence[str]]:
    dump = await worker.dump()
    return {kind: dump[kind] for kind in KINDS if dump[kind]}


async def test_from_router_to_consumer_and_back(engine: Engine) -> None:
    router, alice, bob = await pair(engine)
    assert alice.ice_candidates[0].address == "127.0.0.1"
    assert alice.ice_candidates[0].port == engine.workers[0].listen_addresses[0][1]
    assert {f.algorithm for f in alice.dtls_parameters.fingerprints} >= {"sha-256"}
    await alice.connect(CLIENT)
    producer = await produce(alice, paused=True)
    capabilities = devices.receiving("firefox", router.rtp_capabilities)
    consumer = await bob.consume(producer_id=producer.id, rtp_capabilities=capabilities, paused=True)
    assert (producer.type, consumer.type) == ("simple", "simple")
    assert (consumer.paused, consumer.producer_paused) == (True, True)
    events: list[sfu.Event] = []
    for kind in (sfu.ProducerPause, sfu.ProducerResume, sfu.Closed):
        consumer.on(kind, events.append)
    await producer.resume()
    await consumer.resume()
    await consumer.request_key_frame()
    await producer.pause()
    await router.close()
    assert events[:2] == [sfu.ProducerResume(), sfu.ProducerPause()]
    assert events[2:] == [sfu.Closed("producerClosed")] or events[2:] == [sfu.Closed("transportClosed")]
    assert [each.close_reason for each in (router, alice, bob)] == ["closed", "routerClosed", "routerClosed"]
    assert await left_over(engine.workers[0]) == {}


async def test_simulcast_is_recognised(engine: Engine) -> None:
    _, alice, _ = await pair(engine)
    layers = devices.sending("chromium", "video", "VP8", encodings=[{"rid": rid} for rid in ("low", "mid", "high")])
    producer = await alice.produce(kind="video", rtp_parameters=layers)
    assert producer.type == "simulcast"


async def test_statistics_have_the_kind_of_their_object(engine: Engine) -> None:
    router, alice, bob = await pair(engine)
    producer = await produce(alice)
    consumer = await bob.consume(producer_id=producer.id, rtp_capabilities=router.rtp_capabilities)
    for each in (alice, consumer):
        stats = await each.get_stats()
        assert stats
        assert all("type" in entry for entry in stats)
    assert isinstance(await producer.get_stats(), tuple)
    metrics = engine.workers[0].metrics()
    assert all(isinstance(value, int) for value in metrics.values())


async def test_refusals(engine: Engine) -> None:
    _, alice, bob = await pair(engine)
    await alice.connect(CLIENT)
    with pytest.raises(sfu.ConflictError):
        await alice.connect(CLIENT)
    await produce(alice, 1000, mid="a")
    with pytest.raises(sfu.ConflictError, match="1000"):
        await produce(alice, 1000, mid="b")
    with pytest.raises(sfu.ConflictError, match="mid"):
        await produce(alice, 2000, mid="a")
    await produce(bob, 1000, mid="a")
    with pytest.raises(sfu.InvalidArgumentError):
        await bob.connect(DtlsParameters((DtlsFingerprint("md5", ":".join(["AB"] * 16)),)))


async def test_ice_is_seen_and_strangers_are_not_answered(engine: Engine) -> None:
    _, alice, _ = await pair(engine)
    candidate = alice.ice_candidates[0]
    states: list[sfu.Event] = []
    tuples: list[sfu.IceSelectedTupleChange] = []
    seen = trio.Event()
    alice.on(sfu.IceStateChange, states.append)
    alice.on(sfu.IceSelectedTupleChange, tuples.append)
    alice.on(sfu.IceSelectedTupleChange, lambda _: seen.set())
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
        await socket.bind(("127.0.0.1", 0))
        # A forged check gets no answer: the first one that comes is for the right password.
        forged = stun_client.binding_request(alice.ice_parameters, password="guess")
        await socket.sendto(forged, (candidate.address, candidate.port))
        answer = await stun_client.check(candidate, alice.ice_parameters, socket)
        assert answer[:2] == b"\x01\x01", "a success response to a binding request"
        assert answer[8:20] != forged[8:20]
        await seen.wait()
        assert tuples[0].tuple.remote_port == socket.getsockname()[1]
        assert tuples[0].tuple.local_port == candidate.port
    assert alice.ice_selected_tuple == tuples[0].tuple
    assert alice.ice_state in {"connected", "completed"}
    assert states


async def test_restarted_ice_has_other_credentials_on_the_same_worker(engine: Engine) -> None:
    _, alice, _ = await pair(engine)
    before = alice.ice_parameters
    after = await alice.restart_ice()
    assert before.usernameFragment != after.usernameFragment
    assert before.password != after.password


async def test_no_cancellation_leaves_anything_behind(engine: Engine) -> None:
    router, alice, bob = await pair(engine)
    producer = await produce(alice)
    chance = random.Random(4)
    scopes: list[trio.CancelScope] = []

    async def attempt(ssrc: int, scope: trio.CancelScope) -> None:
        with scope:
            match ssrc % 3:
                case 0:
                    await (await produce(alice, 2 * ssrc + 100_000)).close()
                case 1:
                    consumer = await bob.consume(producer_id=producer.id, rtp_capabilities=router.rtp_capabilities)
                    await consumer.close()
                case _:
                    await (await router.create_web_rtc_transport()).close()

    async with trio.open_nursery() as nursery:
        for number in range(600):
            scopes.append(trio.CancelScope())
            nursery.start_soon(attempt, number, scopes[-1])
            for _ in range(chance.randrange(1, 4)):
                await trio.lowlevel.checkpoint()
            if chance.random() < 0.7:
                scopes[-1].cancel()
    caught = sum(scope.cancelled_caught for scope in scopes)
    assert 10 < caught < 590, "some are cancelled under way, some are not"
    # Answers come in order: after the first round trip all undoing has been sent, after the second it is done.
    await alice.get_stats()
    await alice.get_stats()
    left = await left_over(engine.workers[0])
    assert set(left.pop("transports")) == {alice.id, bob.id}
    assert left == {"routers": [router.id], "producers": [producer.id]}
    assert (router.producers, bob.consumers) == ((producer,), ())
    assert router.transports == (alice, bob)


async def test_more_requests_than_the_ring_holds(engine: Engine) -> None:
    _, alice, _ = await pair(engine)
    answered = 0

    async def ask() -> None:
        nonlocal answered
        await alice.get_stats()
        answered += 1

    async with trio.open_nursery() as nursery:
        for _ in range(6000):
            nursery.start_soon(ask)
    assert answered == 6000


async def test_a_taken_port_is_named() -> None:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
        await socket.bind(("127.0.0.1", 0))
        port = socket.getsockname()[1]
        with pytest.raises(sfu.AddressInUseError, match=rf"127\.0\.0\.1:{port}"):
            async with sfu.open_sfu(workers=1, listen=[ListenInfo("127.0.0.1", port)]):
                pytest.fail("started")


async def test_ports_are_free_again_after_the_end() -> None:
    async with sfu.open_sfu(workers=1, listen=ANY_PORT) as engine:
        ((ip, port),) = engine.workers[0].listen_addresses
    async with sfu.open_sfu(workers=1, listen=[ListenInfo(ip, port)]) as engine:
        assert engine.workers[0].listen_addresses == ((ip, port),)


@pytest.mark.parametrize(
    ("listen", "argument"),
    [
        ([], "listen"),
        ([ListenInfo("0.0.0.0", 0)], "listen[0].ip"),
        ([ListenInfo("127.0.0.1", 0), ListenInfo("nonsense", 0)], "listen[1].ip"),
    ],
)
async def test_wrong_options_are_named(listen: list[ListenInfo], argument: str) -> None:
    with pytest.raises(sfu.InvalidArgumentError) as caught:
        async with sfu.open_sfu(workers=1, listen=listen):
            pytest.fail("started")
    assert caught.value.argument == argument


async def test_one_worker_ends_and_the_other_goes_on(engine: Engine) -> None:
    router, alice, _ = await pair(engine)
    await engine.workers[0].close()
    assert (router.closed, alice.closed) == (True, True)
    assert engine.least_loaded() is engine.workers[1]
    await engine.workers[1].create_router()


def test_loopback_is_an_address_of_this_machine() -> None:
    assert "127.0.0.1" in sfu.local_addresses()


async def test_messages_of_the_application_come_back_through_the_core(engine: Engine) -> None:
    router = await engine.workers[0].create_router()
    direct = await router.create_direct_transport()
    producer = await direct.produce_data(label="news")
    consumer = await direct.consume_data(data_producer_id=producer.id, subchannels=[1])
    heard: list[str | bytes] = []
    came = trio.Event()

    def hear(event: sfu.Message) -> None:
        heard.append(event.message)
        if event.message == b"last":
            came.set()

    consumer.on(sfu.Message, hear)
    await producer.send("grüß Gott")
    await producer.send(b"\x00\xff", subchannels=[1])
    await producer.send("to others", subchannels=[2])
    await producer.send(b"last")
    with trio.fail_after(20):
        await came.wait()
    assert heard == ["grüß Gott", b"\x00\xff", b"last"]
    (stats,) = await producer.get_stats()
    assert stats["messagesReceived"] == 4


async def test_observers_are_made_and_refuse_what_is_no_audio(engine: Engine) -> None:
    router = await engine.workers[0].create_router()
    observer = await router.create_audio_level_observer(max_entries=2, threshold=-60, interval=0.5)
    await observer.pause()
    await observer.close()
    with pytest.raises(sfu.InvalidArgumentError) as caught:
        await router.create_active_speaker_observer(interval=0.01)
    assert caught.value.argument == "interval"


@pytest.mark.parametrize("tcp", [True, False])
async def test_tcp_is_offered_where_it_is_on(*, tcp: bool) -> None:
    async with sfu.open_sfu(workers=1, listen=ANY_PORT, tcp=tcp) as engine:
        router = await engine.workers[0].create_router()
        transport = await router.create_web_rtc_transport(enable_sctp=True)
        offered = {(it.protocol, it.tcpType) for it in transport.ice_candidates}
        assert offered == ({("udp", None), ("tcp", "passive")} if tcp else {("udp", None)})
        assert transport.sctp_parameters is not None
        ((ip, port),) = engine.workers[0].listen_addresses
        if tcp:
            stream = await trio.open_tcp_stream(ip, port)
            await stream.aclose()
        else:
            with pytest.raises(OSError, match="connect"):
                await trio.open_tcp_stream(ip, port)
