"""``make dev``: an environment in which the sources run as they are."""

import sys

from project import environment, toolchain
from project.paths import BIN
from project.shell import StepError


def main() -> None:
    """Make the environment and install this tree into it, editable, with a debug build of the extension."""
    try:
        toolchain.require()
        environment.install_group("dev")
        environment.install_editable()
    except StepError as error:
        sys.exit(f"error: {error}")
    print(
        f"""
Python and the built page run from this tree: {BIN}/videocall serve
After a change in rust/: make dev. For the page with hot reload: npm --prefix web run dev
"""
    )


if __name__ == "__main__":
    main()
