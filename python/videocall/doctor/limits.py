"""What the system allows: files and socket buffers."""

import resource
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from videocall.doctor.findings import Finding, ok, warning
from videocall.server.settings import Settings

__all__ = ["check"]

_CHECK: Final = "limits"
_FILES: Final = 4096
"""A socket for each participant, and what else a server has open."""

_RECEIVE_BUFFER: Final = 2 * 1024 * 1024
"""Key frames of many publishers that come at once: a hundred of some 20 kB."""

_RMEM_MAX: Final = Path("/proc/sys/net/core/rmem_max")


def check(_: Settings, rmem_max: Path = _RMEM_MAX) -> Iterable[Finding]:
    """Compare with what a server of some hundred participants needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = soft == resource.RLIM_INFINITY
    if unlimited or soft >= _FILES:
        yield ok(_CHECK, f"{'any number of' if unlimited else soft} open files")
    else:
        mend = (
            f"ulimit -n {_FILES} before it starts" if hard >= _FILES else f"raise the hard limit: LimitNOFILE={_FILES}"
        )
        yield warning(_CHECK, f"{soft} open files bound the number of participants", mend)
    try:
        buffer = int(rmem_max.read_text("ascii"))
    except (OSError, ValueError):
        return
    if buffer >= _RECEIVE_BUFFER:
        yield ok(_CHECK, f"UDP receive buffers of up to {buffer} bytes")
    else:
        yield warning(
            _CHECK,
            f"UDP receive buffers of {buffer} bytes at most: bursts of many publishers may be lost",
            f"sysctl -w net.core.rmem_max={_RECEIVE_BUFFER}",
        )
