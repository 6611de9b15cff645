"""What a room remembers of its participants and their media."""

from typing import Literal

from attrs import define, field, frozen

from videocall.protocol import results
from videocall.protocol.fields import Kind, PausedBy, Role, Source
from videocall.protocol.shapes import Permissions

__all__ = ["ConsumerState", "Limits", "ParticipantState", "ProducerState", "TransportState"]


@frozen
class Limits:
    """How many of each there may be: a bound on what one client can make the server hold."""

    participants: int = 1000
    transports_each: int = 8
    producers_each: int = 16
    consumers_each: int = 4000


@define
class TransportState:
    """A transport; it only ever carries media in one direction."""

    id: str
    owner: str
    direction: Literal["send", "recv"]


@define
class ConsumerState:
    """Someone's reception of a producer."""

    id: str
    owner: str
    transport: str
    producer: str


@define
class ProducerState:
    """A published track. It is paused while its owner wants it so, or while the owner's screen takes its place."""

    id: str
    owner: str
    transport: str
    kind: Kind
    source: Source
    paused_by_owner: bool
    keeps_camera: bool
    held: bool = False
    consumers: dict[str, ConsumerState] = field(factory=dict[str, ConsumerState])

    @property
    def paused(self) -> bool:
        """Whether nothing is forwarded."""
        return self.paused_by_owner or self.held

    @property
    def paused_by(self) -> PausedBy:
        """Who it is that paused it, when it is paused."""
        return "owner" if self.paused_by_owner else "screen"

    def wire(self) -> results.Producer:
        """As clients see it."""
        return results.Producer(self.id, self.owner, self.kind, self.source, self.paused)


@define
class ParticipantState:
    """Someone in the room. The dicts keep the order of arrival."""

    id: str
    display_name: str
    role: Role
    joined_at: int
    permissions: Permissions
    hand_raised: bool = False
    transports: dict[str, TransportState] = field(factory=dict[str, TransportState])
    producers: dict[str, ProducerState] = field(factory=dict[str, ProducerState])
    consumers: dict[str, ConsumerState] = field(factory=dict[str, ConsumerState])

    def wire(self) -> results.Participant:
        """As clients see them."""
        return results.Participant(
            self.id, self.display_name, self.role, self.joined_at, self.permissions, self.hand_raised
        )
