"""Whether the ports can be had, and who has them if not."""

import errno
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from videocall.doctor.findings import Finding, failure, ok
from videocall.server.addresses import media_addresses
from videocall.server.listener import ListenError, listen
from videocall.server.settings import Settings

__all__ = ["Owner", "check", "owner_of"]

_CHECK: Final = "ports"


def check(settings: Settings) -> Iterable[Finding]:
    """Bind what the server would bind, for a moment."""
    yield _tcp(settings, settings.port, "--port")
    if settings.redirect_port is not None:  # else another one is taken when this is
        yield _tcp(settings, settings.redirect_port, "--redirect-port")
    workers = settings.workers or len(os.sched_getaffinity(0))
    last = settings.rtc_port + workers - 1
    if settings.rtc_port and last > 65535:
        yield failure(_CHECK, f"UDP {settings.rtc_port}-{last} goes past the last port", "choose a lower --rtc-port")
        return
    where = f"{settings.rtc_port}-{last}" if settings.rtc_port else "(any)"
    for kind in ("udp", "tcp") if settings.rtc_tcp else ("udp",):
        free: list[str] = []
        for address in media_addresses(settings):
            found = list(_media(kind, address.ip, settings.rtc_port, workers))
            yield from found
            if not found:
                free.append(address.ip)
        if free:
            yield ok(_CHECK, f"{kind.upper()} {where} can be had on {', '.join(free)}")


@frozen
class Owner:
    """A process that has a port."""

    pid: int
    command: str

    @property
    def is_server(self) -> bool:
        """Whether it is one like us."""
        return "videocall" in self.command and " serve" in self.command

    def __str__(self) -> str:
        return f"process {self.pid}: {self.command[:80]}"


def owner_of(kind: str, port: int) -> Owner | None:
    """Which process has a port, ``tcp`` or ``udp``; `None` when that is not to be seen."""
    inodes = {f"socket:[{inode}]" for inode in _inodes(kind, port)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone, or another user's
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                return Owner(int(process.name), command)
    return None


def _tcp(settings: Settings, port: int, setting: str) -> Finding:
    try:
        for sock in listen(settings.host, port, setting):
            sock.close()
    except ListenError as error:
        owner = owner_of("tcp", port)
        if owner and owner.is_server:
            return ok(_CHECK, f"TCP {port} is this server's already ({owner})")
        mend = (
            f"end process {owner.pid}, or choose another {setting}" if owner else f"choose another {setting} or --host"
        )
        return failure(_CHECK, f"TCP {port}: {error}" + (f"; {owner} has it" if owner else ""), mend)
    return ok(_CHECK, f"TCP {port or '(any)'} can be had on {settings.host or 'every address'}")


def _media(kind: str, ip: str, first: int, workers: int) -> Iterator[Finding]:
    """What is in the way of the media ports of one address; nothing when they can be had."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for port in range(first, first + workers) if first else (0,):
        with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as sock:
            if kind == "tcp":  # connections that ended a moment ago are in nobody's way
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((ip, port))
            except OSError as error:
                yield _media_taken(kind, ip, port, error)


def _media_taken(kind: str, ip: str, port: int, error: OSError) -> Finding:
    owner = owner_of(kind, port)
    if owner and owner.is_server:
        return ok(_CHECK, f"{kind.upper()} {port} on {ip} is this server's already ({owner})")
    what = f"{kind.upper()} {port} cannot be had on {ip}: {error.strerror}" + (f"; {owner} has it" if owner else "")
    if owner:
        return failure(_CHECK, what, f"end process {owner.pid}, or choose another --rtc-port")
    taken = error.errno == errno.EADDRINUSE
    return failure(
        _CHECK, what, "choose another --rtc-port" if taken else "name an address of this machine with --rtc-address"
    )


def _inodes(kind: str, port: int) -> Iterator[str]:
    for table in (f"/proc/net/{kind}", f"/proc/net/{kind}6"):
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                local, remote = fields[1], fields[2]
                if int(local.rpartition(":")[2], 16) == port and remote.endswith(":0000"):
                    yield fields[9]
