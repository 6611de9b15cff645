"""Builds the page in ``web/`` into ``python/videocall/web_dist``, where the wheel takes it from."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
BUNDLE = ROOT / "python" / "videocall" / "web_dist"

MIN_NODE = (20, 19)


class WebBundleError(Exception):
    """The page cannot be built, or what was built is not whole. The message says what to do."""


def build() -> None:
    """Install the page's dependencies and build it, unless this tree has only the built page (an sdist).

    Raises:
        WebBundleError: Node is missing or too old, a command failed, or the bundle lacks a file.
    """
    if (WEB / "package.json").is_file():
        npm = _require_node()
        _run([npm, "ci", "--no-audit", "--no-fund"])
        _run([npm, "run", "build"])
    verify()


def verify() -> None:
    """Check that the bundle holds its page and every file that the page names.

    Raises:
        WebBundleError: a file is missing.
    """
    page = BUNDLE / "index.html"
    if not page.is_file():
        raise WebBundleError(
            f"{page} is missing: the web build wrote no page. Run `npm run build` in {WEB} to see why."
        )
    named = re.findall(r'(?:src|href)="(?:\./|/)?(assets/[^"]+)"', page.read_text(encoding="utf-8"))
    if not any(name.endswith(".js") for name in named):
        raise WebBundleError(f"{page} names no script: this is not the built page.")
    for name in named:
        if not (BUNDLE / name).is_file():
            raise WebBundleError(f"{page} names {name}, which is not in {BUNDLE}.")


def _require_node() -> str:
    """Return the path of npm, once Node is known to be new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise WebBundleError("Building the page needs Node >= 20.19 with npm, and there is none on PATH.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if found < MIN_NODE:
        raise WebBundleError(f"Building the page needs Node >= 20.19, and {node} is {version}.")
    return npm


def _run(command: list[str]) -> None:
    # A build frontend reads the hooks' result from a file, and pip may show stdout or not: say it on stderr.
    print(f"+ {' '.join([Path(command[0]).name, *command[1:]])}", file=sys.stderr, flush=True)
    finished = subprocess.run(command, cwd=WEB, stdout=sys.stderr.fileno(), check=False)
    if finished.returncode != 0:
        raise WebBundleError(f"`{' '.join(command)}` in {WEB} ended with status {finished.returncode}.")


if __name__ == "__main__":
    try:
        build()
    except WebBundleError as error:
        sys.exit(f"error: {error}")
