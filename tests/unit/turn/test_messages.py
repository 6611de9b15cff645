"""The codec against the test vectors of RFC 5769, and against anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videocall.turn.messages import (
    Address,
    Attribute,
    MalformedError,
    Method,
    decode,
    decode_address,
    encode_address,
    encode_request,
)

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4_RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
IPV6_RESPONSE = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa"
    "a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed41802800 04c8fb0b4c".replace(" ", "")
)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (IPV4_RESPONSE, Address("192.0.2.1", 32853)),
        (IPV6_RESPONSE, Address("2001:db8:1234:5678:11:2233:4455:6677", 32853)),
    ],
)
def test_the_responses_of_rfc_5769(response: bytes, expected: Address) -> None:
    message = decode(response, PASSWORD)
    assert (message.method, message.transaction, message.error) == (Method.BINDING, TRANSACTION, None)
    assert message.authentic
    value = message.attributes[Attribute.XOR_MAPPED_ADDRESS]
    assert decode_address(value, message.transaction) == expected
    assert encode_address(expected, TRANSACTION) == value


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(MalformedError, match="MESSAGE-INTEGRITY"):
        decode(IPV4_RESPONSE, b"other")


def test_what_comes_after_the_integrity_is_not_believed() -> None:
    message = decode(IPV4_RESPONSE, PASSWORD)
    assert 0x8028 not in message.attributes


def test_a_request_is_no_response() -> None:
    with pytest.raises(MalformedError, match="not a response"):
        decode(encode_request(Method.BINDING, TRANSACTION, []))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


@given(st.data())
def test_a_damaged_response_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(IPV6_RESPONSE)
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        message = decode(bytes(damaged))
        if Attribute.XOR_MAPPED_ADDRESS in message.attributes:
            decode_address(message.attributes[Attribute.XOR_MAPPED_ADDRESS], message.transaction)
    except MalformedError:
        pass


@given(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(0, 65535), st.binary(min_size=12, max_size=12)
)
def test_addresses_come_back(ip: object, port: int, transaction: bytes) -> None:
    address = Address(str(ip), port)
    assert decode_address(encode_address(address, transaction), transaction) == address
