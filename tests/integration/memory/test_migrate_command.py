"""``videocall migrate``, as a process."""

import subprocess
import sys
from pathlib import Path

from tests.integration.memory.services import PostgreSQL


def migrate(directory: Path, *flags: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "videocall", "migrate", *flags],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_says_what_it_did(database_url: str, tmp_path: Path) -> None:
    where = database_url.replace("videocall:hunter2@", "")
    flag = ("--database-url", database_url)
    assert migrate(tmp_path, *flag) == (0, f"{where} went from nothing to revision 0001.\n", "")
    assert migrate(tmp_path, *flag) == (0, f"{where} is up to date, at revision 0001.\n", "")


def test_the_database_may_come_from_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "videocall.toml").write_text('database_url = "sqlite:///x.db"')
    assert migrate(tmp_path) == (0, "sqlite:///x.db went from nothing to revision 0001.\n", "")
    assert migrate(tmp_path, "--database-url", "memory")[1].startswith("The database is in memory")


def test_a_database_that_is_down_is_one_line_without_the_password(postgresql: PostgreSQL, tmp_path: Path) -> None:
    missing = postgresql.url("missing")
    for url, why in ((missing, "missing"), (missing.replace(str(postgresql.port), "1"), "refused")):
        code, out, err = migrate(tmp_path, "--database-url", url)
        assert (code, out) == (1, "")
        assert err.startswith("videocall: cannot migrate postgresql://127.0.0.1:")
        assert why in err
        assert "hunter2" not in err
        assert err.count("\n") == 1


def test_no_database_url_is_one_line(tmp_path: Path) -> None:
    assert migrate(tmp_path, "--database-url", "mysql://ada:hunter2@db") == (
        2,
        "",
        "videocall: --database-url: this takes sqlite:///PATH, postgresql://USER:PASSWORD@HOST/NAME, or memory\n",
    )
