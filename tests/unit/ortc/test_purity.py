"""The package stays what it says: no event loop, no server, no extension."""

import subprocess
import sys


def test_nothing_but_values_is_imported() -> None:
    script = "import sys, videocall.ortc; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "videocall.ortc" in loaded
    assert not {"trio", "asyncio", "hypercorn", "starlette", "videocall._sfu"} & set(loaded)
