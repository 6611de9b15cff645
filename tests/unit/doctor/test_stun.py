"""What the doctor makes of a STUN server's answer, from a server of the test's own."""

import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from videocall.doctor import stun
from videocall.server.settings import RtcAddress, Settings
from videocall.turn.messages import Address, Attribute, encode_address


@asynccontextmanager
async def stun_server(seen: Address) -> AsyncGenerator[str]:
    """A server that answers every binding request as if it came from there."""
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))

        async def answer() -> None:
            while True:
                request, client = await sock.recvfrom(2048)
                transaction = request[8:20]
                value = encode_address(seen, transaction)
                header = struct.pack("!HHI12s", 0x0101, 4 + len(value), 0x2112A442, transaction)
                await sock.sendto(header + struct.pack("!HH", Attribute.XOR_MAPPED_ADDRESS, len(value)) + value, client)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            yield f"stun:127.0.0.1:{sock.getsockname()[1]}"
            nursery.cancel_scope.cancel()


async def test_a_nat_is_told_with_the_address_to_announce() -> None:
    async with stun_server(Address("198.51.100.7", 4000)) as url:
        behind = Settings(host="", stun_servers=(url,), rtc_addresses=(RtcAddress("192.168.1.5"),))
        (found,) = await stun.check(behind)
        assert found.level == "warning"
        assert "--public-address 198.51.100.7" in str(found.mend)


async def test_an_address_that_is_announced_is_as_it_should_be() -> None:
    async with stun_server(Address("198.51.100.7", 4000)) as url:
        own = (RtcAddress("192.168.1.5", "198.51.100.7"),)
        for settings in (
            Settings(host="", stun_servers=(url,), rtc_addresses=own),
            Settings(host="", stun_servers=(url,), public_addresses=("198.51.100.7",), rtc_addresses=own[:0]),
        ):
            (found,) = await stun.check(settings)
            assert found.level == "ok"
