from pathlib import Path

from videocall.cli.greeting import greeting
from videocall.server.serve import Started

LOCAL = Started(("http://127.0.0.1:8080/",))
LAN = Started(("https://10.0.0.5:8080/", "https://[fd00::5]:8080/"), "http://10.0.0.5:8081/", "AB:CD")
LOG = Path("/l")


def test_on_localhost_it_is_short() -> None:
    shown = greeting(LOCAL, LOG, lan=False, columns=80)
    assert shown == "videocall is at http://127.0.0.1:8080/\nThe log is /l\nCtrl-C ends it."


def test_on_a_lan_it_says_how_others_come_in() -> None:
    shown = greeting(LAN, LOG, lan=True, columns=80)
    assert all(url in shown for url in (*LAN.urls, "http://10.0.0.5:8081/", "AB:CD"))
    assert "\x1b[97;40m" in shown


def test_no_code_where_it_would_not_fit_or_nobody_looks() -> None:
    for columns in (20, None):
        assert "\x1b" not in greeting(LAN, LOG, lan=True, columns=columns)


def test_a_server_that_others_reach_without_tokens_says_so_in_one_line() -> None:
    shown = greeting(LOCAL, LOG, lan=False, columns=80, exposed=True).splitlines()
    assert [line for line in shown if "everybody" in line] == [shown[-2]]
