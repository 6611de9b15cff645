"""How a room is set."""

from attrs import field, frozen

from videocall.protocol.shapes import Permissions, RoomState

__all__ = ["RoomSettings"]


@frozen
class RoomSettings:
    """What a room's hosts, or the server, decided about it.

    Attributes:
        locked: nobody comes in but hosts by token, and who was in already.
        lobby: whoever is no host by token has to be admitted.
        password_hash: as `videocall.rooms.passwords` makes it; `None` when none is asked for.
        permissions: of participants who were given none of their own.
        max_participants: beside the server's own bound.
        expires_at: when the call ends for everyone and nobody comes in any more, in milliseconds since 1970.
        created_at: when it was made, or first visited, in milliseconds since 1970; older messages are another room's.
        kept: whether the settings stay when nobody is in the room, as those of rooms do that were made by the API.
    """

    locked: bool = False
    lobby: bool = False
    password_hash: str | None = field(default=None, repr=False)
    permissions: Permissions = field(factory=Permissions)
    max_participants: int | None = None
    expires_at: int | None = None
    created_at: int = 0
    kept: bool = False

    def wire(self) -> RoomState:
        """As clients see it."""
        return RoomState(
            self.locked,
            self.lobby,
            self.password_hash is not None,
            self.permissions,
            self.max_participants,
            self.expires_at,
        )
