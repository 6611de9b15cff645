"""A hub that remembers: rooms, sessions and chat outlive the process, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from sqlalchemy.exc import OperationalError
from tests.fakes.media import FakeMedia
from tests.fakes.sockets import FakeClient, FakeSocket, Refused
from tests.integration.memory.conftest import FOR_EVER, until, written

from videocall.protocol import ProtocolError
from videocall.rooms.chat import MAX_MESSAGES
from videocall.server.remembering import Remembering
from videocall.sfu import ListenInfo
from videocall.sfu._engine import run_engine
from videocall.signaling import Hub, Session, open_hub
from videocall.signaling.administration import Administration
from videocall.signaling.rates import Rates
from videocall.store import Store, StoredMessage, StoredRoom, open_store


@attrs.define
class Process:
    """What a server process has of it."""

    hub: Hub
    store: Store
    nursery: trio.Nursery

    def client(self) -> FakeClient:
        socket = FakeSocket()
        self.nursery.start_soon(Session(self.hub, socket).run)
        return FakeClient(socket)


OpenProcess = Callable[[], AbstractAsyncContextManager[Process]]


@pytest.fixture
def process(database_url: str) -> OpenProcess:
    """Open a process on the database; the end of its block is that of `kill -9`, for all that is not written."""

    @asynccontextmanager
    async def process() -> AsyncIterator[Process]:
        store = await open_store(database_url, node="node", retention=FOR_EVER)
        with FakeMedia() as media:
            async with (
                store.writing(),
                run_engine(media, workers=1, listen=[ListenInfo("127.0.0.1", 10000)]) as engine,
                open_hub(engine, rates=Rates(requests=None)) as hub,
                trio.open_nursery() as nursery,
            ):
                hub.memory = memory = Remembering(hub, store)
                await memory.recall()
                stop = hub.events.watch(memory.tell)
                yield Process(hub, store, nursery)
                await written(store)
                stop()
                nursery.cancel_scope.cancel()

    return process


@asynccontextmanager
async def unplugged(store: Store) -> AsyncIterator[None]:
    """The database is down inside of this, and works again afterwards."""

    def fail() -> None:
        raise OperationalError(None, None, ConnectionError("pulled the plug"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store._engine, "connect", fail)
        patch.setattr(store._engine, "begin", fail)
        await until(lambda: store.part.health.state == "down")
        yield
    await until(lambda: store.part.health.state == "ok" and store.waiting == 0)


async def refused(what: Awaitable[Any]) -> str:
    with pytest.raises(Refused) as refusal:
        await what
    return refusal.value.code


async def test_a_room_of_the_api_is_there_again_as_it_was_set(process: OpenProcess) -> None:
    async with process() as before:
        rooms = Administration(before.hub)
        await rooms.create_room("daily", password="tomato", max_participants=7)
        await rooms.create_room("weekly")
        await rooms.update_room("daily", locked=True)
        rooms.delete_room("weekly")
        told = rooms.rooms()
        assert [room.room_id for room in told] == ["daily"]
    async with process() as after:
        rooms = Administration(after.hub)
        assert rooms.rooms() == told
        assert await refused(after.client().join("Ada")) == "ROOM_LOCKED"
        await rooms.update_room("daily", locked=False)
        assert await refused(after.client().join("Ada")) == "PASSWORD_REQUIRED"
        await after.client().join("Ada", password="tomato")


async def test_a_call_that_was_cut_off_goes_on_with_its_chat_and_what_its_host_decided(process: OpenProcess) -> None:
    async with process() as before:
        ada = before.client()
        await ada.join("Ada")
        for text in ("one", "two", "three"):
            await ada.request("sendMessage", {"text": text})
        await ada.request(
            "updateRoom", {"locked": True, "lobby": True, "password": "x", "permissions": {"screen": False}}
        )
    async with process() as after:
        ada = after.client()
        assert await refused(ada.join("Ada")) == "PASSWORD_REQUIRED"
        joined = await ada.join("Ada", password="x")
        assert [message["text"] for message in joined["messages"]] == ["one", "two", "three"]
        # Nobody was in it any more who could have let anybody in.
        assert (joined["room"]["locked"], joined["room"]["lobby"]) == (False, False)
        assert joined["room"]["permissions"]["screen"] is False
        sent = (await ada.request("sendMessage", {"text": "four"}))["message"]
        assert sent["messageId"] > joined["messages"][-1]["messageId"]


async def test_a_call_that_ended_is_forgotten_and_the_next_one_is_new(process: OpenProcess) -> None:
    async with process() as running:
        ada = running.client()
        await ada.join("Ada")
        await ada.request("sendMessage", {"text": "secret"})
        await ada.request("updateRoom", {"password": "x"})
        await written(running.store)
        assert [room.id for room in await running.store.rooms()] == ["daily"]
        await ada.request("leaveRoom")
        assert await running.store.rooms() == []
        bob = running.client()
        joined = await bob.join("Bob")
        assert joined["messages"] == []
        assert (await bob.request("getMessages", {}))["messages"] == []
        await written(running.store)
        assert [message.text for message in await running.store.messages("daily")] == ["secret"]


async def test_older_messages_are_read_page_by_page_without_a_gap_or_a_double(process: OpenProcess) -> None:
    count = MAX_MESSAGES + 150
    async with process() as before:
        before.store.record(StoredRoom("daily", created_at=1, kept=True))
        for number in range(count):
            before.store.record(StoredMessage("daily", f"{number:032x}", "p", "Ada", str(number), 1_000 + number))
        before.store.record(StoredMessage("daily", "0" * 31, "p", "Ada", "of another room", 0))
    async with process() as after:
        ada = after.client()
        joined = await ada.join("Ada")
        read = joined["messages"]
        assert [message["text"] for message in read] == [str(n) for n in range(count - MAX_MESSAGES, count)]
        await ada.request("sendMessage", {"text": str(count)})
        while page := (await ada.request("getMessages", {"before": read[0]["messageId"], "limit": 70}))["messages"]:
            assert len(page) <= 70
            read = page + read
        assert [message["text"] for message in read] == [str(n) for n in range(count)]
        newest = (await ada.request("getMessages", {"limit": 100}))["messages"]
        assert [message["text"] for message in newest] == [str(n) for n in range(count - 99, count + 1)]


async def test_a_session_is_what_it_became(process: OpenProcess) -> None:
    async with process() as running:
        ada, bob = running.client(), running.client()
        await ada.join("Ada")
        await bob.join("Bob")
        await ada.request("setRole", {"participantId": bob.me, "role": "host"})
        await bob.request("setDisplayName", {"displayName": "Robert"})
        await bob.request("leaveRoom")
        await written(running.store)
        by_id = {session.participant_id: session for session in await running.store.sessions("daily")}
        assert (by_id[ada.me].display_name, by_id[ada.me].role, by_id[ada.me].left_at) == ("Ada", "host", None)
        assert (by_id[bob.me].display_name, by_id[bob.me].role, by_id[bob.me].reason) == ("Robert", "host", "left")


async def test_rooms_that_are_not_known_for_sure_are_not_entered(
    process: OpenProcess,
) -> None:
    async with process() as running:
        async with unplugged(running.store):
            running.hub.memory = Remembering(running.hub, running.store)  # as at a start while it is down
            assert await refused(running.client().join("Ada")) == "UNAVAILABLE"
            with pytest.raises(ProtocolError, match="UNAVAILABLE"):
                await running.hub.memory.messages("daily", None, 1)
        await running.client().join("Ada")


async def test_rooms_are_entered_while_the_database_is_down_by_what_is_known(process: OpenProcess) -> None:
    async with process() as before:
        await Administration(before.hub).create_room("guarded", password="x")
        ada = before.client()
        await ada.join("Ada", "cut-off")
        await ada.request("updateRoom", {"password": "x"})
    async with process() as after:
        async with unplugged(after.store):
            for room_id in ("guarded", "cut-off"):
                assert await refused(after.client().join("Ada", room_id)) == "PASSWORD_REQUIRED"
            bob = after.client()
            await bob.join("Bob", "new")
            await bob.request("sendMessage", {"text": "hello"})
            newest = (await bob.request("getMessages", {"limit": 1}))["messages"]
            assert [message["text"] for message in newest] == ["hello"]
            assert await refused(bob.request("getMessages", {"limit": 2})) == "UNAVAILABLE"
        assert len((await bob.request("getMessages", {"limit": 2}))["messages"]) == 1
