"""Sets of public keys that tokens are checked by (JSON Web Key Set, RFC 7517). Pure."""

from typing import Any, Final

import jwt
import msgspec
from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from videocall.tokens import PUBLIC_KEY_ALGORITHMS

__all__ = ["JwksError", "PublicKey", "find_key", "parse_jwks"]

_MIN_RSA_BITS: Final = 2048
"""RFC 7518, 3.3."""

_MAX_KEYS: Final = 100


class JwksError(Exception):
    """The text is no key set, or it has no key that tokens could be checked by; the message is one line."""


@frozen
class PublicKey:
    """A key and the one algorithm that it is for."""

    algorithm: str
    kid: str | None
    key: object = field(repr=False)


def parse_jwks(text: bytes) -> list[PublicKey]:
    """Read a set: RSA keys of 2048 bits and more for RS256, and P-256 keys for ES256; others are left out.

    Raises:
        JwksError: see there.
    """
    try:
        entries = _SET.decode(text).keys[:_MAX_KEYS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JwksError(f"no JSON Web Key Set: {error}") from None
    keys = [key for key in map(_key, entries) if key is not None]
    if not keys:
        raise JwksError(f"it has no public key for {' or '.join(PUBLIC_KEY_ALGORITHMS)}")
    return keys


def find_key(keys: list[PublicKey], kid: str | None, algorithm: str) -> object | None:
    """The key with that id for that algorithm. Without an id it has to be the only one for it."""
    fitting = [each for each in keys if each.algorithm == algorithm and kid in {None, each.kid}]
    return fitting[0].key if len(fitting) == 1 or (fitting and kid is not None) else None


@frozen
class _Set:
    keys: list[dict[str, Any]]


_SET: Final = msgspec.json.Decoder(_Set)


def _key(entry: dict[str, Any]) -> PublicKey | None:
    try:
        parsed = jwt.PyJWK(entry)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):  # of a kind that is not known here, or broken
        return None
    key: object = parsed.key
    if parsed.algorithm_name not in PUBLIC_KEY_ALGORITHMS or entry.get("use", "sig") != "sig":
        return None
    usable = key.key_size >= _MIN_RSA_BITS if isinstance(key, RSAPublicKey) else isinstance(key, EllipticCurvePublicKey)
    return PublicKey(parsed.algorithm_name, parsed.key_id, key) if usable else None
