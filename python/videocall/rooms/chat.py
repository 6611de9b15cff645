"""The newest messages of a room."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.shapes import ChatMessage

__all__ = ["MAX_CHARACTERS", "MAX_MESSAGES", "Chat"]

MAX_MESSAGES: Final = 200
MAX_CHARACTERS: Final = 128 * 1024
"""Together with the number it bounds what a room remembers, and what the answer to a join weighs."""


class Chat:
    """Remembers messages within bounds, oldest first; what is older is a store's affair."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, ChatMessage] = OrderedDict()
        self._sent: dict[tuple[str, str], str] = {}
        self._characters = 0
        self._last = 0

    @property
    def messages(self) -> list[ChatMessage]:
        """All that are remembered."""
        return list(self._messages.values())

    def before(self, message_id: str | None, limit: int) -> list[ChatMessage]:
        """The last `limit` messages, or the last before one; it need not be remembered itself."""
        earlier = [m for m in self._messages.values() if message_id is None or m.messageId < message_id]
        return earlier[-limit:]

    def sent(self, participant_id: str, client_message_id: str | None) -> ChatMessage | None:
        """The message that somebody sent under an id of theirs before."""
        if client_message_id is None:
            return None
        message_id = self._sent.get((participant_id, client_message_id))
        return self._messages[message_id] if message_id is not None else None

    def add(
        self,
        participant_id: str,
        display_name: str,
        text: str,
        *,
        now_ms: int,
        entropy: str,
        client_message_id: str | None = None,
    ) -> ChatMessage:
        """Remember a new message. `entropy` is what makes its id one of its kind: hexadecimal digits, 16 at least.

        Raises:
            ProtocolError: ``BAD_REQUEST`` when nothing of the text can be seen.
        """
        if not text.strip():
            raise ProtocolError(ErrorCode.BAD_REQUEST, "A text needs a character that can be seen.")
        # Never the same millisecond twice, so that ids, which begin with it, are in the order of the messages.
        self._last = max(now_ms, self._last + 1)
        message = ChatMessage(
            f"{self._last:012x}{entropy}", participant_id, display_name, text, self._last, client_message_id
        )
        self._remember(message)
        return message

    def restore(self, messages: Iterable[ChatMessage]) -> None:
        """Remember messages of an earlier time, oldest first. For a room in which nobody wrote yet."""
        for message in messages:
            self._last = max(self._last, message.sentAt)
            self._remember(message)

    def _remember(self, message: ChatMessage) -> None:
        self._messages[message.messageId] = message
        self._characters += len(message.text)
        if message.clientMessageId is not None:
            self._sent[message.participantId, message.clientMessageId] = message.messageId
        while len(self._messages) > MAX_MESSAGES or self._characters > MAX_CHARACTERS:
            _, oldest = self._messages.popitem(last=False)
            self._characters -= len(oldest.text)
            if oldest.clientMessageId is not None:
                self._sent.pop((oldest.participantId, oldest.clientMessageId), None)
