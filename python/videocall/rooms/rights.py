"""Who may do what: permissions by role, by the room's settings, and of one's own. Pure functions."""

from typing import Final, Literal

import attrs

from videocall.protocol.fields import Role, Source
from videocall.protocol.shapes import PermissionChanges, Permissions

__all__ = ["Standing", "changed", "effective", "may_publish", "merged", "publishes"]


@attrs.frozen
class Standing:
    """What somebody is in a room; who takes the place of their earlier self keeps it.

    `own` has the permissions that a host gave or took; a new role comes without any.
    """

    role: Role
    own: PermissionChanges = attrs.field(factory=PermissionChanges)


def effective(standing: Standing, defaults: Permissions) -> Permissions:
    """What somebody may do in a room whose participants have the permissions `defaults`.

    Hosts may do everything; viewers publish nothing, and write only if a host lets them.
    """
    match standing.role:
        case "host":
            return Permissions()
        case "viewer":
            return Permissions(audio=False, video=False, screen=False, chat=standing.own.chat is True)
        case "participant":
            return merged(defaults, standing.own)


def merged(permissions: Permissions, changes: PermissionChanges) -> Permissions:
    """Permissions after a change."""
    return attrs.evolve(permissions, **_named(changes))


def changed(own: PermissionChanges, changes: PermissionChanges) -> PermissionChanges:
    """Permissions of one's own after a host's change."""
    return attrs.evolve(own, **_named(changes))


def publishes(changes: PermissionChanges) -> bool:
    """Whether it lets somebody publish anything."""
    return bool(changes.audio or changes.video or changes.screen)


def may_publish(permissions: Permissions, source: Source) -> bool:
    """Whether they cover a producer of that source."""
    match _COVERED_BY[source]:
        case "audio":
            return permissions.audio
        case "video":
            return permissions.video
        case "screen":
            return permissions.screen


_COVERED_BY: Final[dict[Source, Literal["audio", "video", "screen"]]] = {
    "microphone": "audio",
    "camera": "video",
    "screen": "screen",
    "screenAudio": "screen",
}


def _named(changes: PermissionChanges) -> dict[str, bool]:
    return {name: value for name, value in attrs.asdict(changes).items() if value is not None}
