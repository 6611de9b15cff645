"""Events of transports, producers and consumers."""

import logging
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import attrs
from msgspec import Meta

IceState: TypeAlias = Literal["new", "connected", "completed", "disconnected", "closed"]
DtlsState: TypeAlias = Literal["new", "connecting", "connected", "failed", "closed"]
CloseReason: TypeAlias = Literal["closed", "routerClosed", "transportClosed", "producerClosed", "error"]


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
class Closed(Event):
    """The object is closed. Comes once, as its last event, after the same event of everything inside it."""

    reason: CloseReason


@attrs.frozen
class WireTuple:
    """An `IceTuple` as the worker writes it."""

    localAddress: str
    localPort: Annotated[int, Meta(ge=0, le=65535)]
    remoteIp: str
    remotePort: Annotated[int, Meta(ge=0, le=65535)]
    protocol: Literal["udp", "tcp"]


@attrs.frozen
class WireStreamScore:
    """A `StreamScore` as the worker writes it."""

    encodingIdx: int
    score: int
    ssrc: int | None = None
    rid: str | None = None


@attrs.frozen
class WireWantedLayer:
    """A `WantedLayer` as the worker writes it."""

    spatialLayer: int
    wanted: bool
    rid: str | None = None


@attrs.frozen
class WireConsumerScore:
    """A `ConsumerScore` as the worker writes it."""

    score: int
    producerScore: int
    producerScores: tuple[int, ...]


@attrs.frozen
class WireVolume:
    """A `Volume` as the worker writes it."""

    producerId: str
    volume: int


@attrs.frozen
class EventData:
    """The data of any event of the worker; each kind fills its own field."""

    iceState: IceState | None = None
    dtlsState: DtlsState | None = None
    tuple: WireTuple | None = None
    spatialLayer: int | None = None
    temporalLayer: int | None = None
    layers: Sequence[WireWantedLayer] | None = None
    scores: Sequence[WireStreamScore] | None = None
    consumerScore: WireConsumerScore | None = None
    volumes: Sequence[WireVolume] | None = None
    producerId: str | None = None
    reason: CloseReason = "error"
    kind: str | None = None
    level: int = logging.INFO
    message: str = ""


def event_from_wire(name: str, data: EventData) -> Event | None:
    """Make the event that the worker calls `name`; `None` for one that this version does not know."""
    match name:
        case "iceStateChange" if data.iceState is not None:
            return IceStateChange(data.iceState)
        case "dtlsStateChange" if data.dtlsState is not None:
            return DtlsStateChange(data.dtlsState)
        case "iceSelectedTupleChange" if data.tuple is not None:
            wire = data.tuple
            return IceSelectedTupleChange(
                IceTuple(wire.localAddress, wire.localPort, wire.remoteIp, wire.remotePort, wire.protocol)
            )
        case "producerPause":
            return ProducerPause()
        case "producerResume":
            return ProducerResume()
        case "layersChange":
            return LayersChange(data.spatialLayer, data.temporalLayer)
        case "layersWanted" if data.layers is not None:
            return LayersWanted(tuple(WantedLayer(it.spatialLayer, it.wanted, it.rid) for it in data.layers))
        case "score" if data.scores is not None:
            scores = (StreamScore(it.encodingIdx, it.score, it.ssrc, it.rid) for it in data.scores)
            return ProducerScore(tuple(scores))
        case "score" if data.consumerScore is not None:
            return consumer_score_from_wire(data.consumerScore)
        case "volumes" if data.volumes is not None:
            return Volumes(tuple(Volume(it.producerId, it.volume) for it in data.volumes))
        case "silence":
            return Silence()
        case "dominantSpeaker" if data.producerId is not None:
            return DominantSpeaker(data.producerId)
        case "closed":
            return Closed(data.reason)
        case _:
            return None


def consumer_score_from_wire(wire: WireConsumerScore) -> ConsumerScore:
    """Make the event of a consumer's score."""
    return ConsumerScore(wire.score, wire.producerScore, wire.producerScores)
