"""Tables into records: what runs inside a transaction, in a thread."""

from sqlalchemy import Connection, select

from videocall.store.records import StoredMessage, StoredRoom, StoredSession
from videocall.store.tables import messages, rooms, sessions

__all__ = ["all_rooms", "messages_before", "room", "sessions_of"]


def room(connection: Connection, room_id: str) -> StoredRoom | None:
    """A room's settings."""
    row = connection.execute(select(rooms).where(rooms.c.id == room_id)).mappings().one_or_none()
    return StoredRoom(**row) if row else None


def all_rooms(connection: Connection) -> list[StoredRoom]:
    """Every room's settings, in order of their ids."""
    return [StoredRoom(**row) for row in connection.execute(select(rooms).order_by(rooms.c.id)).mappings()]


def messages_before(connection: Connection, room_id: str, before: str | None, limit: int) -> list[StoredMessage]:
    """The last `limit` messages whose ids are smaller than `before`, the oldest first."""
    wanted = select(messages).where(messages.c.room_id == room_id)
    if before is not None:
        wanted = wanted.where(messages.c.id < before)
    rows = connection.execute(wanted.order_by(messages.c.id.desc()).limit(limit)).mappings().all()
    return [StoredMessage(**row) for row in reversed(rows)]


def sessions_of(connection: Connection, room_id: str, limit: int, before: int | None) -> list[StoredSession]:
    """The last `limit` sessions of a room that began before that time, the latest first."""
    columns = [column for column in sessions.c if column.name != "node"]
    wanted = select(*columns).where(sessions.c.room_id == room_id)
    if before is not None:
        wanted = wanted.where(sessions.c.joined_at < before)
    latest = wanted.order_by(sessions.c.joined_at.desc(), sessions.c.participant_id).limit(limit)
    return [StoredSession(**row) for row in connection.execute(latest).mappings()]
