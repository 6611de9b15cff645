"""The Socket.IO framing, frame by frame."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.protocol.test_methods import VALID

from videocall.ortc.types import RtpCapabilities
from videocall.protocol import MAX_DEPTH, MAX_MESSAGE_BYTES, ErrorCode, ProtocolError, results
from videocall.protocol.framing import IncomingRequest
from videocall.protocol.methods import METHODS, decode_request
from videocall.protocol.notifications import ParticipantLeft
from videocall.protocol.socketio import (
    DISCONNECT,
    SOCKET_IO,
    Control,
    connected,
    decode_control,
    refuse_namespace,
)


def request(frame: str) -> IncomingRequest:
    decoded = SOCKET_IO.decode(frame)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize("method", sorted(METHODS))
def test_an_event_is_a_request_and_its_id_the_acknowledgements(method: str) -> None:
    incoming = request(f"42987{json.dumps([method, VALID[method]])}")
    assert (incoming.id, incoming.method) == (987, method)
    assert type(decode_request(incoming.method, incoming.data)) is METHODS[method]


def test_an_event_needs_neither_an_acknowledgement_nor_data() -> None:
    incoming = request('42["leaveRoom"]')
    assert (incoming.id, incoming.method, bytes(incoming.data)) == (None, "leaveRoom", b"{}")


@pytest.mark.parametrize(
    "frame",
    [
        "", "4", "40", "41", "42", "42[]", "42{}", "42[1]", '42["a",{},{}]', '42["a"', "427[[1]", '42/admin,["a"]',
        '421-["leaveRoom"]', '451-["a",{"_placeholder":true,"num":0}]', "461-[]", "47", "49", "44{}",
        "0", "1", "2probe", "3", "5", "6", "7", "bAAAA", "bé", "b", '4{"a":1}', '4²["x"]', '42²["x"]',
        "é", "\ud800", '42["\ud800"]', "42" + "9" * 120 + '["x"]', f'42["{"x" * 65}"]', "42NaN", "42-1", "42[NaN]",
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(frame: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        SOCKET_IO.decode(frame)
    assert refused.value.code == "BAD_REQUEST"


def test_binary_frames_are_refused() -> None:
    with pytest.raises(ProtocolError, match="Binary"):
        SOCKET_IO.decode(b"\x00")


def test_acknowledgements_of_clients_are_passed_over() -> None:
    assert SOCKET_IO.decode('435["x"]') is None


def test_long_and_deep_events_are_refused() -> None:
    SOCKET_IO.decode('42["x",' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "]")
    for frame in ("42" + "[" * 60_000, f'42["x","{"x" * MAX_MESSAGE_BYTES}"]', "4" + "[" * 60_000, "4" + "{" * 60_000):
        with pytest.raises(ProtocolError, match="at most"):
            SOCKET_IO.decode(frame)


@given(st.one_of(st.text(), st.builds("4{}".format, st.text()), st.builds("42{}".format, st.text()), st.binary()))
def test_whatever_comes_is_decoded_or_refused(frame: str | bytes) -> None:
    with suppress(ProtocolError):
        SOCKET_IO.decode(frame)
    decode_control(frame)


def test_a_result_goes_into_the_acknowledgement() -> None:
    frames = SOCKET_IO.encode_result(request('427["produce",{}]'), results.Produced("p"))
    assert list(frames) == ['437[{"id":"p"}]']
    assert list(SOCKET_IO.encode_result(request('42["produce",{}]'), results.Produced("p"))) == []


def joined() -> Any:
    names = {field: [] for field in ("iceServers", "participants", "producers", "dataProducers", "messages")}
    wire = {**names, "roomId": "daily", "participantId": "ada", "role": "host", "resumeToken": "t"}
    known = results.RoomJoined.__attrs_attrs__
    values = {field.name: wire.get(field.name) for field in known if field.init}
    return results.RoomJoined(**{**values, "rtpCapabilities": RtpCapabilities()})


def test_a_join_is_emitted_too_after_its_acknowledgement() -> None:
    first, second = SOCKET_IO.encode_result(request('427["joinRoom",{"displayName":"Ada"}]'), joined())
    [acknowledged] = json.loads(first.removeprefix("437"))
    assert json.loads(second.removeprefix("42")) == ["roomJoined", acknowledged]
    assert acknowledged["participantId"] == "ada"
    [only] = SOCKET_IO.encode_result(request('42["joinRoom",{"displayName":"Ada"}]'), joined())
    assert only == second


@pytest.mark.parametrize("code", list(ErrorCode))
def test_an_error_goes_into_the_acknowledgement_or_is_an_event(code: ErrorCode) -> None:
    error = ProtocolError(code, "No.")
    acknowledged = json.loads(SOCKET_IO.encode_error(request('421["consume"]'), error).removeprefix("431"))
    assert acknowledged == [{"error": {"code": code, "message": "No."}}]
    event = json.loads(SOCKET_IO.encode_error(request('42["consume"]'), error).removeprefix("42"))
    assert event == ["messageRefused", {"code": code, "message": "consume: No."}]


def test_a_notification_is_an_event_of_its_name() -> None:
    frame = SOCKET_IO.encode_notification(ParticipantLeft("p", "left"))
    assert frame == '42["participantLeft",{"participantId":"p","reason":"left"}]'


def test_namespaces_are_opened_and_ended() -> None:
    assert decode_control("40") == decode_control('40{"token":"x"}') == Control("connect", "/")
    assert decode_control('40/admin?a=b,{"token":"x"}') == Control("connect", "/admin")
    assert decode_control("41") == Control("disconnect", "/")
    assert decode_control("41/admin,") == Control("disconnect", "/admin")
    for other in ("42[]", "4", "0", "", "43", b"40"):
        assert decode_control(other) is None
    assert (connected("x"), DISCONNECT) == ('40{"sid":"x"}', "41")
    assert refuse_namespace("/admin") == '44/admin,{"message":"Invalid namespace"}'
