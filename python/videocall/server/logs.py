"""The log: a line for each thing that happens, written by a thread of its own so that a slow disk delays nobody."""

import logging
import queue
import re
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Final

import msgspec

from videocall.server.settings import STDERR, LogFormat, LogLevel
from videocall.signaling.log import FIELDS

__all__ = ["JsonFormatter", "LogFileError", "TextFormatter", "logging_to"]

_MAX_BYTES: Final = 16 * 1024 * 1024
_KEPT: Final = 3
_LOGGERS: Final = ("videocall", "hypercorn.error")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/@+\-]+")


class LogFileError(Exception):
    """The log cannot be written; the message is one line for the user."""


class JsonFormatter(logging.Formatter):
    """One JSON object: time in UTC, level, logger, event, then the record's fields; a traceback under ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        own = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line: dict[str, object] = {**own, **getattr(record, FIELDS, {}), **own}
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """Time, level and event, then ``name=value``; values that are no plain words are quoted as in JSON.

    The lines of a traceback follow, indented: what begins in the first column is a line of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        words = [_time(record), record.levelname.ljust(7), _one_line(record.getMessage())]
        words += [f"{name}={_word(value)}" for name, value in getattr(record, FIELDS, {}).items()]
        line = " ".join(words)
        if record.exc_info:
            lines = "".join(traceback.format_exception(*record.exc_info)).splitlines()
            line += "".join(f"\n    {_one_line(each)}" for each in lines)
        return line


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"videocall: {record.getMessage()} (see the log)"


class _Queue(QueueHandler):
    """Hands records over as they are: `QueueHandler.prepare` would format tracebacks into the message."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.getMessage()
        return record


@contextmanager
def logging_to(path: Path, log_format: LogFormat = "json", level: LogLevel = "info") -> Generator[None]:
    """Write the server's log to `path` while the context lasts; ``-`` is the standard error output.

    Beside a file, errors go to the console too.

    Raises:
        LogFileError: the file cannot be opened.
    """
    target = _open(path)
    target.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handlers = [target]
    if path != STDERR:
        console = logging.StreamHandler()
        console.setLevel(logging.ERROR)
        console.setFormatter(_ConsoleFormatter())
        handlers.append(console)
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = _Queue(records)
    listener = QueueListener(records, *handlers, respect_handler_level=True)
    listener.start()
    lowest = logging.getLevelNamesMapping()[level.upper()]
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(lowest if logger.name == "videocall" else max(lowest, logging.WARNING))
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        listener.stop()
        target.close()


def _open(path: Path) -> logging.Handler:
    if path == STDERR:
        return logging.StreamHandler()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        raise LogFileError(f"cannot write the log {path}: {error.strerror}; choose another with --log-file") from None


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _word(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(text).decode()


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
