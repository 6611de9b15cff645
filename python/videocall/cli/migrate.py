"""``videocall migrate``: bring the database up to date, and say what was done."""

import argparse
from typing import Final

from videocall.cli.loading import load_settings
from videocall.cli.options import OPTIONS
from videocall.urls import MEMORY, shown

__all__ = ["MigrationError", "describe", "migrate"]

_DATABASE: Final = next(option for option in OPTIONS if option.name == "database_url")


class MigrationError(Exception):
    """The database could not be brought up to date; the message is one line for the user."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--config", metavar="FILE", help="settings file (default: videocall.toml, when there is one)")
    parser.add_argument(_DATABASE.flag, metavar=_DATABASE.metavar, help=_DATABASE.help, dest=_DATABASE.name)


def migrate(arguments: argparse.Namespace) -> str:
    """Do it, and return what was done.

    Raises:
        SettingsError: a setting is wrong.
        MigrationError: the database is down, or not to be used.
    """
    url = load_settings({"config": arguments.config, _DATABASE.name: arguments.database_url}).database_url
    if url == MEMORY:
        return "The database is in memory: there is nothing to migrate."
    # Heavy, and of use to this command alone.
    from sqlalchemy.exc import SQLAlchemyError

    from videocall.store import StoreError, make_engine, upgrade
    from videocall.store.engine import brief

    try:
        engine = make_engine(url)
        try:
            done = upgrade(engine)
        finally:
            engine.dispose()
    except StoreError as error:
        raise MigrationError(str(error)) from None
    except SQLAlchemyError as error:
        raise MigrationError(f"cannot migrate {shown(url)}: {brief(error)}") from None
    if done.before == done.after:
        return f"{shown(url)} is up to date, at revision {done.after}."
    return f"{shown(url)} went from {done.before or 'nothing'} to revision {done.after}."
