"""The listening sockets, made here because Hypercorn's own lack what keeps a stalled peer from holding a connection."""

import socket
from collections.abc import Sequence
from typing import Final

__all__ = ["ListenError", "as_binds", "listen"]

_USER_TIMEOUT_MS: Final = 10_000
"""How long sent data may stay unacknowledged, or the peer's window shut, before the kernel ends the connection.

Hypercorn sends shielded from cancellation, so that nothing else would.
"""

_KEEPALIVE_S: Final = 5
_BACKLOG: Final = 1024


class ListenError(Exception):
    """An address cannot be listened on; the message is one line for the user."""


def listen(host: str, port: int, setting: str = "--port") -> list[socket.socket]:
    """Listen on every address that `host` stands for, on all there are for ``""``; port 0 takes a free one for all.

    Args:
        host: a name or an address.
        port: TCP.
        setting: that chose the port, for messages.

    Raises:
        ListenError: the host does not resolve, or an address is taken or not ours.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"host {host!r} is not an address of this machine: {error.strerror}") from None
    sockets: list[socket.socket] = []
    try:
        for family, *_, address in dict.fromkeys(found):
            wanted = sockets[0].getsockname()[1] if sockets else port
            if not host and family == socket.AF_INET6 and not _has_ipv6():
                continue
            sockets.append(_listen_on(family, str(address[0]), int(wanted), setting))
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _has_ipv6() -> bool:
    """Whether the kernel has it; names resolve to IPv6 addresses all the same."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def as_binds(sockets: Sequence[socket.socket]) -> list[str]:
    """Hand the sockets over, as what Hypercorn's ``bind`` takes. It owns them from then on."""
    return [f"fd://{sock.detach()}" for sock in sockets]


def _listen_on(family: int, ip: str, port: int, setting: str) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted sockets inherit these.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_S)
        sock.bind((ip, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenError(_explain(error, ip, port, setting)) from None
    return sock


def _explain(error: OSError, ip: str, port: int, setting: str) -> str:
    where = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    match error.errno:
        case 98:  # EADDRINUSE
            return f"port {port} is taken ({where}); end what listens there, or choose another with {setting}"
        case 99:  # EADDRNOTAVAIL
            return f"{ip} is not an address of this machine; choose another with --host"
        case 13:  # EACCES
            return f"port {port} needs more rights than you have; choose one from 1024 up with {setting}"
        case _:
            return f"cannot listen on {where}: {error.strerror}"
