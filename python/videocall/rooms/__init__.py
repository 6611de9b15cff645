"""Rooms, sans-IO: who is there, who may do what, what they publish and receive, and what follows from a change.

Methods change the state at once and return effects: whom to notify of what, and what to do to the media. They never
wait, and a refused call (`videocall.protocol.ProtocolError`) changes nothing.

A `Room` is built in layers, each in its module: `people`, their `media` and `data` channels, `moderation`, and the
`room` around them.
"""

from videocall.rooms.effects import (
    CloseConsumer,
    CloseDataConsumer,
    CloseDataProducer,
    CloseProducer,
    CloseTransport,
    Effect,
    EndCall,
    Expel,
    KnockEnded,
    KnockStarted,
    MessageSent,
    Notify,
    ParticipantChanged,
    PauseProducer,
    ProducerEnded,
    ProducerStarted,
    ResumeProducer,
    SettingsChanged,
)
from videocall.rooms.lobby import Knock
from videocall.rooms.rights import Standing
from videocall.rooms.room import Room
from videocall.rooms.settings import RoomSettings
from videocall.rooms.state import Limits

__all__ = [
    "CloseConsumer",
    "CloseDataConsumer",
    "CloseDataProducer",
    "CloseProducer",
    "CloseTransport",
    "Effect",
    "EndCall",
    "Expel",
    "Knock",
    "KnockEnded",
    "KnockStarted",
    "Limits",
    "MessageSent",
    "Notify",
    "ParticipantChanged",
    "PauseProducer",
    "ProducerEnded",
    "ProducerStarted",
    "ResumeProducer",
    "Room",
    "RoomSettings",
    "SettingsChanged",
    "Standing",
]
