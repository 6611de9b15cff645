"""A room as it is told to somebody who comes in, or comes back."""

from videocall.protocol import results
from videocall.signaling.hub import Hub
from videocall.signaling.seat import Seat

__all__ = ["room_joined", "session_resumed"]


def room_joined(hub: Hub, seat: Seat) -> results.RoomJoined:
    """For somebody who has just been given that seat."""
    room, me = seat.live.room, seat.live.room.participant(seat.participant_id)
    return results.RoomJoined(
        roomId=room.id,
        participantId=me.participantId,
        role=me.role,
        permissions=me.permissions,
        room=room.settings.wire(),
        rtpCapabilities=seat.live.media.router.rtp_capabilities,
        iceServers=hub.ice_servers.issue(me.participantId),
        participants=[other for other in room.participants if other.participantId != me.participantId],
        producers=room.producers,
        dataProducers=room.data_producers,
        messages=room.chat.messages,
        knocks=room.knocks_for(me.participantId),
        resumeToken=seat.token,
    )


def session_resumed(hub: Hub, seat: Seat) -> results.SessionResumed:
    """For somebody who sat down on it again."""
    room, me = seat.live.room, seat.live.room.participant(seat.participant_id)
    transports, consumers = room.possessions(me.participantId)
    return results.SessionResumed(
        roomId=room.id,
        participantId=me.participantId,
        role=me.role,
        permissions=me.permissions,
        room=room.settings.wire(),
        iceServers=hub.ice_servers.issue(me.participantId),
        participants=room.participants,
        producers=room.producers,
        messages=room.chat.messages,
        knocks=room.knocks_for(me.participantId),
        transports=transports,
        consumers=consumers,
        dataProducers=room.data_producers,
        dataConsumers=room.data_consumers(me.participantId),
    )
