from pathlib import Path

import pytest

from videocall.cli.greeting import greeting
from videocall.server.serve import Started
from videocall.server.settings import RtcAddress, Settings

HERE = Started(("http://127.0.0.1:8080/",))
LAN = Started(("https://10.0.0.5:8080/", "https://[fd00::5]:8080/"), "http://10.0.0.5:8081/", "AB:CD")
TUNNEL = Started(("http://127.0.0.1:8080/",), public="https://some-words.trycloudflare.com")
LOG = Path("/l")
ON_LAN = Settings(log_file=LOG, lan=True, host="")


def test_on_localhost_it_is_short() -> None:
    shown = greeting(HERE, Settings(log_file=LOG), columns=80)
    assert shown == "videocall is at http://127.0.0.1:8080/\nThe log is /l\nCtrl-C ends it."


def test_on_a_lan_it_says_how_others_come_in() -> None:
    shown = greeting(LAN, ON_LAN, columns=80)
    assert all(url in shown for url in (*LAN.urls, "http://10.0.0.5:8081/", "AB:CD"))
    assert "\x1b[97;40m" in shown


def test_no_code_where_it_would_not_fit_or_nobody_looks() -> None:
    for columns in (20, None):
        assert "\x1b" not in greeting(LAN, ON_LAN, columns)


@pytest.mark.parametrize(("started", "settings"), [(LAN, ON_LAN), (TUNNEL, Settings(tunnel="auto"))])
def test_a_server_that_others_reach_without_tokens_says_so_in_one_line(started: Started, settings: Settings) -> None:
    shown = greeting(started, settings, columns=80).splitlines()
    assert [line for line in shown if "everybody" in line] == [shown[-2]]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(tunnel="auto"), "none until there is a --turn-server"),
        (Settings(turn_servers=("turn:t.example.org",)), "through turn:t.example.org"),
        (Settings(public_addresses=("198.51.100.7",), workers=2), "UDP 10000 to 10001 open at 198.51.100.7"),
        (Settings(rtc_addresses=(RtcAddress("10.0.0.5", "198.51.100.8"),), workers=1), "open at 198.51.100.8"),
    ],
)
def test_a_tunnel_is_told_with_what_media_needs(settings: Settings, told: str) -> None:
    shown = greeting(TUNNEL, settings, columns=80)
    assert f"From anywhere it is at {TUNNEL.public}" in shown
    assert told in shown
    assert "\x1b[97;40m" in shown
