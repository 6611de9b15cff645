"""Tokens that let somebody into rooms: JSON Web Tokens (RFC 7519), made here or by an identity provider.

They are signed with a secret that the server knows (HS256), or by somebody whose public keys it knows (RS256, ES256).
The claims are ``sub`` (who it is; the same identity is in a room once), ``name`` (a display name that overrules the
client's), ``exp``, and ``rooms``, which has a grant per room id; ``*`` stands for every room. A grant has a
``role``, and perhaps ``permissions`` other than those of the room's participants::

    {"sub": "ada", "name": "Ada", "exp": 1767225600, "rooms": {"daily": {"role": "host"}, "*": {"role": "viewer"}}}

A token is for joining: a call that runs goes on when it expires, and so does a session that is resumed. Who joins anew,
after a restart of the server for example, needs one that is valid then.
"""

import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

import jwt
import msgspec
from attrs import asdict, field, frozen

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol.fields import DisplayName, Id, Role, is_room_id
from videocall.protocol.shapes import PermissionChanges

__all__ = [
    "ANY_ROOM",
    "LEEWAY_S",
    "MIN_SECRET_BYTES",
    "PUBLIC_KEY_ALGORITHMS",
    "Admission",
    "Grant",
    "KeySource",
    "Verifier",
    "make_token",
]

ANY_ROOM: Final = "*"
MIN_SECRET_BYTES: Final = 32
"""RFC 7518, 3.2: an HS256 key has at least the size of the hash."""

PUBLIC_KEY_ALGORITHMS: Final = ("RS256", "ES256")

LEEWAY_S: Final = 10
"""How far the clocks of two machines may be apart."""

_HMAC: Final = "HS256"


@frozen
class Grant:
    """What a token allows in one room; permissions that it does not name are those of the room's participants."""

    role: Role = "participant"
    permissions: PermissionChanges = field(factory=PermissionChanges)


@frozen
class Admission:
    """What a checked token says about somebody who enters a room; each part is `None` when it leaves it open."""

    role: Role | None = None
    identity: str | None = None
    display_name: str | None = None
    permissions: PermissionChanges = field(factory=PermissionChanges)


@frozen
class Claims:
    """A token's payload."""

    exp: int
    rooms: Mapping[str, Grant]
    sub: Id | None = None
    name: DisplayName | None = None


def make_token(
    secret: str,
    rooms: Mapping[str, Role | Grant],
    *,
    identity: str | None = None,
    display_name: str | None = None,
    expires_in_s: int = 3600,
    audience: str | None = None,
    issuer: str | None = None,
    now: float | None = None,
) -> str:
    """Make a token for ``joinRoom``.

    Args:
        secret: the server's ``token_secret``, 32 bytes at least.
        rooms: the role in each room, or a `Grant`, by room id; the id ``*`` stands for every room.
        identity: who it is. Whoever comes with the same identity again takes the place of their earlier self.
        display_name: what others see, whatever name the client gives.
        expires_in_s: seconds during which it can be used to join; a call that runs is not ended by it.
        audience: the server's ``token_audience``, when it has one.
        issuer: its ``token_issuer``, likewise.
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
        "rooms": {room_id: _grant(granted) for room_id, granted in rooms.items()},
    }
    claims |= {"sub": identity} if identity is not None else {}
    claims |= {"name": display_name} if display_name is not None else {}
    try:
        msgspec.convert(claims, Claims)
    except msgspec.ValidationError as error:
        raise ValueError(f"a token cannot say that: {error}") from None
    claims |= {"aud": audience} if audience is not None else {}
    claims |= {"iss": issuer} if issuer is not None else {}
    return jwt.encode({**claims, "iat": issued}, secret, algorithm=_HMAC)


class KeySource(Protocol):
    """Where the public keys of those are who sign tokens."""

    async def find(self, kid: str | None, algorithm: str) -> object | None:
        """The key with that id, of a kind that is made for that algorithm; without an id the only one of the kind.

        Raises:
            ProtocolError: ``UNAVAILABLE`` when no keys could be had so far.
        """
        ...


@frozen
class Verifier:
    """Checks tokens.

    Attributes:
        secret: that they may be signed with.
        keys: of those who may sign them.
        audience: that they have to name as ``aud``. Without it a token that names one is not for us.
        issuer: that they have to name as ``iss``.
        leeway_s: how long after its end, and before its beginning, a token is taken.
    """

    secret: str | None = field(default=None, repr=False)
    keys: KeySource | None = None
    audience: str | None = None
    issuer: str | None = None
    leeway_s: float = LEEWAY_S

    async def admit(self, token: str | None, room_id: str) -> Admission:
        """Say as whom the bearer of a token enters a room.

        Raises:
            ProtocolError: ``TOKEN_EXPIRED``, or ``TOKEN_INVALID`` when it is missing, not ours, or for other rooms;
                ``UNAVAILABLE`` when there are no keys to check it by.
        """
        if token is None:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "A token is needed to join a room here.")
        try:
            claims = msgspec.convert(await self._decode(token), Claims)
        except jwt.ExpiredSignatureError:
            raise ProtocolError(ErrorCode.TOKEN_EXPIRED) from None
        except jwt.InvalidAudienceError:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "The token is for another audience.") from None
        except jwt.InvalidIssuerError:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "The token is of another issuer.") from None
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, RecursionError):
            raise ProtocolError(ErrorCode.TOKEN_INVALID) from None
        grant = claims.rooms.get(room_id) or claims.rooms.get(ANY_ROOM)
        if grant is None:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "The token is for other rooms.")
        return Admission(grant.role, claims.sub, claims.name, grant.permissions)

    async def _decode(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        key: Any = None
        # Each kind of key goes with the algorithms it is made for, whatever the token says (RFC 8725, 3.1).
        if algorithm == _HMAC:
            key = self.secret
        elif algorithm in PUBLIC_KEY_ALGORITHMS and self.keys is not None:
            key = await self.keys.find(header.get("kid"), algorithm)
        if key is None:
            raise ProtocolError(ErrorCode.TOKEN_INVALID, "The token is signed with a key that is not known here.")
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            leeway=self.leeway_s,
            audience=self.audience,
            issuer=self.issuer,
            options={"require": ["exp"]},
        )


def _grant(granted: Role | Grant) -> object:
    grant = granted if isinstance(granted, Grant) else Grant(granted)
    permissions = {name: value for name, value in asdict(grant.permissions).items() if value is not None}
    return {"role": grant.role} | ({"permissions": permissions} if permissions else {})
