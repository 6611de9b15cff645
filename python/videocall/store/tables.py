"""The tables. `migrations` makes them; a test compares the two.

Times are milliseconds since 1970. Nothing refers to `rooms`: who was where, and what was said, is kept for its own
time, whatever becomes of the room.
"""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

__all__ = ["messages", "metadata", "nodes", "rooms", "sessions"]

metadata: Final = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"},
)

# Message ids sort by time byte by byte, which PostgreSQL's collations of human languages do not.
_ID: Final = String(64).with_variant(String(64, collation="C"), "postgresql")

rooms: Final = Table(
    "rooms",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("lobby", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("permissions", JSON, nullable=False),
    Column("max_participants", Integer),
    Column("expires_at", BigInteger),
    Column("used_at", BigInteger, nullable=False),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("participant_id", _ID, primary_key=True),
    Column("room_id", _ID, nullable=False),
    Column("node", _ID, nullable=False),
    Column("identity", Text),
    Column("display_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    Column("reason", String(32)),
    Index(None, "room_id", "joined_at"),
    Index(None, "left_at"),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("room_id", _ID, primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("participant_id", _ID, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("client_message_id", String(64)),
    Index(None, "sent_at"),
)

nodes: Final = Table(
    "nodes",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)
"""Server processes that write here. One that is silent was killed: its sessions are closed by the others."""
