"""Messages, reactions and raised hands."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from tests.fakes.sockets import FakeClient, Json, Refused
from tests.unit.signaling.conftest import Caller, OpenClient

from videocall.protocol.shapes import ChatMessage
from videocall.rooms import RoomSettings
from videocall.signaling import Hub
from videocall.signaling.events import MessageSent, ServerEvent

Enter = Callable[..., Awaitable[Caller]]


async def test_everyone_gets_a_message_once_the_sender_too(open_client: OpenClient, hub: Hub) -> None:
    told: list[ServerEvent] = []
    hub.events.watch(told.append)
    ada, bob = open_client(), open_client()
    await ada.join("Ada")
    await bob.join("Bob")
    sent = (await ada.request("sendMessage", {"text": "Hello 👋\nworld", "clientMessageId": "1"}))["message"]
    assert sent["displayName"] == "Ada"
    assert (sent["participantId"], sent["text"], sent["clientMessageId"]) == (ada.me, "Hello 👋\nworld", "1")
    assert await ada.hear("message") == sent
    assert await bob.hear("message") == sent
    assert [event.message.text for event in told if isinstance(event, MessageSent)] == ["Hello 👋\nworld"]


async def test_a_message_that_is_sent_again_is_not_doubled(open_client: OpenClient) -> None:
    ada, bob = open_client(), open_client()
    await ada.join("Ada")
    await bob.join("Bob")
    message = {"text": "Hello", "clientMessageId": "1"}
    first = await ada.request("sendMessage", message)
    assert await ada.request("sendMessage", message) == first
    other = await bob.request("sendMessage", message)
    assert other["message"]["messageId"] != first["message"]["messageId"], "another's id is another message"
    await bob.hear("message")
    assert [data["participantId"] for name, data in bob.heard if name == "message"] == [ada.me, bob.me]


async def test_who_comes_later_gets_what_was_written_and_may_ask_for_more(open_client: OpenClient) -> None:
    ada, bob = open_client(), open_client()
    await ada.join("Ada")
    for number in range(7):
        await ada.request("sendMessage", {"text": str(number)})
    joined = await bob.join("Bob")
    assert [message["text"] for message in joined["messages"]] == [str(number) for number in range(7)]
    newest = (await bob.request("getMessages", {"limit": 3}))["messages"]
    assert texts(newest) == ["4", "5", "6"]
    older = (await bob.request("getMessages", {"before": newest[0]["messageId"], "limit": 3}))["messages"]
    assert texts(older) == ["1", "2", "3"]
    rest = (await bob.request("getMessages", {"before": older[0]["messageId"]}))["messages"]
    assert texts(rest) == ["0"]


class Remembering:
    """A store that knows one room."""

    def __init__(self, messages: list[ChatMessage]) -> None:
        self.known = messages

    async def settings(self, room_id: str) -> RoomSettings | None:
        await trio.lowlevel.checkpoint()
        return RoomSettings(created_at=1000, kept=True) if room_id == "daily" else None

    async def messages(self, room_id: str, before: str | None, limit: int) -> list[ChatMessage]:
        await trio.lowlevel.checkpoint()
        assert room_id == "daily"
        return [m for m in self.known if before is None or m.messageId < before][-limit:]


def remembered(sent_at: int) -> ChatMessage:
    return ChatMessage(f"{sent_at:012x}abc", "ghost", "Ghost", f"at {sent_at}", sent_at)


async def test_what_is_older_comes_from_memory_but_not_of_another_room(open_client: OpenClient, hub: Hub) -> None:
    hub.memory = Remembering([remembered(sent_at) for sent_at in range(900, 1300)])
    ada, eve = open_client(), open_client()
    joined = await ada.join("Ada")
    assert texts(joined["messages"]) == [f"at {sent_at}" for sent_at in range(1100, 1300)]
    page = await ada.request("getMessages", {"before": joined["messages"][20]["messageId"], "limit": 50})
    assert texts(page["messages"]) == [f"at {sent_at}" for sent_at in range(1070, 1120)]
    oldest = await ada.request("getMessages", {"before": remembered(1010).messageId, "limit": 100})
    assert texts(oldest["messages"]) == [f"at {sent_at}" for sent_at in range(1000, 1010)], (
        "not of what was there before"
    )
    assert (await eve.join("Eve", "weekly"))["messages"] == []


async def test_who_may_not_write_does_not(open_client: OpenClient) -> None:
    ada, bob = open_client(), open_client()
    await ada.join("Ada")
    await bob.join("Bob")
    await ada.request("updateRoom", {"permissions": {"chat": False}})
    assert await bob.refusal("sendMessage", {"text": "Hello"}) == "FORBIDDEN"
    await ada.request("sendMessage", {"text": "Hosts may"})
    await ada.request("setPermissions", {"participantId": bob.me, "permissions": {"chat": True}})
    await bob.request("sendMessage", {"text": "Hello"})


@pytest.mark.parametrize("text", [" ", "\n\t", "\u2003"])
async def test_a_text_that_cannot_be_seen_is_refused(open_client: OpenClient, text: str) -> None:
    ada = open_client()
    await ada.join("Ada")
    assert await ada.refusal("sendMessage", {"text": text}) == "BAD_REQUEST"


async def test_nobody_may_talk_without_end(open_client: OpenClient) -> None:
    ada = open_client()
    await ada.join("Ada")
    answers = [await answer(ada, "react", {"emoji": "👍"}) for _ in range(40)]
    assert answers.count("RATE_LIMITED") >= 5
    assert answers[:30] == [{}] * 30


async def test_hands_and_reactions_are_seen(open_client: OpenClient) -> None:
    ada, bob, cleo = open_client(), open_client(), open_client()
    await ada.join("Ada")
    await bob.join("Bob")
    await bob.request("raiseHand", {"raised": True})
    await bob.request("raiseHand", {"raised": True})
    await bob.request("react", {"emoji": "🎉"})
    assert (await ada.hear("participantUpdated"))["handRaised"] is True
    assert await ada.hear("reaction") == {"participantId": bob.me, "emoji": "🎉"}
    assert ada.names() == ["participantJoined", "participantUpdated", "reaction"]
    joined = await cleo.join("Cleo")
    assert {p["displayName"]: p["handRaised"] for p in joined["participants"]} == {"Ada": False, "Bob": True}


async def answer(client: FakeClient, method: str, data: object) -> Any:
    try:
        return await client.request(method, data)
    except Refused as refused:
        return refused.code


def texts(messages: list[Json]) -> list[str]:
    return [message["text"] for message in messages]
