import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from videocall.protocol import MAX_DEPTH, MAX_MESSAGE_BYTES, ErrorCode, ProtocolError, protoo
from videocall.protocol.errors import SENTENCES
from videocall.protocol.limits import check_bounds
from videocall.protocol.notifications import NOTIFICATION_NAMES, NOTIFICATIONS, ParticipantLeft
from videocall.protocol.results import IceServer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def refused(frame: str | bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        protoo.decode(frame)
    assert caught.value.code == ErrorCode.BAD_REQUEST
    return caught.value.message


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ("", "malformed|truncated"),
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ("7", "Expected `object`"),
        ("{}", "neither a request"),
        ('{"request":true,"id":1}', "neither a request"),
        ('{"request":true,"method":"joinRoom"}', "neither a request"),
        ('{"request":true,"id":"1","method":"joinRoom"}', r"\$\.id"),
        ('{"request":true,"id":-1,"method":"joinRoom"}', r"\$\.id"),
        ('{"request":true,"id":1.5,"method":"joinRoom"}', r"\$\.id"),
        ('{"request":true,"id":99999999999999999999,"method":"joinRoom"}', r"\$\.id"),
        ('{"request":true,"id":1,"method":7}', r"\$\.method"),
        ('{"request":"yes","id":1,"method":"joinRoom"}', r"\$\.request"),
        ('{"notification":true}', "neither a request"),
        (b'{"request":true,"id":1,"method":"\xff\xfe"}', "utf-8"),
        ('{"request":true,"id":1,"method":"\ud800"}', "utf-8"),
        ('{"request":true,"id":1,"method":"' + "m" * 65 + '"}', r"\$\.method"),
    ],
)
def test_what_is_no_protoo_message_is_refused_with_the_reason(frame: str | bytes, told: str) -> None:
    with pytest.raises(ProtocolError, match=told):
        protoo.decode(frame)


def test_request_keeps_its_payload_undecoded() -> None:
    message = protoo.decode('{"request":true,"id":7,"method":"produce","data":{"kind": "audio"}}')
    assert isinstance(message, protoo.IncomingRequest)
    assert (message.id, message.method, bytes(message.data)) == (7, "produce", b'{"kind": "audio"}')


def test_a_missing_payload_is_empty() -> None:
    message = protoo.decode('{"request":true,"id":7,"method":"leaveRoom"}')
    assert isinstance(message, protoo.IncomingRequest)
    assert bytes(message.data) == b"{}"


def test_the_size_is_bounded() -> None:
    frame = '{"request":true,"id":1,"method":"x","data":"' + "a" * MAX_MESSAGE_BYTES + '"}'
    assert str(MAX_MESSAGE_BYTES) in refused(frame)


@given(depth=st.integers(0, 3 * MAX_DEPTH), opening=st.sampled_from('[{"'))
@example(depth=60_000, opening="[")
def test_the_depth_is_bounded_but_brackets_in_strings_do_not_count(depth: int, opening: str) -> None:
    nested = {
        "[": "[" * depth + "]" * depth or "0",
        "{": '{"a":' * depth + "0" + "}" * depth,
        '"': json.dumps("[" * depth),
    }
    frame = f'{{"request":true,"id":1,"method":"x","data":{nested[opening]}}}'
    too_deep = opening != '"' and depth + 1 > MAX_DEPTH
    if too_deep or len(frame) > MAX_MESSAGE_BYTES:
        refused(frame)
    else:
        assert isinstance(protoo.decode(frame), protoo.IncomingRequest)


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_message_or_a_protocol_error(frame: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        protoo.decode(frame)


@given(JSON)
def test_real_depth_is_what_is_checked(value: object) -> None:
    def depth(value: object) -> int:
        if isinstance(value, dict):
            return 1 + max(map(depth, value.values()), default=0)
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    wrapped = value
    for _ in range(MAX_DEPTH - depth(value)):
        wrapped = [wrapped]
    padded = [wrapped] if depth(wrapped) < MAX_DEPTH else wrapped
    check_bounds(json.dumps(padded).encode())
    with pytest.raises(ProtocolError):
        check_bounds(json.dumps([[padded]] + [[] for _ in range(MAX_DEPTH)]).encode())


@given(request_id=st.integers(0, 2**53 - 1), data=st.dictionaries(st.text(), st.integers(-(2**63), 2**64 - 1)))
def test_what_is_encoded_decodes(request_id: int, data: dict[str, int]) -> None:
    request = protoo.decode(protoo.encode_request(request_id, "m", data))
    assert isinstance(request, protoo.IncomingRequest)
    assert (request.id, json.loads(bytes(request.data))) == (request_id, data)
    response = protoo.decode(protoo.encode_response(request_id, data))
    assert isinstance(response, protoo.IncomingResponse)
    assert (response.id, response.ok, json.loads(bytes(response.data))) == (request_id, True, data)


def test_errors_have_the_fields_that_protoo_clients_read() -> None:
    frame = protoo.encode_error(3, ProtocolError(ErrorCode.NOT_FOUND))
    assert json.loads(frame) == {
        "response": True,
        "id": 3,
        "ok": False,
        "errorCode": "NOT_FOUND",
        "errorReason": SENTENCES[ErrorCode.NOT_FOUND],
    }
    decoded = protoo.decode(frame)
    assert isinstance(decoded, protoo.IncomingResponse)
    assert (decoded.ok, decoded.error_code) == (False, "NOT_FOUND")


def test_numbers_as_error_codes_are_read_too() -> None:
    decoded = protoo.decode('{"response":true,"id":1,"ok":false,"errorCode":403,"errorReason":"no"}')
    assert isinstance(decoded, protoo.IncomingResponse)
    assert decoded.error_code == "403"


def test_absent_values_are_left_out_of_answers() -> None:
    answer = json.loads(protoo.encode_response(1, IceServer(urls=["stun:a"])))
    assert answer["data"] == {"urls": ["stun:a"]}


def test_notifications_carry_their_name() -> None:
    frame = json.loads(protoo.encode_notification(ParticipantLeft("p", "left")))
    expected = {"participantId": "p", "reason": "left"}
    assert frame == {"notification": True, "method": "participantLeft", "data": expected}


def test_every_code_has_its_sentence_and_every_notification_its_name() -> None:
    assert set(SENTENCES) == set(ErrorCode)
    assert {NOTIFICATION_NAMES[cls] for cls in NOTIFICATIONS.values()} == set(NOTIFICATIONS)
