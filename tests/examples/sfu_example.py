"""Alice speaks, Bob listens. How the parameters travel to their browsers and back is up to the application."""

import trio

from videocall import sfu
from videocall.ortc import from_wire
from videocall.ortc.types import RtpParameters

# What Alice's browser sends, as mediasoup-client describes it.
ALICE_SPEAKS = {
    "mid": "0",
    "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
    "encodings": [{"ssrc": 305419896}],
    "rtcp": {"cname": "alice"},
}


async def main() -> None:
    """Run a worker, and join two clients on it."""
    async with sfu.open_sfu(workers=1, listen=[sfu.ListenInfo("127.0.0.1", port=0)]) as engine:
        router = await engine.least_loaded().create_router()

        # Each browser is told its transport's ICE and DTLS parameters, and answers with its own for `connect`.
        alice = await router.create_web_rtc_transport()
        bob = await router.create_web_rtc_transport()
        print(f"alice sends to {alice.ice_candidates[0].address}")

        speech = from_wire(RtpParameters, ALICE_SPEAKS, name="rtpParameters")
        producer = await alice.produce(kind="audio", rtp_parameters=speech)

        # Bob's browser says what it can receive; here it can do whatever the router can.
        consumer = await bob.consume(producer_id=producer.id, rtp_capabilities=router.rtp_capabilities, paused=True)
        print(f"bob gets {consumer.rtp_parameters.codecs[0].mimeType} as mid {consumer.rtp_parameters.mid}")
        await consumer.resume()  # once Bob's browser is ready

        consumer.on(sfu.Closed, lambda event: print(f"bob's consumer is closed: {event.reason}"))
        await alice.close()


if __name__ == "__main__":
    trio.run(main)
