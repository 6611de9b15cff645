"""What a server remembers: rooms' settings, who was where and when, and chat.

SQLAlchemy Core on SQLite or PostgreSQL, by one way through the code; it runs in threads. Records are written behind:
`Store.record` puts them into a bounded queue, and a call never waits for the database. What is read includes what is
not written yet. `migrations` keeps the tables up to date.

How the database is: `Store.part.health` (``state``, ``since``, ``reason``), `Store.part.lost` and `Store.waiting`.
"""

from videocall.store.engine import StoreError, make_engine
from videocall.store.migrate import Upgrade, upgrade
from videocall.store.records import (
    Record,
    RoomRemoved,
    SessionChanged,
    SessionEnded,
    SessionStarted,
    StoredMessage,
    StoredRoom,
    StoredSession,
)
from videocall.store.store import Store, StoreDownError, open_store
from videocall.store.writer import Retention
from videocall.urls import MEMORY, shown

__all__ = [
    "MEMORY",
    "Record",
    "Retention",
    "RoomRemoved",
    "SessionChanged",
    "SessionEnded",
    "SessionStarted",
    "Store",
    "StoreDownError",
    "StoreError",
    "StoredMessage",
    "StoredRoom",
    "StoredSession",
    "Upgrade",
    "make_engine",
    "open_store",
    "shown",
    "upgrade",
]
