"""Video meetings in one command, and the SFU behind them as a library on Trio.

``videocall.sfu`` is the library; ``videocall.server`` and ``videocall.cli`` make the product out of it.
`Server` is the product inside another program. Importing this package imports none of them, so that
``videocall --version`` stays quick.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videocall.protocol.fields import Role
    from videocall.server import Server, Settings
    from videocall.tokens import Grant

__all__ = ["Server", "Settings", "__version__", "token"]

try:
    __version__ = version("videocall")
except PackageNotFoundError:  # a checkout on PYTHONPATH that was never installed
    __version__ = "0+unknown"


def token(
    secret: str,
    rooms: "Mapping[str, Role | Grant]",
    *,
    identity: str | None = None,
    display_name: str | None = None,
    expires_in_s: int = 3600,
) -> str:
    """Make a token that lets somebody into rooms of a server with that ``token_secret``.

    ``videocall.token(secret, {"daily": "host"}, identity="ada")``; the id ``*`` stands for every room. See
    `videocall.tokens.make_token` for the arguments.

    Raises:
        ValueError: an argument is not what it has to be.
    """
    from videocall.tokens import make_token

    return make_token(secret, rooms, identity=identity, display_name=display_name, expires_in_s=expires_in_s)


def __getattr__(name: str) -> object:
    # Starlette and the media core are loaded when somebody asks for them.
    if name in {"Server", "Settings"}:
        import videocall.server

        return getattr(videocall.server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
