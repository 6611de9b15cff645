"""Everything that can be set about a server. `videocall.cli` fills it."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen

from videocall.tokens import LEEWAY_S
from videocall.urls import shown

__all__ = [
    "EVERY_ADDRESS",
    "MIN_KEY_CHARACTERS",
    "STDERR",
    "LogFormat",
    "LogLevel",
    "RtcAddress",
    "Settings",
    "Tls",
    "TunnelKind",
]

MIN_KEY_CHARACTERS: Final = 16
"""Of an API key."""

EVERY_ADDRESS: Final = ""
"""The `Settings.host` that stands for every address of the machine, IPv4 and IPv6."""

STDERR: Final = Path("-")
"""The `Settings.log_file` that stands for the standard error output."""

LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

TunnelKind = Literal["auto", "cloudflared", "ngrok"]
"""A program that opens a tunnel. ``auto``: whichever is installed, in this order."""

Tls = Literal["auto", "off"] | tuple[Path, Path]
"""``auto``: a certificate of the local authority, unless `Settings.host` is loopback, where none is needed. Or chain
and private key, both PEM."""


@frozen
class RtcAddress:
    """A local address for media, and the address that clients are told when it is another one."""

    ip: str
    announced: str | None = None


@frozen
class Settings:
    """A server's settings; see ``videocall serve --help`` for what they mean.

    Attributes:
        lan: open meetings to the local network: show how its devices get in.
        redirect_port: with a certificate of the local authority: TCP port for plain HTTP, which leads new devices to
            trust it and everybody on to HTTPS; `None` stands for one above `port`.
        rtc_addresses: empty stands for every local address.
        rtc_tcp: take media over TCP too, where a network lets no UDP through.
        workers: media threads; 0 stands for one per core.
        public_addresses: IP addresses that clients are told beside the local ones, such as a router's that sends the
            media ports on to this machine.
        tunnel: program that gives the server a public URL.
        tls: how HTTPS is served, if at all.
        data_dir: where the local certificate authority is kept.
        stun_servers: URLs that clients get as ICE servers.
        turn_servers: ``turn:`` and ``turns:`` URLs, likewise.
        turn_secret: shared with them; each client then gets an account that ends after `turn_ttl` seconds.
        turn_ttl: long enough for a meeting, short enough that an account that leaked is soon worth nothing.
        turn_user: the one account of everybody, instead of a secret, with its `turn_password`.
        turn_password: see `turn_user`.
        allowed_origins: of pages on other hosts that may connect, as browsers write them: ``https://example.org``.
        trusted_proxies: of reverse proxies that say for whom they ask (``X-Forwarded-For``, ``-Proto``, ``-Host``).
        web_dist: where the web bundle is.
        request_rate: requests a second of one session in the long run, ten times as many at once; 0 for no limit.
        resume_within: seconds for which a participant whose connection broke keeps its place.
        api_keys: each opens the REST API; without one it is off.
        webhook_urls: who is told of what happens.
        webhook_secret: by which that is signed; see `videocall.webhooks`.
        database_url: what is remembered goes there; ``memory``: it is gone when the server ends.
        keep_chat: days for which chat is kept after it was written; 0 for ever.
        keep_sessions: days for which it is kept who was in which room, after they left; 0 for ever.
        redis_url: where servers tell each other of rooms and events; `None` for a server alone.
        token_secret: by which tokens may be signed that are needed to join. Without it and `token_jwks` everybody may.
        token_jwks: URL or file of the public keys of those who may sign them.
        token_audience: that they then have to name.
        token_issuer: likewise.
        token_leeway: seconds for which an expired one is still taken: clocks differ.
    """

    lan: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    redirect_port: int | None = None
    rtc_port: int = 10000
    rtc_addresses: tuple[RtcAddress, ...] = ()
    rtc_tcp: bool = True
    public_addresses: tuple[str, ...] = ()
    tunnel: TunnelKind | None = None
    workers: int = 0
    tls: Tls = "auto"
    stun_servers: tuple[str, ...] = ()
    turn_servers: tuple[str, ...] = ()
    turn_secret: str | None = field(default=None, repr=False)
    turn_ttl: int = 43200
    turn_user: str | None = None
    turn_password: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    log_file: Path = Path("videocall.log")
    log_format: LogFormat = "json"
    log_level: LogLevel = "info"
    data_dir: Path = Path("videocall")
    web_dist: Path = Path(__file__).parent.parent / "web_dist"
    request_rate: int = 100
    resume_within: int = 30
    token_secret: str | None = field(default=None, repr=False)
    token_jwks: str | Path | None = None
    token_audience: str | None = None
    token_issuer: str | None = None
    token_leeway: int = LEEWAY_S
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    webhook_urls: tuple[str, ...] = field(default=(), repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    database_url: str = field(default="memory", repr=shown)
    keep_chat: int = 30
    keep_sessions: int = 90
    redis_url: str | None = field(default=None, repr=shown)

    @property
    def open_to_all(self) -> bool:
        """Whether whoever reaches the server may join."""
        return self.token_secret is None and self.token_jwks is None
