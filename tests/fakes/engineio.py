"""A client of ``/socket.io/``, as it looks on the wire."""

import json
from typing import Any

import attrs
import trio
from tests.fakes.asgi import Answer, Headers, WebSocketClient, request

PATH = "/socket.io/"
SEPARATOR = "\x1e"


@attrs.define
class PollingClient:
    """Polls and posts by hand; `heard` keeps the events that came beside what was waited for."""

    app: Any
    headers: Headers = attrs.field(factory=dict)
    address: str = "192.0.2.1"
    sid: str = ""
    last_id: int = 0
    packets: list[str] = attrs.field(factory=list)
    heard: list[tuple[str, Any]] = attrs.field(factory=list)

    def query(self, **more: str) -> dict[str, str]:
        return {"EIO": "4", "transport": "polling", **({"sid": self.sid} if self.sid else {}), **more}

    async def get(self, *, gone: trio.Event | None = None, **query: str) -> Answer:
        whole = self.query(**query)
        return await request(self.app, "GET", PATH, whole, headers=self.headers, client=self.address, gone=gone)

    async def open(self, **query: str) -> dict[str, Any]:
        """The handshake; the namespace is not open yet."""
        answer = await self.get(**query)
        assert answer.status == 200, answer
        greeting: dict[str, Any] = json.loads(answer.body.decode().removeprefix("0"))
        self.sid = greeting["sid"]
        return greeting

    async def connect(self, **query: str) -> "PollingClient":
        """The handshake and the default namespace."""
        await self.open(**query)
        await self.post("40")
        [packet] = await self.poll()
        assert packet.startswith('40{"sid":'), packet
        return self

    async def post_raw(self, body: bytes | list[bytes]) -> Answer:
        return await request(self.app, "POST", PATH, self.query(), body=body, headers=self.headers, client=self.address)

    async def post(self, *packets: str) -> None:
        answer = await self.post_raw(SEPARATOR.join(packets).encode())
        assert (answer.status, answer.body) == (200, b"ok"), answer

    async def poll(self, *, gone: trio.Event | None = None) -> list[str]:
        """One poll's packets."""
        answer = await self.get(gone=gone)
        assert answer.status == 200, answer
        return answer.body.decode().split(SEPARATOR)

    async def emit(self, method: str, data: object = None) -> None:
        """An event that nobody acknowledges."""
        await self.post(f"42{json.dumps([method, data or {}])}")

    async def ask(self, method: str, data: object = None) -> Any:
        """An event, and what its acknowledgement says; answers pings meanwhile."""
        self.last_id += 1
        await self.post(f"42{self.last_id}{json.dumps([method, data or {}])}")
        return await self.hear(f"43{self.last_id}[")

    async def event(self, name: str) -> Any:
        """The next event of that name."""
        return await self.hear(f'42["{name}",')

    async def hear(self, start: str) -> Any:
        with trio.fail_after(60):
            while True:
                while not self.packets:
                    self.packets = await self.poll()
                packet = self.packets.pop(0)
                if packet == "2":
                    await self.post("3")
                elif packet.startswith("42") and not packet.startswith(start):
                    name, data = json.loads(packet[2:])
                    self.heard.append((name, data))
                elif packet.startswith(start):
                    return json.loads(packet[packet.index("[") :])[-1]
                else:
                    assert packet == "6", packet

    def socket(self, **query: str) -> WebSocketClient:
        whole = {**self.query(), "transport": "websocket", **query}
        return WebSocketClient(self.app, PATH, whole, self.headers, self.address)

    async def join(self, name: str, room_id: str = "daily") -> Any:
        joined = await self.ask("joinRoom", {"displayName": name, "roomId": room_id})
        assert "error" not in joined, joined
        return joined
