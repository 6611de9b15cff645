"""The public keys of those who sign tokens, out of a file or from a URL, kept fresh beside the calls."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import trio

from videocall.health import Part
from videocall.jwks import JwksError, PublicKey, find_key, parse_jwks
from videocall.protocol import ErrorCode, ProtocolError
from videocall.signaling.log import fields

__all__ = ["MAX_BYTES", "PAUSE_S", "REFRESH_S", "TIMEOUT_S", "KeyCache", "load_keys"]

REFRESH_S: Final = 600.0
"""How often the set is read anew, so that keys that were taken out of it are not taken for long."""

PAUSE_S: Final = 30.0
"""At least so long between two readings, whatever keys tokens name."""

TIMEOUT_S: Final = 5.0
MAX_BYTES: Final = 256 * 1024

logger = logging.getLogger("videocall.server")


class KeyCache:
    """A key set. While it cannot be read, the keys that were read last are kept.

    Attributes:
        part: ``jwks``: degraded while these are old, down while there are none.
    """

    def __init__(self, read: Callable[[], Awaitable[bytes]], client: httpx.AsyncClient | None = None) -> None:
        self.part: Final = Part("jwks")
        self._read = read
        self._client = client
        self._keys: list[PublicKey] | None = None
        self._reading = trio.Lock()
        self._next = float("-inf")

    async def find(self, kid: str | None, algorithm: str) -> object | None:
        """See `videocall.tokens.KeySource`. An unknown id has the set read anew, if that was not just done."""
        found = self._find(kid, algorithm)
        if found is None:
            async with self._reading:
                found = self._find(kid, algorithm)
                if found is None and trio.current_time() >= self._next:
                    await self._refresh()
                    found = self._find(kid, algorithm)
        if self._keys is None:
            raise ProtocolError(ErrorCode.UNAVAILABLE, "The keys that tokens are checked by cannot be had just now.")
        return found

    async def read(self) -> None:
        """Read the set.

        Raises:
            JwksError: it is none.
            OSError, httpx.HTTPError, httpx.InvalidURL: it cannot be had.
        """
        self._next = trio.current_time() + PAUSE_S
        try:
            with trio.fail_after(TIMEOUT_S):
                text = await self._read()
        except trio.TooSlowError:
            raise JwksError(f"it did not come within {TIMEOUT_S:.0f} s") from None
        self._keys = await trio.to_thread.run_sync(parse_jwks, text)
        self.part.ok()

    async def run(self) -> None:
        """Read it again and again, without end."""
        try:
            while True:
                async with self._reading:
                    if trio.current_time() >= self._next:
                        await self._refresh()
                await trio.sleep(REFRESH_S if self._keys is not None else PAUSE_S)
        finally:
            if self._client is not None:
                with trio.CancelScope(shield=True):
                    await self._client.aclose()

    def _find(self, kid: str | None, algorithm: str) -> object | None:
        return find_key(self._keys, kid, algorithm) if self._keys is not None else None

    async def _refresh(self) -> None:
        try:
            await self.read()
        except (JwksError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            become = self.part.down if self._keys is None else self.part.degraded
            become(str(error) or type(error).__name__)
            logger.warning("token keys not read", extra=fields(error=str(error) or type(error).__name__))


async def load_keys(source: str | Path, transport: httpx.AsyncBaseTransport | None = None) -> KeyCache:
    """The key set of a URL, or in a file, to be kept fresh by `KeyCache.run`. `transport` is for tests.

    Raises:
        JwksError: the file cannot be read, or is no key set. A URL is asked later, and again if need be.
    """
    if isinstance(source, str):
        headers = {"accept-encoding": "identity"}  # or its size would be known too late
        client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S, headers=headers)
        return KeyCache(partial(_read_url, client, source), client)
    cache = KeyCache(partial(_read_file, source))
    try:
        await cache.read()
    except (OSError, JwksError) as error:
        raise JwksError(f"{source} cannot be used as token_jwks: {error}") from None
    return cache


async def _read_file(path: Path) -> bytes:
    async with await trio.open_file(path, "rb") as file:
        text = await file.read(MAX_BYTES + 1)
    _check_size(text)
    return text


async def _read_url(client: httpx.AsyncClient, url: str) -> bytes:
    text = bytearray()
    async with client.stream("GET", url) as response:
        if response.status_code != 200 or "content-encoding" in response.headers:
            raise JwksError(f"the answer is {response.status_code}, not a plain 200")
        async for chunk in response.aiter_raw():
            if len(text) <= MAX_BYTES:  # the rest is read too, as httpx leaves its generators open otherwise
                text += chunk
    _check_size(text)
    return bytes(text)


def _check_size(text: bytes | bytearray) -> None:
    if len(text) > MAX_BYTES:
        raise JwksError(f"it has more than {MAX_BYTES} bytes")
