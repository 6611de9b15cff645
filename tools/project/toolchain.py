"""Names, in one line each, what this machine lacks to build the project."""

import importlib.util
import re
import shutil
import subprocess
import sys

from project.paths import ROOT
from project.shell import StepError

MIN_NODE = (20, 19)


def require() -> None:
    """Check for Python's venv, Rust and Node; the Makefile has checked Python itself.

    Raises:
        StepError: one line for each thing that is missing or too old.
    """
    problems = [problem for problem in (_python(), _rust(), _node()) if problem]
    if problems:
        raise StepError("\n".join(problems))


def require_lock_file() -> None:
    """Check that Cargo.lock is that of the manifests: a build would quietly bring it up to date.

    Raises:
        StepError: it is not, or cannot be read.
    """
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepError(
            f"Cargo.lock does not fit the manifests; run `cargo check` and commit it.\n{done.stderr.strip()}"
        )


def _python() -> str | None:
    # Debian splits Python's own library: its venv module comes without what fills an environment.
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        return (
            f"{sys.executable} cannot make environments: install its venv module (on Debian: apt install python3-venv)."
        )
    return None


def _rust() -> str | None:
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    wanted = re.search(r'^rust-version = "([\d.]+)"', manifest, re.MULTILINE)
    minimum = wanted.group(1) if wanted else "1.85"
    if shutil.which("cargo") is None:
        return f"Rust >= {minimum} with cargo is needed, and there is no cargo on PATH: install it with rustup."
    if shutil.which("cc") is None:
        return "A C compiler is needed (Rust links with `cc`), and there is none on PATH (on Debian: apt install gcc)."
    return _too_old("Rust", ["rustc", "--version"], _version(minimum))


def _node() -> str | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node >= 20.19 with npm is needed, and it is not on PATH."
    return _too_old("Node", ["node", "--version"], MIN_NODE)


def _too_old(name: str, command: list[str], minimum: tuple[int, ...]) -> str | None:
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    if _version(output) < minimum:
        return f"{name} >= {'.'.join(map(str, minimum))} is needed, and this is {output or 'unknown'}."
    return None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
