"""The programs that the tests drive and pip, npm and cargo cannot bring: Debian packages."""

import os
import shutil
from pathlib import Path

from project.shell import StepError, run

PROGRAMS = {
    "certutil": "libnss3-tools",
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "initdb": "postgresql",
    "ip": "iproute2",
    "nft": "nftables",
    "nginx": "nginx",
    "openssl": "openssl",
    "redis-server": "redis-server",
    "turnserver": "coturn",
}
"""Program -> the Debian package that has it."""


def install_missing() -> None:
    """Install what is missing, as root on a system with apt.

    Raises:
        StepError: something is missing and cannot be installed from here; the message names all of it.
    """
    missing = {program: package for program, package in PROGRAMS.items() if _find(program) is None}
    if not missing:
        return
    packages = sorted(missing.values())
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StepError(
            f"the tests need {', '.join(sorted(missing))}, not found here; install them "
            f"(on Debian, as root: apt-get install {' '.join(packages)}) and try again"
        )
    quiet = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    run("Reading Debian's package lists", ["apt-get", "update", "-qq"], env=quiet)
    run(
        f"Installing {' '.join(packages)}",
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        env=quiet,
    )
    if still := [program for program in missing if _find(program) is None]:
        raise StepError(f"the tests need {', '.join(still)}, and installing {' '.join(packages)} did not bring it")


def _find(program: str) -> str | None:
    # A plain user's PATH often lacks the sbin directories, where Debian has `ip`. PostgreSQL's servers are on nobody's.
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(program, path=os.pathsep.join(places))
