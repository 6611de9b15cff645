"""Everything that can be set about a server. `videocall.cli` fills it."""

from pathlib import Path
from typing import Final

from attrs import field, frozen

from videocall.urls import shown

__all__ = ["MIN_KEY_CHARACTERS", "RtcAddress", "Settings"]

MIN_KEY_CHARACTERS: Final = 16
"""Of an API key."""


@frozen
class RtcAddress:
    """A local address for media, and the address that clients are told when it is another one."""

    ip: str
    announced: str | None = None


@frozen
class Settings:
    """A server's settings; see ``videocall serve --help`` for what they mean.

    Attributes:
        rtc_addresses: empty stands for every local address.
        workers: media threads; 0 stands for one per core.
        tls: certificate chain and private key, both PEM.
        stun_servers: URLs that clients get as ICE servers.
        turn_servers: ``turn:`` and ``turns:`` URLs, likewise.
        turn_secret: shared with them; each client then gets an account that ends after `turn_ttl` seconds.
        turn_ttl: long enough for a meeting, short enough that an account that leaked is soon worth nothing.
        turn_user: the one account of everybody, instead of a secret, with its `turn_password`.
        turn_password: see `turn_user`.
        allowed_origins: of pages on other hosts that may connect, as browsers write them: ``https://example.org``.
        web_dist: where the web bundle is.
        request_rate: requests a second of one session in the long run, ten times as many at once; 0 for no limit.
        resume_within: seconds for which a participant whose connection broke keeps its place.
        api_keys: each opens the REST API; without one it is off.
        webhook_urls: who is told of what happens.
        webhook_secret: by which that is signed; see `videocall.webhooks`.
        database_url: what is remembered goes there; ``memory``: it is gone when the server ends.
        keep_chat: days for which chat is kept after it was written; 0 for ever.
        keep_sessions: days for which it is kept who was in which room, after they left; 0 for ever.
        token_secret: by which tokens are signed that are then needed to join; `None` lets everybody join.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    rtc_port: int = 10000
    rtc_addresses: tuple[RtcAddress, ...] = ()
    workers: int = 0
    tls: tuple[Path, Path] | None = None
    stun_servers: tuple[str, ...] = ()
    turn_servers: tuple[str, ...] = ()
    turn_secret: str | None = field(default=None, repr=False)
    turn_ttl: int = 43200
    turn_user: str | None = None
    turn_password: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] = ()
    log_file: Path = Path("videocall.log")
    web_dist: Path = Path(__file__).parent.parent / "web_dist"
    request_rate: int = 100
    resume_within: int = 30
    token_secret: str | None = field(default=None, repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    webhook_urls: tuple[str, ...] = field(default=(), repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    database_url: str = field(default="memory", repr=shown)
    keep_chat: int = 30
    keep_sessions: int = 90
