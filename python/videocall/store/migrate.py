"""Bringing a database's tables up to date."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from attrs import frozen
from sqlalchemy import Connection, Engine, text

from videocall.store.engine import StoreError, is_sqlite

__all__ = ["Upgrade", "upgrade"]

_LOCK = 0x76696465_6F63616C
"""PostgreSQL's number for "somebody migrates videocall's tables"."""


@frozen
class Upgrade:
    """Which revision the database had, `None` for an empty one, and which it has."""

    before: str | None
    after: str | None


def upgrade(engine: Engine) -> Upgrade:
    """Make or change the tables as this version needs them; nothing is done when they are so.

    It is one transaction. Processes that do it at the same time wait for one another.

    Raises:
        StoreError: the tables are those of a newer version.
        SQLAlchemyError: the database is down.
    """
    with engine.begin() as connection:  # on SQLite this takes the lock
        if not is_sqlite(engine):
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if before is not None and before not in known:
            raise StoreError(
                f"the database has revision {before}, which is that of a newer videocall: upgrade videocall"
            )
        command.upgrade(config, "head")
        return Upgrade(before, MigrationContext.configure(connection).get_current_revision())


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "videocall.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
