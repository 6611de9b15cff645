"""STUN messages (RFC 8489, section 5) as TURN uses them: the few that a client needs. Pure."""

import hmac
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from attrs import frozen

__all__ = [
    "HEADER_LEN",
    "Address",
    "Attribute",
    "MalformedError",
    "Message",
    "Method",
    "decode",
    "decode_address",
    "encode_address",
    "encode_request",
    "message_length",
]

HEADER_LEN: Final = 20
_COOKIE: Final = 0x2112A442
_INTEGRITY_LEN: Final = 24
_FAMILIES: Final = {1: 4, 2: 16}
"""Address family -> bytes of an address."""


class MalformedError(ValueError):
    """The bytes are no message that was expected."""


class Method(IntEnum):
    """What is asked for."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    CREATE_PERMISSION = 0x008


class Attribute(IntEnum):
    """Types of attributes."""

    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    LIFETIME = 0x000D
    XOR_PEER_ADDRESS = 0x0012
    REALM = 0x0014
    NONCE = 0x0015
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_ADDRESS_FAMILY = 0x0017
    REQUESTED_TRANSPORT = 0x0019
    XOR_MAPPED_ADDRESS = 0x0020


@frozen
class Address:
    """An IP address and a UDP port."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@frozen
class Message:
    """A response. Of several attributes of a type the first counts (RFC 8489, section 14)."""

    method: int
    transaction: bytes
    attributes: Mapping[int, bytes]
    authentic: bool
    """Whether it had MESSAGE-INTEGRITY by the key that it was read with."""

    @property
    def error(self) -> tuple[int, str] | None:
        """Code and reason of an error response; `None` for success."""
        value = self.attributes.get(Attribute.ERROR_CODE)
        if value is None:
            return None
        if len(value) < 4:
            raise MalformedError("ERROR-CODE is too short")
        return (value[2] & 7) * 100 + value[3], value[4:].decode("utf-8", "replace")


def encode_request(
    method: Method, transaction: bytes, attributes: Sequence[tuple[Attribute, bytes]], key: bytes | None = None
) -> bytes:
    """A request; `transaction` is 12 random bytes. With a key it ends with MESSAGE-INTEGRITY."""
    body = b"".join(struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in attributes)
    length = len(body) + (_INTEGRITY_LEN if key else 0)
    message = struct.pack("!HHI12s", method, length, _COOKIE, transaction) + body
    if key:
        message += struct.pack("!HH", Attribute.MESSAGE_INTEGRITY, 20) + hmac.digest(key, message, "sha1")
    return message


def message_length(header: bytes) -> int:
    """The length of the message that begins with these `HEADER_LEN` bytes, the header included.

    Raises:
        MalformedError: no STUN message begins like that.
    """
    if len(header) < HEADER_LEN:
        raise MalformedError("shorter than a STUN header")
    kind, length, cookie = struct.unpack_from("!HHI", header)
    if kind & 0xC000 or length % 4 or cookie != _COOKIE:
        raise MalformedError("not a STUN message")
    return HEADER_LEN + int(length)


def decode(message: bytes, key: bytes | None = None) -> Message:
    """Read a response; with a key its MESSAGE-INTEGRITY is checked.

    Raises:
        MalformedError: it is no response, or a wrong one.
    """
    if message_length(message) != len(message):
        raise MalformedError("length differs from what the header says")
    (kind,) = struct.unpack_from("!H", message)
    if not kind & 0x0100:
        raise MalformedError("not a response")
    attributes: dict[int, bytes] = {}
    authentic = False
    at = HEADER_LEN
    while at < len(message) and not authentic:  # what follows MESSAGE-INTEGRITY is not covered by it
        if at + 4 > len(message):
            raise MalformedError("an attribute is cut off")
        attribute, length = struct.unpack_from("!HH", message, at)
        value = message[at + 4 : at + 4 + length]
        if len(value) != length:
            raise MalformedError("an attribute is cut off")
        if attribute == Attribute.MESSAGE_INTEGRITY and key:
            covered = message[:2] + struct.pack("!H", at - HEADER_LEN + _INTEGRITY_LEN) + message[4:at]
            if not hmac.compare_digest(value, hmac.digest(key, covered, "sha1")):
                raise MalformedError("MESSAGE-INTEGRITY is wrong")
            authentic = True
        attributes.setdefault(attribute, value)
        at += 4 + length + -length % 4
    method = kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2
    response = Message(method, message[8:HEADER_LEN], attributes, authentic)
    if bool(kind & 0x0010) != (response.error is not None):
        raise MalformedError("an error response without ERROR-CODE, or the other way round")
    return response


def encode_address(address: Address, transaction: bytes) -> bytes:
    """The value of an XOR-...-ADDRESS attribute (RFC 8489, section 14.2)."""
    ip = ip_address(address.ip).packed
    family = 1 if len(ip) == 4 else 2
    return struct.pack("!xBH", family, address.port ^ _COOKIE >> 16) + _xor(ip, transaction)


def decode_address(value: bytes, transaction: bytes) -> Address:
    """The reverse of `encode_address`.

    Raises:
        MalformedError: it is none.
    """
    if len(value) < 4 or len(value) != 4 + _FAMILIES.get(value[1], -4):
        raise MalformedError("not an address")
    (port,) = struct.unpack_from("!H", value, 2)
    ip = _xor(value[4:], transaction)
    return Address(str(IPv4Address(ip) if len(ip) == 4 else IPv6Address(ip)), port ^ _COOKIE >> 16)


def _xor(ip: bytes, transaction: bytes) -> bytes:
    pad = struct.pack("!I", _COOKIE) + transaction
    return bytes(byte ^ mask for byte, mask in zip(ip, pad, strict=False))
