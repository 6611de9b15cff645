"""``make run``: builds what changed, then becomes ``videocall serve``."""

import os
import sys

from project import environment, toolchain
from project.paths import VIDEOCALL, tool_environment
from project.shell import StepError


def main() -> None:
    """Build, then replace this process by the server, so that signals reach it."""
    try:
        toolchain.require()
        environment.build()
    except StepError as error:
        sys.exit(f"error: {error}")
    command = [str(VIDEOCALL), "serve", *sys.argv[1:]]
    print(f"+ videocall {' '.join(command[1:])}", flush=True)
    os.execve(command[0], command, tool_environment())


if __name__ == "__main__":
    main()
