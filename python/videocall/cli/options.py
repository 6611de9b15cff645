"""Everything that can be set, as its user sees it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

from attrs import frozen

from videocall.cli import parsers
from videocall.server.settings import LogFormat, LogLevel, TunnelKind

__all__ = ["ENVIRONMENT", "OPTIONS", "Option"]

ENVIRONMENT: Final = "VIDEOCALL_"
"""What the names of all variables begin with."""


@frozen
class Option:
    """A setting as its user sees it.

    Attributes:
        name: in the file, and of the flag and the environment variable made from it.
        field: of `Settings`.
        parse: makes the value from text, or raises `ValueError` with what it should be.
        many: whether it may be given several times.
        bare: what the flag says when it is given without a value; `None` when it needs one.
    """

    name: str
    field: str
    parse: Callable[[str], object]
    metavar: str
    help: str
    many: bool = False
    bare: str | None = None

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return ENVIRONMENT + self.name.upper()


_MAX_WORKERS: Final = 256

OPTIONS: Final = (
    Option(
        "lan",
        "lan",
        parsers.switch,
        "yes|no",
        "open meetings to the local network: listen on every address, with HTTPS, and show how phones get in",
        bare="yes",
    ),
    Option(
        "host",
        "host",
        parsers.host,
        "HOST",
        "address for the page and its socket (default: 127.0.0.1, with --lan every one)",
    ),
    Option("port", "port", parsers.integer(0, 65535), "PORT", "TCP port for them; 0 takes a free one (default: 8080)"),
    Option(
        "redirect_port",
        "redirect_port",
        parsers.integer(0, 65535),
        "PORT",
        "with a certificate of the local authority: TCP port for plain HTTP, which shows new devices how to trust it "
        "and leads to HTTPS; 0 takes a free one (default: one above --port)",
    ),
    Option(
        "rtc_port",
        "rtc_port",
        parsers.integer(0, 65535),
        "PORT",
        "first port for media, UDP and TCP, one a worker; 0 takes free ones (default: 10000)",
    ),
    Option(
        "rtc_address",
        "rtc_addresses",
        parsers.rtc_address,
        "IP[=ANNOUNCED]",
        "local address for media, and the one that clients are told instead; may be repeated (default: all there are)",
        many=True,
    ),
    Option(
        "rtc_tcp",
        "rtc_tcp",
        parsers.switch,
        "on|off",
        "take media over TCP too, on the ports of UDP, where a network lets no UDP through (default: on)",
    ),
    Option(
        "public_address",
        "public_addresses",
        parsers.public_address,
        "IP",
        "address that clients are told for media beside the local ones, such as that of a router that sends the media "
        "ports on to this machine; may be repeated",
        many=True,
    ),
    Option("workers", "workers", parsers.integer(1, _MAX_WORKERS), "N", "media threads (default: one per core)"),
    Option(
        "tunnel",
        "tunnel",
        parsers.one_of(*get_args(TunnelKind)),
        "cloudflared|ngrok",
        "get a public URL by this program, which has to be installed; without a name by whichever is",
        bare="auto",
    ),
    Option(
        "tls",
        "tls",
        parsers.tls,
        "auto|off|CERT,KEY",
        "HTTPS with this certificate chain and key, two PEM files; off: plain HTTP, behind a proxy that does TLS; "
        "auto: none on loopback, else a certificate of a local authority made at first run (default: auto)",
    ),
    Option(
        "stun_server",
        "stun_servers",
        parsers.stun_server,
        "URL",
        "STUN server to tell clients of; may be repeated",
        many=True,
    ),
    Option(
        "turn_server",
        "turn_servers",
        parsers.turn_server,
        "URL",
        "TURN server to tell clients of, such as turn:turn.example.org:3478?transport=udp; may be repeated",
        many=True,
    ),
    Option(
        "turn_secret",
        "turn_secret",
        parsers.secret,
        "SECRET",
        "shared with the TURN servers, to give each participant an account that ends by itself "
        "(coturn: use-auth-secret, static-auth-secret)",
    ),
    Option(
        "turn_ttl",
        "turn_ttl",
        parsers.integer(60, 30 * 86400),
        "SECONDS",
        "how long such an account is good for (default: 43200, 12 hours)",
    ),
    Option("turn_user", "turn_user", parsers.secret, "NAME", "instead of a secret: the one account of everybody"),
    Option("turn_password", "turn_password", parsers.secret, "PASSWORD", "its password"),
    Option(
        "allowed_origin",
        "allowed_origins",
        parsers.origin,
        "ORIGIN",
        "other origin whose pages may connect; may be repeated",
        many=True,
    ),
    Option(
        "trusted_proxy",
        "trusted_proxies",
        parsers.trusted_proxy,
        "CIDR",
        "address or network of a reverse proxy whose X-Forwarded-For, -Proto and -Host are true; may be repeated",
        many=True,
    ),
    Option(
        "log_file",
        "log_file",
        Path,
        "PATH",
        "the log; - writes it to the standard error output (default: ~/.local/state/videocall/videocall.log)",
    ),
    Option(
        "log_format", "log_format", parsers.one_of(*get_args(LogFormat)), "json|text", "of its lines (default: json)"
    ),
    Option(
        "log_level",
        "log_level",
        parsers.one_of(*get_args(LogLevel)),
        "LEVEL",
        "the least that it holds: debug, info, warning or error (default: info)",
    ),
    Option(
        "data_dir",
        "data_dir",
        Path,
        "DIR",
        "where the local certificate authority is kept, and the database unless told otherwise (default: "
        "~/.local/share/videocall)",
    ),
    Option("web_dist", "web_dist", Path, "DIR", "other web bundle than the one that came with the package"),
    Option(
        "request_rate",
        "request_rate",
        parsers.integer(0, 1_000_000),
        "N",
        "requests a second that one client may make in the long run; 0 for any number (default: 100)",
    ),
    Option(
        "resume_within",
        "resume_within",
        parsers.integer(0, 3600),
        "SECONDS",
        "how long a participant whose connection broke keeps its place (default: 30)",
    ),
    Option(
        "database_url",
        "database_url",
        parsers.database_url,
        "URL",
        "where rooms, sessions and chat are remembered: sqlite:///PATH, postgresql://USER:PASSWORD@HOST/NAME, or "
        "memory, which ends with the server (default: sqlite in ~/.local/share/videocall/videocall.db)",
    ),
    Option(
        "keep_chat",
        "keep_chat",
        parsers.integer(0, 36500),
        "DAYS",
        "how long chat is kept; 0 for ever (default: 30)",
    ),
    Option(
        "keep_sessions",
        "keep_sessions",
        parsers.integer(0, 36500),
        "DAYS",
        "how long it is kept who was in which room; 0 for ever (default: 90)",
    ),
    Option(
        "redis_url",
        "redis_url",
        parsers.redis_url,
        "URL",
        "Redis in which servers tell each other of rooms and events: redis://USER:PASSWORD@HOST:PORT/NUMBER, or "
        "rediss:// for TLS (default: none; the server is alone)",
    ),
    Option(
        "api_key",
        "api_keys",
        parsers.api_key,
        "KEY",
        "opens the REST API to whoever bears it; may be repeated; better set in the environment or the file (default: "
        "the API is off)",
        many=True,
    ),
    Option(
        "webhook_url",
        "webhook_urls",
        parsers.webhook_url,
        "URL",
        "tell it of rooms, participants and tracks, by signed POSTs; may be repeated",
        many=True,
    ),
    Option("webhook_secret", "webhook_secret", parsers.webhook_secret, "SECRET", "by which these are signed"),
    Option(
        "token_secret",
        "token_secret",
        parsers.token_secret,
        "SECRET",
        "let only bearers of tokens join that `videocall token` made with this secret; a flag is seen by everyone on "
        "the machine, so better set it in the environment or the file (default: everybody may join)",
    ),
    Option(
        "token_jwks",
        "token_jwks",
        parsers.token_jwks,
        "URL|FILE",
        "or of tokens that somebody signed (RS256, ES256) whose public keys are in this JSON Web Key Set",
    ),
    Option("token_audience", "token_audience", parsers.secret, "NAME", "`aud` that tokens have to name"),
    Option("token_issuer", "token_issuer", parsers.secret, "NAME", "`iss` that tokens have to name"),
    Option(
        "token_leeway",
        "token_leeway",
        parsers.integer(0, 300),
        "SECONDS",
        "how long an expired token is still taken, as clocks differ (default: 10)",
    ),
)
