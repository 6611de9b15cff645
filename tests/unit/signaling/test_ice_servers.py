import shutil
import subprocess

from videocall.protocol.results import IceServer
from videocall.signaling.ice_servers import FixedAccount, IceServers, SharedSecret
from videocall.turn import Credentials

URLS = ["turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp"]
NOW = 1_700_000_000.9


def test_without_any_nothing_is_told() -> None:
    assert IceServers().issue("ada") == []


def test_a_fixed_account() -> None:
    servers = IceServers(["stun:s"], URLS, FixedAccount(Credentials("u", "p"))).issue("ada")
    assert servers == [IceServer(["stun:s"]), IceServer(URLS, "u", "p")]


def test_an_account_of_ones_own_that_ends() -> None:
    issue = IceServers(turn=URLS, accounts=SharedSecret("north", 3600), clock=lambda: NOW).issue
    (ada,), (bob,) = issue("ada"), issue("bob")
    assert (ada.username, bob.username) == ("1700003600:ada", "1700003600:bob")
    assert ada.credential != bob.credential
    openssl = shutil.which("openssl")
    assert openssl is not None
    command = f"printf %s '{ada.username}' | {openssl} dgst -sha1 -hmac north -binary | {openssl} base64"
    assert subprocess.check_output(["/bin/sh", "-c", command], text=True).strip() == ada.credential


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(IceServer(URLS, "u", "hush"))
    assert "hush" not in repr(Credentials("u", "hush"))
