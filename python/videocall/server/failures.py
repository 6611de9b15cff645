"""Why a server may be unable to start; each error says in one line what to do."""

from typing import Final

from videocall import sfu
from videocall.jwks import JwksError
from videocall.lan import AuthorityError
from videocall.server.listener import ListenError
from videocall.server.static import MissingBundleError
from videocall.server.tunnel import TunnelError
from videocall.store import StoreError

__all__ = ["START_FAILURES", "TlsError"]


class TlsError(Exception):
    """The certificate or its key cannot be used; the message is one line for the user."""


START_FAILURES: Final = (
    MissingBundleError,
    ListenError,
    TlsError,
    AuthorityError,
    TunnelError,
    JwksError,
    StoreError,
    sfu.SfuError,
)
