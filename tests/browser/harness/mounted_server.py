"""The README's web application, on a port that its caller chooses."""

import sys

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from tests.examples.server_example import app, stopped

from videocall.server import tune

if __name__ == "__main__":
    config = tune(Config())
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    trio.run(lambda: serve(app, config, shutdown_trigger=stopped, mode="asgi"))
