"""A connection that fails ends alone."""

from typing import Any

import pytest
import trio
import trio.testing
from hypercorn.config import Config
from hypercorn.events import Closed, RawData
from hypercorn.trio.tcp_server import TCPServer

from videocall.server.containment import contain_failures


class Stream:
    """A connection on which nothing works."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    async def do_handshake(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.failure is None:
            await trio.sleep_forever()
        else:
            raise self.failure

    async def send_all(self, _: bytes) -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BusyResourceError

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Protocol:
    def __init__(self) -> None:
        self.handled: list[object] = []

    async def handle(self, event: object) -> None:
        self.handled.append(event)
        await trio.lowlevel.checkpoint()


def connection(stream: Any) -> TCPServer:
    contain_failures()
    unused: Any = None
    return TCPServer(unused, Config(), unused, unused, stream)


async def test_what_it_raises_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    failure = ExceptionGroup("of a nursery", [UnicodeDecodeError("ascii", b"\xff", 0, 1, "beyond")])
    await connection(Stream(failure)).run()
    [record] = caplog.records
    assert (record.levelname, record.getMessage(), record.exc_info) == ("WARNING", "connection failed", None)


async def test_it_can_be_cancelled(autojump_clock: trio.testing.MockClock) -> None:
    with trio.move_on_after(1) as scope:
        await connection(Stream()).run()
    assert scope.cancelled_caught
    assert autojump_clock.current_time() == 1


async def test_what_is_sent_while_it_is_closed_is_lost_with_it() -> None:
    server = connection(Stream())
    server.protocol = protocol = Protocol()
    await server.protocol_send(RawData(b"late"))
    assert [type(event) for event in protocol.handled] == [Closed]
