"""``videocall doctor`` as a process, with a real call and a real TURN server."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.coturn import SECRET, running_coturn
from tests.integration.conftest import Server

from videocall.sfu.loopback import loopback_call


def doctor(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    ports = ["--port", "0", "--rtc-port", "0"]
    if "--rtc-address" not in flags:
        ports += ["--rtc-address", "127.0.0.1"]
    command = [sys.executable, "-m", "videocall", "doctor", *ports, "--data-dir", str(directory), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def report(directory: Path, *flags: str) -> dict[str, list[dict[str, Any]]]:
    """What was found by check; the exit code agrees with it."""
    ran = doctor(directory, "--json", *flags)
    assert ran.stderr == ""
    told = json.loads(ran.stdout)
    failed = any(finding["level"] == "failure" for finding in told["findings"])
    assert (ran.returncode, told["ok"]) == ((1, False) if failed else (0, True))
    checks: dict[str, list[dict[str, Any]]] = {}
    for finding in told["findings"]:
        checks.setdefault(finding["check"], []).append(finding)
    return checks


def test_all_is_well(tmp_path: Path) -> None:
    ran = doctor(tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "a call on 127.0.0.1: ICE after " in ran.stdout
    for check in ("ports", "addresses", "certificate", "limits", "database", "redis", "stun", "turn", "call"):
        assert f"  {check} " in ran.stdout
    assert "checks passed" in ran.stdout.splitlines()[-1]


def test_a_failure_is_shown_with_its_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = doctor(tmp_path, "--port", str(taken.getsockname()[1]))
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    failed = next(at for at, line in enumerate(lines) if line.startswith("FAIL"))
    assert lines[failed + 1].strip().startswith("-> end process ")
    assert lines[-1].startswith("1 of ")


def test_beside_a_running_server(server: Server, tmp_path: Path) -> None:
    (tcp, *_) = report(tmp_path, "--port", str(server.address[1]))["ports"]
    assert (tcp["level"], "this server's already" in tcp["found"]) == ("ok", True)


def test_turn(tmp_path: Path) -> None:
    with running_coturn(tmp_path, "--use-auth-secret", f"--static-auth-secret={SECRET}") as coturn:
        urls = [coturn.url("udp"), coturn.url("tcp")]
        flags = [flag for url in urls for flag in ("--turn-server", url)]
        good = report(tmp_path, *flags, "--turn-secret", SECRET)["turn"]
        assert [finding["level"] for finding in good] == ["ok", "ok"]
        wrong = report(tmp_path, *flags, "--turn-secret", "south")["turn"]
        assert [finding["level"] for finding in wrong] == ["failure", "failure"]
        assert "turn_secret" in wrong[0]["mend"]
        assert "south" not in json.dumps(wrong)
        elsewhere = report(tmp_path, *flags, "--turn-secret", SECRET, "--rtc-address", "127.0.0.1=192.0.2.99")["turn"]
        assert "allowed-peer-ip" in elsewhere[0]["mend"]
    gone = report(tmp_path, *flags, "--turn-secret", SECRET)["turn"]
    assert [finding["found"].endswith("nothing listens there") for finding in gone] == [True, True]


def test_stun(tmp_path: Path) -> None:
    with running_coturn(tmp_path, "--no-auth") as coturn:
        flags = ["--stun-server", f"stun:127.0.0.1:{coturn.port}"]
        (found,) = report(tmp_path, *flags)["stun"]
        assert (found["level"], "as 127.0.0.1" in found["found"]) == ("ok", True)
    (found,) = report(tmp_path, *flags)["stun"]
    assert (found["level"], "nothing listens there" in found["found"]) == ("failure", True)


def test_redis_that_is_down(tmp_path: Path) -> None:
    (found,) = report(tmp_path, "--redis-url", "redis://ada:hush@127.0.0.1:1/0")["redis"]
    assert (found["level"], "127.0.0.1:1" in found["found"]) == ("failure", True)
    assert "hush" not in found["found"]


def test_an_address_of_somebody_else(tmp_path: Path) -> None:
    (call,) = report(tmp_path, "--rtc-address", "203.0.113.1")["call"]
    assert (call["level"], "203.0.113.1" in call["found"]) == ("failure", True)


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    ran = doctor(tmp_path, "--workers", "none")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_a_call_goes_through_all_stages(ip: str) -> None:
    times = await loopback_call(ip)
    assert 0 < times.ice_ms <= times.dtls_ms <= times.rtp_ms
    assert times.srtp_profile.startswith("Aead")
