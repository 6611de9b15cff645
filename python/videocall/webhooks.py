"""Signatures of webhooks, made and checked, as https://www.standardwebhooks.com describes them. Pure.

A server tells of an event by a POST with these headers::

    webhook-id: evt_5f0c...             the same when it is sent again: what to forget doubles by
    webhook-timestamp: 1767225600       seconds since 1970, of this attempt
    webhook-signature: v1,Kq2mR...=     base64 of HMAC-SHA256(secret, "{id}.{timestamp}.{body}")

The secret is any text; with the prefix ``whsec_`` it is the base64 that follows. A receiver in Python::

    event = videocall.webhooks.verify(secret, request.headers, await request.body())
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

__all__ = ["MIN_SECRET_BYTES", "TOLERANCE_S", "WebhookError", "headers", "secret_bytes", "verify"]

MIN_SECRET_BYTES: Final = 24
TOLERANCE_S: Final = 300
"""How old a message may be, or how far the clocks apart: what was recorded before cannot be sent again later."""

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


class WebhookError(ValueError):
    """A message that does not come from the server, or not now."""


def secret_bytes(secret: str) -> bytes:
    """The key that a secret stands for.

    Raises:
        ValueError: it is too short, or not the base64 that its prefix promises.
    """
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise ValueError(f"behind {_PREFIX} a secret is base64") from None
    else:
        key = secret.encode()
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret needs {MIN_SECRET_BYTES} bytes at least; `openssl rand -hex 32` makes one")
    return key


def headers(key: bytes, message_id: str, body: bytes, now: float) -> dict[str, str]:
    """The headers of a message that is sent `now`, in seconds since 1970."""
    timestamp = str(int(now))
    signature = f"{_VERSION},{_signature(key, message_id, timestamp, body)}"
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, tolerance_s: float = TOLERANCE_S, now: float | None = None
) -> dict[str, Any]:
    """Check a message that came in, and return what it says: ``{id, event, at, data}``.

    The same event may come again when its answer was lost: events with an ``id`` that was seen already are to be
    answered with 2xx and forgotten.

    Args:
        secret: the server's ``webhook_secret``.
        headers: of the request; upper and lower case do not matter.
        body: of the request, as it came.
        tolerance_s: how old it may be.
        now: seconds since 1970; by default the present.

    Raises:
        WebhookError: it was not signed with that secret, or too long ago.
        ValueError: the secret is none.
    """
    key = secret_bytes(secret)
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise WebhookError("the message has no webhook-timestamp")
    expected = _signature(key, message_id, timestamp, body).encode()
    signatures = [part.partition(",") for part in given.get("webhook-signature", "").split(" ")]
    offered = [text.encode() for version, _, text in signatures if version == _VERSION]
    matches = [hmac.compare_digest(expected, each) for each in offered]
    if not any(matches):
        raise WebhookError("the message was not signed with this secret")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance_s:
        raise WebhookError("the message is too old, or the clocks are too far apart")
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise WebhookError(f"the message is no JSON object: {error}") from None


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
