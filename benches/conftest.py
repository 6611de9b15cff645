"""What all benchmarks need: the programs built, and this process out of the server's way."""

import os

import pytest
from benches.processes import LOAD_PROCESSOR, binary


@pytest.fixture(scope="session", autouse=True)
def room_for_the_server() -> None:
    """Build first, on all processors; then leave the first one to the server."""
    for name in ("videocall-load", "videocall-limit"):
        binary(name)
    os.sched_setaffinity(0, {LOAD_PROCESSOR})
