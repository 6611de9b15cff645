"""The logger of what is remembered."""

import logging

from videocall.log import fields

__all__ = ["fields", "logger"]

logger = logging.getLogger("videocall.store")
