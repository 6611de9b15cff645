"""The log: one JSON object a line, written by a thread of its own so that a slow disk delays nobody."""

import logging
import queue
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Final

import msgspec

from videocall.signaling.log import FIELDS

__all__ = ["JsonFormatter", "LogFileError", "logging_to"]

_MAX_BYTES: Final = 16 * 1024 * 1024
_KEPT: Final = 3
_LOGGERS: Final = ("videocall", "hypercorn.error")


class LogFileError(Exception):
    """The log cannot be written; the message is one line for the user."""


class JsonFormatter(logging.Formatter):
    """Time in UTC, level, logger, event, then the record's fields; a traceback under ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return msgspec.json.encode(line, enc_hook=str).decode()


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"videocall: {record.getMessage()} (see the log)"


class _Queue(QueueHandler):
    """Hands records over as they are: `QueueHandler.prepare` would format tracebacks into the message."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.getMessage()
        return record


@contextmanager
def logging_to(path: Path) -> Generator[None]:
    """Write the server's log to `path`, and warnings to the console too, while the context lasts.

    Raises:
        LogFileError: the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        raise LogFileError(f"cannot write the log {path}: {error.strerror}; choose another with --log-file") from None
    file.setFormatter(JsonFormatter())
    console = logging.StreamHandler()
    console.setLevel(logging.ERROR)
    console.setFormatter(_ConsoleFormatter())
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = _Queue(records)
    listener = QueueListener(records, file, console, respect_handler_level=True)
    listener.start()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if logger.name == "videocall" else logging.WARNING)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        listener.stop()
        file.close()
