"""Settings from flags, the environment and a file, in that order of precedence."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from videocall.cli import parsers
from videocall.cli.options import ENVIRONMENT, OPTIONS, Option
from videocall.server.settings import EVERY_ADDRESS, Settings

__all__ = ["SettingsError", "load_settings"]

_FILE: Final = "videocall.toml"


class SettingsError(Exception):
    """A setting that cannot be right; the message is one line that names it and where it came from."""


def load_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Settings:
    """Put the settings together.

    Args:
        flags: by option name; `None` for those that were not given. ``config`` names the settings file.
        environ: the environment; by default the process's own.
        directory: where the default settings file is looked for; by default the current one.

    Raises:
        SettingsError: a value is wrong, or the file is.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {"log_file": default_log_file(environ), "data_dir": default_data_dir(environ)}
    file = _read_file(flags.get("config") or environ.get(f"{ENVIRONMENT}CONFIG"), directory or Path())
    for option in OPTIONS:
        if option.name in file:
            values[option.field] = _from_file(option, file[option.name])
        if text := environ.get(option.variable):
            texts = [part.strip() for part in text.split(",")] if option.many else [text]
            values[option.field] = _parse(option, option.variable, texts)
        if (flag := flags.get(option.name)) is not None:
            values[option.field] = _parse(option, option.flag, flag if option.many else [flag])
    values.setdefault("database_url", f"sqlite:///{Path(str(values['data_dir'])).absolute() / 'videocall.db'}")
    if values.get("lan"):
        values.setdefault("host", EVERY_ADDRESS)
    settings = Settings(**values)  # type: ignore[arg-type] # each option's parser makes what its field holds
    _check_turn(settings)
    if settings.webhook_urls and not settings.webhook_secret:
        raise SettingsError("webhook_secret is missing: receivers know by it what comes from this server")
    return settings


def _check_turn(settings: Settings) -> None:
    if settings.turn_secret and settings.turn_user:
        raise SettingsError("turn_secret and turn_user exclude each other: either accounts that end, or a fixed one")
    if bool(settings.turn_user) != bool(settings.turn_password):
        missing = "turn_password" if settings.turn_user else "turn_user"
        raise SettingsError(f"{missing} is missing: turn_user and turn_password go together")
    if (settings.turn_secret or settings.turn_user) and not settings.turn_servers:
        raise SettingsError("turn_server is missing: there is an account for TURN servers, and none of them")


def default_log_file(environ: Mapping[str, str]) -> Path:
    """The log's place by the XDG base directory specification."""
    return _xdg(environ, "XDG_STATE_HOME", "state") / "videocall.log"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """The place of what is kept, by the same specification."""
    return _xdg(environ, "XDG_DATA_HOME", "share")


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> Path:
    base = environ.get(variable) or Path(environ.get("HOME") or Path.home()) / ".local" / default
    return Path(base) / "videocall"


def _read_file(given: str | None, directory: Path) -> Mapping[str, Any]:
    path = Path(given) if given else directory / _FILE
    if given is None and not path.exists():
        return {}
    try:
        file = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None
    known = {option.name for option in OPTIONS}
    for name in file:
        if name not in known:
            raise SettingsError(f"{path} sets {name}, which is no setting; there are: {', '.join(sorted(known))}")
    return file


def _from_file(option: Option, value: object) -> object:
    values = cast("list[object]", value) if option.many and isinstance(value, list) else [value]
    kind = bool if option.parse is parsers.switch else str | int
    if not all(isinstance(item, kind) and (kind is bool or not isinstance(item, bool)) for item in values):
        raise SettingsError(f"{option.name} in the settings file has to be {option.metavar}, not {value!r}")
    return _parse(option, f"{option.name} in the settings file", [str(item) for item in values])


def _parse(option: Option, source: str, texts: Sequence[str]) -> object:
    try:
        parsed = tuple(option.parse(text) for text in texts)
    except ValueError as error:
        raise SettingsError(f"{source}: {error}") from None
    return parsed if option.many else parsed[0]
