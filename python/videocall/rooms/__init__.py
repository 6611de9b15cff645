"""Rooms, sans-IO: who is there, what they publish and receive, and what follows from a change.

Methods change the state at once and return effects: whom to notify of what, and what to do to the media. They never
wait, and a refused call (`videocall.protocol.ProtocolError`) changes nothing.
"""

from videocall.rooms.effects import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    Effect,
    Notify,
    PauseProducer,
    ProducerEnded,
    ProducerStarted,
    ResumeProducer,
)
from videocall.rooms.room import Room
from videocall.rooms.state import Limits

__all__ = [
    "CloseConsumer",
    "CloseProducer",
    "CloseTransport",
    "Effect",
    "Limits",
    "Notify",
    "PauseProducer",
    "ProducerEnded",
    "ProducerStarted",
    "ResumeProducer",
    "Room",
]
