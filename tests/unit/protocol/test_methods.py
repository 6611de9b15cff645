import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ortc import devices

from videocall.ortc import to_wire
from videocall.protocol import ErrorCode, ProtocolError, requests
from videocall.protocol.fields import is_room_id
from videocall.protocol.methods import METHOD_NAMES, METHODS, Request, decode_request

RTP = to_wire(devices.sending("chromium", "video", "VP8", encodings=[{"ssrc": 1}]))
DTLS = {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["0A"] * 32)}]}

VALID: dict[str, dict[str, Any]] = {
    "joinRoom": {"displayName": "Ada", "roomId": "daily_1-x"},
    "resumeSession": {"resumeToken": "a token"},
    "leaveRoom": {},
    "getRtpCapabilities": {},
    "createWebRtcTransport": {"direction": "send"},
    "connectTransport": {"transportId": "t", "dtlsParameters": DTLS},
    "restartIce": {"transportId": "t"},
    "produce": {"transportId": "t", "kind": "video", "rtpParameters": RTP, "source": "screen", "appData": {"a": [1]}},
    "closeProducer": {"producerId": "p"},
    "pauseProducer": {"producerId": "p"},
    "resumeProducer": {"producerId": "p"},
    "consume": {"transportId": "t", "producerId": ["p", "q"], "rtpCapabilities": devices.CHROMIUM},
    "pauseConsumer": {"consumerId": "c"},
    "resumeConsumer": {"consumerId": "c"},
    "closeConsumer": {"consumerId": "c"},
    "requestKeyFrame": {"consumerId": "c"},
    "setPreferredLayers": {"consumerId": "c", "spatialLayer": 1, "temporalLayer": 0},
    "setConsumerPriority": {"consumerId": "c", "priority": 5},
    "getStats": {"producerId": "p"},
    "setDisplayName": {"displayName": "Ada Lovelace"},
    "produceData": {
        "transportId": "t",
        "sctpStreamParameters": {"streamId": 1, "ordered": False, "maxRetransmits": 3},
        "label": "chat",
        "protocol": "p",
    },
    "closeDataProducer": {"dataProducerId": "d"},
    "consumeData": {"transportId": "t", "dataProducerId": "d"},
    "closeDataConsumer": {"dataConsumerId": "e"},
    "sendMessage": {"text": "Hello,\nworld", "clientMessageId": "m1"},
    "getMessages": {"before": "m", "limit": 20},
    "raiseHand": {"raised": True},
    "react": {"emoji": "👩‍👩‍👧‍👦"},
    "admit": {"knockId": "k"},
    "reject": {"knockId": "k"},
    "muteParticipant": {"participantId": "p", "sources": ["camera", "microphone"]},
    "removeParticipant": {"participantId": "p"},
    "setRole": {"participantId": "p", "role": "viewer"},
    "setPermissions": {"participantId": "p", "permissions": {"audio": False}},
    "updateRoom": {
        "locked": True,
        "lobby": False,
        "password": "s3cret",
        "permissions": {"screen": False},
        "maxParticipants": 12,
    },
    "endRoom": {},
}
OPTIONAL = {
    ("setPreferredLayers", "temporalLayer"),
    ("joinRoom", "roomId"),
    ("produce", "source"),
    ("produce", "appData"),
    ("getStats", "producerId"),
    ("produceData", "label"),
    ("produceData", "protocol"),
    ("sendMessage", "clientMessageId"),
    ("getMessages", "before"),
    ("getMessages", "limit"),
    ("muteParticipant", "sources"),
    ("updateRoom", "locked"),
    ("updateRoom", "lobby"),
    ("updateRoom", "password"),
    ("updateRoom", "permissions"),
    ("updateRoom", "maxParticipants"),
}
WRONG: tuple[object, ...] = (None, True, -1, 1.5, "", "x" * 5000, [], [None], {}, {"a": 1}, "\x00")


def decode(method: str, data: object) -> Request:
    return decode_request(method, msgspec.Raw(json.dumps(data).encode()))


def refusal_of(method: str, data: object) -> ProtocolError | None:
    try:
        decode(method, data)
    except ProtocolError as error:
        return error
    return None


def test_every_method_is_tried_here() -> None:
    assert set(VALID) == set(METHODS)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_right_payload_is_decoded(method: str) -> None:
    request = decode(method, VALID[method])
    assert METHOD_NAMES[type(request)] == method
    assert (
        json.loads(json.dumps(to_wire(request))).items()
        >= {name: value for name, value in VALID[method].items() if not isinstance(value, dict)}.items()
    )


@pytest.mark.parametrize("method", sorted(METHODS))
def test_fields_of_newer_clients_are_ignored(method: str) -> None:
    assert decode(method, {**VALID[method], "fromTheFuture": {"a": 1}}) == decode(method, VALID[method])


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"7", b"true", b"{", b'{"a"', b"\xff", b"{} {}"])
@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_payload_that_is_no_object_is_refused(method: str, payload: bytes) -> None:
    with pytest.raises(ProtocolError, match=method) as caught:
        decode_request(method, msgspec.Raw(payload))
    assert caught.value.code == ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(("method", "field"), [(m, f) for m, data in sorted(VALID.items()) for f in data])
def test_a_field_of_a_wrong_type_is_refused_by_its_path(method: str, field: str) -> None:
    refusals = [
        refusal for wrong in WRONG if (refusal := refusal_of(method, {**VALID[method], field: wrong})) is not None
    ]
    assert len(refusals) >= len(WRONG) - 4
    for refusal in refusals:
        assert refusal.code == ErrorCode.BAD_REQUEST
        assert field in refusal.message


@pytest.mark.parametrize(
    ("method", "field"),
    [(m, f) for m, data in sorted(VALID.items()) for f in data if (m, f) not in OPTIONAL],
)
def test_a_field_that_is_needed_and_missing_is_named(method: str, field: str) -> None:
    payload = {name: value for name, value in VALID[method].items() if name != field}
    with pytest.raises(ProtocolError, match=field):
        decode(method, payload)


@pytest.mark.parametrize("method", ["", "joinroom", "__class__", "constructor", "x" * 64])
def test_an_unknown_method_is_unsupported(method: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(method, {})
    assert caught.value.code == ErrorCode.UNSUPPORTED


@given(method=st.sampled_from(sorted(METHODS)), payload=st.binary(max_size=200))
def test_any_payload_decodes_or_is_a_protocol_error(method: str, payload: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode_request(method, msgspec.Raw(payload))


@pytest.mark.parametrize("name", ["a", "Ada Lovelace", "x" * 64, "Åda", "名前", "🙂"])
def test_display_names_may_hold_any_script(name: str) -> None:
    request = decode("setDisplayName", {"displayName": name})
    assert isinstance(request, requests.SetDisplayName)
    assert request.displayName == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a\n", "\x00", "a\x1bb", "\x7f"])
def test_display_names_hold_no_control_characters(name: str) -> None:
    with pytest.raises(ProtocolError):
        decode("setDisplayName", {"displayName": name})


@pytest.mark.parametrize(
    ("room_id", "right"),
    [
        ("a", True),
        ("x" * 64, True),
        ("A-z_0", True),
        ("", False),
        ("x" * 65, False),
        ("a b", False),
        ("a\n", False),
        ("ä", False),
        ("../x", False),
    ],
)
def test_room_ids(room_id: str, right: bool) -> None:
    assert is_room_id(room_id) is right
    if right:
        decode("joinRoom", {"displayName": "a", "roomId": room_id})
    else:
        with pytest.raises(ProtocolError, match="roomId"):
            decode("joinRoom", {"displayName": "a", "roomId": room_id})
