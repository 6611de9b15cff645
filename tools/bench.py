"""``make bench``: the benchmarks, against the release build."""

import os
import sys

from project import environment, toolchain
from project.paths import PYTHON, tool_environment
from project.shell import StepError


def main() -> None:
    """Build, then become pytest on ``benches/``."""
    try:
        toolchain.require()
        environment.build()
        environment.install_group("test")
    except StepError as error:
        sys.exit(f"error: {error}")
    os.execve(PYTHON, [str(PYTHON), "-m", "pytest", "benches", "--benchmark-only", *sys.argv[1:]], tool_environment())


if __name__ == "__main__":
    main()
