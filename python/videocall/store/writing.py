"""Records into tables: what runs inside a transaction, in a thread. Everything may be done twice."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, assert_never

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from videocall.store.records import (
    Record,
    RoomRemoved,
    SessionChanged,
    SessionEnded,
    SessionStarted,
    StoredMessage,
    StoredRoom,
)
from videocall.store.tables import messages, nodes, rooms, sessions

__all__ = ["CHUNK", "Expired", "beat", "close_sessions_of_the_dead", "delete_expired", "write"]

CHUNK: Final = 1000
"""Rows of a table that are deleted in one transaction, so that none takes long."""

LOST_REASON: Final = "error"
"""Why a session ended whose node was killed: nobody knows better."""


@frozen
class Expired:
    """What was kept long enough, as milliseconds since 1970; 0 stands for nothing.

    Attributes:
        messages_before: messages sent before this.
        sessions_before: sessions that ended before this.
        unused_before: settings of rooms that nobody is in, that are not to be kept, and that were last written before
            this. A room is forgotten when it ends: these are left by processes that were killed.
        now: settings of rooms that expire before this.
    """

    messages_before: int
    sessions_before: int
    unused_before: int
    now: int


def write(connection: Connection, node: str, records: Iterable[Record]) -> None:
    """Write records in their order, for the process called `node`."""
    for record in records:
        match record:
            case StoredMessage():
                _insert(connection, messages, attrs.asdict(record))
            case SessionStarted():
                _insert(connection, sessions, {"node": node, **attrs.asdict(record)})
            case SessionChanged(participant_id, display_name, role):
                changed = update(sessions).where(sessions.c.participant_id == participant_id)
                connection.execute(changed.values(display_name=display_name, role=role))
            case SessionEnded(participant_id, left_at, reason):
                ended = update(sessions).where(sessions.c.participant_id == participant_id)
                connection.execute(ended.values(left_at=left_at, reason=reason))
            case StoredRoom():
                _insert(connection, rooms, attrs.asdict(record), replace=True)
            case RoomRemoved(room_id):
                connection.execute(delete(rooms).where(rooms.c.id == room_id))
            case _:
                assert_never(record)


def beat(connection: Connection, node: str, now: int) -> None:
    """Say that `node` lives."""
    _insert(connection, nodes, {"id": node, "seen_at": now}, replace=True)


def close_sessions_of_the_dead(connection: Connection, silent_since: int) -> int:
    """Close the sessions of nodes that were last heard before `silent_since`, as of then; return how many."""
    count = 0
    for node, seen_at in connection.execute(select(nodes).where(nodes.c.seen_at < silent_since)).all():
        open_there = sessions.c.left_at.is_(None) & (sessions.c.node == node)
        closed = update(sessions).where(open_there).values(left_at=seen_at, reason=LOST_REASON)
        count += connection.execute(closed).rowcount
        connection.execute(delete(nodes).where(nodes.c.id == node, nodes.c.seen_at < silent_since))
    return count


def delete_expired(connection: Connection, expired: Expired) -> int:
    """Delete the first `CHUNK` of what was kept long enough; return how many there were, until it is 0."""
    occupied = select(sessions.c.room_id).where(sessions.c.left_at.is_(None))
    left_behind = rooms.c.kept.is_(False) & (rooms.c.used_at < expired.unused_before) & rooms.c.id.not_in(occupied)
    return (
        _delete(connection, messages, messages.c.sent_at < expired.messages_before)
        + _delete(connection, sessions, sessions.c.left_at < expired.sessions_before)
        + _delete(connection, rooms, or_(rooms.c.expires_at < expired.now, left_behind))
    )


def _delete(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    keys = list(table.primary_key)
    some = select(*keys).where(condition).limit(CHUNK)
    return connection.execute(delete(table).where(tuple_(*keys).in_(some))).rowcount


def _insert(connection: Connection, table: Table, values: dict[str, Any], *, replace: bool = False) -> None:
    # SQLite took PostgreSQL's ON CONFLICT; SQLAlchemy has it twice.
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    keys: Sequence[Any] = list(table.primary_key)
    statement = make(table).values(values)
    if replace:
        others = {name: value for name, value in values.items() if name not in table.primary_key.columns}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys))
