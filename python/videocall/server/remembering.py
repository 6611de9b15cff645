"""What of a server's events goes into its database."""

from videocall.signaling import events
from videocall.store import SessionEnded, SessionStarted, Store

__all__ = ["remember"]


def remember(store: Store, event: events.ServerEvent) -> None:
    """Have what is to be remembered of an event written. Never waits."""
    match event:
        case events.ParticipantJoined(at, room_id, participant_id, display_name, role, identity):
            store.record(SessionStarted(participant_id, room_id, identity, display_name, role, at))
        case events.ParticipantLeft(at, _, participant_id, reason):
            store.record(SessionEnded(participant_id, at, reason))
        case _:
            pass
