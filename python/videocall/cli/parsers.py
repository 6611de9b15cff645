"""From a setting's text to its value: each raises `ValueError` with what the text should have been."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from videocall.server.settings import MIN_KEY_CHARACTERS, RtcAddress, Tls
from videocall.tokens import MIN_SECRET_BYTES
from videocall.turn import TurnUrl
from videocall.urls import check_database_url, check_redis_url
from videocall.webhooks import secret_bytes

__all__ = [
    "api_key",
    "database_url",
    "host",
    "integer",
    "one_of",
    "origin",
    "public_address",
    "redis_url",
    "rtc_address",
    "secret",
    "stun_server",
    "switch",
    "tls",
    "token_jwks",
    "token_secret",
    "trusted_proxy",
    "turn_server",
    "webhook_secret",
    "webhook_url",
]


def integer(low: int, high: int) -> Callable[[str], int]:
    """Numbers from `low` to `high`, both included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return parse


def host(text: str) -> str:
    """A name or an address to listen on."""
    if not re.fullmatch(r"[A-Za-z0-9.:\-]{1,253}", text):
        raise ValueError(f"{text!r} is not a host name or an IP address")
    return text


def rtc_address(text: str) -> RtcAddress:
    """``IP`` or ``IP=ANNOUNCED``."""
    ip, _, announced = text.partition("=")
    for part in (ip, announced or ip):
        try:
            address = ip_address(part)
        except ValueError:
            raise ValueError(f"{part!r} is not an IP address") from None
        if address.is_unspecified:
            raise ValueError(f"{part!r} stands for no single address; leave the setting out to use all of them")
    return RtcAddress(ip, announced or None)


def tls(text: str) -> Tls:
    """``auto``, ``off`` or ``CERT,KEY``, two files that are there."""
    if text in {"auto", "off"}:
        return cast("Tls", text)
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError(f"{text!r} is not auto, off or CERT,KEY")
    cert, key = (Path(part.strip()) for part in parts)
    for path in (cert, key):
        if not path.is_file():
            raise ValueError(f"there is no file {str(path)!r}")
    return cert, key


def stun_server(text: str) -> str:
    """A ``stun:`` or ``stuns:`` URL."""
    if not re.fullmatch(r"stuns?:[A-Za-z0-9.:\[\]\-]+", text):
        raise ValueError(f"{text!r} is not a STUN URL such as stun:stun.example.org:3478")
    return text


def origin(text: str) -> str:
    """A web origin, as browsers write it."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.netloc or url.path or url.query or url.fragment:
        raise ValueError(f"{text!r} is not an origin such as https://example.org")
    return text.lower()


def trusted_proxy(text: str) -> IPv4Network | IPv6Network:
    """An IP address or a network."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or a network such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} stands for everybody, of whom some would lie")
    return network


def token_secret(text: str) -> str:
    """A secret long enough to sign tokens with."""
    # Not quoted back: it would end up in somebody's log.
    if len(text.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"a secret needs {MIN_SECRET_BYTES} bytes at least; `openssl rand -hex 32` makes one")
    return text


def token_jwks(text: str) -> str | Path:
    """A URL that nobody on the way can answer for, or a file that is there."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"}:
        path = Path(text)
        if not path.is_file():
            raise ValueError(f"there is no file {text!r}, and it is no URL such as https://login.example.org/jwks")
        return path
    if not url.hostname or (url.scheme == "http" and url.hostname not in {"localhost", "127.0.0.1", "::1"}):
        raise ValueError(f"{text!r} is not an https: URL; http: is for this machine alone")
    return text


def database_url(text: str) -> str:
    """A URL of PostgreSQL or SQLite, or ``memory``."""
    return check_database_url(text)


def redis_url(text: str) -> str:
    """A URL of Redis."""
    return check_redis_url(text)


def turn_server(text: str) -> str:
    """A ``turn:`` or ``turns:`` URL."""
    TurnUrl.parse(text)
    return text


def secret(text: str) -> str:
    """Any text but none. Its message does not quote it: that would end up in somebody's log."""
    if not text.isprintable() or not text.strip():
        raise ValueError("this takes text of at least one visible character and no control characters")
    return text


def webhook_url(text: str) -> str:
    """An ``http:`` or ``https:`` URL. Its message does not quote it: it may hold a secret."""
    try:
        url = urlsplit(text)
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and not url.fragment and text.isascii()
        usable = usable and text.isprintable() and " " not in text and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("this takes a URL such as https://app.example.org/videocall")
    return text


def webhook_secret(text: str) -> str:
    """A secret long enough to sign webhooks with."""
    secret_bytes(text)
    return text


def api_key(text: str) -> str:
    """A key that cannot be guessed, of characters that a header may carry (RFC 6750, 2.1)."""
    if len(text) < MIN_KEY_CHARACTERS or not re.fullmatch(r"[A-Za-z0-9._~+/=\-]+", text):
        raise ValueError(
            f"a key has {MIN_KEY_CHARACTERS} characters at least, out of A-Z a-z 0-9 . _ ~ + / = -; "
            "`openssl rand -hex 32` makes one"
        )
    return text


def public_address(text: str) -> str:
    """An IP address that clients elsewhere can reach."""
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        raise ValueError(f"{text!r} is no address that others can reach")
    return str(address)


def one_of(*words: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def switch(text: str) -> bool:
    """Yes or no."""
    known = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither yes nor no")
    return known[text.lower()]
