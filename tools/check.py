"""``make check``: every linter, formatter and type checker, each in its strictest useful setting."""

import subprocess
import sys
from pathlib import Path

from project import environment, shell, toolchain
from project.paths import BIN, PYTHON, ROOT, tool_environment
from project.shell import StepError

Command = list[str | Path]

PYTHON_SOURCES = ["python", "tools", "tests", "benches"]

CHECKS: tuple[tuple[str, Command, Path], ...] = (
    ("generated documents and types", [PYTHON, "tools/generate_protocol.py", "--check"], ROOT),
    ("ruff format", [BIN / "ruff", "format", "--check", *PYTHON_SOURCES], ROOT),
    ("ruff", [BIN / "ruff", "check", *PYTHON_SOURCES], ROOT),
    ("rustfmt", ["cargo", "fmt", "--all", "--check"], ROOT),
    ("eslint, tsc and prettier for the page", ["npm", "run", "check"], ROOT / "web"),
    ("eslint, tsc and prettier for the browser tests", ["npm", "run", "check"], ROOT / "tests"),
    ("mypy", [PYTHON, "-m", "mypy"], ROOT),
    ("pyright", [BIN / "pyright"], ROOT),
    ("stubtest", [PYTHON, "-m", "mypy.stubtest", "videocall._sfu", "--concise"], ROOT / ".build"),
    ("clippy", ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"], ROOT),
)

FIXES: tuple[tuple[str, Command, Path], ...] = (
    ("ruff format", [BIN / "ruff", "format", *PYTHON_SOURCES], ROOT),
    ("ruff", [BIN / "ruff", "check", "--fix", *PYTHON_SOURCES], ROOT),
    ("rustfmt", ["cargo", "fmt", "--all"], ROOT),
    ("prettier for the page", ["npm", "run", "format"], ROOT / "web"),
    ("prettier for the browser tests", ["npm", "run", "format"], ROOT / "tests"),
)


def main() -> None:
    """Run all checks, going on after a failure, and end with the names of those that failed."""
    try:
        toolchain.require()
        environment.build()
        environment.install_group("dev")
        environment.install_node_tests()
    except StepError as error:
        sys.exit(f"error: {error}")

    failed: list[str] = []
    for name, command, cwd in FIXES if sys.argv[1:] == ["--fix"] else CHECKS:
        shell.heading(name)
        env = tool_environment() | {"PYO3_PYTHON": str(PYTHON)}
        if subprocess.run(command, cwd=cwd, env=env, check=False).returncode != 0:
            failed.append(name)
    if failed:
        sys.exit(f"error: failed: {', '.join(failed)}")
    print("All checks passed.")


if __name__ == "__main__":
    main()
