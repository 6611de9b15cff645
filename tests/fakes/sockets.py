"""A server's socket and its client's end, in memory."""

import json
import math
from typing import Any

import trio
from attrs import Factory, define

from videocall.signaling import ConnectionLost

Json = dict[str, Any]


class FakeSocket:
    """What a session takes for its socket. The test is the client."""

    def __init__(self) -> None:
        self._to_server, self._incoming = trio.open_memory_channel[str | bytes](math.inf)
        self._outgoing, self.from_server = trio.open_memory_channel[Json](math.inf)
        self._flowing = trio.Event()
        self._flowing.set()
        self.clean = True
        self.closed: tuple[int, str] | None = None
        self.ended = trio.Event()

    # The server's side

    async def receive(self) -> str | bytes:
        try:
            return await self._incoming.receive()
        except trio.EndOfChannel:
            raise ConnectionLost(clean=self.clean) from None

    async def send(self, message: str) -> None:
        await trio.lowlevel.checkpoint()
        await self._flowing.wait()
        if self.ended.is_set():
            raise ConnectionLost(clean=self.clean)
        self._outgoing.send_nowait(json.loads(message))

    async def close(self, code: int, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        await self._flowing.wait()
        self.closed = (code, reason)
        self._finish()

    # The client's side

    def say(self, frame: str | bytes) -> None:
        self._to_server.send_nowait(frame)

    def hang_up(self, *, clean: bool = True) -> None:
        self.clean = clean
        self._finish()

    def stop_reading(self) -> None:
        self._flowing = trio.Event()

    def read_on(self) -> None:
        self._flowing.set()

    def _finish(self) -> None:
        self.ended.set()
        self._to_server.close()
        self._outgoing.close()


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@define
class FakeClient:
    """A client of one session; what it was told while it waited for an answer is in `heard`."""

    socket: FakeSocket
    heard: list[tuple[str, Json]] = Factory(list)
    me: str = ""
    last_id: int = 0

    def ask(self, method: str, data: object = None) -> int:
        """Send a request and do not wait."""
        self.last_id += 1
        self.socket.say(json.dumps({"request": True, "id": self.last_id, "method": method, "data": data or {}}))
        return self.last_id

    async def answer(self, request_id: int) -> Json:
        """Wait for the answer to a request."""
        with trio.fail_after(5):
            while True:
                message = await self.socket.from_server.receive()
                if "notification" in message:
                    self.heard.append((message["method"], message["data"]))
                elif message["id"] == request_id:
                    break
        if not message["ok"]:
            raise Refused(message["errorCode"], message["errorReason"])
        data: Json = message["data"]
        return data

    async def request(self, method: str, data: object = None) -> Json:
        return await self.answer(self.ask(method, data))

    async def hear(self, method: str) -> Json:
        """Wait for the next notification of that name; what comes before it is kept in `heard`."""
        with trio.fail_after(5):
            while True:
                message = await self.socket.from_server.receive()
                assert "notification" in message, message
                self.heard.append((message["method"], message["data"]))
                if message["method"] == method:
                    data: Json = message["data"]
                    return data

    def names(self) -> list[str]:
        """The names of what was heard; forgets it."""
        heard, self.heard = self.heard, []
        return [name for name, _ in heard]

    async def refusal(self, method: str, data: object = None) -> str:
        """The code of the error that a request is answered with."""
        try:
            answer = await self.request(method, data)
        except Refused as refused:
            return refused.code
        raise AssertionError(f"{method} was answered with {answer}")

    async def join(self, name: str, room_id: str = "daily", **more: object) -> Json:
        joined = await self.request("joinRoom", {"displayName": name, "roomId": room_id, **more})
        self.me = joined["participantId"]
        return joined
