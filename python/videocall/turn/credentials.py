"""Accounts on a TURN server."""

import base64
import hashlib
import hmac

from attrs import field, frozen

__all__ = ["Credentials", "ephemeral"]


@frozen
class Credentials:
    """A user name and its password."""

    username: str
    password: str = field(repr=False)


def ephemeral(secret: str, user_id: str, expires_at: int) -> Credentials:
    """An account that ends by itself, by the TURN REST API (draft-uberti-behave-turn-rest-00).

    The server (coturn's ``use-auth-secret``) shares the secret and computes the same; it keeps no list of users.

    Args:
        secret: shared with the server (coturn's ``static-auth-secret``).
        user_id: whose it is, for the server's log.
        expires_at: seconds since 1970 from which on the server takes it no more.
    """
    username = f"{expires_at}:{user_id}"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return Credentials(username, base64.b64encode(digest).decode("ascii"))
