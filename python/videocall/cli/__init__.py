"""The command ``videocall``."""

from videocall.cli.main import main

__all__ = ["main"]
