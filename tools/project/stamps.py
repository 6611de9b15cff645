"""Remembers what a step was made from, so that it is done again only when that changed."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from project.paths import ROOT, STATE

IGNORED = {"node_modules", "__pycache__", "web_dist", "target", "dist", ".vite", "coverage"}


def digest(sources: Iterable[str], extra: str = "") -> str:
    """Return a digest over the names and contents of files.

    Args:
        sources: files and directories relative to the project's root; a directory counts with all below it.
        extra: anything else that the step depends on.
    """
    state = hashlib.sha256(extra.encode())
    for path in _files(sources):
        state.update(f"\0{path.relative_to(ROOT)}\0".encode())
        state.update(path.read_bytes())
    return state.hexdigest()


def is_current(step: str, value: str) -> bool:
    """Tell whether the step was last finished with this digest."""
    stamp = _stamp(step)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == value


def record(step: str, value: str) -> None:
    """Note that the step was finished with this digest."""
    STATE.mkdir(exist_ok=True)
    _stamp(step).write_text(value, encoding="utf-8")


def forget(step: str) -> None:
    """Have the step done again."""
    _stamp(step).unlink(missing_ok=True)


def _stamp(step: str) -> Path:
    return STATE / f"{step}.stamp"


def _files(sources: Iterable[str]) -> Iterator[Path]:
    for source in sources:
        path = ROOT / source
        if path.is_dir():
            for child in sorted(path.iterdir()):
                if child.name not in IGNORED and child.suffix not in {".so", ".pyc"}:
                    yield from _files([str(child.relative_to(ROOT))])
        elif path.is_file():
            yield path
