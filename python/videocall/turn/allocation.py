"""What a client says to a TURN server to get a relay address, and to give it back (RFC 8656). Sans-IO."""

import hashlib
import os
import struct
from collections.abc import Generator, Sequence
from typing import TypeVar

from attrs import define, frozen

from videocall.turn.credentials import Credentials
from videocall.turn.messages import (
    Address,
    Attribute,
    MalformedError,
    Message,
    Method,
    decode,
    decode_address,
    encode_address,
    encode_request,
)

__all__ = ["Allocation", "Conversation", "TurnError", "allocate", "ask_for_own_address"]

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_STALE_NONCE = 438
_UDP = bytes((17, 0, 0, 0))
_LIFETIME_S = 60


class TurnError(Exception):
    """The server cannot be used like that; the message is one line.

    Attributes:
        code: the server's error code (RFC 8656, section 19), when it gave one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@frozen
class Allocation:
    """What a server gave.

    Attributes:
        relayed: its address for our peers.
        mapped: ours, as it sees us.
        denied: peers that it relays nothing to.
    """

    relayed: Address
    mapped: Address
    denied: tuple[str, ...] = ()


T = TypeVar("T")

Conversation = Generator[bytes, bytes, T]
"""Yields requests; is sent the response to each; returns what came of it."""


def ask_for_own_address() -> Conversation[Address]:
    """Ask from where our packets come, which is the NAT's address behind one (STUN binding, RFC 8489).

    Raises:
        TurnError: the server answered nonsense.
    """
    try:
        response = yield from _Session(None).ask(Method.BINDING)
        return _address(response, Attribute.XOR_MAPPED_ADDRESS)
    except MalformedError as error:
        raise TurnError(f"it gave an answer that is not STUN's: {error}") from None


def allocate(credentials: Credentials | None = None, peers: Sequence[str] = ()) -> Conversation[Allocation]:
    """Get a relay address for UDP, ask whether it may reach these IP addresses, and give it back.

    Raises:
        TurnError: the server refused, or answered nonsense.
    """
    session = _Session(credentials)
    try:
        response = yield from session.ask(
            Method.ALLOCATE,
            (Attribute.REQUESTED_TRANSPORT, _UDP),
            (Attribute.LIFETIME, struct.pack("!I", _LIFETIME_S)),
        )
        relayed = _address(response, Attribute.XOR_RELAYED_ADDRESS)
        mapped = _address(response, Attribute.XOR_MAPPED_ADDRESS)
        denied: list[str] = []
        for peer in peers:
            if (":" in peer) != (":" in relayed.ip):
                continue  # it relays within one family of addresses
            try:
                yield from session.ask(Method.CREATE_PERMISSION, peer=Address(peer, 0))
            except TurnError as error:
                if error.code != _FORBIDDEN:
                    raise
                denied.append(peer)
        yield from session.ask(Method.REFRESH, (Attribute.LIFETIME, bytes(4)))
    except MalformedError as error:
        raise TurnError(f"it gave an answer that is not TURN's: {error}") from None
    return Allocation(relayed, mapped, tuple(denied))


@define
class _Session:
    credentials: Credentials | None
    realm: bytes = b""
    nonce: bytes = b""

    def ask(
        self, method: Method, *attributes: tuple[Attribute, bytes], peer: Address | None = None
    ) -> Generator[bytes, bytes, Message]:
        stale = 0
        while True:
            response = yield from self._ask_once(method, attributes, peer)
            error = response.error
            if error is None:
                return response
            code, reason = error
            # A first challenge, and a nonce that grew old meanwhile, are no failures (RFC 8489, section 9.2.5).
            stale += code == _STALE_NONCE
            if not (code == _UNAUTHORIZED and not self.nonce) and not (code == _STALE_NONCE and stale == 1):
                raise TurnError(_explain(code, reason), code)
            if self.credentials is None:
                raise TurnError("it wants credentials, and there are none in the settings", code)
            self.realm = response.attributes.get(Attribute.REALM, self.realm)
            self.nonce = response.attributes.get(Attribute.NONCE, b"")
            if not self.nonce:
                raise MalformedError("NONCE is missing")

    def _ask_once(
        self, method: Method, attributes: Sequence[tuple[Attribute, bytes]], peer: Address | None
    ) -> Generator[bytes, bytes, Message]:
        transaction = os.urandom(12)
        all_attributes = list(attributes)
        if peer is not None:
            all_attributes.append((Attribute.XOR_PEER_ADDRESS, encode_address(peer, transaction)))
        key = None
        if self.nonce and self.credentials:
            username = self.credentials.username.encode()
            account = username + b":" + self.realm + b":" + self.credentials.password.encode()
            key = hashlib.md5(account, usedforsecurity=False).digest()  # RFC 8489, section 9.2.2: a key derivation
            all_attributes += [
                (Attribute.USERNAME, username),
                (Attribute.REALM, self.realm),
                (Attribute.NONCE, self.nonce),
            ]
        response = decode((yield encode_request(method, transaction, all_attributes, key)), key)
        if (response.method, response.transaction) != (method, transaction):
            raise MalformedError("the answer to another request")
        if key and response.error is None and not response.authentic:
            raise MalformedError("MESSAGE-INTEGRITY is missing")
        return response


def _address(response: Message, attribute: Attribute) -> Address:
    if attribute not in response.attributes:
        raise MalformedError(f"{attribute.name} is missing")
    return decode_address(response.attributes[attribute], response.transaction)


def _explain(code: int, reason: str) -> str:
    match code:
        case 401:
            return "it does not take the credentials: secret, or user and password, differ from the server's"
        case 486:
            return "its quota of allocations is used up"
        case 508:
            return "it has no relay port left"
        case _:
            return f"it refuses with {code} {reason}".rstrip()
