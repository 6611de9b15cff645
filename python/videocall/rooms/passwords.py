"""Rooms' passwords: only a salted hash is kept (scrypt, RFC 7914).

Both functions take some 50 ms and 16 MiB: they belong into a thread.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

__all__ = ["hash_password", "password_matches"]

_COST: Final = 2**14
_BLOCK: Final = 8
_SALT_BYTES: Final = 16


def hash_password(password: str) -> str:
    """Make the text to keep: ``scrypt$N$r$SALT$HASH``."""
    salt = secrets.token_bytes(_SALT_BYTES)
    made = _scrypt(password, salt, _COST, _BLOCK)
    return f"scrypt${_COST}${_BLOCK}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


def password_matches(password: str, kept: str) -> bool:
    """Whether it is the password whose hash was kept. Takes as long for a wrong one as for the right one."""
    _, cost, block, salt, expected = kept.split("$")
    made = _scrypt(password, base64.b64decode(salt), int(cost), int(block))
    return hmac.compare_digest(made, base64.b64decode(expected))


def _scrypt(password: str, salt: bytes, cost: int, block: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=1, maxmem=2 * 128 * cost * block)
