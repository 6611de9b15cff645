"""The server: one public port for the page, its files, ``/ws`` and ``/healthz``, on Hypercorn's Trio worker."""

from videocall.server.serve import START_FAILURES, serve
from videocall.server.settings import RtcAddress, Settings

__all__ = ["START_FAILURES", "RtcAddress", "Settings", "serve"]
