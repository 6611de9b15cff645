"""What Hypercorn has to be told so that calls' sockets are well: heartbeats, bounds, time-outs."""

from typing import Final, TypeVar

from hypercorn.config import Config

from videocall.protocol.limits import MAX_MESSAGE_BYTES
from videocall.server.containment import contain_failures
from videocall.server.websocket import refuse_compression

__all__ = ["tune"]

C = TypeVar("C", bound=Config)

_PING_S: Final = 4.0
_SILENCE_S: Final = 12
"""A live peer answers every ping, so that its socket is never silent for long; a dead one is found within 15 s."""


def tune(config: C) -> C:
    """Set on a Hypercorn configuration what sockets of calls need, and return it.

    Hypercorn pings and drops who is silent, takes no message that is larger than the protocol's, and speaks HTTP/1.1
    only, whose WebSockets end tidily. For the whole process, as it has no settings for that: it does not compress, and
    a connection that fails ends alone.
    """
    refuse_compression()
    contain_failures()
    config.alpn_protocols = ["http/1.1"]
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    config.websocket_ping_interval = _PING_S
    config.read_timeout = _SILENCE_S
    config.keep_alive_timeout = 8
    config.ssl_handshake_timeout = 8
    config.graceful_timeout = 3
    config.include_server_header = False
    return config
