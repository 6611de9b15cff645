"""Tokens that let somebody into rooms: JSON Web Tokens signed with a secret that the server knows (RFC 7519, HS256).

The claims are ``sub`` (who it is; the same identity is in a room once), ``name`` (a display name that overrules the
client's), ``exp``, and ``rooms``, which has a grant per room id; ``*`` stands for every room::

    {"sub": "ada", "name": "Ada", "exp": 1767225600, "rooms": {"daily": {"role": "host"}}}
"""

import time
from collections.abc import Mapping
from typing import Final

import jwt
import msgspec
from attrs import field, frozen

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.fields import DisplayName, Id, Role, is_room_id

__all__ = ["ANY_ROOM", "MIN_SECRET_BYTES", "Admission", "Grant", "Verifier", "make_token"]

ANY_ROOM: Final = "*"
MIN_SECRET_BYTES: Final = 32
"""RFC 7518, 3.2: an HS256 key has at least the size of the hash."""

_ALGORITHM: Final = "HS256"
_LEEWAY_S: Final = 10
"""How far the clocks of two machines may be apart."""


@frozen
class Grant:
    """What a token allows in one room."""

    role: Role = "participant"


@frozen
class Admission:
    """What a checked token says about somebody who enters a room; each part is `None` when it leaves it open."""

    role: Role | None = None
    identity: str | None = None
    display_name: str | None = None


@frozen
class Claims:
    """A token's payload."""

    exp: int
    rooms: Mapping[str, Grant]
    sub: Id | None = None
    name: DisplayName | None = None


def make_token(
    secret: str,
    rooms: Mapping[str, Role],
    *,
    identity: str | None = None,
    display_name: str | None = None,
    expires_in_s: int = 3600,
    now: float | None = None,
) -> str:
    """Make a token for ``joinRoom``.

    Args:
        secret: the server's ``token_secret``, 32 bytes at least.
        rooms: the role in each room, by room id; the id ``*`` stands for every room.
        identity: who it is. Whoever comes with the same identity again takes the place of their earlier self.
        display_name: what others see, whatever name the client gives.
        expires_in_s: seconds during which it can be used to join; a call that runs is not ended by it.
        now: seconds since 1970; by default the present.

    Raises:
        ValueError: an argument is not what it has to be.
    """
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret needs {MIN_SECRET_BYTES} bytes at least")
    if expires_in_s <= 0:
        raise ValueError("a token has to be valid for a second at least")
    if not rooms:
        raise ValueError("a token needs a room")
    for room_id in rooms:
        if room_id != ANY_ROOM and not is_room_id(room_id):
            raise ValueError(f"{room_id!r} is no room id: 1 to 64 characters out of A-Z a-z 0-9 _ - are, or *")
    issued = int(time.time() if now is None else now)
    claims: dict[str, object] = {
        "exp": issued + expires_in_s,
        "rooms": {r: {"role": role} for r, role in rooms.items()},
    }
    claims |= {"sub": identity} if identity is not None else {}
    claims |= {"name": display_name} if display_name is not None else {}
    try:
        msgspec.convert(claims, Claims)
    except msgspec.ValidationError as error:
        raise ValueError(f"a token cannot say that: {error}") from None
    return jwt.encode({**claims, "iat": issued}, secret, algorithm=_ALGORITHM)


@frozen
class Verifier:
    """Checks tokens that were signed with a secret."""

    secret: str = field(repr=False)

    def admit(self, token: str | None, room_id: str) -> Admission:
        """Say as whom the bearer of a token enters a room.

        Raises:
            ProtocolError: ``TOKEN_EXPIRED``, or ``TOKEN_INVALID`` when it is missing, not ours, or for other rooms.
        """
        if token is None:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "A token is needed to join a room here.")
        try:
            payload = jwt.decode(
                token, self.secret, algorithms=[_ALGORITHM], leeway=_LEEWAY_S, options={"require": ["exp"]}
            )
            claims = msgspec.convert(payload, Claims)
        except jwt.ExpiredSignatureError:
            raise ProtocolError(ErrorCode.TOKEN_EXPIRED) from None
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, RecursionError):
            raise ProtocolError(ErrorCode.TOKEN_INVALID) from None
        grant = claims.rooms.get(room_id) or claims.rooms.get(ANY_ROOM)
        if grant is None:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "The token is for other rooms.")
        return Admission(grant.role, claims.sub, claims.name)
