"""The test suites, in the order in which ``make test`` runs them: the fast ones first."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from project import shell
from project.paths import LOGS, PYTHON, ROOT, tool_environment

NODE_TESTS = ROOT / "tests"
_LIMIT_SECONDS = 15 * 60
"""No suite comes near it; one that hangs must not hold up the rest for ever."""

_TIMED_OUT = 124
_NODE_TEST = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1"]


@dataclass(frozen=True, slots=True)
class Suite:
    """One command that runs tests.

    Attributes:
        name: how ``make test ARGS=name`` picks it.
        about: one line for the person who watches.
        command: what to run; it fails by its exit status.
        cwd: where to run it.
        background: it mostly waits, so it runs beside the suites after it, its output going to a log.
    """

    name: str
    about: str
    command: list[str | Path]
    cwd: Path = ROOT
    background: bool = False
    env: dict[str, str] = field(default_factory=dict[str, str])


def _node(name: str, about: str, *files: str, background: bool = False) -> Suite:
    return Suite(name, about, [*_NODE_TEST, *files], cwd=NODE_TESTS, background=background)


def _pytest(name: str, about: str, *arguments: str) -> Suite:
    return Suite(name, about, [PYTHON, "-m", "pytest", *arguments])


_IN_NAMESPACES = [
    "browser/network.test.mjs",
    "browser/turn.test.mjs",
    "browser/lan.test.mjs",
    "browser/doctor.test.mjs",
    "browser/tcp.test.mjs",
]

SUITES: tuple[Suite, ...] = (
    Suite("web", "unit tests of the page", ["npm", "test"], cwd=ROOT / "web"),
    _pytest("python", "Python: unit, stateful and integration tests", "--ignore=tests/packaging", "tests"),
    # The binding is left out: without the extension-module feature it would need libpython to link with. The Python
    # suites test it, as what it is.
    Suite(
        "rust",
        "Rust: unit, property, network and handshake tests",
        ["cargo", "test", "--locked", "--workspace", "--exclude", "videocall-py"],
        env={"PYO3_PYTHON": str(PYTHON)},
    ),
    _node(
        "endurance", "a call of several minutes (beside the next suites)", "browser/endurance.test.mjs", background=True
    ),
    _pytest("packaging", "the wheel and the source archive, in clean environments", "tests/packaging"),
    _node("interop", "clients that nobody here wrote", "interop/"),
    _node(
        "browser",
        "Chromium: whole calls",
        "browser/call.test.mjs",
        "browser/page.test.mjs",
        "browser/layers.test.mjs",
        "browser/meeting.test.mjs",
        "browser/mounted.test.mjs",
        "browser/recovery.test.mjs",
    ),
    Suite(
        "network",
        "Firefox and Chromium in network namespaces, through TURN, over TCP, and on a LAN",
        ["node", "browser/in_namespaces.mjs", *_NODE_TEST, *_IN_NAMESPACES],
        cwd=NODE_TESTS,
    ),
)


class UnknownSuiteError(Exception):
    """A name that no suite has."""


def select(names: Iterable[str]) -> list[Suite]:
    """Return the named suites in their usual order, or all.

    Raises:
        UnknownSuiteError: a name that no suite has.
    """
    wanted = set(names)
    if unknown := wanted - {suite.name for suite in SUITES}:
        raise UnknownSuiteError(f"no suite is called {', '.join(sorted(unknown))}; there are {', '.join(_names())}")
    return [suite for suite in SUITES if not wanted or suite.name in wanted]


@dataclass(frozen=True, slots=True)
class Result:
    """How a suite ended."""

    suite: Suite
    status: int
    seconds: float


def run_all(suites: Iterable[Suite]) -> list[Result]:
    """Run the suites, going on after a failure; return the results in the order in which they ended."""
    results: list[Result] = []
    waiting: list[_Background] = []
    try:
        for suite in suites:
            if suite.background:
                waiting.append(_Background(suite))
            else:
                results.append(_run(suite))
        results.extend(background.join() for background in waiting)
    finally:
        for background in waiting:
            background.stop()
    return results


def _names() -> list[str]:
    return [suite.name for suite in SUITES]


def _environment(suite: Suite) -> dict[str, str]:
    return tool_environment() | suite.env


def _run(suite: Suite) -> Result:
    shell.heading(f"{suite.name}: {suite.about}")
    started = time.monotonic()
    with _start(suite, None) as process:
        status = _wait(process)
    return Result(suite, status, time.monotonic() - started)


def _start(suite: Suite, output: TextIO | None) -> "subprocess.Popen[bytes]":
    # A session of its own, so that a suite can be ended with all that it started.
    return subprocess.Popen(
        suite.command,
        cwd=suite.cwd,
        env=_environment(suite),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
    )


def _wait(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        shell.heading(f"no end after {_LIMIT_SECONDS} s: ended from outside")
        _end(process)
        return _TIMED_OUT
    except BaseException:
        _end(process)
        raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Background:
    """A suite that runs beside others; its output is shown when it is joined."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        LOGS.mkdir(parents=True, exist_ok=True)
        self._log = LOGS / f"{suite.name}.log"
        self._started = time.monotonic()
        shell.heading(f"{suite.name}: {suite.about}; its output goes to {os.path.relpath(self._log)}")
        self._output: TextIO = self._log.open("w", encoding="utf-8")
        self._process = _start(suite, self._output)

    def join(self) -> Result:
        shell.heading(f"{self._suite.name}: waiting for its end")
        status = _wait(self._process)
        seconds = time.monotonic() - self._started
        print(self._log.read_text(encoding="utf-8"), flush=True)
        return Result(self._suite, status, seconds)

    def stop(self) -> None:
        if self._process.poll() is None:
            _end(self._process)
        self._output.close()
