"""The logger of sessions and rooms."""

import logging

from videocall.log import FIELDS, fields

__all__ = ["FIELDS", "fields", "logger"]

logger = logging.getLogger("videocall.signaling")
