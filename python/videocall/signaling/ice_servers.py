"""The ICE servers that clients are told of, with an account on the TURN servers for each of them. Pure."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from videocall.protocol.results import IceServer
from videocall.turn import Credentials, ephemeral

__all__ = ["Accounts", "FixedAccount", "IceServers", "SharedSecret"]


@frozen
class FixedAccount:
    """Everybody gets the same account."""

    credentials: Credentials

    def issue(self, _user_id: str, _now: float) -> Credentials:
        """The account."""
        return self.credentials


class SharedSecret:
    """Everybody gets an account of their own that ends by itself; see `videocall.turn.ephemeral`."""

    def __init__(self, secret: str, ttl_s: int) -> None:
        self._secret: Final = secret
        self._ttl_s: Final = ttl_s

    def issue(self, user_id: str, now: float) -> Credentials:
        """An account that is good for the time to live from `now`, in seconds since 1970, on."""
        return ephemeral(self._secret, user_id, int(now) + self._ttl_s)


Accounts = FixedAccount | SharedSecret


class IceServers:
    """Makes ``iceServers`` for one participant at a time, so that credentials are fresh and each has its own."""

    def __init__(
        self,
        stun: Sequence[str] = (),
        turn: Sequence[str] = (),
        accounts: Accounts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the URLs; without accounts the TURN servers are used without credentials."""
        self._stun: Final = list(stun)
        self._turn: Final = list(turn)
        self._accounts: Final = accounts
        self._clock: Final = clock

    def issue(self, participant_id: str) -> list[IceServer]:
        """What one participant is told, now."""
        servers = [IceServer(urls=self._stun)] if self._stun else []
        if self._turn:
            account = self._accounts.issue(participant_id, self._clock()) if self._accounts else None
            servers.append(
                IceServer(
                    urls=self._turn,
                    username=account.username if account else None,
                    credential=account.password if account else None,
                )
            )
        return servers
