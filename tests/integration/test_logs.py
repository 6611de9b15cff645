"""What the real server writes into its log, and what never."""

import json
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
from tests.integration.conftest import command, eventually, running

from videocall.client import RequestError, connect
from videocall.ortc.types import DtlsFingerprint, DtlsParameters

DTLS = DtlsParameters(fingerprints=[DtlsFingerprint("sha-256", ":".join(["0A"] * 32))], role="client")
SECRETS = {
    "--token-secret": "the-token-secret-0123456789abcdefghi",
    "--api-key": "the-api-key-0123456789",
    "--webhook-secret": "the-webhook-secret-0123456789",
    "--webhook-url": "http://127.0.0.1:9/the-way-of-the-webhook",
    "--turn-secret": "the-turn-secret",
}


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_every_failure_has_its_place_and_no_line_a_secret(
    web_dist: Path, tmp_path: Path, log_format: str
) -> None:
    flags = [part for pair in SECRETS.items() for part in pair]
    more = ["--turn-server", "turn:127.0.0.1:9", "--log-level", "debug", "--log-format", log_format]
    with running(web_dist, tmp_path, *flags, *more) as server:
        bearer = {"authorization": f"Bearer {SECRETS['--api-key']}"}
        async with httpx.AsyncClient(base_url=f"{server.url}api/v1", headers=bearer) as api:
            password = "the-password-of-the-room"
            assert (await api.post("/rooms", json={"roomId": "daily", "password": password})).status_code == 201
            body = {"rooms": {"daily": "participant"}, "identity": "ada"}
            token = (await api.post("/tokens", json=body)).json()["token"]
        async with connect(server.url, room_id="daily") as client:
            wrong = {"roomId": "daily", "displayName": "Ada", "token": token, "password": "the-wrong-password"}
            for refused in (wrong, {**wrong, "token": token[:-5]}, {**wrong, "password": None, "token": token}):
                with pytest.raises(RequestError):
                    await client.request("joinRoom", refused)
            right = {**wrong, "password": password}
            joined = json.loads(bytes(await client.request("joinRoom", right)))
            transport = await client.create_web_rtc_transport("send")
            await client.connect_transport(transport.id, DTLS)
            with pytest.raises(RequestError):
                await client.close_producer("nothing")

            async def logged() -> bool:
                return "closeProducer" in server.log.read_text()

            await eventually(logged, 10)
        assert server.stop() == 0
    log = server.log.read_text()
    hidden = {*SECRETS.values(), token, password, "the-wrong-password", joined["resumeToken"]}
    hidden |= {ice["credential"] for ice in joined["iceServers"] if "credential" in ice}
    assert [secret for secret in hidden if secret in log] == []
    assert any("credential" in ice for ice in joined["iceServers"])
    if log_format == "text":
        assert "closeProducer" in log
        return
    check_places([json.loads(line) for line in log.splitlines()], joined["participantId"])


def check_places(lines: list[dict[str, str]], participant: str) -> None:
    """What happened in the room says where, and with whom as soon as there is somebody."""
    refused = [line for line in lines if line["event"] == "request refused"]
    assert {line.get("room") for line in refused} == {"daily"}
    assert [(line["method"], line["code"], line.get("participant")) for line in refused] == [
        ("joinRoom", "PASSWORD_WRONG", None),
        ("joinRoom", "TOKEN_INVALID", None),
        ("joinRoom", "PASSWORD_REQUIRED", None),
        ("closeProducer", "NOT_FOUND", participant),
    ]
    for event in ("joined", "dtls", "left"):
        found = [line for line in lines if line["event"] == event]
        assert found, event
        assert {(line["room"], line["participant"]) for line in found} == {("daily", participant)}, event
    for event in ("room opened", "room ended"):
        assert {line["room"] for line in lines if line["event"] == event} == {"daily"}


def test_in_a_container_the_log_goes_to_the_standard_error_output(web_dist: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(web_dist, Path("-"), "--database-url", f"sqlite:///{tmp_path / 'videocall.db'}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        reading = threading.Thread(target=lambda: lines.extend(process.stderr or ()))
        reading.start()
        assert process.stdout.readline().startswith("videocall is at http")
        process.terminate()
        assert process.wait(30) == 0
        reading.join()
    events = [json.loads(line)["event"] for line in lines]
    assert "serving" in events
    assert events[-1] == "ended"
