"""Runs commands so that a person can see what goes on, and how long it takes."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from project.paths import ROOT


class StepError(Exception):
    """A step failed; the message is one line that says which, and what to do where that is known."""


def heading(text: str) -> None:
    """Announce a step."""
    emphasis = ("\033[1;36m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"{emphasis[0]}==> {text}{emphasis[1]}", flush=True)


def run(title: str, command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Announce and run a command, its output going to the terminal.

    Raises:
        StepError: the command could not be started, or ended with another status than 0.
    """
    heading(title)
    words = [str(word) for word in command]
    started = time.monotonic()
    try:
        status = subprocess.run(words, cwd=cwd, env=env, check=False).returncode
    except OSError as error:
        raise StepError(f"{title}: cannot start {words[0]}: {error.strerror}") from error
    if status != 0:
        raise StepError(f"{title}: `{' '.join(words)}` ended with status {status}")
    print(f"    done in {time.monotonic() - started:.1f} s", flush=True)
