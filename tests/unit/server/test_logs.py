import json
import logging
from pathlib import Path

import pytest

from videocall.server.logs import JsonFormatter, LogFileError, logging_to
from videocall.signaling.log import fields

logger = logging.getLogger("videocall.test")


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_has_its_room_and_participant(tmp_path: Path) -> None:
    path = tmp_path / "state" / "videocall.log"
    with logging_to(path):
        logger.info("joined", extra=fields(room="daily", participant="p1", label=None))
    (line,) = lines(path)
    assert (line["event"], line["level"], line["room"], line["participant"]) == ("joined", "info", "daily", "p1")
    assert line["time"].endswith("+00:00")
    assert "label" not in line


def test_a_traceback_stays_in_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "videocall.log"
    with logging_to(path):
        try:
            raise ValueError("a\nb")
        except ValueError:
            logger.exception("failed", extra=fields(room="daily"))
    (line,) = lines(path)
    assert "ValueError: a\nb" in line["error"]
    console = capsys.readouterr().err
    assert console == "videocall: failed (see the log)\n"


def test_nothing_of_the_outside_can_forge_a_line(tmp_path: Path) -> None:
    path = tmp_path / "videocall.log"
    with logging_to(path):
        logger.info("joined", extra=fields(label='x"}\n{"event":"forged'))
    (line,) = lines(path)
    assert line["label"] == 'x"}\n{"event":"forged'


def test_after_the_end_nothing_is_written_or_left(tmp_path: Path) -> None:
    path = tmp_path / "videocall.log"
    with logging_to(path):
        pass
    logger.warning("late")
    assert path.read_text() == ""
    assert logging.getLogger("videocall").handlers == []


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogFileError, match="--log-file") as error, logging_to(tmp_path / "file" / "videocall.log"):
        pass
    assert "\n" not in str(error.value)


def test_odd_values_are_written_as_text() -> None:
    record = logging.LogRecord("n", logging.INFO, "p", 1, "e", (), None)
    record.__dict__.update(fields(value=object))
    assert "object" in json.loads(JsonFormatter().format(record))["value"]


def test_a_field_does_not_hide_what_happened() -> None:
    record = logging.LogRecord("n", logging.INFO, "p", 1, "webhook lost", (), None)
    record.__dict__.update(fields(event="room.started", level="x", room="daily"))
    line = json.loads(JsonFormatter().format(record))
    assert (line["event"], line["level"], line["room"]) == ("webhook lost", "info", "daily")


def test_text_is_for_people_and_one_line_too(tmp_path: Path) -> None:
    path = tmp_path / "videocall.log"
    with logging_to(path, "text"):
        logger.warning("joined\nforged", extra=fields(room="daily", label='a "b"\n2026 INFO forged', count=3))
    (line,) = path.read_text().splitlines()
    moment, level, rest = line.split(maxsplit=2)
    assert (moment[-6:], level) == ("+00:00", "WARNING")
    assert rest == r'joined\nforged room=daily label="a \"b\"\n2026 INFO forged" count=3'


def test_a_traceback_in_text_is_indented(tmp_path: Path) -> None:
    path = tmp_path / "videocall.log"
    with logging_to(path, "text"):
        try:
            raise ValueError("a\nb")
        except ValueError:
            logger.exception("failed", extra=fields(room="daily"))
    first, *rest = path.read_text().splitlines()
    assert first.endswith("ERROR   failed room=daily")
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_the_level_is_the_least_that_is_written(tmp_path: Path) -> None:
    path = tmp_path / "videocall.log"
    for level, count in (("debug", 3), ("info", 2), ("error", 1)):
        path.unlink(missing_ok=True)
        with logging_to(path, level=level):  # type: ignore[arg-type]
            logger.debug("a")
            logger.info("b")
            logger.error("c")
        assert len(lines(path)) == count


def test_a_dash_is_the_standard_error_output(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(Path("-")):
        logger.error("failed", extra=fields(room="daily"))
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "failed"
