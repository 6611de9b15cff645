"""``make quality``: calls through bad networks; writes docs/quality.md anew."""

import os
import sys

from project import debian, environment, toolchain
from project.paths import ROOT, tool_environment
from project.shell import StepError, run


def main() -> None:
    """Build, then become the runs in ``tests/quality/``."""
    try:
        toolchain.require()
        environment.build()
        environment.install_node_tests()
        debian.install_missing()
        run("Building the relay", ["cargo", "build", "--locked", "--release", "-p", "videocall-relay"])
    except StepError as error:
        sys.exit(f"error: {error}")
    program = ["node", str(ROOT / "tests" / "quality" / "run.mjs"), *sys.argv[1:]]
    os.execvpe(program[0], program, tool_environment())


if __name__ == "__main__":
    main()
