"""``make wheel``: the wheel and the source archive, into ``dist/``."""

import shutil
import sys

from project import environment, toolchain
from project.paths import PYTHON, ROOT, tool_environment
from project.shell import StepError, run

DIST = ROOT / "dist"


def main() -> None:
    """Build both, and copy the wheel that ``make run`` uses."""
    try:
        toolchain.require()
        wheel = environment.build()
        DIST.mkdir(exist_ok=True)
        shutil.copy2(wheel, DIST)
        environment.install_group("build")
        run(
            "Building the source archive",
            [PYTHON, "-c", f"import build_backend; build_backend.build_sdist({str(DIST)!r})"],
            env=tool_environment() | {"VIDEOCALL_WEB_BUNDLE": "built", "PYTHONPATH": str(ROOT / "tools")},
        )
    except StepError as error:
        sys.exit(f"error: {error}")
    print(f"In {DIST}: " + ", ".join(sorted(path.name for path in DIST.iterdir())))


if __name__ == "__main__":
    main()
