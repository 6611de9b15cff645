"""Events of transports, producers and consumers."""

from typing import Literal, TypeAlias

import attrs

IceState: TypeAlias = Literal["new", "connected", "completed", "disconnected", "closed"]
DtlsState: TypeAlias = Literal["new", "connecting", "connected", "failed", "closed"]
SctpState: TypeAlias = Literal["new", "connecting", "connected", "failed", "closed"]
CloseReason: TypeAlias = Literal[
    "closed", "routerClosed", "transportClosed", "producerClosed", "dataProducerClosed", "error"
]


class Event:
    """Base of all events."""

    __slots__ = ()


@attrs.frozen
class IceTuple:
    """The pair of addresses that a transport uses."""

    local_address: str
    local_port: int
    remote_ip: str
    remote_port: int
    protocol: Literal["udp", "tcp"]


@attrs.frozen
class IceStateChange(Event):
    """A transport's ICE state; ``disconnected`` may still come back, or be restarted."""

    ice_state: IceState


@attrs.frozen
class IceSelectedTupleChange(Event):
    """A transport's client now sends from, or to, another address."""

    tuple: IceTuple


@attrs.frozen
class DtlsStateChange(Event):
    """A transport's DTLS state; media flows once it is ``connected``."""

    dtls_state: DtlsState


@attrs.frozen
class ProducerPause(Event):
    """A consumer's producer was paused."""


@attrs.frozen
class ProducerResume(Event):
    """A consumer's producer was resumed."""


@attrs.frozen
class LayersChange(Event):
    """A consumer is now given other layers of its producer; 0 is the smallest picture, the lowest frame rate.

    Both are `None` when the client's path has no room even for the smallest, and nothing is sent for now.
    """

    spatial_layer: int | None
    temporal_layer: int | None = None


@attrs.frozen
class WantedLayer:
    """Whether anybody watches one layer of a producer: a simulcast stream, told by its `rid`, or a spatial layer."""

    spatial_layer: int
    wanted: bool
    rid: str | None = None


@attrs.frozen
class LayersWanted(Event):
    """Other layers of a producer are watched than before; all of them are told, smallest first.

    A layer is wanted when a consumer that is not paused prefers it or a higher one. That one comes to be wanted is told
    at once, and a keyframe of it asked for; that one is wanted no more, when that lasts for two seconds. A producer is
    thought to send all its layers at first.
    """

    layers: tuple[WantedLayer, ...]


@attrs.frozen
class StreamScore:
    """How well one stream of a producer arrives, from 0 (not at all) to 10."""

    encoding_index: int
    score: int
    ssrc: int | None
    rid: str | None


@attrs.frozen
class ProducerScore(Event):
    """The score of one of a producer's streams changed; all of them are told, lowest resolution first."""

    scores: tuple[StreamScore, ...]


@attrs.frozen
class ConsumerScore(Event):
    """How well a consumer's client receives it, and how well its producer arrives here, each from 0 to 10.

    Attributes:
        score: of the way from here to the client, by the client's receiver reports.
        producer_score: of the stream that the consumer is given.
        producer_scores: of all streams of the producer.
    """

    score: int
    producer_score: int
    producer_scores: tuple[int, ...]


@attrs.frozen
class Volume:
    """Average volume of a producer over an interval, in dBov: -127 is silence, 0 overload."""

    producer_id: str
    volume: int


@attrs.frozen
class Volumes(Event):
    """The loudest producers of an `AudioLevelObserver`'s last interval, loudest first."""

    volumes: tuple[Volume, ...]


@attrs.frozen
class Silence(Event):
    """None of an `AudioLevelObserver`'s producers is loud enough any more."""


@attrs.frozen
class DominantSpeaker(Event):
    """Another producer has the floor now."""

    producer_id: str


@attrs.frozen
class SctpStateChange(Event):
    """A transport's SCTP state; messages flow once it is ``connected``."""

    sctp_state: SctpState


@attrs.frozen
class DataProducerPause(Event):
    """A data consumer's producer was paused."""


@attrs.frozen
class DataProducerResume(Event):
    """A data consumer's producer was resumed."""


@attrs.frozen
class BufferedAmountLow(Event):
    """No more than the threshold's bytes wait for a data consumer's client any more; before, more did."""

    buffered_amount: int


@attrs.frozen
class SctpSendBufferFull(Event):
    """A message for a data consumer was dropped, since too much waits already. Comes once until one is sent again."""


@attrs.frozen
class Message(Event):
    """A message came to a data consumer of a direct transport: text as `str`, anything else as `bytes`."""

    message: str | bytes


@attrs.frozen
class Closed(Event):
    """The object is closed. Comes once, as its last event, after the same event of everything inside it.

    With the reason ``error``, `detail` may say what the peer did to deserve it.
    """

    reason: CloseReason
    detail: str | None = None
