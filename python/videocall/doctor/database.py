"""Whether the database can be used."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from videocall.doctor.findings import Finding, failure, ok
from videocall.server.settings import Settings
from videocall.store import MEMORY, StoreError, make_engine, shown
from videocall.store.engine import brief
from videocall.urls import sqlite_path

__all__ = ["check"]

_CHECK: Final = "database"


def check(settings: Settings) -> Iterable[Finding]:
    """Connect to it. A SQLite file that is not there yet is not made."""
    url = settings.database_url
    if url == MEMORY:
        return [ok(_CHECK, "in memory: what is remembered is gone when the server ends")]
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return [_would_be_made(path)]
    try:
        engine = make_engine(url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        finally:
            engine.dispose()
    except StoreError as error:
        return [failure(_CHECK, str(error), "change database_url")]
    except SQLAlchemyError as error:
        mend = f"see to it that {path} can be read and written" if path else "start it, or change database_url"
        return [failure(_CHECK, f"{shown(url)}: {brief(error)}", mend)]
    return [ok(_CHECK, f"{shown(url)} answers")]


def _would_be_made(path: Path) -> Finding:
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ok(_CHECK, f"{path} will be made")
    what = f"{path} cannot be made: {there} is no directory that can be written to"
    return failure(_CHECK, what, "change data_dir or database_url")
