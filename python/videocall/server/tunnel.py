"""A public URL by a tunnel program that is installed here: cloudflared or ngrok."""

import json
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final, cast

import trio
from attrs import frozen

from videocall.server.settings import TunnelKind
from videocall.signaling.log import fields, logger

__all__ = ["TunnelError", "TunnelProgram", "find_program", "run_tunnel"]

_START_S: Final = 30.0
_MAX_LINE: Final = 8192


class TunnelError(Exception):
    """There is no tunnel; the message is one line for the user."""


@frozen
class TunnelProgram:
    """A program that is installed.

    Attributes:
        path: where it is.
        arguments: makes them from the URL that the tunnel ends at.
        read: finds in a line that it prints the public URL, or what went wrong; in most there is neither.
    """

    name: str
    path: str
    arguments: Callable[[str], list[str]]
    read: Callable[[str], "_Told"]


@frozen
class _Told:
    url: str | None = None
    failure: str | None = None


def find_program(kind: TunnelKind) -> TunnelProgram:
    """Find the program.

    Raises:
        TunnelError: it is not installed.
    """
    names = list(_PROGRAMS) if kind == "auto" else [kind]
    for name in names:
        if path := shutil.which(name):
            return TunnelProgram(name, path, *_PROGRAMS[name])
    raise TunnelError(f"--tunnel needs {' or '.join(names)}, and there is none on PATH; {_WHERE}")


async def run_tunnel(
    program: TunnelProgram, target: str, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Run it until cancelled, and end it then; tell its public URL once it is there.

    A tunnel that ends by itself later is logged: whoever is in a call stays there, as media does not go through it.

    Args:
        program: what to run.
        target: the server's own URL.

    Raises:
        TunnelError: it ended, or said nothing, before there was a URL.
    """
    # In a session of its own: Ctrl-C shall reach the server first, which says goodbye through the tunnel.
    process = await trio.lowlevel.open_process(
        [program.path, *program.arguments(target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        lines = _lines(cast("trio.abc.ReceiveStream", process.stdout))
        url = await _public_url(program, process, lines)
        logger.info("tunnel open", extra=fields(program=program.name, url=url))
        task_status.started(url)
        async for _ in lines:
            pass  # it would stand still with nobody to read it
        logger.warning("tunnel ended", extra=fields(program=program.name, status=await process.wait()))
    finally:
        await _end(process)


async def _public_url(program: TunnelProgram, process: trio.Process, lines: AsyncGenerator[str]) -> str:
    failure = ""
    with trio.move_on_after(_START_S):
        async for line in lines:
            told = program.read(line)
            if told.url:
                return told.url
            failure = told.failure or failure
        status = await process.wait()
        raise TunnelError(f"{program.name} ended with status {status}{f': {failure}' if failure else ''}")
    raise TunnelError(f"{program.name} gave no URL within {_START_S:g} s{f': {failure}' if failure else ''}")


async def _lines(stream: trio.abc.ReceiveStream) -> AsyncGenerator[str]:
    rest = b""
    async for chunk in stream:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
        rest = rest[-_MAX_LINE:]


async def _end(process: trio.Process) -> None:
    with trio.CancelScope(shield=True):
        if process.returncode is None:
            process.terminate()
            with trio.move_on_after(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _cloudflared(target: str) -> list[str]:
    trust = ["--no-tls-verify"] if target.startswith("https:") else []
    return ["tunnel", "--no-autoupdate", *trust, "--url", target]


_CLOUDFLARE_URL: Final = re.compile(r"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com")


def _read_cloudflared(line: str) -> _Told:
    if found := _CLOUDFLARE_URL.search(line):
        return _Told(url=found[0])
    return _Told(failure=line.partition("ERR ")[2].strip() or None)


def _ngrok(target: str) -> list[str]:
    return ["http", target, "--log", "stdout", "--log-format", "json"]


def _read_ngrok(line: str) -> _Told:
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return _Told(failure=line.partition("ERROR:")[2].strip() or None)
    told: Mapping[str, object] = cast("Mapping[str, object]", entry) if isinstance(entry, dict) else {}
    url, failure = told.get("url"), told.get("err")
    return _Told(
        url=url if isinstance(url, str) and told.get("msg") == "started tunnel" else None,
        failure=failure if isinstance(failure, str) and failure != "<nil>" else None,
    )


_PROGRAMS: Final = {
    "cloudflared": (_cloudflared, _read_cloudflared),
    "ngrok": (_ngrok, _read_ngrok),
}
_WHERE: Final = "see https://github.com/cloudflare/cloudflared or https://ngrok.com/download"
