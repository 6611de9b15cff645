"""Servers that share a Redis."""

import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import trio
from coredis import Redis

from videocall.cluster import keys
from videocall.cluster.connection import RETRY_S, brief, connect, is_outage
from videocall.cluster.interface import BusEvent, ClusterDownError, RoomPresence
from videocall.health import Part
from videocall.log import fields

__all__ = ["RedisCluster"]

logger = logging.getLogger("videocall.cluster")

_BEAT_S: Final = 3.0
_EXPIRES_S: Final = 10
"""How long a server that was killed seems to be there."""

_UNTOLD: Final = 1000
"""Events that wait for Redis; then the oldest are lost. A bus is no log: who missed some asks for the presence."""

_FAREWELL_S: Final = 2.0


class RedisCluster:
    """Keeps this server's presence in Redis, whatever Redis does: what is there is made equal to what is here.

    Args:
        url: ``redis://`` or ``rediss://``.
        node: this server's name.
    """

    def __init__(self, url: str, node: str) -> None:
        self.node: Final = node
        self.part: Final = Part("redis")
        self._url = url
        self._rooms: dict[str, RoomPresence] = {}
        self._changed: set[str] = set()
        self._events: deque[BusEvent] = deque()
        self._news = trio.Event()
        self._client: Redis[str] | None = None

    def announce(self, room: RoomPresence) -> None:
        """See `Cluster`."""
        self._rooms[room.room_id] = room
        self._changed.add(room.room_id)
        self._news.set()

    def withdraw(self, room_id: str) -> None:
        """See `Cluster`."""
        self._rooms.pop(room_id, None)
        self._changed.add(room_id)
        self._news.set()

    def publish(self, data: Mapping[str, Any]) -> None:
        """See `Cluster`."""
        self._events.append(BusEvent(self.node, data))
        if len(self._events) > _UNTOLD:
            self._events.popleft()
            self.part.lost += 1
        self._news.set()

    async def rooms(self) -> list[RoomPresence]:
        """See `Cluster`."""
        if self._client is None:
            raise ClusterDownError(self.part.health.reason)
        try:
            return await _read_rooms(self._client)
        except Exception as error:
            raise ClusterDownError(brief(error)) from error

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Tell Redis of this server inside this context; on leaving it is withdrawn."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()
        with trio.move_on_after(_FAREWELL_S, shield=True):
            await self._withdraw_all()

    async def _run(self) -> None:
        while True:
            try:
                # A client of its own for each attempt: what is left of a broken one is broken too.
                async with connect(self._url) as client:
                    await self._keep(client)
            except* Exception as error:  # noqa: BLE001 - whatever it is, calls go on, and it is tried again
                self._failed(error)
            finally:
                self._client = None
            await trio.sleep(RETRY_S)

    def _failed(self, error: Exception) -> None:
        if self.part.down(brief(error)):
            unexpected = None if is_outage(error) else error
            logger.error("Redis is down; calls go on", exc_info=unexpected, extra=fields(reason=brief(error)))

    async def _keep(self, client: "Redis[str]") -> None:
        await self._tell_everything(client)
        self._client = client
        if self.part.ok():
            logger.info("Redis works", extra=fields(node=self.node))
        beat_at = trio.current_time() + _BEAT_S
        while True:
            with trio.move_on_at(beat_at):
                await self._hear_news()
            await self._tell_news(client)
            if trio.current_time() >= beat_at:
                beat_at = trio.current_time() + _BEAT_S
                await client.sadd(keys.NODES, [self.node])
                if not await client.expire(keys.node_key(self.node), _EXPIRES_S):
                    await self._tell_everything(client)  # Redis was emptied

    async def _hear_news(self) -> None:
        if not self._changed and not self._events:
            self._news = trio.Event()
            await self._news.wait()

    async def _tell_everything(self, client: "Redis[str]") -> None:
        key = keys.node_key(self.node)
        rooms = {room_id: keys.encode(room) for room_id, room in self._rooms.items()}
        self._changed.clear()
        async with client.pipeline(transaction=True) as pipe:
            pipe.delete([key])
            pipe.hset(key, {keys.PRESENT: "", **rooms})
            pipe.expire(key, _EXPIRES_S)
            pipe.sadd(keys.NODES, [self.node])

    async def _tell_news(self, client: "Redis[str]") -> None:
        """Presence first: whoever hears of an event and asks finds it so."""
        key = keys.node_key(self.node)
        while self._changed:
            # Taken out before it is told: it may change again meanwhile. When telling fails, everything is told anew.
            room_id = self._changed.pop()
            if room := self._rooms.get(room_id):
                await client.hset(key, {room_id: keys.encode(room)})
            else:
                await client.hdel(key, [room_id])
        while self._events:
            await client.publish(keys.EVENTS, keys.encode(self._events[0]))
            self._events.popleft()

    async def _withdraw_all(self) -> None:
        if self.part.health.state != "ok":
            return
        try:
            async with connect(self._url) as client:
                await self._tell_news(client)
                await client.delete([keys.node_key(self.node)])
                await client.srem(keys.NODES, [self.node])
        except* Exception as error:  # noqa: BLE001 - it expires by itself
            logger.info("could not take leave of Redis", extra=fields(reason=brief(error)))


async def _read_rooms(client: "Redis[str]") -> list[RoomPresence]:
    rooms: list[RoomPresence] = []
    for node in await client.smembers(keys.NODES):
        present = await client.hgetall(keys.node_key(node))
        if not present:
            await client.srem(keys.NODES, [node])  # it was killed; should it live, it is back with its next beat
        for room_id, text in present.items():
            if room_id != keys.PRESENT:
                rooms.append(keys.decode_room(text))
    return sorted(rooms, key=lambda room: (room.room_id, room.node))
