"""Clean environments to install a wheel into."""

import os
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class CleanEnvironment:
    """A virtual environment whose PATH leads nowhere else: no cargo, no node, no compiler."""

    def __init__(self, directory: Path) -> None:
        venv.EnvBuilder(with_pip=True, symlinks=True).create(directory)
        self.directory = directory
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "VIRTUAL_ENV", "VIDEOCALL"))
        } | {"PATH": str(directory / "bin")}

    def run(self, program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run one of the environment's programs and return what it printed."""
        command = [self.program(program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd or self.directory, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def install(self, *what: str | Path) -> None:
        self.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)

    def program(self, name: str) -> str:
        return str(self.directory / "bin" / name)
