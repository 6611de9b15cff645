"""What is generated from the message types: it is up to date, and it is true."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.unit.protocol.test_methods import VALID

from videocall.ortc import DEFAULT_CODECS, generate_router_rtp_capabilities
from videocall.protocol import ErrorCode, ProtocolError, protoo
from videocall.protocol import notifications as n
from videocall.protocol.methods import METHODS
from videocall.protocol.notifications import NOTIFICATIONS
from videocall.protocol.results import IceServer, RoomJoined
from videocall.protocol.shapes import Knock, Permissions, RoomState, Speaker, StreamScore, WantedLayer

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs" / "protocol.schema.json").read_text())
FRAMES = jsonschema.Draft202012Validator(SCHEMA)

SAMPLES = (
    n.ParticipantJoined("p", "Ada", "host", 1_700_000_000_000, Permissions(), handRaised=False),
    n.ParticipantLeft("p", "left"),
    n.ParticipantUpdated("p", "Ada L.", "viewer", Permissions(audio=False), handRaised=True),
    n.NewProducer("c", "p", "video", "camera", paused=False),
    n.ProducerClosed("c", "p", "transportClosed"),
    n.ProducerPaused("c", "p", "host"),
    n.ProducerResumed("c", "p"),
    n.ConsumerClosed("k", "c", "closed"),
    n.ConsumerPaused("k", "c"),
    n.ConsumerResumed("k", "c"),
    n.ConsumerLayersChanged("k", 1),
    n.ConsumerScore("k", 7, 9, [10, 9]),
    n.LayersWanted("c", [WantedLayer(0, True, "l"), WantedLayer(1, False, "h")]),
    n.ProducerScore("c", [StreamScore(0, 10, 1234), StreamScore(1, 0, rid="h")]),
    n.ActiveSpeakers([Speaker("p", "c", -31)]),
    n.NewDataProducer("d", "p", "chat", ""),
    n.DataProducerClosed("d", "p", "closed"),
    n.DataConsumerClosed("e", "d", "left"),
    n.Message("m", "p", "Ada", "Hello", 1_700_000_000_000),
    n.Reaction("p", "👍"),
    n.RoomUpdated(locked=True, lobby=False, hasPassword=True, permissions=Permissions(), maxParticipants=4),
    n.LobbyKnock("k", "Eve"),
    n.LobbyKnockEnded("k", "gone"),
    RoomJoined(
        roomId="daily",
        participantId="p",
        role="host",
        permissions=Permissions(),
        room=RoomState(locked=False, lobby=True, hasPassword=False, permissions=Permissions(screen=False)),
        rtpCapabilities=generate_router_rtp_capabilities(DEFAULT_CODECS),
        iceServers=[IceServer(["stun:stun.example.org"])],
        participants=[],
        producers=[],
        dataProducers=[],
        messages=[],
        knocks=[Knock("k", "Eve")],
        resumeToken="t",
    ),
    n.LobbyRejected("daily", "removed"),
    n.Removed("removed"),
    n.RoomEnded("expired"),
    n.ServerDraining(),
    n.MessageRefused("BAD_REQUEST", "Not a protoo message."),
)


def test_everything_is_up_to_date() -> None:
    command = [sys.executable, "tools/generate_protocol.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_method_notification_and_code_is_documented() -> None:
    document = (ROOT / "docs" / "protocol.md").read_text()
    for name in (*METHODS, *NOTIFICATIONS):
        assert f"### {name}\n" in document
    assert all(f"| `{code}` |" in document for code in ErrorCode)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_that_the_server_takes_is_valid(method: str) -> None:
    FRAMES.validate(json.loads(protoo.encode_request(1, method, VALID[method])))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_notification_as_the_server_sends_it_is_valid(sample: n.Notification) -> None:
    FRAMES.validate(json.loads(protoo.encode_notification(sample)))


def test_no_notification_is_left_out() -> None:
    assert {type(sample) for sample in SAMPLES} == set(NOTIFICATIONS.values())


@pytest.mark.parametrize("code", list(ErrorCode))
def test_a_refusal_is_valid(code: ErrorCode) -> None:
    FRAMES.validate(json.loads(protoo.encode_error(1, ProtocolError(code))))


@pytest.mark.parametrize(
    "frame",
    [
        {"request": True, "id": 1, "method": "joinRoom", "data": {}},
        {"request": True, "id": 1, "method": "joinRoom", "data": {"displayName": "a\nb"}},
        {"request": True, "id": 1, "method": "flyAway", "data": {}},
        {"request": True, "method": "leaveRoom", "data": {}},
        {"notification": True, "method": "participantLeft", "data": {"participantId": "p", "reason": "bored"}},
        {"response": True, "id": 1, "ok": False, "errorCode": "OOPS", "errorReason": ""},
        {},
    ],
)
def test_what_is_none_of_these_is_not_valid(frame: dict[str, Any]) -> None:
    assert not FRAMES.is_valid(frame)
