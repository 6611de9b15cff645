"""The bounds of a room's memory of messages, and the order of their ids."""

from hypothesis import given
from hypothesis import strategies as st

from videocall.protocol.shapes import ChatMessage
from videocall.rooms.chat import MAX_CHARACTERS, MAX_MESSAGES, Chat


def write(chat: Chat, text: str, *, now_ms: int = 1000, client_id: str | None = None) -> ChatMessage:
    return chat.add("p", "Ada", text, now_ms=now_ms, entropy="f" * 20, client_message_id=client_id)


@given(times=st.lists(st.integers(0, 2**41), max_size=30))
def test_ids_are_in_the_order_of_the_messages_whatever_the_clock_does(times: list[int]) -> None:
    chat = Chat()
    ids = [write(chat, "x", now_ms=now_ms).messageId for now_ms in times]
    assert ids == sorted(set(ids))
    assert all(len(message_id) == 32 for message_id in ids)


def test_only_so_many_are_remembered() -> None:
    chat = Chat()
    for number in range(MAX_MESSAGES + 5):
        write(chat, str(number), client_id=str(number))
    assert [message.text for message in chat.messages] == [str(number) for number in range(5, MAX_MESSAGES + 5)]
    assert chat.sent("p", "4") is None, "what is forgotten may be sent anew"
    assert chat.sent("p", "5") == chat.messages[0]


def test_long_ones_are_fewer() -> None:
    chat = Chat()
    for _ in range(100):
        write(chat, "x" * 2000)
    assert len(chat.messages) == MAX_CHARACTERS // 2000


def test_what_was_restored_is_before_what_is_written_then() -> None:
    old, chat = Chat(), Chat()
    write(old, "before the restart", now_ms=5000, client_id="1")
    chat.restore(old.messages)
    write(chat, "after it", now_ms=4000)
    assert [message.text for message in chat.messages] == ["before the restart", "after it"]
    assert [message.messageId for message in chat.messages] == sorted(m.messageId for m in chat.messages)
    assert chat.sent("p", "1") == old.messages[0]


def test_a_page_ends_before_a_message_be_it_remembered_or_not() -> None:
    chat = Chat()
    messages = [write(chat, str(number)) for number in range(5)]
    assert chat.before(None, 2) == messages[3:]
    assert chat.before(messages[3].messageId, 2) == messages[1:3]
    assert chat.before(messages[0].messageId, 2) == []
    assert chat.before("0", 2) == []
