"""Files with keys: for their owner's eyes only, and whole or not there at all."""

import contextlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

__all__ = ["replace_file", "write_once"]


def write_once(path: Path, content: bytes) -> None:
    """Write a file unless there is one, even when two processes do so at once."""
    with _written(path.parent, content) as new, contextlib.suppress(FileExistsError):
        os.link(new, path)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of whatever is there."""
    with _written(path.parent, content) as new:
        new.replace(path)


@contextlib.contextmanager
def _written(directory: Path, content: bytes) -> Generator[Path]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=directory)  # readable by its owner only
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)
