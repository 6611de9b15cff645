"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".build"
"""Stamps, wheels, logs: all that the build leaves beside Cargo's target directory."""
WHEELS = STATE / "wheels"
LOGS = STATE / "logs"
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
VIDEOCALL = BIN / "videocall"


def tool_environment() -> dict[str, str]:
    """Return the environment for commands that must find the environment's own programs first."""
    environment = dict(os.environ)
    environment["PATH"] = f"{BIN}{os.pathsep}{environment.get('PATH', '')}"
    environment["VIRTUAL_ENV"] = str(VENV)
    environment.pop("PYTHONHOME", None)
    return environment
