"""``videocall doctor``: whether a server with these settings would work here, proved by doing what it would do."""

from videocall.doctor.examination import examine
from videocall.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]
