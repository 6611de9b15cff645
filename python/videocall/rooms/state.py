"""What a room remembers of its participants and their media."""

from typing import Literal

from attrs import define, field, frozen

from videocall.protocol import results
from videocall.protocol.fields import Kind, PausedBy, Source
from videocall.protocol.shapes import Permissions
from videocall.rooms.rights import Standing, effective

__all__ = [
    "ConsumerState",
    "DataConsumerState",
    "DataProducerState",
    "Limits",
    "ParticipantState",
    "ProducerState",
    "TransportState",
]


@frozen
class Limits:
    """How many of each there may be: a bound on what one client can make the server hold."""

    participants: int = 1000
    transports_each: int = 8
    producers_each: int = 16
    consumers_each: int = 4000
    data_producers_each: int = 16
    data_consumers_each: int = 1000
    knocks: int = 100


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
    """A published track.

    Nothing is forwarded while its owner wants it paused, while a host muted it, and while it is held because the
    owner's screen takes its place.
    """

    id: str
    owner: str
    transport: str
    kind: Kind
    source: Source
    paused_by_owner: bool
    keeps_camera: bool
    held: bool = False
    muted: bool = False
    consumers: dict[str, ConsumerState] = field(factory=dict[str, ConsumerState])

    @property
    def paused(self) -> bool:
        """Whether nothing is forwarded."""
        return self.paused_by_owner or self.muted or self.held

    @property
    def paused_by(self) -> PausedBy:
        """Who it is that paused it, when it is paused."""
        if self.muted:
            return "host"
        return "owner" if self.paused_by_owner else "screen"

    def wire(self) -> results.Producer:
        """As clients see it."""
        return results.Producer(self.id, self.owner, self.kind, self.source, self.paused)


@frozen
class DataProducerState:
    """A data channel that its owner speaks on."""

    id: str
    owner: str
    transport: str
    label: str
    protocol: str

    def wire(self) -> results.DataProducer:
        """As clients see it."""
        return results.DataProducer(self.id, self.owner, self.label, self.protocol)


@frozen
class DataConsumerState:
    """Someone's reception of a data channel."""

    id: str
    owner: str
    transport: str
    producer: str


@define
class ParticipantState:
    """Someone in the room. `permissions` follow from `standing` and the room's settings. Dicts keep their order."""

    id: str
    display_name: str
    joined_at: int
    standing: Standing
    permissions: Permissions
    identity: str | None = None
    hand_raised: bool = False
    transports: dict[str, TransportState] = field(factory=dict[str, TransportState])
    producers: dict[str, ProducerState] = field(factory=dict[str, ProducerState])
    consumers: dict[str, ConsumerState] = field(factory=dict[str, ConsumerState])
    data_producers: dict[str, DataProducerState] = field(factory=dict[str, DataProducerState])
    data_consumers: dict[str, DataConsumerState] = field(factory=dict[str, DataConsumerState])

    @property
    def is_host(self) -> bool:
        """Whether they are a host of the room."""
        return self.standing.role == "host"

    def settle(self, standing: Standing, defaults: Permissions) -> bool:
        """Take a standing in a room with those permissions; whether anything that others see is different then."""
        before = (self.standing.role, self.permissions)
        self.standing, self.permissions = standing, effective(standing, defaults)
        return (standing.role, self.permissions) != before

    def wire(self) -> results.Participant:
        """As clients see them."""
        return results.Participant(
            self.id, self.display_name, self.standing.role, self.joined_at, self.permissions, self.hand_raised
        )
