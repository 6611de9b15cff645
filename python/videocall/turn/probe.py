"""Whether a TURN server works, found out by using it."""

import errno
import socket
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol, TypeVar, cast

import trio

from videocall.turn.allocation import Allocation, Conversation, TurnError, allocate, ask_for_own_address
from videocall.turn.credentials import Credentials
from videocall.turn.messages import HEADER_LEN, Address, MalformedError, message_length
from videocall.turn.url import TurnUrl

__all__ = ["TIMEOUT_S", "own_address", "probe"]

T = TypeVar("T")

TIMEOUT_S: Final = 5.0
_FIRST_RETRY_S: Final = 0.5
"""RFC 8489, section 6.2.1; doubled each time."""

_MAX_DATAGRAM: Final = 65_535


class _Link(Protocol):
    async def ask(self, request: bytes) -> bytes:
        """Send a request and return what comes back."""
        ...


async def probe(
    url: TurnUrl,
    credentials: Credentials | None = None,
    peers: Sequence[str] = (),
    timeout_s: float = TIMEOUT_S,
    tls: ssl.SSLContext | None = None,
) -> Allocation:
    """Allocate a relay address and give it back.

    Args:
        url: the server.
        credentials: an account there, when it asks for one.
        peers: IP addresses that it has to relay to, such as the media server's.
        timeout_s: for all of it.
        tls: for ``turns:``; by default the system's certificate authorities are trusted.

    Raises:
        TurnError: it does not work; the message says why in one line.
    """
    return await _converse(url, allocate(credentials, peers), timeout_s, tls)


async def own_address(stun_url: str, timeout_s: float = TIMEOUT_S) -> Address:
    """Ask a STUN server from where our packets come.

    Args:
        stun_url: a ``stun:`` or ``stuns:`` URL (RFC 7064), which has a ``turn:`` URL's form without the transport.
        timeout_s: for all of it.

    Raises:
        TurnError: it does not work; the message says why in one line.
    """
    url = TurnUrl.parse(stun_url.replace("stun", "turn", 1))
    return await _converse(url, ask_for_own_address(), timeout_s, None)


async def _converse(url: TurnUrl, conversation: Conversation[T], timeout_s: float, tls: ssl.SSLContext | None) -> T:
    with trio.move_on_after(timeout_s):
        try:
            async with _open(url, tls) as link:
                return await _carry(conversation, link)
        except (trio.BrokenResourceError, OSError) as error:
            raise TurnError(_explain(error, url)) from None
    raise TurnError(f"no answer within {timeout_s:g} s")


async def _carry(conversation: Conversation[T], link: _Link) -> T:
    try:
        request = next(conversation)
        while True:
            request = conversation.send(await link.ask(request))
    except StopIteration as end:
        outcome: T = end.value
        return outcome


@asynccontextmanager
async def _open(url: TurnUrl, tls: ssl.SSLContext | None) -> AsyncGenerator[_Link]:
    if url.transport == "udp":
        (family, _, _, _, address), *_ = await trio.socket.getaddrinfo(url.host, url.port, type=trio.socket.SOCK_DGRAM)
        with trio.socket.socket(family, trio.socket.SOCK_DGRAM) as sock:
            await sock.connect(address)
            yield _Datagrams(sock)
        return
    stream: trio.abc.Stream = await trio.open_tcp_stream(url.host, url.port)
    if url.secure:
        context = tls or ssl.create_default_context()
        stream = trio.SSLStream(stream, context, server_hostname=url.host, https_compatible=True)
    async with stream:
        yield _Messages(stream)


class _Datagrams:
    """Messages over UDP, repeated until something comes back."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._sock = sock

    async def ask(self, request: bytes) -> bytes:
        patience = _FIRST_RETRY_S
        while True:
            await self._sock.send(request)
            with trio.move_on_after(patience):
                while True:
                    response = await self._sock.recv(_MAX_DATAGRAM)
                    if response[8:HEADER_LEN] == request[8:HEADER_LEN]:  # else a repeated answer to an earlier one
                        return response
            patience *= 2


class _Messages:
    """Messages over a stream, told apart by their length (RFC 8656, section 3.1)."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def ask(self, request: bytes) -> bytes:
        await self._stream.send_all(request)
        header = await self._exactly(HEADER_LEN)
        try:
            return header + await self._exactly(message_length(header) - HEADER_LEN)
        except MalformedError as error:
            raise TurnError(f"what answers there is no TURN server: {error}") from None

    async def _exactly(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            part = await self._stream.receive_some(length - len(received))
            if not part:
                raise TurnError("it closed the connection without an answer")
            received += part
        return received


def _explain(error: Exception, url: TurnUrl) -> str:
    # Trio wraps what a TLS handshake ran into, and what became of each of a name's addresses.
    cause: BaseException = error.__cause__ or error
    while isinstance(cause, BaseExceptionGroup):
        cause = cast("BaseExceptionGroup[BaseException]", cause).exceptions[0]
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not good for {url.host}: {cause.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {cause.reason or cause}"
        case ConnectionRefusedError():
            return "nothing listens there"
        case socket.gaierror():
            return f"its name does not resolve: {cause.strerror}"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            return "there is no route to it"
        case _:
            return f"the connection failed: {str(cause) or type(cause).__name__}"
