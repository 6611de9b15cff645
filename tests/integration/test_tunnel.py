"""``videocall serve --tunnel`` with programs on PATH that behave like cloudflared and ngrok, as real processes."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.integration.conftest import command

PRELUDE = """#!{python}
import json, pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
(here / "arguments").write_text(json.dumps(sys.argv[1:]))
def end(number, _):
    (here / "ended").write_text(str(number))
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
"""

CLOUDFLARED = """
def say(line):
    print(line, file=sys.stderr, flush=True)
say("2026-11-25T03:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...")
say("2026-11-25T03:00:01Z INF +--------------------------------------------------------------------------+")
say("2026-11-25T03:00:01Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time):  |")
say("2026-11-25T03:00:01Z INF |  https://four-words-in-rows.trycloudflare.com                             |")
while True:
    say("2026-11-25T03:00:02Z INF Registered tunnel connection connIndex=0 " + "x" * 4000)
    time.sleep(0.01)
"""

NGROK = """
def say(**entry):
    print(json.dumps(entry), flush=True)
say(lvl="info", msg="no configuration paths supplied")
say(err=None, lvl="info", msg="starting web service", obj="web", addr="127.0.0.1:4040")
say(addr="http://127.0.0.1:1", lvl="info", msg="started tunnel", name="command_line", url="https://1a2b.ngrok-free.app")
signal.pause()
"""

CLOUDFLARED_FAILS = """
print("2026-11-25T03:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...", file=sys.stderr)
print('2026-11-25T03:00:01Z ERR failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": no route',
      file=sys.stderr)
sys.exit(1)
"""

NGROK_FAILS = """
print(json.dumps({"err": "authentication failed: your authtoken is not valid", "lvl": "eror", "msg": "closing"}))
sys.exit(1)
"""

DIES_LATER = """
print("https://short-lived.trycloudflare.com", file=sys.stderr, flush=True)
while not (here / "die").exists():
    time.sleep(0.01)
sys.exit(3)
"""


def install(directory: Path, name: str, body: str) -> Path:
    program = directory / name
    program.write_text(PRELUDE.format(python=sys.executable) + body)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return directory


@contextmanager
def serving(web_dist: Path, directory: Path, *flags: str) -> Iterator["subprocess.Popen[str]"]:
    """A server that finds programs in its directory before all others."""
    environment = os.environ | {"PATH": f"{directory}:{os.environ['PATH']}"}
    with subprocess.Popen(
        command(web_dist, directory / "log", *flags),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def read_until_running(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
    assert process.stderr is not None
    pytest.fail(process.stderr.read())


@pytest.mark.parametrize(
    ("name", "body", "url"),
    [
        ("cloudflared", CLOUDFLARED, "https://four-words-in-rows.trycloudflare.com"),
        ("ngrok", NGROK, "https://1a2b.ngrok-free.app"),
    ],
)
def test_the_public_url_is_shown_and_the_program_ends_with_the_server(
    web_dist: Path, tmp_path: Path, name: str, body: str, url: str
) -> None:
    install(tmp_path, name, body)
    with serving(web_dist, tmp_path, "--tunnel", name) as process:
        shown = read_until_running(process)
        assert f"From anywhere it is at {url}" in shown
        assert any(line.startswith("Media is UDP") for line in shown)
        arguments = json.loads((tmp_path / "arguments").read_text())
        (target,) = [argument for argument in arguments if argument.startswith("http://127.0.0.1:")]
        assert httpx.get(f"{target}healthz").status_code == 200
        assert not (tmp_path / "ended").exists()
        process.terminate()
        assert process.wait(30) == 0
    assert (tmp_path / "ended").read_text() == "15"


def test_without_a_name_whichever_is_installed(web_dist: Path, tmp_path: Path) -> None:
    install(tmp_path, "ngrok", NGROK)
    with serving(web_dist, tmp_path, "--tunnel") as process:
        assert "From anywhere it is at https://1a2b.ngrok-free.app" in read_until_running(process)


def test_https_is_not_verified_on_the_way_to_oneself(web_dist: Path, tmp_path: Path) -> None:
    install(tmp_path, "cloudflared", CLOUDFLARED)
    flags = ["--tunnel", "--lan", "--redirect-port", "0", "--data-dir", str(tmp_path / "data")]
    with serving(web_dist, tmp_path, *flags) as process:
        read_until_running(process)
    arguments = json.loads((tmp_path / "arguments").read_text())
    assert "--no-tls-verify" in arguments
    assert arguments[-1].startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("cloudflared", CLOUDFLARED_FAILS, "cloudflared ended with status 1: failed to request quick Tunnel"),
        ("ngrok", NGROK_FAILS, "ngrok ended with status 1: authentication failed: your authtoken is not valid"),
    ],
)
def test_a_tunnel_that_does_not_open_is_one_line(
    web_dist: Path, tmp_path: Path, name: str, body: str, told: str
) -> None:
    install(tmp_path, name, body)
    with serving(web_dist, tmp_path, "--tunnel", name) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert told in err
    assert err.count("\n") == 1


def test_what_is_not_installed_is_told(web_dist: Path, tmp_path: Path) -> None:
    assert shutil.which("cloudflared") is None
    with serving(web_dist, tmp_path, "--tunnel", "cloudflared") as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("videocall: --tunnel needs cloudflared, and there is none on PATH")


def test_the_server_outlives_its_tunnel(web_dist: Path, tmp_path: Path) -> None:
    install(tmp_path, "cloudflared", DIES_LATER)
    with serving(web_dist, tmp_path, "--tunnel") as process:
        shown = read_until_running(process)
        (tmp_path / "die").touch()
        deadline = time.monotonic() + 20
        while '"tunnel ended"' not in (tmp_path / "log").read_text():
            assert time.monotonic() < deadline
        assert httpx.get(f"{shown[0].split()[-1]}healthz").status_code == 200
