"""``videocall doctor``: show what is found, each failure with its mend."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import trio

from videocall.doctor import Finding, Level, examine
from videocall.server.settings import Settings

__all__ = ["run_doctor"]

_SIGNS: Final[dict[Level, str]] = {"ok": "ok", "warning": "warn", "failure": "FAIL"}


def run_doctor(settings: Settings, *, as_json: bool) -> bool:
    """Examine and print; return whether nothing failed."""
    findings = trio.run(_collect, settings, _ignore if as_json else _show)
    failed = sum(finding.level == "failure" for finding in findings)
    if as_json:
        report = {"ok": not failed, "findings": findings}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        print(_sum_up(findings))
    return not failed


async def _collect(settings: Settings, show: Callable[[Finding], None]) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in examine(settings):
        show(finding)
        findings.append(finding)
    return findings


def _show(finding: Finding) -> None:
    print(f"{_SIGNS[finding.level]:<4}  {finding.check:<11}  {finding.found}", flush=True)
    if finding.mend:
        print(f"{'':<19}-> {finding.mend}", flush=True)


def _sum_up(findings: Sequence[Finding]) -> str:
    failed, warned = (sum(it.level == level for it in findings) for level in ("failure", "warning"))
    if failed:
        return f"{failed} of {len(findings)} checks failed."
    return f"All {len(findings)} checks passed{f', {warned} with a warning' if warned else ''}."


def _ignore(_: Finding) -> None:
    pass
