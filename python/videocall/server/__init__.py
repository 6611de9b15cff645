"""The server: one public port for the page, its files, ``/ws``, the REST API and what operators ask for.

`Server` is all of it but the port, to be mounted in an ASGI application; `serve` puts it on a port, with Hypercorn's
Trio worker.
"""

from videocall.server.failures import START_FAILURES
from videocall.server.serve import Started, serve
from videocall.server.server import NotRunningError, Server
from videocall.server.settings import RtcAddress, Settings
from videocall.server.tuning import tune

__all__ = ["START_FAILURES", "NotRunningError", "RtcAddress", "Server", "Settings", "Started", "serve", "tune"]
