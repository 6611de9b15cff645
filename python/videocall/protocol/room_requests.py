"""What a client asks of the room and of the people in it. As ``requests``, which has the media's methods."""

from typing import Annotated

from attrs import frozen
from msgspec import UNSET, Meta, UnsetType

from videocall.protocol.fields import Emoji, Id, Password, Role, Source
from videocall.protocol.shapes import MessageText, PermissionChanges

__all__ = [
    "Admit",
    "EndRoom",
    "GetMessages",
    "MuteParticipant",
    "RaiseHand",
    "React",
    "Reject",
    "RemoveParticipant",
    "SendMessage",
    "SetPermissions",
    "SetRole",
    "UpdateRoom",
]


@frozen
class SendMessage:
    """``sendMessage``: write to everyone in the room, oneself included; needs the permission ``chat``.

    A message that was sent already, by the same participant with the same ``clientMessageId``, is answered with again
    and sent no second time.
    """

    text: MessageText
    clientMessageId: Id | None = None


@frozen
class GetMessages:
    """``getMessages``: the newest messages, or the newest of those before one, oldest first."""

    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


@frozen
class RaiseHand:
    """``raiseHand``: raise one's hand, or lower it."""

    raised: bool


@frozen
class React:
    """``react``: show everyone an emoji for a moment; nobody remembers it."""

    emoji: Emoji


@frozen
class Admit:
    """``admit``: let somebody out of the lobby into the room. For hosts."""

    knockId: Id


@frozen
class Reject:
    """``reject``: send somebody in the lobby away. For hosts."""

    knockId: Id


@frozen
class MuteParticipant:
    """``muteParticipant``: pause what somebody publishes; by default their microphone. For hosts.

    They may resume it themselves; to prevent that take the permission.
    """

    participantId: Id
    sources: Annotated[list[Source], Meta(min_length=1, max_length=4)] | None = None


@frozen
class RemoveParticipant:
    """``removeParticipant``: send somebody out. For hosts.

    Their session cannot be resumed. Who joined with a token's identity has to knock from then on, lobby or not, until
    a host admits them or the call ends; who has no identity can be kept out by lobby, lock or password.
    """

    participantId: Id


@frozen
class SetRole:
    """``setRole``: make somebody, or oneself, host, participant or viewer, with that role's permissions. For hosts.

    Handing over is to make another host and then oneself participant; the last host cannot: ``CONFLICT``.
    """

    participantId: Id
    role: Role


@frozen
class SetPermissions:
    """``setPermissions``: give somebody permissions, or take them. For hosts.

    What they publish without permission any more is closed with reason ``removed``. Hosts have all permissions, and a
    viewer can be given ``chat`` alone: anything else is a ``CONFLICT``.
    """

    participantId: Id
    permissions: PermissionChanges


@frozen
class UpdateRoom:
    """``updateRoom``: change how the room is set; what is left out stays. For hosts.

    ``null`` takes the password away, or the bound on participants. Who is in stays in, whatever is set. Without a
    lobby those in it are admitted.
    """

    locked: bool | None = None
    lobby: bool | None = None
    password: Password | UnsetType | None = UNSET
    permissions: PermissionChanges | None = None
    maxParticipants: Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType | None = UNSET


@frozen
class EndRoom:
    """``endRoom``: end the call for everyone. For hosts."""
