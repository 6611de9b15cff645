"""Changes of how a room is set, as hosts and the server ask for them."""

from collections.abc import Callable
from typing import Any, TypedDict, cast

import attrs
from msgspec import UNSET

from videocall.protocol import room_requests as rr
from videocall.protocol.shapes import PermissionChanges
from videocall.rooms import RoomSettings
from videocall.rooms.rights import merged
from videocall.signaling.passwords import Passwords

__all__ = ["SettingsChanges", "asked_for", "prepare"]


class SettingsChanges(TypedDict, total=False):
    """What is left out stays. `None` takes away the password, the bound on participants, the end.

    `expires_at` is in milliseconds since 1970.
    """

    locked: bool
    lobby: bool
    password: str | None
    permissions: PermissionChanges
    max_participants: int | None
    expires_at: int | None


def asked_for(request: rr.UpdateRoom) -> SettingsChanges:
    """What a host asks for."""
    changes: dict[str, Any] = {
        name: value
        for name, value in (
            ("locked", request.locked),
            ("lobby", request.lobby),
            ("permissions", request.permissions),
        )
        if value is not None
    }
    changes |= {} if request.password is UNSET else {"password": request.password}
    changes |= {} if request.maxParticipants is UNSET else {"max_participants": request.maxParticipants}
    return cast("SettingsChanges", changes)


async def prepare(passwords: Passwords, changes: SettingsChanges) -> Callable[[RoomSettings], RoomSettings]:
    """Do what takes its time, and return what makes the changes to a room's settings of then."""
    values: dict[str, Any] = {name: value for name, value in changes.items() if name not in {"password", "permissions"}}
    if "password" in changes:
        password = changes["password"]
        values["password_hash"] = None if password is None else await passwords.hash(password)
    permissions = changes.get("permissions", PermissionChanges())

    def apply(settings: RoomSettings) -> RoomSettings:
        return attrs.evolve(settings, **values, permissions=merged(settings.permissions, permissions))

    return apply
